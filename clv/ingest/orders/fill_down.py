"""Cells that stand once for a group of rows: the customer, the order or the day on its first row only.

Reports and merged cells leave them blank below. They are filled from the row above where the file
shows that they are meant so; orders of guests, whose customer is blank as well, are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clv.core import engine
from clv.core.formatting import plural
from clv.ingest.orders.decisions import decision, moves_much, switch
from clv.ingest.orders.table import reader, sample

if TYPE_CHECKING:
    from clv.core.schema import Decision
    from clv.core.settings import IngestOptions
    from clv.ingest.orders.table import Table

_ROLES: Final = ("customer_id", "order_id", "ordered_at")
#: From this share of blank cells on a column may be one of groups.
_SHARE: Final = 0.1
#: Fewer groups show nothing.
_FEW: Final = 3


@dataclass(frozen=True)
class _Seen:
    """What the whole file shows: counts of rows."""

    rows: int
    blank: int
    named: int
    starts: int
    values: int
    falls: int
    rises: int
    group_falls: int
    group_rises: int
    sorted_names: bool
    continued: int
    same_order: int
    blank_days: int
    day_starts: int
    days: int
    day_falls: int
    day_rises: int
    first: bool
    first_day: bool
    headings: int
    dated: int

    @property
    def headed(self) -> bool:
        """Names stand on rows of their own, above the rows of their group."""
        return self.headings >= _FEW and not self.dated


def settle(table: Table, options: IngestOptions) -> None:
    """Find out whether the blank cells of a file are to be filled, and say so.

    Sets ``table.fill``. ``--drop filled_down`` leaves blank cells as they are, ``--keep filled_down``
    fills them whatever the file shows.
    """
    if table.source.merged:
        table.decisions.append(_merged(table))
    if "filled_down" in options.drop or "customer_fallback" in table.mapping:
        return
    if not {"customer_id", "ordered_at"} <= table.mapping.keys():  # The day has columns of its own.
        return
    heads = [sample(table.dialect, table.mapping[r]) for r in ("customer_id", "ordered_at")]
    if not any(sum(not c.strip() for c in cells) > _SHARE * len(cells) for cells in heads):
        return
    forced = "filled_down" in options.keep
    with engine.connect() as con:
        seen = _Seen(*engine.row(con, _look(table)))
        conditions = _conditions(table, seen, forced=forced)
        if not conditions:
            return
        table.fill = _fill(table, conditions)
        touched = " OR ".join(f"({c})" for c in conditions.values())
        known = "revenue" in table.mapping
        value = table.numbers.sql(_name(table, "revenue")) if known else "NULL::DOUBLE"
        rows, amount, whole = engine.row(
            con,
            f"SELECT count(*) FILTER ({touched}), "
            f"{engine.total(f'CASE WHEN {touched} THEN {value} END')}, {engine.total(value)} "
            f"FROM ({_above(table, _source(table))})",
        )
    names = ", ".join(f"`{table.mapping[role]}`" for role in conditions)
    where = "a row of its own above its group" if seen.headed else "the first row of its group only"
    table.decisions.append(
        decision(
            "filled_down",
            f"{table.source.name}: {names} stands on {where}, and was filled down "
            f"in {plural(rows, 'row')}.",
            rows,
            amount,
            [switch("Leave blank", "--drop", "filled_down")],
            weighty=moves_much(rows, seen.rows) or moves_much(amount, whole),
        )
    )


def _merged(table: Table) -> Decision:
    """Say in how many rows merged cells were read as the value they show."""
    rows = table.source.merged
    return decision(
        "merged_cells",
        f"{table.source.name}: cells that are merged over several rows hold for each of them, in "
        f"{plural(rows, 'more row')}. If a value is meant once, unmerge the cells.",
        rows,
        weighty=moves_much(rows, table.source.rows),
    )


def _name(table: Table, role: str) -> str:
    return engine.name(table.mapping[role]) if role in table.mapping else "NULL"


def _source(table: Table) -> str:
    return reader(
        table.dialect, table.text, table.delimiter, table.dialect.skip_lines, lenient=True
    )


def _cell(table: Table, role: str) -> str:
    return f"nullif(trim({_name(table, role)}), '')" if role in table.mapping else "NULL::VARCHAR"


def _above(table: Table, source: str) -> str:
    """Return a query: every row with the cells of the group it may belong to."""
    frame = "OVER (ORDER BY _n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    customer, order, day = (_cell(table, role) for role in _ROLES)
    filled = " + ".join(f"({_plain(c)} <> '')::INT" for c in table.dialect.columns)
    group = "CASE WHEN _customer IS NOT NULL THEN {c: _customer, o: _order, d: _day} END"
    return (
        f"SELECT *, _group.c AS _above_customer, _group.o AS _above_order, _group.d AS _group_day, "
        f"CASE WHEN _customer IS NULL OR _day IS NULL THEN {filled} END AS _filled "
        f"FROM (SELECT *, last_value({group} IGNORE NULLS) {frame} AS _group, "
        f"last_value(_day IGNORE NULLS) {frame} AS _above_day "
        f"FROM (SELECT *, row_number() OVER () AS _n, {customer} AS _customer, {order} AS _order, "
        f"{day} AS _day FROM {source}))"
    )


def _plain(column: str) -> str:
    return f"coalesce(trim({engine.name(column)}), '')"


#: The row goes on with the order above: it has neither customer nor order nor day, but two cells more.
_CONTINUED: Final = "_customer IS NULL AND _order IS NULL AND _day IS NULL AND _filled >= 2"
_SAME_ORDER: Final = "_customer IS NULL AND _order = _above_order"
_GUEST: Final = "_customer IS NULL AND _day IS NOT NULL"
_DAYLESS: Final = "_customer IS NOT NULL AND _day IS NULL AND _filled >= 2"


def _look(table: Table) -> str:
    """Return the query for `_Seen`."""
    day = table.dates.sql("_day")
    return (
        "WITH r AS (SELECT _n AS n, _customer AS c, _day AS raw, "
        f"{day} AS d, {_CONTINUED} AS continued, {_SAME_ORDER} AS same, {_GUEST} AS guest, "
        f"{_DAYLESS} AS dayless, _filled AS filled FROM ({_above(table, _source(table))})), "
        "a AS (SELECT *, lag(d) OVER (ORDER BY n) AS before FROM r), "
        "f AS (SELECT c, lag(c) OVER (ORDER BY n) AS p FROM r WHERE c IS NOT NULL), "
        "g AS (SELECT raw, d, lag(raw) OVER (ORDER BY n) AS p, lag(d) OVER (ORDER BY n) AS pd FROM r "
        "WHERE raw IS NOT NULL) "
        "SELECT count(*), count(*) FILTER (guest), (SELECT count(*) FROM f), "
        "(SELECT count(*) FILTER (p IS DISTINCT FROM c) FROM f), (SELECT count(DISTINCT c) FROM f), "
        "count(*) FILTER (d < before), count(*) FILTER (d > before), "
        "count(*) FILTER (d < before AND guest), count(*) FILTER (d > before AND guest), "
        "(SELECT count(*) FILTER (NOT (length(p) < length(c) OR (length(p) = length(c) AND p <= c))) = 0 "
        "OR count(*) FILTER (lower(p) > lower(c)) = 0 FROM f), "
        "count(*) FILTER (continued), count(*) FILTER (same), count(*) FILTER (dayless), "
        "(SELECT count(*) FILTER (p IS DISTINCT FROM raw) FROM g), (SELECT count(DISTINCT raw) FROM g), "
        "(SELECT count(*) FILTER (d < pd) FROM g), (SELECT count(*) FILTER (d > pd) FROM g), "
        "coalesce(arg_min(c IS NOT NULL, n), false), coalesce(arg_min(raw IS NOT NULL, n), false), "
        "count(*) FILTER (c IS NOT NULL AND raw IS NULL AND filled = 1), "
        "count(*) FILTER (c IS NOT NULL AND raw IS NOT NULL) FROM a"
    )


def _conditions(table: Table, seen: _Seen, *, forced: bool) -> dict[str, str]:
    """Return, per role, in which rows its blank cell is filled."""
    found: dict[str, list[str]] = {}

    def fill(condition: str, *roles: str) -> None:
        for role in roles:
            if role in table.mapping:
                found.setdefault(role, []).append(condition)

    enough = max(2, _SHARE * seen.rows)
    if seen.first and (seen.continued >= enough or (forced and seen.continued)):
        fill(_CONTINUED, *_ROLES)
    if seen.first and seen.same_order >= 2:
        fill(_SAME_ORDER, "customer_id")
        fill(f"{_SAME_ORDER} AND _day IS NULL", "ordered_at")
    if seen.headed or (seen.first and _grouped(seen)) or (forced and seen.blank):
        fill(_GUEST, "customer_id")
    if seen.first_day and _grouped_by_day(seen):
        fill(_DAYLESS, "ordered_at")
    return {role: " OR ".join(f"({c})" for c in conditions) for role, conditions in found.items()}


def _grouped(seen: _Seen) -> bool:
    """Whether customers are groups: none occurs in two places, and days begin anew with each.

    A file of orders by day has blank customers too: guests.
    """
    once = seen.starts == seen.values >= _FEW
    mixed = seen.falls > 0 and seen.rises > 0
    upwards = not seen.group_falls and seen.falls * 4 >= seen.starts
    downwards = not seen.group_rises and seen.rises * 4 >= seen.starts
    many = seen.blank >= max(_FEW, _SHARE * seen.rows)
    # Who is named on a second row too is named on all of them: the blank ones are somebody else's.
    once = once and seen.named == seen.starts
    return many and once and mixed and (seen.sorted_names or upwards or downwards)


def _grouped_by_day(seen: _Seen) -> bool:
    """Whether days are groups: they go one way, and each stands in one place."""
    many = seen.blank_days >= max(_FEW, _SHARE * seen.rows)
    one_way = not seen.day_falls or not seen.day_rises
    return many and one_way and seen.day_starts == seen.days >= _FEW


def _fill(table: Table, conditions: dict[str, str]) -> str:
    """Return the query that reads the file with its blank cells filled; ``@rows`` is its reader."""
    from_row: dict[str, Any] = {
        "customer_id": "_above_customer",
        "order_id": "_above_order",
        "ordered_at": f"CASE WHEN {_DAYLESS} THEN _above_day ELSE _group_day END",
    }
    cells = ", ".join(
        f"CASE WHEN {condition} THEN {from_row[role]} ELSE {_name(table, role)} END "
        f"AS {_name(table, role)}"
        for role, condition in conditions.items()
    )
    return f"(SELECT * REPLACE ({cells}) FROM ({_above(table, '@rows')}) ORDER BY _n)"
