"""A range for each customer: quantiles, made to hold on customers held back by time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from clv.learn.boosted import Trees, missing
from clv.learn.examples import folds
from clv.learn.learners import Quantile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import LearnerState, RangesHeld
    from clv.core.types import Floats
    from clv.learn.examples import Examples
    from clv.learn.work import Work


class Ranges:
    """Conformalised quantile regression (Romano, Patterson & Candès 2019) of the remaining value.

    Two quantiles are learned on the earlier customers, by LightGBM, or by scikit-learn's gradient
    boosting where there is no LightGBM. By how much the later ones' values lie outside
    them says how much wider the ranges must be for the level to hold there. They are never made
    narrower: most customers bring nothing more, and hold any range that begins at 0.

    Parameters
    ----------
    level
        Share of customers whose value is to lie within their range.
    """

    def __init__(self, level: float = 0.8) -> None:
        self.level = level

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self. The latest third of the days that can be tested is held back."""
        learn, held = folds(seen)[-1]
        early, late = seen.rows(learn), seen.rows(held)
        tail = (1 - self.level) / 2
        self.low_, self.high_ = (_quantile(share, early, work) for share in (tail, 1 - tail))
        low, high = self._raw(late)
        outside = np.sort(np.maximum(low - late.remaining, late.remaining - high))
        # One customer more is counted in: the one whose range is asked for.
        place = min(int(np.ceil((outside.size + 1) * self.level)), outside.size) - 1
        self.wider_ = max(float(outside[place]), 0.0)
        return self

    def predict(self, who: Examples, expected: Floats) -> tuple[Floats, Floats]:
        """Return low and high of the remaining value, shape (n,); what is expected lies between."""
        low, high = self._raw(who)
        return (
            np.minimum(np.maximum(low - self.wider_, 0.0), expected),
            np.maximum(high + self.wider_, expected),
        )

    def _raw(self, who: Examples) -> tuple[Floats, Floats]:
        low, high = self.low_.predict(who), self.high_.predict(who)
        return np.minimum(low, high), np.maximum(low, high)

    def measured(self, who: Examples, expected: Floats) -> RangesHeld:
        """Return how the ranges hold: ``level``, ``within`` (share), ``width`` (mean), ``customers``."""
        low, high = self.predict(who, expected)
        within = (who.remaining >= low - 0.005) & (who.remaining <= high + 0.005)
        return {
            "level": self.level,
            "within": float(within.mean()),
            "width": float((high - low).mean()),
            "customers": len(who),
        }

    def state(self) -> LearnerState:
        """Return what is learned beside `files`, JSON types."""
        return {"level": self.level, "wider": self.wider_}

    def files(self) -> dict[str, bytes]:
        """Return the models: LightGBM's text, or skops' format."""
        return dict((_stored("low", self.low_), _stored("high", self.high_)))

    @classmethod
    def restore(cls, state: LearnerState, files: Mapping[str, bytes]) -> Self:
        """Rebuild from `state` and `files`."""
        self = cls(state["level"])
        self.wider_ = state["wider"]
        self.low_, self.high_ = (_restored(end, files) for end in ("low", "high"))
        return self


def _quantile(share: float, seen: Examples, work: Work) -> Trees | Quantile:
    if missing():
        return Quantile(share).fit(seen, work)
    return Trees(objective="quantile", alpha=share).fit(seen, seen.remaining, work)


def _stored(end: str, part: Trees | Quantile) -> tuple[str, bytes]:
    if isinstance(part, Trees):
        return f"{end}.txt", part.text()
    return f"{end}.skops", part.files()["model.skops"]


def _restored(end: str, files: Mapping[str, bytes]) -> Trees | Quantile:
    if f"{end}.txt" in files:
        return Trees.restore(files[f"{end}.txt"])
    return Quantile.restore({"columns": []}, {"model.skops": files[f"{end}.skops"]})
