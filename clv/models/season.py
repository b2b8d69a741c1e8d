"""The season, as a change of time that any purchase model can wear.

Customers buy s times as fast on a day whose calendar month has the index s. So time is measured by
the busyness of the shop instead of by the clock: **operational time** runs s days a day, a year of it
has as many days as any other. In operational time nobody has a season, and every model of the package
holds as it is. A customer's birthday is the as-of day less T, so for a fixed as-of day the triple
(frequency, recency, T) says on which calendar days the customer came and last bought: its operational
version is a function of it, and whatever is computed once per distinct triple still is.

Where customers leave right after a purchase (MBG/NBD, BG/NBD, their CNBD variants) and where nobody
leaves, this is exactly the model with a seasonal rate. In Pareto/NBD customers leave by the clock;
there the hazard of leaving gets the same season as the purchases, an approximation.
"""

from __future__ import annotations

from copy import copy
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from clv.models.beta_geo import LONGEST_WAIT
from clv.models.inputs import like

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.models.base import Floats, PurchaseModel, PurchaseScores
    from clv.models.draws import Draws

#: What the name of a model that wears a season ends with.
SUFFIX: Final = "+season"
#: Days of the calendar months in an average year.
MONTH_DAYS: Final = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
#: Years before and after the as-of day whose months are told apart; further away every day is an
#: average one.
REACH: Final = 100


def by_the_year(index: ArrayLike) -> Floats:
    """Return twelve monthly indices with mean 1 over the days of a year."""
    values = np.asarray(index, dtype=float)
    result: Floats = values * MONTH_DAYS.sum() / (MONTH_DAYS @ values)
    return result


class Clock(NamedTuple):
    """Operational time around an as-of day: piecewise linear between ends of months.

    Attributes
    ----------
    days
        Shape (k,), ascending: ends of months in days after the as-of day.
    passed
        Shape (k,): operational days from the as-of day until then.
    """

    days: Floats
    passed: Floats

    def at(self, days: ArrayLike) -> Floats:
        """Return the operational days until so many days after the as-of day; both may be negative."""
        return _beyond(days, self.days, self.passed)

    def days_at(self, passed: ArrayLike) -> Floats:
        """Return the days after the as-of day until so many operational days have passed."""
        return _beyond(passed, self.passed, self.days)


def _beyond(values: ArrayLike, known: Floats, answers: Floats) -> Floats:
    """Interpolate; beyond the ends go on with slope 1."""
    v = np.asarray(values, dtype=float)
    inside = np.interp(v, known, answers)
    with np.errstate(invalid="ignore"):
        after = np.where(v > known[-1], v - known[-1], 0.0)
        before = np.where(v < known[0], v - known[0], 0.0)
    result: Floats = inside + after + before
    return result


@dataclass(frozen=True)
class Season:
    """How much more, or less, is bought in a calendar month than in an average one.

    Attributes
    ----------
    indices
        January to December, positive; their mean over the days of a year is 1.
    errors
        Standard errors of the indices, same order.
    purchases
        Repeat purchases that they were estimated from.
    years
        Years that these cover.
    typical
        Standard deviation among months that was found, in the logarithm; indices are shrunk
        towards 1 by how it compares with each month's own uncertainty.
    dispersion
        Variance of a month's purchases over its mean beyond season and trend, at least 1.
    trend
        Rise of purchases beyond the model's expectation, in the logarithm and per year.
    """

    indices: tuple[float, ...]
    errors: tuple[float, ...] = (0.0,) * 12
    purchases: int = 0
    years: float = 0.0
    typical: float = 0.0
    dispersion: float = 1.0
    trend: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no season.

        Raises
        ------
        ValueError
            When there aren't twelve positive indices with mean 1 over the days of a year.
        """
        index = np.array(self.indices, dtype=float)
        if index.shape != (12,) or not (np.isfinite(index).all() and (index > 0).all()):
            msg = "A season has twelve positive indices, January to December."
            raise ValueError(msg)
        if not np.allclose(by_the_year(index), index, rtol=1e-9, atol=0):
            msg = "The mean of a season's indices over the days of a year must be 1."
            raise ValueError(msg)

    @property
    def told_apart(self) -> bool:
        """Whether two years or more were seen, so that a trend is not taken for a season."""
        return self.years >= TWO_YEARS

    def clock(self, as_of: date) -> Clock:
        """Return operational time around a day."""
        return _clock(self.indices, as_of)

    def elapsed(self, start_days: ArrayLike, end_days: ArrayLike, as_of: date) -> Floats:
        """Return the operational days in (start, end]; arguments broadcast.

        Parameters
        ----------
        start_days, end_days
            Days after ``as_of``, negative before it; fractions of days too.
        """
        clock = self.clock(as_of)
        return clock.at(end_days) - clock.at(start_days)

    def days_ahead(self, operational: ArrayLike, as_of: date) -> Floats:
        """Return the calendar days after ``as_of`` until so many operational days have passed."""
        return self.clock(as_of).days_at(operational)

    def triples(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, as_of: date
    ) -> tuple[Floats, Floats, Floats]:
        """Return (frequency, recency, T) in operational time; shapes as given."""
        x, t_x, age = (np.asarray(v, dtype=float) for v in (frequency, recency, T))
        clock = self.clock(as_of)
        born = clock.at(-age)
        return x, clock.at(t_x - age) - born, -born

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self) | {"indices": list(self.indices), "errors": list(self.errors)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Rebuild from `as_dict`."""
        lists = {k: tuple(float(v) for v in stored[k]) for k in ("indices", "errors")}
        return cls(**(stored | lists))


