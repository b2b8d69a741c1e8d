"""Which columns hold money, what for, and whether an amount is that of an order, a line or a unit.

Arithmetic decides before names do: quantity × price = amount makes an amount one of the line; an
amount that repeats on every line of its orders, though the lines differ, is the order's.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from clv.ingest.columns import names
from clv.ingest.columns.names import normalise
from clv.ingest.columns.profiles import YES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from clv.core.settings import Grain
    from clv.ingest.columns.profiles import Column, Sample

_NAMELESS: Final = 0.2
#: So many rows must bear out an equation.
_BORNE_OUT: Final = 0.95
_FEWEST: Final = 3


def choose(sample: Sample, mapping: dict[str, str], refused: Collection[str]) -> list[Column]:
    """Add the roles of quantity, unit price, value, discount and refund to a mapping.

    Returns
    -------
    list of Column
        Amounts of which each could be the value, where none is chosen.
    """
    rivals: list[Column] = []
    taken = {c for r, c in mapping.items() if r != "customer_fallback"}
    free = [
        c
        for c in sample.columns.values()
        if c.name not in taken and (c.kind in {"number", "int"} or _may_be(sample, c))
    ]
    _take(sample, mapping, refused, free, "items", 0.6)
    flags = [c for c in free if c.kind == "flag" and {normalise(x) for x in c.filled} & YES]
    _take(sample, mapping, refused, [c for c in free if c not in flags], "refunded", 0.6)
    if not {"refunded", "cancelled"} & {*mapping, *refused}:
        taken_back = [c for c in sample.columns.values() if _says_refunded(c)]
        if taken_back:
            mapping["cancelled"] = taken_back[0].name
    if "revenue" not in mapping and "revenue" not in refused:
        rivals = _value(sample, mapping, refused, free)
        if "revenue" in mapping:
            mapping["revenue"] = _charged(sample, mapping["revenue"])
    if "revenue" in mapping and "refunded" in mapping and _is_off(sample, mapping):
        del mapping["refunded"]
    discount(sample, mapping, refused)
    return rivals


def _says_refunded(column: Column) -> bool:
    """Whether a column says of each order, yes or no, that it was paid back."""
    return (
        column.kind == "flag"
        and bool({normalise(cell) for cell in column.filled} & YES)
        and "refund" in names.parse(column.name).concepts
        and not names.parse(column.name).concepts - {"refund", "flag", "order"}
    )


def _numeric(sample: Sample) -> list[str]:
    """Return the columns of numbers that may be amounts."""
    return [
        c.name
        for c in sample.columns.values()
        if c.kind in {"number", "int"} and not names.parse(c.name).concepts & {"id", "quantity"}
    ]


def _amounts_of(sample: Sample, *concepts: str) -> list[str]:
    """Return the columns of numbers named after one of some concepts."""
    return [
        c.name
        for c in sample.columns.values()
        if c.kind in {"number", "int"}
        and names.parse(c.name).concepts & {*concepts}
        and not names.parse(c.name).concepts & {"subtotal", "id", "kind", "total"}
        and any(sample.values(c.name))
    ]


def _charged(sample: Sample, value: str) -> str:
    """Return the column of what customers were charged: before fees, with tax and shipping.

    Told by arithmetic alone: the value is another amount less a fee, or another amount is the value
    with tax, shipping and tips, less a discount.
    """
    others = [c for c in _numeric(sample) if c != value]
    fees = _amounts_of(sample, "fee")
    for whole in others:
        for fee in fees:
            if fee not in {whole, value} and _sums(sample, value, whole, [fee], signs=(-1,)):
                return _charged(sample, whole)
    extra = [c for c in _amounts_of(sample, "tax", "shipped", "tip", "discount") if c != value][:5]
    for whole in others:
        if whole in extra or names.parse(whole).concepts & {"discount", "refund", "cost"}:
            continue
        for chosen in _some(extra):
            signs = [*map(_sign, chosen)]
            if max(signs, default=0) > 0 and _sums(sample, whole, value, chosen, signs=signs):
                return whole
    return value


def _is_off(sample: Sample, mapping: dict[str, str]) -> bool:
    """Whether refunds are off the value already: it adds up only with them."""
    value, back = mapping["revenue"], mapping["refunded"]
    bases = [c for c in _numeric(sample) if c not in {value, back}]
    extra = [c for c in _amounts_of(sample, "tax", "shipped", "tip", "discount") if c != value][:4]
    return any(
        _sums(sample, value, base, [back, *chosen], signs=[-1, *map(_sign, chosen)])
        for base in bases
        if base not in extra
        for chosen in _some(extra)
    )


def _some(columns: Sequence[str]) -> Iterator[list[str]]:
    """Yield every choice of some columns, from none of them to all."""
    for size in range(len(columns) + 1):
        yield from map(list, combinations(columns, size))


def _sign(name: str) -> int:
    return -1 if "discount" in names.parse(name).concepts else 1


def _sums(
    sample: Sample, value: str, base: str, parts_: list[str], *, signs: Sequence[int]
) -> bool:
    """Whether a value is a base with some parts added or taken off, each of them needed."""
    columns = [sample.values(c) for c in (value, base, *parts_)]
    rows = [
        (v, b, [sign * abs(p or 0.0) for p, sign in zip(found, signs, strict=True)])
        for v, b, *found in zip(*columns, strict=True)
        if v and b is not None
    ]
    needed = all(sum(bool(found[i]) for *_, found in rows) >= _FEWEST for i in range(len(parts_)))
    fine = sum(abs(v - b - sum(found)) < 0.0051 + 0.005 * len(signs) for v, b, found in rows)
    telling = [one for one in rows if all(one[2])]
    borne = sum(abs(v - b - sum(found)) < 0.0151 for v, b, found in telling)
    return (
        needed
        and fine >= _BORNE_OUT * len(rows)
        and (not telling or borne >= _BORNE_OUT * len(telling))
    )


def _may_be(sample: Sample, column: Column) -> bool:
    """Whether a column is named after money and some of it can be read, whatever stands in the rest."""
    named = max(names.fit(role, column.name) for role in _OF_MONEY)
    return named >= _NAMED and any(v is not None for v in sample.values(column.name))


_OF_MONEY: Final = ("revenue", "unit_price", "items", "refunded")
#: A name that says money or quantity.
_NAMED: Final = 0.6


def _take(
    sample: Sample,
    mapping: dict[str, str],
    refused: Collection[str],
    free: list[Column],
    role: str,
    least: float,
) -> None:
    if role in mapping or role in refused:
        return
    ranked = [(names.fit(role, c.name), c.share, c) for c in free if c.name not in mapping.values()]
    best = max(ranked, key=lambda one: one[:2], default=None)
    # Where nothing was refunded in the first rows, later ones may tell.
    if best and best[0] >= least and (role == "refunded" or any(sample.values(best[2].name))):
        mapping[role] = best[2].name


def _value(
    sample: Sample, mapping: dict[str, str], refused: Collection[str], free: list[Column]
) -> list[Column]:
    """Choose the column of values, or a unit price that makes values with the quantity."""
    open_ = [c for c in free if c.name not in mapping.values()]
    ranked = sorted(
        ((_weight(c), -i, c) for i, c in enumerate(open_)), key=lambda one: one[:2], reverse=True
    )
    ranked = [one for one in ranked if one[0] > 0]
    # What is nothing everywhere, or counts a few pieces, is no value where another column may be it.
    nothing = {c.name for *_, c in ranked if not any(sample.values(c.name))}
    pieces = {c.name for *_, c in ranked if _pieces(c)}
    for poor in (nothing, pieces):
        rest = [one for one in ranked if one[2].name not in poor]
        if any(weight >= _SAYS_MONEY for weight, *_ in rest):
            ranked = rest
    prices = [(names.fit("unit_price", c.name), -i, c) for i, c in enumerate(open_)]
    price = max(prices, key=lambda one: one[:2], default=None)
    quantity = mapping.get("items")
    if quantity and price and price[0] >= 0.6 and "unit_price" not in refused:
        better = [c for w, _, c in ranked if c is not price[2] and w >= 0.35]
        if not better:
            if _per_line(sample, price[2].name, quantity):
                mapping["revenue"] = price[2].name
            else:
                mapping["unit_price"] = price[2].name
            return []
        ranked = [one for one in ranked if one[2] is not price[2]]
    if not quantity and ranked and ranked[0][0] < 0.35:
        return _nameless(sample, mapping, ranked)
    if ranked:
        mapping["revenue"] = ranked[0][2].name
    return []


#: A name that says money, though not plainly.
_SAYS_MONEY: Final = 0.5


def _pieces(column: Column) -> bool:
    """Whether a column holds a few small whole numbers, beside one of money."""
    whole = column.whole
    return len(whole) >= _ENOUGH and column.distinct <= max(whole) <= _MOST_PIECES


_ENOUGH, _MOST_PIECES = 20, 12


def _weight(column: Column) -> float:
    name = names.fit("revenue", column.name)
    if name or names.parse(column.name).concepts:
        return name
    return _NAMELESS if column.kind == "number" else _NAMELESS / 2


def _nameless(
    sample: Sample, mapping: dict[str, str], ranked: list[tuple[float, int, Column]]
) -> list[Column]:
    """Choose among amounts whose names say nothing: a product of two others, else the only one."""
    columns = [c for *_, c in ranked]
    whole = [c for c in columns if c.kind == "int" and c.distinct < 100]
    for quantity in whole:
        for price in columns:
            for value in columns:
                if len({quantity.name, price.name, value.name}) == 3 and _is_product(
                    sample, quantity.name, price.name, value.name
                ):
                    mapping["items"], mapping["revenue"] = quantity.name, value.name
                    return []
    amounts = [c for c in columns if c.kind == "number"] or columns
    if len(amounts) == 1:
        mapping["revenue"] = amounts[0].name
        return []
    return amounts if amounts[0].kind == "number" else []


def _is_product(sample: Sample, quantity: str, price: str, value: str) -> bool:
    """Whether quantity × price = value in nearly all rows, and not because all quantities are one."""
    rows = [
        (q, p, v)
        for q, p, v in zip(*map(sample.values, (quantity, price, value)), strict=True)
        if q is not None and p is not None and v is not None and abs(q) not in {0.0, 1.0}
    ]
    fine = sum(_near(q * p, v, q) for q, p, v in rows)
    return len(rows) >= _FEWEST and fine >= _BORNE_OUT * len(rows)


def _near(one: float, other: float, quantity: float = 1.0) -> bool:
    """Whether two amounts are equal, a price being rounded to the cent."""
    return abs(one - other) <= 0.0051 * max(1.0, abs(quantity)) + 1e-6 * abs(other)


def _per_line(sample: Sample, price: str, quantity: str) -> bool:
    """Whether a price is that of the whole line: of a product it then grows with the quantity."""
    product = next(
        (c.name for c in sample.columns.values() if names.fit("product", c.name) >= 0.85), None
    )
    if product is None:
        return False
    q, p = sample.values(quantity), sample.values(price)
    lines = units = 0
    for rows in sample.groups(product).values():
        pairs = [(a, b) for r in rows if (a := q[r]) and (b := p[r]) and a > 0 and b > 0]
        if len({a for a, _ in pairs}) < 2:
            continue
        lines += _spread([b / a for a, b in pairs]) < 0.01
        units += _spread([b for _, b in pairs]) < 0.01
    return lines >= _FEWEST and lines > 3 * units


def _spread(found: list[float]) -> float:
    return (max(found) - min(found)) / max(found)


def grain(sample: Sample, mapping: dict[str, str]) -> Grain:
    """Return what the amounts in the column of values are for, as far as the first rows tell.

    Notes
    -----
    Only where several rows have one order number do an order's amount and a line's differ.
    """
    if "revenue" not in mapping:
        return "unit" if "unit_price" in mapping else "line"
    value, order = mapping["revenue"], mapping.get("order_id")
    if order is None:
        return "line"
    concepts = names.parse(value).concepts
    telling = _telling(sample, mapping)
    several = [rows for rows in sample.groups(order).values() if len(rows) > 1]
    if not any(_blank_further(sample, value, rows) for rows in several):
        several = [rows for rows in several if len(_different(telling, rows)) > 1]
    if len(several) < _FEWEST or concepts & {"unit", "line", "product"}:
        return "line"
    amounts = sample.values(value)
    filled = [[a for r in rows if (a := amounts[r]) is not None] for rows in several]
    once = sum(len(a) == 1 for a in filled)
    same = sum(len(set(a)) == 1 and len(a) > 1 and a[0] != 0 for a in filled)
    if once + same < _BORNE_OUT * len(several):
        return "line"
    if _adds_up(sample, mapping, value) or _sums_to_another(sample, value, several):
        return "line"
    return "order"


def _blank_further(sample: Sample, value: str, rows: list[int]) -> bool:
    """Whether an amount stands on one row of an order only."""
    return sum(sample.values(value)[r] is not None for r in rows) == 1


def _sums_to_another(sample: Sample, value: str, several: list[list[int]]) -> bool:
    """Whether the amounts of an order's rows sum to a total that stands on each of them."""
    amounts = sample.values(value)
    others = [c.name for c in sample.columns.values() if c.name != value and c.kind == "number"]
    for other in others:
        totals = sample.values(other)
        fine = sum(
            (total := totals[rows[0]]) is not None
            and all(totals[r] == total for r in rows)
            and abs(sum(amounts[r] or 0.0 for r in rows) - total) < 0.0051 * len(rows)
            and total != 0
            for rows in several
        )
        if fine >= _BORNE_OUT * len(several):
            return True
    return False


