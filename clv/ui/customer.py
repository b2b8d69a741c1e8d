"""One customer, found by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from clv import charts
from clv.ui import page, parts, top
from clv.ui.formatting import (
    count,
    day,
    expected,
    money,
    money_full,
    money_range,
    percent,
    plain,
    plural,
    symbol,
    to_date,
    unit,
    with_unit,
)
from clv.ui.words import (
    customer_reason,
    customer_sentence,
    horizon_end,
    next_months,
    next_order,
    not_found,
    span,
)

if TYPE_CHECKING:
    from clv.runs import Kind, Run

_SUGGESTIONS: Final = 12
_LIST_ORDERS: Final = 500


def show(run: Run) -> None:
    """Show the search box and, for a known id, everything about that customer."""
    page.title("One customer", run)
    wanted = st.text_input(
        "Customer id",
        key="customer",
        bind="query-params",
        live="300ms",
        placeholder="Type the beginning of an id",
        icon=":material/search:",
        max_chars=200,
    )
    wanted = (wanted or "").strip()
    if not wanted:
        _examples(run)
        return
    found = run.customer(wanted)
    if found is None:
        _suggest(run, wanted)
        return
    _facts(run, found)


def _pick(key: str) -> None:
    """Take a suggestion over into the search box."""
    if choice := st.session_state.get(key):
        st.session_state["customer"] = choice
        st.session_state[key] = None


def _pills(label: str, ids: list[str], key: str) -> None:
    st.pills(
        label,
        ids,
        key=key,
        format_func=plain,
        on_change=_pick,
        args=(key,),
        selection_mode="single",
    )


def _examples(run: Run) -> None:
    ids = _best(run)
    page.answer("Look one customer up: what they did, what comes next, what they are worth.")
    if ids:
        _pills("For example, the most valuable ones", ids, "examples")


def _best(run: Run) -> list[str]:
    kind: Kind = "spenders" if run.summary.get("predicted_revenue") is not None else "buyers"
    ids = [str(i) for i in top.ranked(run.id, kind)["customer_id"].slice(0, 6).to_pylist()]
    return ids or run.suggest("", 6)


def _suggest(run: Run, wanted: str) -> None:
    ids = run.suggest(wanted, _SUGGESTIONS)
    if ids:
        more = "at least " if len(ids) == _SUGGESTIONS else ""
        st.markdown(f"No customer is called exactly “{plain(wanted)}”.")
        noun = "id" if len(ids) == 1 else "ids"
        verb = (
            "starts like this or contains it" if len(ids) == 1 else "start like this or contain it"
        )
        _pills(f"{more}{len(ids)} {noun} {verb}".capitalize(), ids, "suggestions")
        return
    st.warning(not_found(wanted), icon=":material/search_off:")
    if near := run.nearest(wanted):
        _pills("The closest ids in this file", near, "nearest")


def _facts(run: Run, found: dict[str, Any]) -> None:
    settings = run.settings
    st.header(plain(found["customer_id"]), anchor=False)
    page.answer(customer_sentence(found, settings).replace("$", r"\$"))
    page.cards(_cards(run, found), "customer")
    st.markdown(customer_reason(found, settings).replace("$", r"\$"))
    page.notes(run)
    _timeline(run, found)
    _monthly(run, found)
    _explanation(settings)


def _cards(run: Run, found: dict[str, Any]) -> list[page.Card]:
    settings = run.settings
    currency, ahead = str(settings.get("currency") or ""), span(settings)
    so_far = money(found["revenue"], currency) if page.has_value(run) else ""
    row = [
        page.Card(
            "Orders so far" if not so_far else "Spent so far",
            so_far or count(found["orders"]),
            f"{plural(found['orders'], 'order')} since {day(found['first_order'])}, "
            f"the last on {day(found['last_order'])}.",
        )
    ]
    if found["predicted_clv"] is not None:
        wide = money_range(found["predicted_clv_low"], found["predicted_clv_high"], currency)
        row.append(
            page.Card(
                f"Worth, {ahead}",
                money(found["predicted_clv"], currency),
                f"{money_full(found['predicted_clv'], currency)}"
                f"{', probably ' + wide if wide else ''}: expected revenue, discounted at "
                f"{percent(settings['discount_rate'])} a year, at a margin of "
                f"{percent(settings['margin'])} (predicted CLV). {_standing(run, found)}",
            )
        )
    if found["p_purchase"] is not None:
        row += [
            page.Card(
                f"Chance of buying, {ahead}",
                percent(found["p_purchase"]),
                f"At least one order by {horizon_end(settings)} (p_purchase).",
            ),
            page.Card(
                f"Expected orders, {ahead}",
                expected(found["predicted_purchases"]),
                f"Days with an order. Chance of still being active: {percent(found['p_alive'])}.",
            ),
            page.Card(
                "Next order",
                next_order(found, settings["as_of"]),
                "As likely before this day as after it, if the customer is still active.",
            ),
        ]
    return row


def _standing(run: Run, found: dict[str, Any]) -> str:
    sql = "SELECT count(*) AS n FROM forecasts WHERE predicted_clv > ?"
    better = run.query(sql, [found["predicted_clv"]])["n"][0].as_py()
    customers = int(run.summary["customers"])
    if customers < 20:
        return ""
    share = (better + 1) / customers
    if share > 0.5:
        return f"Number {count(better + 1)} of {count(customers)} by value."
    return f"Among the best {percent(share)} of all customers by value."


def _timeline(run: Run, found: dict[str, Any]) -> None:
    settings = run.settings
    currency = str(settings.get("currency") or "")
    table = run.customer_orders(found["customer_id"])
    as_of, when = to_date(settings["as_of"]), to_date(found["next_order_date"])
    if as_of is None:
        return
    known = page.has_value(run)
    # A next order far beyond the horizon would squeeze the history into a corner.
    end = to_date((settings.get("months") or [{}])[-1].get("end"))
    shown = when if when is not None and end is not None and when <= end else None
    figure = charts.customer_timeline_figure(
        table.slice(max(table.num_rows - 5000, 0)).to_pylist(),
        as_of=as_of,
        next_order=shown,
        symbol=symbol(currency),
        dark=page.dark(),
    )
    first, last = found["first_order"], found["last_order"]
    orders = plural(found["orders"], "order")
    statement = f"{orders} since {day(first)}, the last on {day(last)}"
    if first == last:
        statement = f"{orders} on {day(first)}"
    what = f"Value in {unit(currency)}" if known else "Days with an order"
    caption = f"{what}, as of {day(as_of)}."
    if shown:
        caption += " The hollow diamond marks the expected next order."
    parts.chart(figure, statement, caption, "timeline")
    with st.expander("The orders as a table", icon=":material/table_rows:"):
        rows = table.slice(max(table.num_rows - _LIST_ORDERS, 0)).to_pydict()
        columns: dict[str, list[Any]] = {
            "Date": [to_date(d) for d in rows["ordered_at"]][::-1],
            "Order": rows["order_id"][::-1],
        }
        if known:
            columns[with_unit("Value", currency)] = rows["revenue"][::-1]
        if any(n is not None for n in rows["items"]):
            columns["Items"] = rows["items"][::-1]
        st.dataframe(
            columns,
            hide_index=True,
            width="stretch",
            key="orders",
            column_config={
                "Date": st.column_config.DateColumn(format="D MMM YYYY"),
                with_unit("Value", currency): st.column_config.NumberColumn(format="%.2f"),
            },
            alt="Orders of this customer, newest first",
        )


def _monthly(run: Run, found: dict[str, Any]) -> None:
    if found["predicted_purchases"] is None:
        return
    settings = run.settings
    currency = str(settings.get("currency") or "")
    monthly = run.customer_monthly(found["customer_id"])
    if monthly.num_rows == 0:
        return
    money_known = found["predicted_order_value"] is not None
    measure: charts.Measure = "revenue" if money_known else "orders"
    figure = charts.customer_monthly_figure(
        monthly.to_pylist(), measure=measure, symbol=symbol(currency), dark=page.dark()
    )
    rows = monthly.to_pydict()
    total = sum(rows["predicted_revenue" if money_known else "predicted_purchases"])
    amount = f"{money(total, currency)} of revenue" if money_known else f"{expected(total)} orders"
    what = f"Expected revenue in {unit(currency)}" if money_known else "Expected orders"
    parts.chart(
        figure,
        f"{amount} expected in {next_months(settings)}",
        f"{what} a month{', before discounting and margin' if money_known else ''}, as of "
        f"{day(settings['as_of'])}.",
        "monthly",
    )
    columns: dict[str, list[Any]] = {
        "To": rows["month_end"],
        "Expected orders": rows["predicted_purchases"],
    }
    if money_known:
        columns[with_unit("Expected revenue", currency)] = rows["predicted_revenue"]
        columns[with_unit("Lifetime value", currency)] = rows["predicted_clv"]
    numbers = st.column_config.NumberColumn(format="%.2f")
    with st.expander("The forecast as a table", icon=":material/table_rows:"):
        st.dataframe(
            columns,
            hide_index=True,
            width="stretch",
            key="customer_months",
            column_config={
                name: st.column_config.DateColumn("Month to", format="D MMM YYYY")
                if name == "To"
                else numbers
                for name in columns
            },
            alt="Forecast for this customer month by month",
        )


def _explanation(settings: dict[str, Any]) -> None:
    with st.expander("How is this computed?", icon=":material/help:"):
        st.markdown(
            "The forecast looks at how often this customer has come back, how long ago the last "
            "order was compared with their own rhythm, and how customers with such a history went "
            f"on. What they are worth is the expected revenue of {next_months(settings)}, "
            f"discounted at {percent(settings['discount_rate'])} a year, at a margin of "
            f"{percent(settings['margin'])}.\n\n"
            "It is an average over what may happen: one customer may order much more or nothing "
            "at all.\n\n"
            "**Sources.** MBG/NBD: Batislam, Denizel & Filiztekin (2007); Wagner & Hoppe (2008). "
            "Gamma-Gamma: Fader & Hardie (2013)."
        )
