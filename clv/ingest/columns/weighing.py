"""Which column plays which role, weighed by names, by what the columns hold, and by arithmetic.

A name is evidence, no more: a column called ``id`` in which no value occurs twice names no customers,
and a column of a language nobody foresaw is known by what it holds. What can't be told apart with a
clear lead is left in doubt, for a person to decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clv.ingest.columns import money, names, states
from clv.ingest.files import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from clv.ingest.columns.profiles import Column, Sample

#: Below it a column is no candidate for a role.
_LEAST: Final = 0.35
#: What a column weighs whose name says nothing, so that what it holds may decide.
_NAMELESS: Final = 0.2
#: Two candidates closer than this are in doubt, unless both say the same.
_LEAD: Final = 0.08
#: What a column called only ``id`` gains as customer where none is named.
_ID_ALONE: Final = 0.1
#: What a column weighs that has nothing but a plain name.
_BY_NAME: Final = 0.06
#: A name that leaves little doubt.
_PLAIN: Final = 0.7
#: How well the name of a column of months or weeks fits a date at least: *order month*.
_DAYLESS: Final = 0.25
#: From so many rows on, that no value occurs twice is no accident.
_ENOUGH: Final = 20
_CLOCK_IN_DATE: Final = re.compile(r"\d[T ,]+\d{1,2}[:.h]\d{2}|\d{10}")


@dataclass(frozen=True)
class Doubt:
    """A role for which two columns are equally good.

    Attributes
    ----------
    columns
        The candidates, the best first, each with a few of its values.
    """

    role: str
    columns: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def between(cls, role: str, columns: Sequence[Column]) -> Doubt:
        """Return a doubt between some columns."""
        return cls(role, tuple((c.name, tuple(dict.fromkeys(c.filled))[:3]) for c in columns))


@dataclass
class Weighed:
    """Roles found so far."""

    sample: Sample
    mapping: dict[str, str]
    refused: Collection[str]
    doubts: list[Doubt] = field(default_factory=list)

    def free(self, role: str) -> list[Column]:
        """Return the columns that may still take a role."""
        if role in self.mapping or role in self.refused:
            return []
        taken = {c for r, c in self.mapping.items() if r != "customer_fallback"}
        return [c for c in self.sample.columns.values() if c.name not in taken]

    def take(self, role: str, ranked: list[tuple[float, Column]], least: float = _LEAST) -> None:
        """Give a role to the best column, if one is good enough."""
        if ranked and (best := max(ranked, key=lambda one: one[0]))[0] >= least:
            self.mapping[role] = best[1].name


def weigh(sample: Sample, given: Mapping[str, str], refused: Collection[str]) -> Weighed:
    """Find the roles of all columns.

    Parameters
    ----------
    given
        Roles that are settled already: by a known layout, or by the user.
    refused
        Roles that no column may take.
    """
    found = Weighed(sample, dict(given), refused)
    _dates(found)
    _orders_and_customers(found)
    _headings(found)
    further(found)
    rivals = money.choose(found.sample, found.mapping, refused)
    if rivals:
        found.doubts.append(Doubt.between("revenue", rivals))
    return found


def further(found: Weighed) -> None:
    """Find the roles that change what an order is worth, or whether it is one."""
    _states(found)
    _others(found)


def _fit(role: str, column: Column) -> float:
    return names.fit(role, column.name)


def _unnamed(role: str, column: Column) -> bool:
    """Whether a column's name says nothing, for or against."""
    return not names.parse(column.name).concepts and not _fit(role, column)


def _dates(found: Weighed) -> None:
    """Find the day of the order: by name, else the earliest of several dates."""
    if {"year", "month"} <= found.mapping.keys():
        return
    ranked = [(_date(column), column) for column in found.free("ordered_at")]
    ranked = [(score, column) for score, column in ranked if score >= 0.05]
    if not ranked:
        _parts(found)
        return
    top = max(score for score, _ in ranked)
    near = [column for score, column in ranked if score > top - _LEAD]
    found.mapping["ordered_at"] = min(near, key=lambda c: _earliest(c, near)).name
    if "time" in found.mapping or any(map(_CLOCK_IN_DATE.search, near[0].filled[:50])):
        return
    found.take("time", [(_fit("time", c) or 0.4, c) for c in found.free("time") if c.clock])


