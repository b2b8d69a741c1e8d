"""The page on accuracy: what the forecast would have said on past dates, and what came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from clv import charts, proof, selection
from clv.models.choice import ALL_ORDERS
from clv.names import title
from clv.origins import FEWEST_CUSTOMERS
from clv.ui import jobs, page, parts, trouble
from clv.ui import proof_words as words
from clv.ui.cohort_downloads import written
from clv.ui.formatting import (
    count,
    day,
    percent,
    percent_number,
    plain,
    plural,
    symbol,
    unit,
    with_unit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clv.runs import Run

    Receipt = Mapping[str, Any]


def show(run: Run) -> None:
    """Show the answer, the figures, the leaderboard and the pictures; test first if need be."""
    page.title("How good is it?", run)
    if not run.model.get("purchases"):
        page.answer("There is no forecast for this file, so that there is nothing to test.")
        page.notes(run)
        return
    found = proof.stored(run)
    if found is None:
        _test(run)
        return
    page.answer(words.sentence(found))
    model = proof.subject(found)
    if model is None:
        _explanation(found)
        return
    for told in filter(None, (words.shorter(found), words.untested(found))):
        st.caption(plain(told))
    chosen = _choice(found)
    page.cards(_cards(found, model, chosen), "proof")
    origin = proof.origin_of(found, chosen)
    _ranking(found, origin, model)
    _leaderboard(found, chosen)
    _reliability(found, origin, model)
    _tracking(found, origin, model)
    _downloads(found)
    _explanation(found)


def _test(run: Run) -> None:
    """Run the test in the background, or say why it failed."""
    key = f"proof:{run.id}"
    job = jobs.find(key)
    if job is not None and job.failure is not None:
        trouble.show(job.failure)
        if st.button("Test again", icon=":material/refresh:", key="test_again"):
            jobs.forget(key)
            st.rerun()
        return
    # One that ended well left a receipt; if that was deleted since, it is made anew.
    jobs.forget(key)

    def work(progress: jobs.Progress) -> object:
        return proof.receipt(run, progress)

    page.answer("The forecast is being tested on this file's own past.")
    jobs.watch(jobs.start(key, work))


def _choice(found: Receipt) -> str:
    """Let the visitor choose a past date; empty for the mean over all."""
    days = [str(o["as_of"]) for o in found["origins"]][::-1]
    if len(days) < 2:
        return days[0]
    return str(
        st.selectbox(
            "Tested on",
            ["", *days],
            format_func=lambda d: f"as of {day(d)}" if d else "all past dates, averaged",
            key="proof_origin",
            width=320,
        )
    )


def _cards(found: Receipt, model: str, chosen: str) -> list[page.Card]:
    row = next(r for r in proof.leaderboard(found, chosen) if r["contender"] == model)
    who, ahead = title(model), words.ahead(found)
    how = "" if chosen else " Mean over the dates."
    bias = row["orders_bias"]
    return [
        page.Card(
            "Orders foretold",
            percent(None if bias is None else 1 + bias),
            f"Orders that {who} expected in {ahead}, as a share of those that came; 100\u00a0% is "
            f"exact, more is too many.{how}",
        ),
        page.Card(
            "Best 10\u00a0% brought",
            percent(row["orders_top10"]),
            f"Share of all orders that came from the 10\u00a0% of customers ranked highest; "
            f"10\u00a0% is chance.{how}",
        ),
        page.Card(
            "Ranking quality (Gini)",
            percent(row["orders_gini"]),
            f"100\u00a0% is the perfect order of customers by what they went on to order, 0\u00a0% "
            f"is chance.{how}",
        ),
        page.Card(
            "Buyers told apart (AUC)",
            percent(row["auc"]),
            f"How often a customer who bought had the higher chance than one who did not; 50\u00a0% "
            f"is chance.{how}",
        ),
        page.Card(
            "Monthly error",
            percent(row["orders_mape"]),
            "Mean distance of a month's expected orders from those that came (MAPE)." + how
            if row["orders_mape"] is not None
            else "Not defined: a month had no order.",
        ),
    ]


def _ranking(found: Receipt, origin: Mapping[str, Any], model: str) -> None:
    rows = origin["measures"][model]["deciles"]
    measure: charts.Measure = "revenue" if origin["measures"][model]["value"] else "orders"
    currency = found["currency"]
    what = f"Revenue per customer in {unit(currency)}" if measure == "revenue" else "Orders each"
    figure = charts.ranking_figure(rows, measure=measure, symbol=symbol(currency), dark=page.dark())
    parts.chart(
        figure,
        words.ranking_title(rows),
        f"{what}, mean of each group, in {words.ahead(found)}. {title(model)}; "
        f"{words.dates(origin)}; {plural(origin['customers'], 'customer')}. Customers with the same "
        "forecast share a group.",
        "ranking",
    )


def _reliability(found: Receipt, origin: Mapping[str, Any], model: str) -> None:
    rows = origin["measures"][model]["reliability"]
    parts.chart(
        charts.reliability_figure(rows, dark=page.dark()),
        words.chance_title(rows),
        f"Share of customers who bought in {words.ahead(found)}, by forecast chance, with 95\u00a0% "
        f"intervals; {words.within(rows)}. {title(model)}; {words.dates(origin)}.",
        "reliability",
    )


def _tracking(found: Receipt, origin: Mapping[str, Any], model: str) -> None:
    if not origin["weeks"]:
        return
    lines = {name: title(name) for name in compared(found, origin, model)}
    parts.chart(
        charts.tracking_figure(origin["weeks"], lines, dark=page.dark()),
        words.tracking_title(origin["weeks"], model),
        f"Orders since {day(origin['as_of'])} of the customers known on that day (several orders on "
        f"one day count once), in full weeks up to {day(origin['end'])}.",
        "tracking",
    )


def compared(found: Receipt, origin: Mapping[str, Any], model: str) -> list[str]:
    """Return whose lines are drawn: the forecast's model, the best other model, the best rule."""
    order = [r["contender"] for r in proof.leaderboard(found, origin["as_of"])]
    others = [n for n in order if n != model and not n.endswith(ALL_ORDERS)]
    models = [n for n in others if n not in selection.RULES][:1]
    return [model, *models, *[n for n in others if n in selection.RULES][:1]]