#: From here on, in years, a month has been seen twice wherever the file begins.
TWO_YEARS: Final = 2 - 7 / 365.25


#: No season: operational time is calendar time.
NONE: Final = Season((1.0,) * 12)


@lru_cache(maxsize=64)
def _clock(indices: tuple[float, ...], as_of: date) -> Clock:
    today = np.datetime64(as_of, "D")
    month = today.astype("datetime64[M]")
    firsts = np.arange(month - 12 * REACH, month + 12 * REACH + 2)
    # Today among them: nothing passes until today, to the last bit.
    days = np.union1d((firsts.astype("datetime64[D]") - 1 - today).astype(float), 0.0)
    ending = (today + days[1:].astype(int)).astype("datetime64[M]").astype(int) % 12
    steps = np.array(indices)[ending] * np.diff(days)
    past = days[1:] <= 0
    behind = -np.cumsum(steps[past][::-1])[::-1]
    clock = Clock(days, np.concatenate([behind, [0.0], np.cumsum(steps[~past])]))
    for array in clock:
        array.flags.writeable = False
    return clock


class Seasonal:
    """A purchase model that wears a season: it lives in operational time, and answers in days.

    All methods take and return calendar days, as of ``as_of``: the forecast's day, whatever the
    customer's T.

    Parameters
    ----------
    base
        Any purchase model; fitted on operational triples, or to be by `fit`.
    season
        The index.
    as_of
        The day on which T ends.

    Attributes
    ----------
    name
        The base's, and ``+season``.
    """

    def __init__(self, base: PurchaseModel, season: Season, as_of: date) -> None:
        self.base = base
        self.season = season
        self.as_of = as_of
        self.name = base.name + SUFFIX
        self._clock = season.clock(as_of)

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        weights: ArrayLike | None = None,
        **options: Any,
    ) -> Self:
        """Fit the base on the operational triples; ``options`` are the base's."""
        triples = self._triples(frequency, recency, T)
        self.base = self.base.fit(*triples, weights, **options)
        return self

    def _triples(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> tuple[Floats, Floats, Floats]:
        return self.season.triples(frequency, recency, T, self.as_of)

    def _recency(self, recency: ArrayLike | None, T: ArrayLike) -> dict[str, Any]:
        """Return the recency, where one is given, in operational time, as a keyword."""
        return {} if recency is None else {"recency": self._triples(0, recency, T)[1]}

    def on_base(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, days: ArrayLike
    ) -> tuple[PurchaseModel, Floats, Floats, Floats, Any]:
        """Return the base, and triples and days ahead as it knows them."""
        return self.base, *self._triples(frequency, recency, T), self._clock.at(days)[()]

    def conditional_probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats:
        """Return P(active at T), at least one-dimensional."""
        return self.base.conditional_probability_alive(*self._triples(frequency, recency, T))

    def score(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, horizons: ArrayLike
    ) -> PurchaseScores:
        """Forecast each triple at each horizon; see `clv.models.base.PurchaseScores`."""
        scores = self.base.score(*self._triples(frequency, recency, T), self._clock.at(horizons))
        wait = np.minimum(self._clock.days_at(scores.next_order_days), LONGEST_WAIT)
        return scores._replace(next_order_days=wait)

    def draw(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, rng: np.random.Generator
    ) -> Draws:
        """Draw each customer from the posterior given their triple.

        The past has its season, the future none: rates are those of an average day, which is what a
        simulation of decades needs. `steady` is the model that has the same expectations.
        """
        return self.base.draw(*self._triples(frequency, recency, T), rng)

    def steady(self) -> Seasonal:
        """Return the same model for which every day to come is an average one."""
        return _Steady(self.base, self.season, self.as_of)

    def probability_alive_after(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, times: ArrayLike
    ) -> Floats:
        """Return P(alive at T + t), shape (n, h)."""
        triples = self._triples(frequency, recency, T)
        return self.base.probability_alive_after(*triples, self._clock.at(times))

    def p_purchase_between(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        edges: ArrayLike,
        *,
        recency: ArrayLike | None = None,
    ) -> Floats:
        """Return P(a purchase between two edges | active at T), shape (n, h)."""
        x, _, age = self._triples(frequency, 0, T)
        known = self._recency(recency, T)
        return self.base.p_purchase_between(x, age, self._clock.at(edges), **known)

    def wait_if_alive(
        self,
        frequency: ArrayLike,
        T: ArrayLike,
        q: ArrayLike = 0.5,
        *,
        recency: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile q of the wait from T on, for a customer active at T."""
        x, _, age = self._triples(frequency, 0, T)
        wait = self.base.wait_if_alive(x, age, q, **self._recency(recency, T))
        return like(self._clock.days_at(wait), frequency, T, q)

    def due(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        q: ArrayLike = 0.9,
        *,
        T: ArrayLike | None = None,
    ) -> Any:
        """Return the quantile q of the wait after the last purchase, had the customer stayed.

        ``T`` says when the last purchase was, T - recency days before the as-of day. Without it, it
        is taken to have been on the as-of day.
        """
        age = np.asarray(recency if T is None else T, dtype=float)
        last = np.asarray(recency, dtype=float) - age
        x, t_x, _ = self._triples(frequency, recency, age)
        waited = self._clock.at(last) + self.base.due(x, t_x, q)
        return like(self._clock.days_at(waited) - last, frequency, recency, q)

    def expected_number_of_purchases_up_to_time(self, t: ArrayLike) -> Any:
        """Return the expected repeat purchases in the first t days of who comes on the as-of day."""
        zero = np.zeros(1)
        expected = self.score(zero, zero, zero, np.ravel(t)).purchases[0]
        return like(expected.reshape(np.shape(t)), t)

    def at_age(self, ages: ArrayLike, T: float) -> Floats:
        """Return the operational age of a customer of age ``T`` today when at some other age."""
        return self._clock.at(np.asarray(ages, dtype=float) - T) - self._clock.at(-T)

    def card(self) -> dict[str, Any]:
        """Return everything that is needed to score again: JSON types only."""
        return {
            "name": self.name,
            "season": self.season.as_dict(),
            "as_of": self.as_of.isoformat(),
            "base": self.base.card(),
        }

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Self:
        """Rebuild from `card`."""
        from clv.models.card import from_card  # noqa: PLC0415 - it knows all models, this one too

        season = Season.from_dict(card["season"])
        return cls(from_card(card["base"]), season, date.fromisoformat(card["as_of"]))


class _Steady(Seasonal):
    """A seasonal past, and a future without a season."""

    def __init__(self, base: PurchaseModel, season: Season, as_of: date) -> None:
        super().__init__(base, season, as_of)
        behind = self._clock.days <= 0
        self._clock = Clock(
            np.append(self._clock.days[behind], 0.0), np.append(self._clock.passed[behind], 0.0)
        )


def unwrap(
    model: Any, frequency: Floats, recency: Floats, T: Floats, days: float
) -> tuple[Any, Floats, Floats, Floats, float]:
    """Return the model under the season, with triples and days ahead as it knows them.

    A model that wears none comes back as it is, with the arguments.
    """
    if isinstance(model, Seasonal):
        return model.on_base(frequency, recency, T, days)
    return model, frequency, recency, T, days


def due(model: Any, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, q: ArrayLike) -> Any:
    """Return any model's ``due``; one that wears a season is told when the last purchase was."""
    if isinstance(model, Seasonal):
        return model.due(frequency, recency, q, T=T)
    return model.due(frequency, recency, q)


def refit(
    model: PurchaseModel, frequency: Floats, recency: Floats, T: Floats, weights: Floats
) -> PurchaseModel:
    """Fit a fitted model's twin, with the same penalty (and regularity) on other triples."""
    stages = getattr(model, "k_", None)
    options = {} if stages is None else {"k": stages}
    twin: Any = copy(model)
    fitted: PurchaseModel = twin.fit(frequency, recency, T, weights, **options)
    return fitted