def _date(column: Column) -> float:
    """Return how well a column serves as the date of the order."""
    name = _fit("ordered_at", column)
    if column.kind == "date":
        base = name or (0.3 if _unnamed("ordered_at", column) else 0.1)
        return base * (0.4 + 0.6 * column.share)
    if name >= _DAYLESS and column.kind in {"int", "number", "text"} and not column.clock:
        form = dates.date_format(column.filled[:200])
        least = _DAYLESS if form and form.kind in {"months", "weeks"} else 0.5
        if form and name >= least:
            return name * column.share
    # By its name alone: what is wrong with its cells is said of it.
    return _BY_NAME if name >= _PLAIN and not column.clock else 0.0


def _earliest(column: Column, among: list[Column]) -> tuple[float, str]:
    """Return the key that puts the column first whose cells most often come first as text."""
    later = sum(
        a > min(rest)
        for a, *rest in zip(column.cells, *(c.cells for c in among), strict=True)
        if a and all(rest)
    )
    return later, "" if not later else column.name


def _parts(found: Weighed) -> None:
    """Find year, month and day where they have columns of their own."""
    for role, low, high in (("year", 1990, 2100), ("month", 1, 12), ("day", 1, 31)):
        ranked = []
        for column in found.free(role):
            whole = column.whole
            fits = bool(whole) and low <= min(whole) and max(whole) <= high
            named = role == "month" and column.kind == "text" and column.distinct <= 12
            if fits or named:
                ranked.append((_fit(role, column), column))
        found.take(role, ranked)
    if "year" not in found.mapping or "month" not in found.mapping:
        for role in ("year", "month", "day"):
            found.mapping.pop(role, None)


def _named_like_ids(found: Weighed, role: str) -> list[Column]:
    """Return the columns that may name something; what a column holds may look odd where its name is plain."""
    result = []
    for c in found.free(role):
        plain = c.kind in {"text", "int", "email"} and c.distinct > 1 and not c.clock
        if plain or (c.kind != "date" and _fit(role, c) >= _PLAIN):
            result.append(c)
    return result


def _orders_and_customers(found: Weighed) -> None:
    """Find who bought and under which number: an order has one customer, a customer many orders."""
    sample = found.sample
    people = [(_person(found, c), c) for c in _named_like_ids(found, "customer_id")]
    people = [(score, c) for score, c in people if score > 0]
    if not any(c.once is False and score >= _LEAST for score, c in people):
        # Nothing names people better: an id is one's.
        many = sample.rows >= _ENOUGH
        people = [
            (s + _ID_ALONE if _is_id(c) and not (c.once and many) else s, c) for s, c in people
        ]
    if any(not c.once for _, c in people) and sample.rows >= _ENOUGH:
        people = [(score - 0.5 if c.once else score, c) for score, c in people]
    # The name of an order number is told first: what it determines may be a customer.
    numbered = [(_fit("order_id", c), c) for c in _named_like_ids(found, "order_id")]
    found.take("order_id", [(s, c) for s, c in numbered if s >= 0.6 and not _counts(found, c)])
    order = found.mapping.get("order_id") or _nameless_order(found, people)
    if order:
        found.mapping["order_id"] = order
        people = [(score - _strays(sample, order, c), c) for score, c in people if c.name != order]
    _choose_person(found, people)
    if "order_id" not in found.mapping:
        _content_order(found)


def _counts(found: Weighed, column: Column) -> bool:
    """Whether a column named after orders counts them: a few small numbers all over the days."""
    whole, day = column.whole, found.mapping.get("ordered_at")
    if day is None or not whole or column.distinct > max(12, 0.05 * len(whole)):
        return False
    constant, groups = found.sample.determines(column.name, day)
    return groups > 0 and constant < 0.5 and max(whole) < 10 * _ENOUGH


def _headings(found: Weighed) -> None:
    """Find the customers of a report that writes each name on a row of its own, above its orders."""
    day = found.sample.columns.get(found.mapping.get("ordered_at", ""))
    if day is None or any(doubt.role == "customer_id" for doubt in found.doubts):
        return
    for column in found.free("customer_id"):
        if not (_unnamed("customer_id", column) or _fit("customer_id", column)):
            continue
        named = [r for r, cell in enumerate(column.cells) if cell]
        others = [c.cells for c in found.sample.columns.values() if c.name != column.name]
        alone = [column.cells[r] for r in named if not any(cells[r] for cells in others)]
        rest = [r for r, cell in enumerate(column.cells) if not cell]
        if (
            len(alone) >= _FEWEST_HEADINGS
            and len({*alone}) == len(alone) >= 0.5 * len(named) - 1  # The others are their totals.
            and not any(day.cells[r] for r in named)
            and sum(bool(day.cells[r]) for r in rest) >= 0.9 * len(rest) > 0
        ):
            found.mapping["customer_id"] = column.name
            return