def _leaderboard(found: Receipt, chosen: str) -> None:
    rows = proof.leaderboard(found, chosen)
    number = st.column_config.NumberColumn

    def column(name: str) -> list[float | None]:
        return [row[name] for row in rows]

    def shares(name: str, base: float = 0.0) -> list[float | None]:
        return [percent_number(None if row[name] is None else base + row[name]) for row in rows]

    whole = number(format="%.1f %%")
    shown: dict[str, tuple[list[Any], Any]] = {
        "Model or rule": (
            [title(row["contender"]) for row in rows],
            st.column_config.TextColumn(pinned=True),
        ),
        "Behind the best": (
            [behind(row) for row in rows],
            st.column_config.TextColumn(
                help="Difference in mean loss per customer, with its 95 % interval; smaller is better."
            ),
        ),
        "Orders foretold": (shares("orders_bias", 1.0), whole),
        "Monthly error (MAPE)": (shares("orders_mape"), whole),
        "Error per customer (MAE, orders)": (column("orders_mae"), number(format="%.2f")),
        "Ranking (Gini)": (shares("orders_gini"), whole),
        "Best 10\u00a0% brought": (shares("orders_top10"), whole),
        "Buyers told apart (AUC)": (shares("auc"), whole),
        "Error of the chance (Brier)": (
            column("brier"),
            number(format="%.3f", help="Mean squared error of the chance; 0 is perfect."),
        ),
    }
    if found["has_value"]:
        shown["Revenue foretold"] = (shares("revenue_bias", 1.0), whole)
        shown[with_unit("Revenue error per customer (MAE)", found["currency"])] = (
            column("revenue_mae"),
            number(format="%.2f"),
        )
    st.subheader("Models and rules of thumb", anchor=False)
    when = f"as of {day(chosen)}" if chosen else f"mean of {len(found['origins'])} past dates"
    if told := words.rivals(found):
        st.markdown(plain(told))
    parts.table(shown, "proof_table", f"{len(rows)} models and rules, the smallest error first")
    st.caption(f"Smallest error first, {when}; orders and revenue of {words.ahead(found)}.")
    for name, dates in proof.failures(found).items():
        on = ", ".join(day(d) for d in dates)
        st.caption(f"{title(name)} could not be fitted as of {on}.")


def behind(row: Mapping[str, Any]) -> str:
    """Write the difference to the best: ``0.016 (0.012 to 0.021)``."""
    if row["difference"] is None:
        return "best"
    if round(row["difference"], 3) == 0:
        return "as good"
    low, high = (f"{row[k]:.3f}" for k in ("difference_low", "difference_high"))
    return f"{row['difference']:.3f} ({low} to {high})"


