"""The name of a forecast: which purchase model, what it wears, which spend model.

``PURCHASES[+season][+all-orders][+corrected]``: "pareto-nbd+season" is Pareto/NBD with the calendar
index. ``corrected`` by itself is the standard one, first orders valued, with a learned correction. Or
``pretrained:NAME``, a ready-made model, which says what customers are worth and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Final, Self

from clv.core.errors import did_you_mean

#: What forecasts purchases: models first, then rules of thumb.
PURCHASES: Final = (
    "mbg-nbd",
    "bg-nbd",
    "pareto-nbd",
    "mbg-cnbd",
    "bg-cnbd",
    "population-mean",
    "rate-so-far",
    "recency-rule",
)
#: The one that forecasts unless another is better, or asked for.
STANDARD: Final = PURCHASES[0]
#: Those of them that are rules of thumb (`clv.models.purchase.rules`).
RULES: Final = PURCHASES[5:]
#: What may follow, in this order.
SEASON: Final = "season"
ALL_ORDERS: Final = "all-orders"
CORRECTED: Final = "corrected"
#: What may follow → the field that says whether it does.
_FIELDS: Final = {SEASON: "season", ALL_ORDERS: "all_orders", CORRECTED: "corrected"}
#: What the name of a ready-made model (`clv.learn.ready_made`) begins with.
READY_MADE: Final = "pretrained:"


@dataclass(frozen=True)
class Choice:
    """One way to forecast.

    Parameters
    ----------
    purchases
        One of ``PURCHASES``, or ``pretrained:NAME``.
    season
        Whether it wears the calendar index.
    all_orders
        Whether the spend model counts the first purchase as well (`GammaGammaAll`).
    corrected
        Whether a correction learned on past days follows (`clv.models.correction`).
    """

    purchases: str
    season: bool = False
    all_orders: bool = False
    corrected: bool = False

    @property
    def name(self) -> str:
        """How it is called in tables, settings and on the command line."""
        return "+".join(
            [self.purchases, *(e for e, field in _FIELDS.items() if getattr(self, field))]
        )

    @property
    def ready_made(self) -> str | None:
        """The name of the ready-made model; None where a model is fitted."""
        prefixed = self.purchases.startswith(READY_MADE)
        return self.purchases.removeprefix(READY_MADE) if prefixed else None

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a name; what follows the model may come in any order.

        Raises
        ------
        ValueError
            When there is no such forecast; says which name is close.
        """
        purchases, *extras = name.strip().lower().split("+")
        if purchases.startswith(READY_MADE) and purchases != READY_MADE and not extras:
            return cls(purchases)
        if purchases == CORRECTED and not extras:
            return cls(STANDARD, all_orders=True, corrected=True)
        known = set(extras) <= _FIELDS.keys() and len(set(extras)) == len(extras)
        rule = purchases in RULES and CORRECTED in extras
        if purchases not in PURCHASES or not known or rule:
            msg = f'There is no model "{name}".{did_you_mean(name, [CORRECTED, *names(), f"{READY_MADE}NAME"])}'
            raise ValueError(msg)
        return cls(purchases, **{field: extra in extras for extra, field in _FIELDS.items()})

    @property
    def plain(self) -> Choice:
        """The same forecast without a correction."""
        return replace(self, corrected=False)


def names() -> list[str]:
    """Return every name there is."""
    return [
        Choice(name, *on).name
        for name, on in product(PURCHASES, product((False, True), repeat=len(_FIELDS)))
        if not (name in RULES and on[-1])
    ]