#: Fewer names on rows of their own may be remarks.
_FEWEST_HEADINGS: Final = 3


def _is_id(column: Column) -> bool:
    return names.parse(column.name).concepts == {"id"}


#: An amount to the cent.
_CENTS: Final = re.compile(r"[-+]?\d+[.,]\d{2}")


def _person(found: Weighed, column: Column) -> float:
    """Return how well a column serves as the customer."""
    if column.filled and all(map(_CENTS.fullmatch, column.filled[:200])):
        return 0.0
    score = _fit("customer_id", column)
    if column.kind == "email" and not _others_mail(column):
        score = max(score, 0.75)
    if score < _LEAST and (_is_id(column) or _unnamed("customer_id", column)):
        spread = min(1.0, column.distinct / max(1.0, 0.2 * found.sample.rows))
        score = max(score, _NAMELESS + (0.1 + 0.2 * spread if not column.once else 0.0))
    few = column.distinct <= max(2, 0.01 * len(column.filled))
    rows = len(column.filled)
    certain = 0.95 if column.distinct > 2 else 1.0
    return score - (0.5 if few and rows >= 2 * _ENOUGH and score < certain else 0.0)


def _strays(sample: Sample, order: str, column: Column) -> float:
    """Return what it costs a column as customer that orders have several of its values."""
    constant, groups = sample.determines(order, column.name)
    return 0.6 if groups >= 3 and constant < 0.9 else 0.0


def _nameless_order(found: Weighed, people: Sequence[tuple[float, Column]]) -> str | None:
    """Return the unnamed column that numbers orders: each value has one day and one customer.

    The customer is another unnamed column, whose values have several of these.
    """
    sample, day = found.sample, found.mapping.get("ordered_at")
    if day is None or "order_id" in found.refused:
        return None
    unnamed = [c for score, c in people if score >= _LEAST and _unnamed("customer_id", c)]
    for column in unnamed:
        dated, groups = sample.determines(column.name, day)
        if groups >= 3 and dated > 0.98 and any(_within(sample, column, c) for c in unnamed):
            return column.name
    return None


def _within(sample: Sample, order: Column, customer: Column) -> bool:
    """Whether each value of one column has one of the other, and not the other way round."""
    there, back = _both_ways(sample, order, customer)
    return there > 0.98 and back < 0.9


def _choose_person(found: Weighed, people: list[tuple[float, Column]]) -> None:
    """Choose the customer; where two are as good and differ, leave it in doubt."""
    if "customer_id" in found.mapping or not people:
        return
    people = sorted(people, key=lambda one: -one[0])
    best, column = people[0]
    if best < _LEAST:
        return
    rivals = [
        c
        for score, c in people[1:]
        if score > best - _LEAD
        and score >= _LEAST
        and best < 0.6
        and not _same(found.sample, column, c)
    ]
    if rivals:
        found.doubts.append(Doubt.between("customer_id", [column, *rivals]))
        return
    found.mapping["customer_id"] = column.name


def _same(sample: Sample, one: Column, other: Column) -> bool:
    """Whether two columns tell the same rows apart."""
    return min(_both_ways(sample, one, other)) > 0.95


def _both_ways(sample: Sample, one: Column, other: Column) -> tuple[float, float]:
    """Return in which share of one column's values the other is constant, and the other way round."""
    return sample.determines(one.name, other.name)[0], sample.determines(other.name, one.name)[0]


def _content_order(found: Weighed) -> None:
    """Find an order number by what it determines: one customer, one day, and it is no row number."""
    sample, customer = found.sample, found.mapping.get("customer_id")
    ranked = []
    for column in _named_like_ids(found, "order_id"):
        named = _fit("order_id", column)
        if (not named and not _unnamed("order_id", column)) or _counts(found, column):
            continue
        score = named or _NAMELESS
        fixed = [sample.determines(column.name, c) for c in (customer,) if c]
        if any(groups >= 3 and constant < 0.98 for constant, groups in fixed):
            continue
        several = any(groups >= 3 for _, groups in fixed)
        whole = column.whole
        counts = bool(whole) and whole == [*range(whole[0], whole[0] + len(whole))]
        if column.kind == "email" or column.share < 0.9 or (not named and column.distinct < 5):
            continue
        day = found.mapping.get("ordered_at")
        dated = sample.determines(column.name, day)[0] > 0.9 if day else True
        score += 0.3 if several and dated else 0.2 if column.once else 0.0
        # Numbers 0, 1, 2… down the file count its rows.
        score -= 0.4 if counts and whole[0] in {0, 1} and len(whole) >= _ENOUGH else 0.0
        ranked.append((score, column))
    found.take("order_id", ranked)


