"""What looks odd about the orders that came out: plain sentences with figures; nothing is changed.

Everything is told from customers' totals and days' totals, each made in one pass; whatever needs a
closer look is looked at only where these call for it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import time
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.formatting import count, day, money, month, percent, plural
from clv.ingest.orders.table import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    import duckdb

    from clv.core.schema import Report
    from clv.ingest.files.dialect import Dialect
    from clv.ingest.orders.table import Table

#: Below, shares are those of chance.
_FEW: Final = 50
_FEW_CUSTOMERS: Final = 10
_LARGE: Final = 1 / 3
#: Share of customers who come back below which nobody's shop is.
_RARE: Final = 0.02
#: Factor between two months' typical orders that no shop's prices explain.
_JUMP: Final = 5
#: Orders a month from which a month without any is odd.
_REGULAR: Final = 5
#: Orders a month whose typical value says something.
_TYPICAL: Final = 10
#: Orders from which the typical value of a month is that of a sample.
_SAMPLED: Final = 100_000
_MOST_COLUMNS: Final = 5
#: To read a larger file once more takes a seventh of the time of reading it.
_MOST_ROWS: Final = 200_000

_MONEY_NAME: Final = re.compile(
    "tax|vat|shipping|fee|tip|gratuity|discount|total|amount|price|sales|revenue|cost|gross|net|paid|"
    "refund|steuer|mwst|versand|porto|rabatt|betrag|summe|preis|kosten|umsatz|montant|remise|prix|frais|"
    "importe|precio|impuesto|env[ií]o|descuento|prezzo|importo|sconto|prijs|bedrag|valor|desconto|preço",
    re.IGNORECASE,
)
_NO_MONEY: Final = re.compile(
    r"lat|lon|lng|weight|gewicht|rating|score|rate\b|percent|%|\bid\b|_id|number|phone|zip|code|date|time|"
    "quantity|qty|version",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(r"[-+]?\d{1,12}(?:\.\d{1,6})?")


@dataclass(frozen=True)
class _Day:
    """The orders of one day."""

    day: date
    orders: int
    least: float | None
    most: float | None

    @property
    def month(self) -> date:
        return self.day.replace(day=1)


@dataclass(frozen=True)
class _Month:
    """Some orders of a month: what a typical one is worth, and the times of day."""

    first: date
    orders: int
    median: float | None
    earliest: time
    latest: time


@dataclass(frozen=True)
class Shoppers:
    """How many customers there are, how many came back, and what the largest had and spent."""

    number: int
    returned: int
    most_orders: int
    most_revenue: float | None


def count_shoppers(con: duckdb.DuckDBPyConnection) -> Shoppers:
    """Count the customers of ``orders``."""
    return Shoppers(
        *engine.row(
            con,
            "SELECT count(*), count(*) FILTER (n > 1), coalesce(max(n), 0), max(spent) FROM "
            "(SELECT customer_id, count(*) AS n, sum(revenue) AS spent FROM orders GROUP BY 1)",
        )
    )


def find(
    con: duckdb.DuckDBPyConnection, report: Report, shoppers: Shoppers, tables: Sequence[Table]
) -> list[str]:
    """Return what looks odd, in sentences.

    Parameters
    ----------
    con
        Has ``orders``.
    report
        What is known of the orders already.
    tables
        The files; the first one's columns are looked at.
    """
    if not report["orders"]:
        return []
    days = [
        _Day(*row)
        for row in con.execute(
            "SELECT ordered_at::DATE, count(*), min(revenue), max(revenue) FROM orders "
            "GROUP BY 1 ORDER BY 1"
        ).fetchall()
    ]
    every = report["orders"] // _SAMPLED + 1
    months = [
        _Month(*row)
        for row in con.execute(
            "SELECT date_trunc('month', ordered_at)::DATE, count(*), median(revenue), "
            "min(ordered_at::TIME), max(ordered_at::TIME) FROM orders "
            f"WHERE {every} = 1 OR hash(ordered_at, revenue) % {every} = 0 GROUP BY 1 ORDER BY 1"
        ).fetchall()
    ]
    return [
        *_customers(con, report, shoppers),
        *_values(con, report, days),
        *_jump(report, months),
        *_gaps(report, days),
        *_moments(report, days, months),
        *_unused(con, report, tables),
    ]


def _largest(con: duckdb.DuckDBPyConnection, measure: str) -> str:
    """Return who has most."""
    (who,) = engine.row(
        con, f"SELECT customer_id FROM orders GROUP BY 1 ORDER BY {measure} DESC, 1 LIMIT 1"
    )
    return str(who)


def _customers(con: duckdb.DuckDBPyConnection, report: Report, shoppers: Shoppers) -> Iterator[str]:
    """Tell of one customer with too much, and of customers who don't come back."""
    orders, customers, revenue = report["orders"], shoppers.number, report["revenue"] or 0
    most, best, back = shoppers.most_orders, shoppers.most_revenue or 0, shoppers.returned
    shared = "Is it one person, or an account that many share, such as walk-in or guest sales?"
    if customers >= _FEW_CUSTOMERS and most > max(_LARGE * orders * 0.95, 2):
        yield (
            f"One customer, “{_largest(con, 'count(*)')}”, has {count(most)} of {plural(orders, 'order')} "
            f"({percent(most / orders)}). {shared}"
        )
    elif customers >= _FEW_CUSTOMERS and revenue > 0 and best > _LARGE * revenue:
        yield (
            f"One customer, “{_largest(con, 'sum(revenue)')}”, spent {money(best, report['currency'])}: "
            f"{percent(best / revenue)} of all revenue. {shared}"
        )
    column = report["mapping"].get("customer_id", "")
    if orders <= _FEW:
        return
    really = f"Is “{column}” really the customer, and not the order or the row?"
    if not back:
        yield (
            f"Nobody ordered twice: {plural(orders, 'order')} of as many customers. {really} "
            "Without customers who return there is nothing to forecast from."
        )
    elif back < _RARE * customers:
        yield (
            f"Hardly anybody ordered twice: {count(back)} of {plural(customers, 'customer')} "
            f"({percent(back / customers)}). {really}"
        )


