"""What was paid for the customers of each channel, beside what they bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.insights.newcomers.curves import Interval, Newcomers

#: Margin surely above the cost; surely below; neither; too few customers to say.
Verdict = Literal["pays", "loses", "open", "few"]


@dataclass(frozen=True)
class Channel:
    """One channel: what was spent on it, and what its customers bring.

    Attributes
    ----------
    name
        As in the orders.
    spend
        In currency units.
    won
        Customers won with it, also those whose months are not over.
    cost
        Spend for each of them (CAC); None where nobody was won.
    ceiling
        Margin that one brings within the months; None where too few have been watched.
    payback
        First month by whose end the margin has covered the cost; None if not within the months.
    """

    name: str
    spend: float
    won: int
    cost: float | None
    ceiling: Interval | None
    payback: int | None

    @property
    def verdict(self) -> Verdict:
        """What the 80 % interval of the margin says of the cost."""
        if self.ceiling is None or self.cost is None:
            return "few"
        if self.ceiling.low > self.cost:
            return "pays"
        return "loses" if self.ceiling.high < self.cost else "open"


def channels(
    spend: Mapping[str, float],
    won: Mapping[str, int],
    groups: Sequence[Newcomers],
    margin: float,
    months: int,
) -> tuple[list[Channel], list[str]]:
    """Put spend beside what customers bring.

    Parameters
    ----------
    spend
        Channel as the file of costs names it → what was spent.
    won
        Channel as the orders name it → all customers won with it.
    groups
        What customers bring by channel, `clv.insights.newcomers.groups.compare`.
    margin, months
        As in `clv.insights.newcomers.curves.Newcomers.ceiling`.

    Returns
    -------
    (channels, unknown)
        Most spend first, and the channels of the costs that no order names. Upper and lower case and
        blanks around a name make no difference.
    """
    by_name = {_same(name): name for name in won}
    brings = {g.value: g for g in groups if g.combined == 1}
    paid: dict[str, float] = {}
    unknown = []
    for name, amount in spend.items():
        known = by_name.get(_same(name))
        if known is None:
            unknown.append(name)
        else:
            paid[known] = paid.get(known, 0.0) + amount
    found = []
    for name, amount in paid.items():
        cost = amount / won[name] if won[name] else None
        group = brings.get(name)
        found.append(
            Channel(
                name,
                amount,
                won[name],
                cost,
                None if group is None else group.ceiling(margin, months),
                None if group is None or cost is None else group.payback(margin, cost),
            )
        )
    return sorted(found, key=lambda c: (-c.spend, c.name)), sorted(unknown)


def _same(name: str) -> str:
    return name.strip().casefold()