def _downloads(found: Receipt) -> None:
    left, right = st.columns(2)
    with left:
        _button(
            "Models and rules, every date (CSV)", lambda: written(proof.boards(found)), "backtest"
        )
        _button("Groups by forecast (CSV)", lambda: written(bin_rows(found)), "backtest_groups")
    with right:
        _button("Week by week (CSV)", lambda: written(week_rows(found)), "backtest_weeks")
        _button(
            "Everything (JSON)",
            lambda: json.dumps(found, indent=2, ensure_ascii=False).encode(),
            "backtest",
            "json",
        )


def _button(label: str, data: Callable[[], bytes], stem: str, kind: str = "csv") -> None:
    st.download_button(
        label,
        data=data,
        file_name=f"{stem}.{kind}",
        mime="application/json" if kind == "json" else "text/csv",
        key=f"download_{stem}_{kind}",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def bin_rows(found: Receipt) -> list[dict[str, Any]]:
    """Return the groups by forecast amount and by forecast chance of all contenders and dates."""
    rows = []
    for origin in found["origins"]:
        for name, measures in origin["measures"].items():
            head = {"as_of": origin["as_of"], "contender": name}
            of = "revenue" if measures["value"] else "orders"
            nothing = dict.fromkeys(("low", "high"))
            groups = [(of, b, nothing) for b in measures["deciles"]]
            chances = measures["reliability"]
            groups += [("chance", {"bin": len(chances) - i} | b, {}) for i, b in enumerate(chances)]
            keys = ("bin", "customers", "predicted", "actual", "low", "high")
            rows += [
                head | {"of": what} | {k: (group | empty)[k] for k in keys}
                for what, group, empty in groups
            ]
    return rows


def week_rows(found: Receipt) -> list[dict[str, Any]]:
    """Return orders since each date, week by week: what came, and every contender's expectation."""
    names = list(dict.fromkeys(n for o in found["origins"] for n in o["measures"]))
    return [
        {"as_of": o["as_of"], "week": w["week"], "actual": w["actual"]}
        | {n: w.get(n) for n in names}
        for o in found["origins"]
        for w in o["weeks"]
    ]


def _explanation(found: Receipt) -> None:
    customers = [int(o["customers"]) for o in found["origins"]]
    known = (
        f" Customers known: {' to '.join(count(n) for n in sorted({min(customers), max(customers)}))}."
        if customers
        else ""
    )
    with st.expander("How is this computed?", icon=":material/help:"):
        st.markdown(
            "**The test.** Everybody is sent back to a date in the past, sees only the orders up to "
            "that day, and forecasts the months after it; then the forecast is compared with what "
            "those customers did. Customers are never split at random, and nothing from after the "
            "date is seen: models are fitted anew for every date, rules of thumb learn from an "
            "earlier period. The last test ends on the day of the forecast; a test looks at most "
            f"half the history ahead, and needs {FEWEST_CUSTOMERS} customers.{known}\n\n"
            "**Orders** are days with an order. **Orders foretold**: expected over actual total. "
            "**MAPE**: mean of |expected / actual − 1| over the months' totals. **MAE**: mean of "
            "|expected − actual| over customers; it favours whoever expects too little, since most "
            "customers order nothing. **Gini**: how well customers are ranked, over the perfect "
            "ranking. **Best 10 %**: their share of all orders. **AUC**: how often a buyer had the "
            "higher chance than a non-buyer. **Brier**: mean squared error of the chance.\n\n"
            "**Who is best** is decided by the mean Poisson deviance of each customer's orders, "
            "2 (y log(y / f) − y + f), which is smallest for the true expectation. **Intervals** of "
            "differences come from drawing customers 1,000 times (bootstrap), both contenders judged "
            "on the same customers; a customer known on several dates is drawn with all of them. A "
            "difference whose interval holds 0, or of less than a thousandth, tells nothing.\n\n"
            "**Groups** hold a tenth of the customers each, or more where forecasts are the same. "
            "The intervals of shares are Wilson's.\n\n"
            "**MBG/NBD, first orders valued too** expects the same orders as MBG/NBD; its value of "
            "an order learns from the first order as well. Past accuracy is no promise: a change in "
            "the shop shows only afterwards.\n\n"
            "**Sources.** Fader, Hardie & Lee (2005); Batislam, Denizel & Filiztekin (2007); "
            "Schmittlein, Morrison & Colombo (1987); Wübben & von Wangenheim (2008) on rules of "
            "thumb; Hanley & MacGibbon (2006)."
        )