def _values(con: duckdb.DuckDBPyConnection, report: Report, days: Sequence[_Day]) -> Iterator[str]:
    """Tell of order values that can hardly be right."""
    revenue, orders, currency = report["revenue"], report["orders"], report["currency"]
    if revenue is None:
        return
    least = min(one.least for one in days if one.least is not None)
    most = max(one.most for one in days if one.most is not None)
    if least == most and orders > _TYPICAL:
        column = report["mapping"].get("revenue") or report["mapping"].get("unit_price", "")
        yield (
            f"Every order is worth {money(most, currency)}. Is “{column}” really the order's value?"
        )
    if least < 0:
        below, together = engine.row(
            con, "SELECT count(*), sum(revenue) FROM orders WHERE revenue < 0"
        )
        yield (
            f"{plural(below, 'order')} came to less than nothing, {money(together, currency)} "
            "together. Were they refunds of orders that are not in the file?"
        )
    if orders > _TYPICAL and most > 0.2 * revenue > 0 and orders * most > 10 * revenue:
        (order,) = engine.row(con, "SELECT arg_max(order_id, revenue) FROM orders")
        yield (
            f"One order, “{order}”, is worth {money(most, currency)}: {percent(most / revenue)} of all "
            f"revenue. The other {count(orders - 1)} are worth "
            f"{money((revenue - most) / (orders - 1), currency)} on average."
        )


def _jump(report: Report, months: Sequence[_Month]) -> Iterator[str]:
    """Tell of the month from which orders are worth many times as much, or as little."""
    typical = [(m.first, m.median or 0) for m in months if m.orders >= _TYPICAL]
    jumps = [
        (max(after / before, before / after), before, last, after, since)
        for (last, before), (since, after) in pairwise(one for one in typical if one[1] > 0)
    ]
    if not jumps or max(jumps)[0] < _JUMP:
        return
    times, before, last, after, since = max(jumps)
    currency = report["currency"]
    than = f"{'more' if after > before else 'less'} by a factor of about {times:,.0f}"
    yield (
        f"A typical order was worth {money(before, currency)} in {month(last)} and "
        f"{money(after, currency)} in {month(since)}: {than}. Did the currency, the unit or the "
        "decimal mark change?"
    )


def _gaps(report: Report, days: Sequence[_Day]) -> Iterator[str]:
    """Tell of months without orders, and of a last month that breaks off."""
    filled = {m: sum(d.orders for d in those) for m, those in groupby(days, lambda d: d.month)}
    every = [days[0].month]
    while every[-1] < days[-1].month:
        every.append(_next(every[-1]))
    usual = report["orders"] / len(filled)
    gone = [one for one in every if one not in filled]
    if gone and usual >= _REGULAR:
        yield (
            f"Months without a single order: {_spans(gone)}. There are orders before and after; is a "
            "file missing?"
        )
    last = days[-1].day
    before = [filled[m] for m in every[-4:-1] if m in filled]
    if len(before) == 3:
        expected = sum(before) / 3 * last.day / monthrange(last.year, last.month)[1]
        if expected >= 20 and filled[days[-1].month] < expected / 4:
            yield (
                f"Orders nearly stop: {count(filled[days[-1].month])} in {month(last)} up to "
                f"{day(last)}, where the three months before make one expect {count(expected)}. Does "
                "the export end too early?"
            )


