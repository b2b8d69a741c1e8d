"""The first view of the page on accuracy: figures, models and rules compared, pictures, the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import page, parts
from clv.core.formatting import (
    day,
    percent,
    plain,
    plural,
    symbol,
    unit,
)
from clv.core.names import title
from clv.forecast import receipts
from clv.report import charts, explained
from clv.report.tables import receipt as tables
from clv.report.words import receipt as words

if TYPE_CHECKING:
    from clv.core.schema import PastDate, Receipt


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
    if told := words.closer(found):
        st.markdown(told)
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
            "Predicted orders, % of actual",
            percent(None if bias is None else 1 + bias),
            f"Orders that {who} expected in {ahead}, as a share of the actual ones; 100\u00a0% is "
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
            "Buyers recognised (AUC)",
            percent(row["auc"]),
            f"How often a customer who bought had the higher chance than one who did not; 50\u00a0% "
            f"is chance.{how}",
        ),
        page.Card(
            "Monthly error",
            percent(row["orders_mape"]),
            "Mean distance of a month's expected orders from the actual ones (MAPE)." + how
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
    st.subheader(words.months_title(origin, model), anchor=False)
    parts.table(tables.months(found, origin["months"], model), "receipt_months")
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
    st.subheader("Models and rules of thumb", anchor=False)
    when = f"as of {day(chosen)}" if chosen else f"mean of {len(found['origins'])} past dates"
    if told := words.rivals(found):
        st.markdown(plain(told))
    parts.table(tables.leaderboard(found, rows), "receipt_table")
    st.caption(f"Smallest error first, {when}; orders and revenue of {words.ahead(found)}.")
    for name, dates in receipts.failures(found).items():
        on = ", ".join(day(d) for d in dates)
        st.caption(f"{title(name)} could not be fitted as of {on}.")
