"""The sections of one customer's page, from the picture down to the explanation. Layout only."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from clv.apps.ui import page, parts
from clv.core.formatting import (
    count,
    day,
    dollars,
    expected,
    money,
    month,
    percent,
    plain,
    plural,
    symbol,
    to_date,
    unit,
)
from clv.core.segments import rule
from clv.insights import customer as one
from clv.report import charts
from clv.report.tables import customers as tables
from clv.report.words import customer as words
from clv.report.words.run import ORDER_DAYS, horizon, next_months

if TYPE_CHECKING:
    from clv.core.schema import CustomerForecast
    from clv.runs import Run

_LIST_ORDERS: Final = 500
_DRAW_ORDERS: Final = 5000
_MEASURES: Final[dict[one.Measure, str]] = {
    "orders": "Orders so far",
    "revenue": "Spent so far",
    "predicted_clv": "Worth",
    "p_purchase": "Chance of buying",
}


def activity(run: Run, facts: CustomerForecast, path: one.AlivePath, model: str) -> None:
    """Show the chance of being active, from the first order to the end of the horizon."""
    if model == "pooled-rate":
        st.caption("The forecast assumes that nobody has left, so there is no path to draw.")
        return
    first = facts["first_order"]
    ages, chances, orders = (v.tolist() for v in (path.ages, path.p_alive, path.orders))
    rows = [
        {"day": first + timedelta(days=age), "p_alive": chance, "orders": number}
        for age, chance, number in zip(ages, chances, orders, strict=True)
    ]
    bought = [row["day"] for i, row in enumerate(rows) if i == 0 or row["orders"] > orders[i - 1]]
    figure = charts.customer_path_figure(rows, bought, as_of=run.as_of, dark=page.dark())
    # Just after the last order: the last of that day's points.
    then = max(i for i, age in enumerate(ages) if age == facts["recency"])
    parts.chart(
        figure,
        words.path_statement(facts, chances[then], model),
        f"Chance of still being active in %, as of {day(run.settings['as_of'])}. Every order "
        "lifts it, every day without one lowers it. Ticks are orders; dashed: if no order comes.",
        "path",
    )


def who(run: Run, facts: CustomerForecast, labels: dict[str, str]) -> None:
    """Show the facts: orders, amounts, rhythm, cohort, group, labels."""
    st.subheader("Who they are", anchor=False)
    currency = run.settings["currency"]
    orders = count(facts["orders"])
    if facts["orders"] > facts["frequency"] + 1:
        orders += f" on {plural(facts['frequency'] + 1, 'day')}"
    told = {
        "First order": day(facts["first_order"]),
        "Last order": day(facts["last_order"]),
        "Orders": orders,
    }
    spent = facts["revenue"]
    if run.has_value and spent is not None:
        told["Spent"] = money(spent, currency)
        told["Average order"] = money(spent / facts["orders"], currency)
        if facts["orders"] > facts["frequency"] + 1:
            told["Average per day with an order"] = money(
                spent / (facts["frequency"] + 1), currency
            )
        if facts["predicted_order_value"] is not None:
            told["Expected per day with an order"] = money(facts["predicted_order_value"], currency)
    if facts["frequency"]:
        told["Average gap"] = words.rhythm(facts["recency"] / facts["frequency"])
    told["Cohort"] = f"first ordered in {month(facts['first_order'])}"
    if facts["segment"] is not None:
        told["Group"] = facts["segment"]
    told |= {plain(name): plain(value) for name, value in labels.items()}
    st.table(
        {"Fact": list(told), "Value": [dollars(value) for value in told.values()]},
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt="Facts about this customer",
    )
    if facts["segment"] is not None:
        meaning = rule(facts["segment"], run.summary["cuts"], horizon(run.settings))
        st.caption(f"**{facts['segment'].capitalize()}**: {meaning}")


def next_steps(
    run: Run,
    facts: CustomerForecast,
    seen: one.Outlook,
    p_silent: float | None,
    at_risk: float | None,
) -> None:
    """Show chances by horizon, the window of the next order, whether it is overdue."""
    st.subheader("What comes next", anchor=False)
    as_of = run.as_of
    st.table(
        {
            "Within": [plural(days, "day") for days in one.AHEAD],
            "Chance of an order": [percent(chance) for chance in seen.chances],
            "Expected orders": [expected(number) for number in seen.purchases],
        },
        hide_index=True,
        border="horizontal",
        alt="Chance of an order and expected orders within 30, 90 and 365 days",
    )
    st.caption(f"Expected orders: {ORDER_DAYS[0].lower()}{ORDER_DAYS[1:]}.")
    told = (
        words.window_sentence(seen, as_of),
        words.due_sentence(facts, seen, p_silent, as_of),
        words.risk_sentence(at_risk, run.settings),
    )
    st.markdown("\n".join(f"- {dollars(sentence)}" for sentence in told if sentence))


def timeline(run: Run, facts: CustomerForecast, seen: one.Outlook | None) -> None:
    """Show the orders over time, the list behind them, its download."""
    currency = run.settings["currency"]
    table = run.customer_orders(facts["customer_id"])
    as_of, end = run.as_of, run.horizon_end
    known = run.has_value
    # A next order far beyond the horizon would squeeze the history into a corner.
    when = to_date(facts["next_order_date"])
    shown = when if when is not None and when <= end else None
    window = None if seen is None else words.window_days(seen, as_of)
    figure = charts.customer_timeline_figure(
        table.slice(max(table.num_rows - _DRAW_ORDERS, 0)).to_pylist(),
        as_of=as_of,
        next_order=shown,
        window=None if shown is None else (window[0], min(window[1], end)) if window else None,
        order_value=facts["predicted_order_value"],
        end=end if seen is not None else None,
        symbol=symbol(currency),
        dark=page.dark(),
    )
    first, last = facts["first_order"], facts["last_order"]
    orders = plural(facts["orders"], "order")
    statement = f"{orders} since {day(first)}, the last on {day(last)}"
    if first == last:
        statement = f"{orders} on {day(first)}"
    what = f"Value in {unit(currency)}" if known else "Days with an order"
    caption = f"{what}, as of {day(as_of)}."
    if shown:
        at_value = " at its expected value" if facts["predicted_order_value"] is not None else ""
        caption += (
            " The hollow diamond marks the expected next order"
            f"{at_value}, the dashed line its likely window."
        )
    if table.num_rows > _DRAW_ORDERS:
        caption += f" The last {count(_DRAW_ORDERS)} orders are drawn."
    parts.chart(figure, statement, caption, "timeline")
    with st.expander("The orders as a table", icon=":material/table_rows:"):
        rows = table.slice(max(table.num_rows - _LIST_ORDERS, 0)).to_pylist()[::-1]
        parts.table(tables.orders(run, rows), "orders")
        if table.num_rows > _LIST_ORDERS:
            st.caption(f"The last {count(_LIST_ORDERS)} orders; the download has them all.")
        _download(run, facts, "orders", f"{orders} (CSV)")


def monthly(run: Run, facts: CustomerForecast) -> None:
    """Show the forecast month by month, the list behind it, its download."""
    if facts["predicted_purchases"] is None:
        return
    settings = run.settings
    currency = settings["currency"]
    table = run.customer_monthly(facts["customer_id"])
    if table.num_rows == 0:
        return
    money_known = facts["predicted_order_value"] is not None
    measure: charts.Measure = "revenue" if money_known else "orders"
    figure = charts.customer_monthly_figure(
        table.to_pylist(), measure=measure, symbol=symbol(currency), dark=page.dark()
    )
    rows = table.to_pydict()
    total = sum(rows["predicted_revenue" if money_known else "predicted_purchases"])
    amount = f"{money(total, currency)} of revenue" if money_known else f"{expected(total)} orders"
    what = f"Expected revenue in {unit(currency)}" if money_known else "Expected orders"
    parts.chart(
        figure,
        f"{amount} expected in {next_months(settings)}",
        f"{what} a month{', before discounting and margin' if money_known else ''}, as of "
        f"{day(settings['as_of'])}.{'' if money_known else f' {ORDER_DAYS}.'}",
        "monthly",
    )
    with st.expander("The forecast as a table", icon=":material/table_rows:"):
        parts.table(tables.months(run, table.to_pylist(), has_money=money_known), "customer_months")
        _download(run, facts, "monthly", f"{plural(table.num_rows, 'month')} of forecast (CSV)")


def comparison(
    run: Run, facts: CustomerForecast, cohort: one.Peers | None, group: one.Peers | None
) -> None:
    """Show how the customer compares with cohort and group."""
    sentence = words.peers_sentence(facts, cohort, group, valued=run.has_value)
    if not sentence:
        return
    st.subheader("Compared with others", anchor=False)
    st.markdown(sentence)
    currency = run.settings["currency"]

    def written(measure: one.Measure, value: float) -> str:
        if measure == "p_purchase":
            return percent(value)
        return f"{value:,.4g}" if measure == "orders" else dollars(money(value, currency))

    measures = [m for m in _MEASURES if facts[m] is not None]
    columns = {
        "": [_MEASURES[m] for m in measures],
        "This customer": [written(m, value) for m in measures if (value := facts[m]) is not None],
    }
    for name, peers in (
        (f"Cohort {month(facts['first_order'])}", cohort),
        (f"Group “{facts['segment']}”", group),
    ):
        if peers is None or peers.customers <= one.FEWEST_PEERS:
            continue
        columns[f"{name}: median"] = [
            f"{written(m, median)} ({words.rank(peers, m)})"
            for m in measures
            if (median := peers.median[m]) is not None
        ]
    if len(columns) == 2:
        return
    st.table(columns, hide_index=True, border="horizontal", alt="Comparison with others")
    st.caption(
        "In brackets: the share of the other customers with a lower or with a higher figure. "
        + (
            ""
            if run.only_value
            else f"What lies ahead is that of {next_months(run.settings)}, as of "
            f"{day(run.settings['as_of'])}."
        )
    )


def _download(run: Run, facts: CustomerForecast, table: Any, label: str) -> None:  # noqa: ANN401
    name = re.sub(r"[^\w-]+", "_", str(facts["customer_id"]))[:40].strip("_")
    st.download_button(
        label,
        data=lambda: one.csv(run, table, facts["customer_id"]),
        file_name=f"{table}_{name}.csv",
        mime="text/csv",
        key=f"download_{table}",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