def _telling(sample: Sample, mapping: dict[str, str]) -> list[Column]:
    """Return the columns that may tell lines of an order apart: not what only tells its states."""
    states = {mapping.get(role) for role in _OF_STATES}
    return [c for c in sample.columns.values() if c.name not in states and c.kind != "date"]


#: Roles in which rows of one order may differ though they are no lines of it.
_OF_STATES: Final = (
    *("order_id", "customer_id", "ordered_at", "revenue", "email", "time", "currency"),
    *(
        "status",
        "fulfilment",
        "kind",
        "updated_at",
        "cancelled",
        "cancelled_at",
        "refunded",
        "reference",
        "test",
    ),
)


def _different(columns: list[Column], rows: list[int]) -> set[tuple[str, ...]]:
    """Return the distinct rows among some: repeats of one row say nothing about amounts."""
    return {tuple(c.cells[r] for c in columns) for r in rows}


def _adds_up(sample: Sample, mapping: dict[str, str], value: str) -> bool:
    """Whether a value is quantity × price of its own row, though it repeats within orders."""
    if "items" not in mapping:
        return False
    return any(
        _is_product(sample, mapping["items"], price, value) for price in _prices(sample, value)
    )


def _prices(sample: Sample, value: str) -> list[str]:
    """Return the columns beside the value that are named as prices of a unit."""
    return [c for c in sample.columns if c != value and names.fit("unit_price", c) >= _NAMED]