def _next(first: date) -> date:
    """Return the first of the month after."""
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def _spans(months: Sequence[date]) -> str:
    """Write months that follow each other as one span: ``Mar 2021, Jun 2021 to Sep 2021``."""
    spans: list[list[date]] = []
    for one in months:
        if spans and one == _next(spans[-1][-1]):
            spans[-1].append(one)
        else:
            spans.append([one])
    said = [month(s[0]) if len(s) == 1 else f"{month(s[0])} to {month(s[-1])}" for s in spans]
    more = (
        f" and {plural(len(said) - _MOST_COLUMNS, 'more gap')}" if len(said) > _MOST_COLUMNS else ""
    )
    return ", ".join(said[:_MOST_COLUMNS]) + more


def _moments(report: Report, days: Sequence[_Day], months: Sequence[_Month]) -> Iterator[str]:
    """Tell of days and times that are hardly those of orders."""
    orders = report["orders"]
    if orders <= _TYPICAL:
        return
    column = report["mapping"].get("ordered_at", "")
    if len(days) == 1:
        yield f"Every order is of one day, {day(days[0].day)}. Is “{column}” the order's date?"
        return
    if all(one.day.day == 1 for one in days):
        yield (
            "Every order is of the first of a month: the file seems to know months, not days. Several "
            "orders of a month may be one row, and the days between orders are rough."
        )
        return
    busiest = max(days, key=lambda one: one.orders)
    if orders > _FEW and busiest.orders > _LARGE * orders and len(days) > 3:
        yield (
            f"{count(busiest.orders)} of {count(orders)} orders are of one day, {day(busiest.day)}. Was "
            "it the day of an import?"
        )
    times = {moment for one in months for moment in (one.earliest, one.latest)}
    if len(times) == 1 and times != {time(0)}:
        yield f"Every order was placed at {min(times):%H:%M}: “{column}” hardly tells the time of day."


def _unused(
    con: duckdb.DuckDBPyConnection, report: Report, tables: Sequence[Table]
) -> Iterator[str]:
    """Tell of columns that look like money and play no role."""
    table = tables[0]
    if table.kind:
        return
    dialect, used = table.dialect, {*table.mapping.values(), *report["labels"]}
    value = report["mapping"].get("revenue", "")
    sums = _like_money(dialect, used - {value}, value, report["decimal"])
    if not sums.keys() - {value}:
        return
    first, rows = len(dialect.head), table.rows + table.faults
    if first < rows <= _MOST_ROWS:
        sums, first = _sums(con, table, sums), rows
    base = sums.pop(value, 0)

    def share(total: float) -> str:
        if base <= 0:
            return ""
        same = abs(total - base) < 0.001 * base
        return f", as much as “{value}”" if same else f", {percent(total / base)} of “{value}”"

    told = list(sums.items())[:_MOST_COLUMNS]
    shown = [f"“{column}” ({money(total)}{share(total)})" for column, total in told]
    if len(sums) > len(shown):
        shown.append(f"{len(sums) - len(shown)} more")
    yield (
        f"Columns that look like money and were not used: {', '.join(shown)}; sums of "
        f"{'all' if first >= rows else 'the first'} {plural(min(first, rows), 'row')}."
    )


def _like_money(dialect: Dialect, used: set[str], value: str, decimal: str) -> dict[str, float]:
    """Return the columns that look like money and are not used, the value among them, with their sums.

    They are those of the first rows.
    """
    sums: dict[str, float] = {}
    for i, column in enumerate(dialect.columns):
        amounts = _amounts([row[i] for row in dialect.head if i < len(row)], decimal)
        if column not in used and amounts and sum(amounts):
            named = bool(_MONEY_NAME.search(column))
            cents = sum(a != round(a) for a in amounts) * 2 > len(amounts)
            if column == value or ((named or cents) and not _NO_MONEY.search(column)):
                sums[column] = sum(amounts)
    return sums


def _sums(con: duckdb.DuckDBPyConnection, table: Table, columns: Iterable[str]) -> dict[str, float]:
    """Return what columns of a file add up to."""
    names = [*columns]
    listed = ", ".join(engine.total(table.numbers.sql(engine.name(c))) for c in names)
    found = engine.row(con, f"SELECT {listed} FROM {whole(table)}")
    return {name: total or 0.0 for name, total in zip(names, found, strict=True)}


def _amounts(cells: Sequence[str], decimal: str) -> list[float]:
    """Return a column's amounts; none where it holds anything else."""
    groups = "," if decimal == "." else "."
    noise = re.compile(rf"[€$£¥₹\s'’]|\b[A-Z]{{3}}\b|[{groups}](?=\d{{3}}\b)")
    bare = [noise.sub("", cell).replace(",", ".") for cell in cells if cell.strip()]
    return [float(b) for b in bare] if all(map(_AMOUNT.fullmatch, bare)) else []
