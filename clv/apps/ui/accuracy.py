"""The first view of the page on accuracy: figures, models and rules compared, pictures, the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from clv.apps.ui import page, parts
from clv.core.formatting import (
    day,
    percent,
    percent_number,
    plain,
    plural,
    symbol,
    to_date,
    unit,
    with_unit,
)
from clv.core.names import title
from clv.forecast import receipts
from clv.report import charts, explained
from clv.report.words import receipt as words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv.core.schema import LeaderboardRow, PastDate, Receipt


def show(found: Receipt, model: str) -> None:
    """Show how well a forecast did on past dates, and how it was chosen.

    Parameters
    ----------
    found
        Of at least one date.
    model
        Who stands for the run's forecast (`clv.forecast.receipts.subject`).
    """
    chosen = _date(found)
    page.cards(_cards(found, model, chosen), "receipt")
    origin = receipts.origin_of(found, chosen)
    _ranking(found, origin, model)
    _leaderboard(found, chosen)
    _choice(found)
    _reliability(found, origin, model)
    _tracking(found, origin, model)
    _months(found, origin, model)
    parts.explain(explained.accuracy([o["customers"] for o in found["origins"]]))


def _date(found: Receipt) -> str:
    """Let the visitor choose a past date; empty for the mean over all."""
    days = [o["as_of"] for o in found["origins"]][::-1]
    if len(days) < 2:
        return days[0]
    return str(
        st.selectbox(
            "Tested on",
            ["", *days],
            format_func=lambda d: f"as of {day(d)}" if d else "all past dates, averaged",
            key="receipt_origin",
            width=320,
        )
    )


def _cards(found: Receipt, model: str, chosen: str) -> list[page.Card]:
    row = next(r for r in receipts.leaderboard(found, chosen) if r["contender"] == model)
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


def _ranking(found: Receipt, origin: PastDate, model: str) -> None:
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


def _reliability(found: Receipt, origin: PastDate, model: str) -> None:
    rows = origin["measures"][model]["reliability"]
    parts.chart(
        charts.reliability_figure(rows, dark=page.dark()),
        words.chance_title(rows),
        f"Share of customers who bought in {words.ahead(found)}, by forecast chance, with 95\u00a0% "
        f"intervals; {words.within(rows)}. {title(model)}; {words.dates(origin)}.",
        "reliability",
    )


def _tracking(found: Receipt, origin: PastDate, model: str) -> None:
    if not origin["weeks"]:
        return
    lines = {name: title(name) for name in words.compared(found, origin, model)}
    shown = st.container()
    by_week = (
        st.segmented_control(
            "Orders",
            ["so far", "each week"],
            default="so far",
            required=True,
            key="tracking_kind",
            format_func=lambda kind: f"Orders {kind}",
            label_visibility="collapsed",
        )
        == "each week"
    )
    with shown:
        parts.chart(
            charts.tracking_figure(origin["weeks"], lines, by_week=by_week, dark=page.dark()),
            words.tracking_title(origin["weeks"], model),
            f"Orders {'a week' if by_week else 'so far'} since {day(origin['as_of'])} of the customers "
            "known on that day (several orders on one day count once), in full weeks up to "
            f"{day(origin['end'])}.",
            "tracking",
        )


def _months(found: Receipt, origin: PastDate, model: str) -> None:
    """Show the months' totals, come and expected, whose errors make the monthly error."""
    months, currency = origin["months"], found["currency"]
    number = st.column_config.NumberColumn(format="localized")
    off = st.column_config.NumberColumn(
        format="%+.1f %%", help="Expected over what came, less 100 %."
    )
    shown: dict[str, tuple[list[Any], Any]] = {
        "Month to": (
            [to_date(m["end"]) for m in months],
            st.column_config.DateColumn(format="D MMM YYYY", pinned=True),
        ),
    }
    kinds: list[tuple[Literal["purchases", "value"], str, str]] = [
        ("purchases", "Orders", "orders")
    ]
    if found["has_value"]:
        name = with_unit("Revenue", currency)
        kinds.append(("value", name, with_unit("revenue", currency)))
    for kind, name, inside in kinds:
        came = [m[kind]["actual"] for m in months]
        said = [m[kind][model] for m in months]
        shown |= {
            f"{name} that came": ([round(v) for v in came], number),
            f"Expected {inside}": ([round(v) for v in said], number),
            f"{name}: off by": (
                [100 * (f / y - 1) if y > 0 else None for f, y in zip(said, came, strict=True)],
                off,
            ),
        }
    st.subheader(words.months_title(origin, model), anchor=False)
    parts.table(shown, "receipt_months", "What came and what was expected, month by month")
    st.caption(f"{title(model)}; {words.dates(origin)}. Orders of the customers known on that day.")


def _choice(found: Receipt) -> None:
    """Tell what was chosen, from what, and how it did where it had not been chosen."""
    told = words.choice(found)
    st.subheader("How this forecast was chosen", anchor=False)
    st.table(
        {"Question": list(told), "Answer": [plain(value) for value in told.values()]},
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt="How this forecast was chosen",
    )


def _leaderboard(found: Receipt, chosen: str) -> None:
    rows = receipts.leaderboard(found, chosen)
    number = st.column_config.NumberColumn

    def shares(values: Iterable[float | None], base: float = 0.0) -> list[float | None]:
        return [percent_number(None if v is None else base + v) for v in values]

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
        "Orders foretold": (shares((row["orders_bias"] for row in rows), 1.0), whole),
        "Monthly error (MAPE)": (shares(row["orders_mape"] for row in rows), whole),
        "Error per customer (MAE, orders)": (
            [row["orders_mae"] for row in rows],
            number(format="%.2f"),
        ),
        "Ranking (Gini)": (shares(row["orders_gini"] for row in rows), whole),
        "Best 10\u00a0% brought": (shares(row["orders_top10"] for row in rows), whole),
        "Buyers told apart (AUC)": (shares(row["auc"] for row in rows), whole),
        "Error of the chance (Brier)": (
            [row["brier"] for row in rows],
            number(format="%.3f", help="Mean squared error of the chance; 0 is perfect."),
        ),
    }
    if found["has_value"]:
        shown["Revenue foretold"] = (shares((row["revenue_bias"] for row in rows), 1.0), whole)
        shown[with_unit("Revenue error per customer (MAE)", found["currency"])] = (
            [row["revenue_mae"] for row in rows],
            number(format="%.2f"),
        )
    st.subheader("Models and rules of thumb", anchor=False)
    when = f"as of {day(chosen)}" if chosen else f"mean of {len(found['origins'])} past dates"
    if told := words.rivals(found):
        st.markdown(plain(told))
    parts.table(shown, "receipt_table", f"{len(rows)} models and rules, the smallest error first")
    st.caption(f"Smallest error first, {when}; orders and revenue of {words.ahead(found)}.")
    for name, dates in receipts.failures(found).items():
        on = ", ".join(day(d) for d in dates)
        st.caption(f"{title(name)} could not be fitted as of {on}.")


def behind(row: LeaderboardRow) -> str:
    """Write the difference to the best: ``0.016 (0.012 to 0.021)``."""
    if row["difference"] is None:
        return "best"
    if round(row["difference"], 3) == 0:
        return "as good"
    low, high = row["difference_low"] or 0.0, row["difference_high"] or 0.0
    return f"{words.signed(row['difference'])} ({words.signed(low)} to {words.signed(high)})"