def discount(sample: Sample, mapping: dict[str, str], refused: Collection[str]) -> None:
    """Map a discount where the values are before it: told by quantity × price and the value.

    A total is what was charged, so a discount is off it already; a value of the line is before the
    discount only if it equals quantity × price.
    """
    if "discount" in mapping or "discount" in refused or "items" not in mapping:
        return
    found = [
        c.name
        for c in sample.columns.values()
        if names.fit("discount", c.name) >= 0.6
        and c.kind in {"number", "int", "percent"}
        and c.name not in mapping.values()
        and any(sample.values(c.name))
    ]
    if len(found) != 1:
        return
    if "unit_price" in mapping:
        mapping["discount"] = found[0]
        return
    value = mapping.get("revenue")
    if value and any(
        _before(sample, mapping["items"], price, value, found[0])
        for price in _prices(sample, value)
    ):
        mapping["discount"] = found[0]


def _before(sample: Sample, quantity: str, price: str, value: str, off: str) -> bool:
    """Whether a value is quantity × price on rows that have a discount."""
    rows = [
        (q, p, v)
        for q, p, v, d in zip(*map(sample.values, (quantity, price, value, off)), strict=True)
        if q and p and v and d
    ]
    return len(rows) >= _FEWEST and sum(_near(q * p, v, q) for q, p, v in rows) >= 0.9 * len(rows)


