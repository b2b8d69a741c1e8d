"""A forecast corrected by what it missed on a past day of the same shop.

The plain forecast is the starting point. Boosted trees learn on an earlier day, customer by customer, by
what factor the plain forecast of that day was beaten or missed: the expected purchases (Poisson loss),
what they bring (Tweedie loss), and the odds of a purchase (logistic loss).

**Shape and level are kept apart**: who buys more, and how much is bought in all. The trees only share
out what the plain forecast expects: its total of purchases, of value and of buyers stays, unless a level
was learned by itself (``levels``).

**One customer's figures agree**, by construction. The odds of being active move with those of a purchase,
and P(alive) is never below P(purchase); nobody is expected to buy less often than they have a chance to
buy at all; months keep their shares of the horizon; and both chances fall with silence, since nothing
that changes while a customer is silent may raise them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from scipy.special import expit, logit

from clv.core.errors import FitError
from clv.models.correction.examples import FOLDS
from clv.models.correction.growing import grow
from clv.models.correction.traits import NEXT_TO_NOTHING, TRAITS, Expectations
from clv.models.correction.trees import Tree, predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.core.schema import CorrectionCard, Steps
    from clv.core.types import Floats

#: Customers known on the past day, and those of them who bought after it: fewer teach nothing.
FEWEST_CUSTOMERS: Final = 1000
FEWEST_BUYERS: Final = 100
#: Purchases of whoever buys, over those that the plain forecast expects of them.
MOST_STRETCHED: Final = 5.0
#: Chances this close to 0 or 1 are not told apart from it.
_CERTAIN: Final = 1e-9
#: Penalty that holds the calibration of the odds to what the plain forecast says.
_RIDGE: Final = 10.0
_STEPS: Final = 60


@dataclass(frozen=True, eq=False)
class Correction:
    """What was learned; `learn` makes one, `settled` fits its levels to today's customers.

    Attributes
    ----------
    purchases, value
        Trees that add up to the logarithm of a factor; of expected purchases, and of the value of each.
    chance
        Trees that add to the log odds of a purchase.
    odds
        Shape (3,): constant, and what is added to the weights of log odds and log P(alive) of the plain
        forecast, before the trees.
    shop_value
        Mean revenue of a purchase day of the shop, currency units; 0 without amounts.
    levels
        Logarithms that are added to all of the purchases, of the odds of a purchase, of the value of
        each, of the odds of being active.
    """

    purchases: list[Tree]
    value: list[Tree]
    chance: list[Tree]
    odds: tuple[float, float, float]
    shop_value: float
    levels: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @classmethod
    def learn(
        cls,
        traits: Floats,
        plain: Expectations,
        purchases: Floats,
        value: Floats,
        shop_value: float,
    ) -> Self:
        """Learn on the customers of a past day.

        Parameters
        ----------
        traits
            Shape (n, k), from `clv.models.correction.traits.traits`, as of that day.
        plain
            The plain forecast of that day for the window after it.
        purchases, value
            Shape (n,): purchase days and revenue within that window.
        shop_value
            See the class.

        Raises
        ------
        FitError
            Too few customers were known, or too few of them bought.
        """
        bought = (purchases > 0).astype(float)
        if len(traits) < FEWEST_CUSTOMERS or bought.sum() < FEWEST_BUYERS:
            msg = (
                f"To correct a forecast, {FEWEST_CUSTOMERS:,} customers must have been known on a past "
                f"day, and {FEWEST_BUYERS:,} of them have bought after it: there were {len(traits):,} "
                f"and {int(bought.sum()):,}."
            )
            raise FitError(msg)
        fold = np.arange(len(traits)) % FOLDS
        free = [0] * len(TRAITS)
        expected = np.log(np.maximum(plain.purchases, NEXT_TO_NOTHING))
        of_purchases = grow(traits, purchases, expected, fold, "poisson", free)
        odds = _calibrated(bought, plain)
        of_chance = grow(traits, bought, _odds(plain, odds), fold, "binary", list(TRAITS.values()))
        of_value: list[Tree] = []
        if plain.order_value is not None and shop_value > 0:
            shared = expected + predict(of_purchases, traits)
            shared += np.log(plain.purchases.sum() / np.exp(shared).sum())
            unit = max(float(np.maximum(value, 0.0).mean()), NEXT_TO_NOTHING)
            worth = np.log(np.maximum(plain.order_value, NEXT_TO_NOTHING) / unit)
            came = np.maximum(value, 0.0) / unit
            of_value = grow(traits, came, shared + worth, fold, "tweedie", free)
        return cls(of_purchases, of_value, of_chance, odds, shop_value)

    def settled(
        self,
        traits: Floats,
        plain: Expectations,
        steps: Steps | None = None,
    ) -> Self:
        """Keep the totals of the plain forecast, but for steps of their logarithms.

        That of purchases stays in any case.

        Parameters
        ----------
        traits, plain
            Of all customers today.
        steps
            By how much the total of buyers and the value of a purchase are to move
            (`clv.backtest.levels`).
        """
        buyers, order_value = (steps["buyers"], steps["order_value"]) if steps else (0.0, 0.0)
        raw = replace(self, levels=(0.0, 0.0, 0.0, 0.0))
        log_purchases, odds, log_value, _ = raw._terms(traits, plain)  # noqa: SLF001
        bought = min(float(plain.p_purchase.sum() * np.exp(buyers)), 0.999 * len(traits))
        chance = _solved(lambda level: float(expit(odds + level).sum()), bought)
        buys = expit(odds + chance)
        total = float(plain.purchases.sum())
        more = _solved(
            lambda level: float(_possible(np.exp(log_purchases + level), buys, plain).sum()), total
        )
        expected = _possible(np.exp(log_purchases + more), buys, plain)
        each = 0.0
        if log_value is not None and plain.value is not None:
            brought = float(expected @ np.exp(log_value))
            wanted = float(plain.value.sum() * np.exp(order_value))
            each = float(np.log(wanted / brought)) if wanted > 0 and brought > 0 else 0.0
        alive = chance + float((_design(plain) @ np.array(self.odds)).mean())
        return replace(self, levels=(more, chance, each, alive))

    def apply(self, traits: Floats, plain: Expectations) -> Expectations:
        """Correct the plain forecast of customers."""
        log_purchases, odds, log_value, alive = self._terms(traits, plain)
        p_purchase = expit(odds)
        return Expectations(
            _possible(np.exp(log_purchases), p_purchase, plain),
            p_purchase,
            np.maximum(expit(alive), p_purchase),
            None if log_value is None else np.exp(log_value),
        )

    def _terms(
        self, traits: Floats, plain: Expectations
    ) -> tuple[Floats, Floats, Floats | None, Floats]:
        """Return log purchases, log odds of one, log order value, log odds of being active."""
        more, chance, each, active = self.levels
        log_purchases = np.log(np.maximum(plain.purchases, NEXT_TO_NOTHING))
        log_purchases = log_purchases + predict(self.purchases, traits) + more
        moved = predict(self.chance, traits)
        odds = _odds(plain, self.odds) + moved + chance
        alive = _log_odds(plain.p_alive) + moved + active
        if plain.order_value is None:
            return log_purchases, odds, None, alive
        worth = np.log(np.maximum(plain.order_value, NEXT_TO_NOTHING))
        return log_purchases, odds, worth + predict(self.value, traits) + each, alive

    def reasons(self, traits: Floats) -> Floats:
        """Return by how much each trait moved the logarithm of expected purchases, shape (n, k).

        What a tree adds is shared along the way to the leaf: at each step the difference between what
        is expected of those who go on and of those who came, equal weights to both sides.
        """
        moved = np.zeros(traits.shape)
        for tree in self.purchases:
            tree.share_out(traits, moved)
        return moved

    def as_dict(self) -> CorrectionCard:
        """Return plain JSON types."""
        return {
            "traits": list(TRAITS),
            "purchases": [tree.as_dict() for tree in self.purchases],
            "value": [tree.as_dict() for tree in self.value],
            "chance": [tree.as_dict() for tree in self.chance],
            "odds": list(self.odds),
            "shop_value": self.shop_value,
            "levels": list(self.levels),
        }

    @classmethod
    def from_dict(cls, stored: CorrectionCard) -> Self:
        """Rebuild from `as_dict`.

        Raises
        ------
        ValueError
            It sees other traits than this version knows, or is damaged.
        """
        if stored["traits"] != list(TRAITS):
            msg = "its correction sees other traits than this version of clv knows"
            raise ValueError(msg)
        trees = {
            name: [Tree.from_dict(tree) for tree in stored[name]]
            for name in ("purchases", "value", "chance")
        }
        if any((tree.trait >= len(TRAITS)).any() for grown in trees.values() for tree in grown):
            msg = "a tree of the correction is damaged"
            raise ValueError(msg)
        one, two, three = map(float, stored["odds"])
        more, chance, each, active = map(float, stored["levels"])
        return cls(
            **trees,
            odds=(one, two, three),
            shop_value=float(stored["shop_value"]),
            levels=(more, chance, each, active),
        )


def _possible(purchases: Floats, p_purchase: Floats, plain: Expectations) -> Floats:
    """Return expected purchases that go with the chance of any.

    Whoever buys, buys at least once, and at most so many times as often as the plain forecast has it.
    """
    each = plain.purchases / np.maximum(plain.p_purchase, NEXT_TO_NOTHING)
    most = p_purchase * MOST_STRETCHED * np.maximum(each, 1.0)
    return np.clip(purchases, p_purchase, most)


def _log_odds(chance: Floats) -> Floats:
    result: Floats = logit(np.clip(chance, _CERTAIN, 1 - _CERTAIN))
    return result


def _design(plain: Expectations) -> Floats:
    alive = np.log(np.maximum(plain.p_alive, _CERTAIN))
    return np.column_stack([np.ones(alive.size), _log_odds(plain.p_purchase), alive])


def _odds(plain: Expectations, weights: tuple[float, float, float]) -> Floats:
    result: Floats = _log_odds(plain.p_purchase) + _design(plain) @ np.array(weights)
    return result


def _calibrated(bought: Floats, plain: Expectations) -> tuple[float, float, float]:
    """Return what is added to the log odds of the plain forecast: logistic regression, by Newton.

    The weights of the log odds stay positive, and so does that of P(alive) in all: a chance rises with
    both.
    """
    design, offset = _design(plain), _log_odds(plain.p_purchase)
    held = np.diag([0.0, _RIDGE, _RIDGE])
    found = np.zeros(3)
    for _ in range(_STEPS):
        said = expit(offset + design @ found)
        slope = design.T @ (bought - said) - held @ found
        bend = (design * (said * (1 - said))[:, None]).T @ design + held + 1e-9 * np.eye(3)
        step = np.clip(np.linalg.solve(bend, slope), -1, 1)
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    constant, chance, alive = map(float, found)
    chance = max(chance, -0.9)
    return constant, chance, max(alive, -(1 + chance))


def _solved(total: Callable[[float], float], wanted: float) -> float:
    """Return the level at which a rising total is what is wanted: bisection."""
    low, high = -30.0, 30.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if total(middle) < wanted else (low, middle)
    return (low + high) / 2