def _states(found: Weighed) -> None:
    """Find what says whether a row is a sale."""
    for role in ("fulfilment", "status", "kind"):
        ranked: list[tuple[float, Column]] = []
        for column in found.free(role):
            if column.kind not in {"text", "empty"} or column.distinct > 60:
                continue
            name = _fit(role, column)
            if role == "status" and name < _PLAIN <= _fit("kind", column) and _tells_kinds(column):
                continue
            known = states.known_share(role, column.filled)
            if (name >= _PLAIN and (role != "kind" or known >= 0.5)) or (
                role != "fulfilment"
                and known > 0.95
                and column.distinct >= 2
                and not _barred(column)
            ):
                ranked.append((name + 0.3 * known + 0.1 * column.share, column))
        found.take(role, ranked)
        if role == "status":
            _second_status(found, [c for score, c in ranked if _fit("status", c) >= _PLAIN])
    for role in ("cancelled", "test"):
        flags = [c for c in found.free(role) if c.kind == "flag"]
        found.take(role, [(_fit(role, c), c) for c in flags], 0.7)
    moments = [c for c in found.free("cancelled_at") if c.kind == "date"]
    found.take("cancelled_at", [(_fit("cancelled_at", c), c) for c in moments], 0.7)
    changed = [c for c in found.free("updated_at") if c.kind == "date"]
    found.take("updated_at", [(_fit("updated_at", c), c) for c in changed], 0.85)


def _tells_kinds(column: Column) -> bool:
    """Whether a column's words are kinds of transaction, wholly or for the most part."""
    return states.known_share("kind", column.filled) >= 0.5


def _barred(column: Column) -> bool:
    """Whether a name says that a column of states is about something else."""
    of_payment = {"status", "kind", "financial", "order", "transaction", "paid", "address"}
    return bool(names.parse(column.name).concepts - of_payment)


def _second_status(found: Weighed, named: list[Column]) -> None:
    """Share the roles between the status of the payment and that of the order, where both are there.

    What the order's says of goods goes before what the payment's says of money.
    """
    payment = [c for c in named if names.parse(c.name).concepts & _OF_PAYMENT]
    orders = [
        c for c in named if c not in payment and states.known_share("status", c.filled) >= 0.5
    ]
    if not payment or not orders or found.mapping.get("status") not in {c.name for c in named}:
        return
    if "fulfilment" in found.refused:
        return
    found.mapping["status"] = payment[0].name
    found.mapping["fulfilment"] = orders[0].name


_OF_PAYMENT: Final = frozenset({"financial", "transaction", "paid"})


def _others(found: Weighed) -> None:
    """Find the currency, the e-mail beside a customer's number, product and category."""
    found.take(
        "currency",
        [
            (_fit("currency", c), c)
            for c in found.free("currency")
            if c.kind == "text" and max(map(len, c.filled)) <= 20
        ],
        0.8,
    )
    mails = [c for c in found.free("email") if c.kind == "email" and c.distinct > 1]
    found.take(
        "email",
        [(max(_fit("email", c), 0.5) * c.share, c) for c in mails if not _others_mail(c)],
        0.2,
    )
    _reference(found)
    for role in ("product", "category"):
        ids = [c for c in found.free(role) if c.kind in {"text", "int"} and c.distinct]
        found.take(role, [(_fit(role, c), c) for c in ids], 0.85)


def _reference(found: Weighed) -> None:
    """Find the numbers of orders that refunds name: what other rows have as their order number."""
    number = found.mapping.get("order_id")
    if number is None:
        return
    orders = found.sample.columns[number].cells
    ranked = []
    for column in found.free("reference"):
        named = [(one, own) for one, own in zip(column.cells, orders, strict=True) if one]
        if len(named) >= _FEW_REFERENCES and column.share < 0.5:
            others = {*orders}
            ranked.append((sum(o in others and o != own for o, own in named) / len(named), column))
    found.take("reference", ranked, 0.7)


#: Fewer numbers that are those of other rows may be so by chance.
_FEW_REFERENCES: Final = 3


def _others_mail(column: Column) -> bool:
    return "other" in names.parse(column.name).concepts