def rate(sample: Sample, column: str) -> Literal["", "share", "percent"]:
    """Return whether a discount is a share of the price (0.15), per cent (15) or, empty, an amount."""
    if sample.columns[column].kind == "percent":
        return "percent"
    values = [v for v in sample.values(column) if v]
    if not values or "amount" in names.parse(column).concepts or max(map(abs, values)) > 100:
        return ""
    if re.search(r"(?i)%|percent|pct|prozent|pourcent|porcent|procent|pour cent|rate|satz", column):
        return "share" if max(map(abs, values)) <= 1 else "percent"
    return "share" if all(0 < v <= 1 for v in values) and any(v < 1 for v in values) else ""


def parts(sample: Sample, mapping: dict[str, str]) -> tuple[list[str], list[str], str]:
    """Return which of tax, shipping and tips a value includes, which it doesn't, and the value without.

    Told by arithmetic: the value is another amount plus these. Where no amount bears that out, nothing
    is known, and nothing is returned.
    """
    value = mapping.get("revenue")
    if value is None:
        return [], [], ""
    extra = [
        c.name
        for c in sample.columns.values()
        if c.name != value
        and c.kind in {"number", "int"}
        and names.parse(c.name).concepts & {"tax", "shipped", "tip"}
        and not names.parse(c.name).concepts & {"subtotal", "id", "discount", "kind"}
        and any(sample.values(c.name))
    ][:4]
    bases = [
        c.name
        for c in sample.columns.values()
        if c.kind == "number"
        and c.name not in {value, *extra}
        and c.name != mapping.get("refunded")
    ]
    for chosen in sorted(_some(extra), key=len, reverse=True):
        for base in bases:
            if _sum_of(sample, value, [base, *chosen]):
                rest = [c for c in extra if c not in chosen]
                return chosen, rest, base if chosen else ""
    return [], [], ""


def _sum_of(sample: Sample, value: str, columns: list[str]) -> bool:
    """Whether a value is the sum of some columns in nearly all rows."""
    rows = [
        (v, [p or 0.0 for p in found])
        for v, *found in zip(*map(sample.values, (value, *columns)), strict=True)
        if v and found[0] is not None
    ]
    fine = sum(abs(v - sum(found)) < 0.0051 for v, found in rows)
    # That a part is nowhere needed proves nothing of it.
    needed = all(any(found[i] for _, found in rows) for i in range(len(columns)))
    return len(rows) >= _FEWEST and needed and fine >= _BORNE_OUT * len(rows)
