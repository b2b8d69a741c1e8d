"""One protocol for everything that learns customers' value from features; scikit-learn's learners.

A learner forecasts the *remaining* value: what comes after the prediction point. The whole value is
that plus what has been observed, which needs no forecast. Baselines that forecast the whole are read
the same way.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol, Self

import numpy as np

from clv.learn import frozen
from clv.learn.examples import folds, plain
from clv.learn.work import threads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import Coefficient, ForestSettings, ForestTrial, LearnerState
    from clv.core.types import Floats, Places
    from clv.learn.examples import Examples
    from clv.learn.work import Work


#: Most customers that scikit-learn's learners see, drawn at random beyond: their time grows with the
#: number, their accuracy hardly. LightGBM sees all.
MOST_ROWS: Final = 20_000
#: Most columns that the Lasso weighs against each other: its time grows faster than their number.
MOST_COLUMNS: Final = 1000
#: Most customers on whom the forest's settings are compared.
_TUNING_ROWS: Final = 4000
_TENTHS: Final = 10


class Learner(Protocol):
    """Whatever learns the remaining value from examples and forecasts it for others."""

    name: ClassVar[str]

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self. The same examples and seed give the same model."""

    def predict(self, who: Examples) -> Floats:
        """Return the expected remaining value, shape (n,), never negative."""

    def gains(self) -> dict[str, float]:
        """Return how much each feature was used; what is not named was not used."""

    def state(self) -> LearnerState:
        """Return what is learned beside `files`, JSON types."""

    def files(self) -> dict[str, bytes]:
        """Return the models: file name → content, no pickle."""

    @classmethod
    def restore(cls, state: LearnerState, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted learner from `state` and `files`."""


class Smeared(NamedTuple):
    """Duan's (1983) correction: back from log1p without the bias of taking the mean there.

    The exponential of a mean of logs is smaller than the mean. The mean of the exponentials of the
    residuals makes up for it, whatever their distribution; and since they scatter more where half of
    the customers bring nothing, it is taken by tenth of the fitted values (Manning & Mullahy 2001).

    Attributes
    ----------
    edges
        Upper ends of all tenths but the last, rising.
    factors
        One for each tenth.
    """

    edges: tuple[float, ...]
    factors: tuple[float, ...]

    @classmethod
    def of(cls, actual: Floats, fitted: Floats) -> Self:
        """Learn the factors from values on the log1p scale."""
        inner = np.quantile(fitted, np.linspace(0, 1, _TENTHS + 1)[1:-1])
        edges = np.unique(inner[inner < fitted.max()])
        place = np.searchsorted(edges, fitted, side="left")
        # The lowest may have nobody: the smallest fitted value is then an edge itself.
        count = np.bincount(place, minlength=edges.size + 1)
        total = np.bincount(place, np.exp(actual - fitted), edges.size + 1)
        factors = np.where(count > 0, total / np.maximum(count, 1), 1.0)
        return cls(tuple(edges.tolist()), tuple(factors.tolist()))

    def back(self, fitted: Floats) -> Floats:
        """Return expected values in currency units."""
        place = np.searchsorted(np.array(self.edges), fitted, side="left")
        value: Floats = np.maximum(np.exp(fitted) * np.array(self.factors)[place] - 1.0, 0.0)
        return value


class _Sklearn:
    """What scikit-learn's learners share: one model that predicts from plain columns, one file."""

    model_: Any
    columns_: tuple[str, ...]
    features_: tuple[str, ...]

    def gains(self) -> dict[str, float]:
        """Return how much each feature was used; what is not named was not used."""
        return by_feature(self.features_, self._importance())

    def _importance(self) -> Floats:
        used: Floats = self.model_.feature_importances_
        return used

    def state(self) -> LearnerState:
        """Return what is learned beside `files`, JSON types."""
        return {"columns": list(self.columns_), "features": list(self.features_)}

    def files(self) -> dict[str, bytes]:
        """Return the model in skops' format."""
        return {"model.skops": frozen.dumps(self.model_)}

    @classmethod
    def restore(cls, state: LearnerState, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted learner from `state` and `files`."""
        self = cls()
        self.columns_ = tuple(state["columns"])
        # Artefacts made before it was told apart: a column stands for itself.
        self.features_ = tuple(state.get("features", self.columns_))
        self.model_ = frozen.loads(files["model.skops"])
        return self


class Boosting(_Sklearn):
    """scikit-learn's gradient boosting of log1p of the whole value, retransformed by `Smeared`.

    The baseline: default settings, but for at most 64 features looked at in each split, beyond which
    its time would grow for nothing.
    """

    name: ClassVar[str] = "boosting"
    smeared_: Smeared

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self."""
        from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415 - slow to import

        who = seen.few(MOST_ROWS, work.seed)
        columns, self.columns_, self.features_ = plain(who.features)
        y = np.log1p(np.maximum(who.whole, 0.0))
        few = min(64, columns.shape[1])
        model = GradientBoostingRegressor(random_state=work.seed, max_features=few)
        self.model_ = model.fit(columns, y, monitor=lambda *_: work.stopped())
        work.check()
        self.smeared_ = Smeared.of(y, self.model_.predict(columns))
        return self

    def predict(self, who: Examples) -> Floats:
        """Return the expected remaining value, shape (n,), never negative."""
        whole = self.smeared_.back(self.model_.predict(plain(who.features).matrix))
        return np.maximum(whole - who.observed, 0.0)

    def state(self) -> LearnerState:
        """Return what is learned beside `files`, JSON types."""
        return {
            **super().state(),
            "smearing": {
                "edges": list(self.smeared_.edges),
                "factors": list(self.smeared_.factors),
            },
        }

    @classmethod
    def restore(cls, state: LearnerState, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted learner from `state` and `files`."""
        self = super().restore(state, files)
        self.smeared_ = Smeared(
            tuple(state["smearing"]["edges"]), tuple(state["smearing"]["factors"])
        )
        return self


class Forest(_Sklearn):
    """A random forest whose depth, samples per leaf and number of trees are chosen in order of time.

    Attributes
    ----------
    settings_
        What was chosen.
    tried_
        What was tried, in that order: settings and the mean squared error over the folds.
    """

    name: ClassVar[str] = "forest"
    #: What the library does unless told otherwise, so that one can say what tuning gains.
    DEFAULTS: ClassVar[ForestSettings] = {
        "n_estimators": 100,
        "max_depth": None,
        "min_samples_leaf": 1,
        "max_features": 1.0,
    }
    settings_: ForestSettings

    def __init__(self) -> None:
        self.tried_: list[ForestTrial] = []

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self."""
        who = seen.few(MOST_ROWS, work.seed)
        columns, self.columns_, self.features_ = plain(who.features)
        self.settings_ = self._tune(seen.few(_TUNING_ROWS, work.seed), work)
        self.model_ = self._fitted(self.settings_, columns, who.remaining, work)
        return self

    def predict(self, who: Examples) -> Floats:
        """Return the expected remaining value, shape (n,), never negative."""
        found: Floats = np.maximum(self.model_.predict(plain(who.features).matrix), 0.0)
        return found

    def state(self) -> LearnerState:
        """Return what is learned beside `files`, JSON types."""
        return {**super().state(), "settings": self.settings_, "tried": self.tried_}

    @classmethod
    def restore(cls, state: LearnerState, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted learner from `state` and `files`."""
        self = super().restore(state, files)
        self.settings_, self.tried_ = state["settings"], state["tried"]
        return self

    def gained(self, seen: Examples, test: Examples, work: Work) -> dict[str, Floats]:
        """Forecast others by a forest of default settings, and by one of those chosen.

        Both learn from the same customers: no more than the settings were compared on, since a forest
        of default settings takes its time.
        """
        who = seen.few(_TUNING_ROWS, work.seed)
        columns, y = plain(who.features).matrix, who.remaining
        tested = plain(test.features).matrix
        return {
            name: np.maximum(self._fitted(one, columns, y, work).predict(tested), 0.0)
            for name, one in (("default", self.DEFAULTS), ("tuned", self.settings_))
        }

    def _tune(self, who: Examples, work: Work) -> ForestSettings:
        """Choose leaf and depth with few trees, then how many trees."""
        columns, cuts = plain(who.features).matrix, folds(who)
        grid: list[ForestSettings] = [
            {
                "max_features": 1 / 3,
                "n_estimators": 50,
                "min_samples_leaf": leaf,
                "max_depth": depth,
            }
            for leaf in (5, 20, 60)
            for depth in (None, 6)
        ]
        best = min(grid, key=lambda one: self._try(one, columns, who.remaining, cuts, work))
        more: list[ForestSettings] = [best, {**best, "n_estimators": 150}]
        return min(more, key=lambda one: self._try(one, columns, who.remaining, cuts, work))

    def _try(
        self,
        settings: ForestSettings,
        columns: Floats,
        y: Floats,
        cuts: Sequence[tuple[Places, Places]],
        work: Work,
    ) -> float:
        known = [t["loss"] for t in self.tried_ if t["settings"] == settings]
        if known:
            return float(known[0])
        errors = []
        for learn, test in cuts:
            model = self._fitted(settings, columns[learn], y[learn], work)
            errors.append(float(np.mean((y[test] - model.predict(columns[test])) ** 2)))
        self.tried_.append({"settings": settings, "loss": float(np.mean(errors))})
        return float(np.mean(errors))

    @staticmethod
    def _fitted(settings: ForestSettings, columns: Floats, y: Floats, work: Work) -> Any:  # noqa: ANN401
        from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - slow to import

        work.check()
        model = RandomForestRegressor(**settings, random_state=work.seed, n_jobs=threads(len(y)))
        model.fit(columns, y)
        # Trees of several threads are added up in any order: one thread forecasts the same twice.
        model.set_params(n_jobs=1)
        return model


class Lasso(_Sklearn):
    """Linear on standardised features, with a penalty that leaves out what adds nothing.

    The penalty (Tibshirani 1996) is chosen on folds in the order of time. Of features that say the
    same, few survive. Of more columns than `MOST_COLUMNS` only those count that are correlated most
    with the outcome (sure independence screening, Fan & Lv 2008).
    """

    name: ClassVar[str] = "lasso"

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self."""
        from sklearn import linear_model  # noqa: PLC0415 - slow to import
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

        who = seen.few(MOST_ROWS, work.seed)
        columns, self.columns_, self.features_ = plain(who.features)
        work.check()
        scaler = StandardScaler().fit(columns)
        scaled = scaler.transform(columns)
        # Standardised: the products are the correlations, but for a factor that all of them share.
        strength = np.abs((who.remaining - who.remaining.mean()) @ scaled)
        some = np.sort(np.argsort(-strength, kind="stable")[:MOST_COLUMNS])
        scaled = scaled[:, some]
        with warnings.catch_warnings():
            # A coarser solution on the way through the penalties is a candidate like others.
            warnings.simplefilter("ignore", ConvergenceWarning)
            choice = linear_model.LassoCV(
                alphas=30, cv=folds(who), max_iter=2000, tol=1e-3, n_jobs=1, selection="cyclic"
            ).fit(scaled, who.remaining)
            work.check()
            line = linear_model.Lasso(
                alpha=float(choice.alpha_), max_iter=2000, tol=1e-3, precompute=True
            )
            line.fit(scaled, who.remaining)
        weights = np.zeros(columns.shape[1])
        weights[some] = line.coef_
        line.coef_, line.n_features_in_ = weights, weights.size
        self.model_ = make_pipeline(scaler, line)
        return self

    def predict(self, who: Examples) -> Floats:
        """Return the expected remaining value, shape (n,), never negative."""
        scaled = self.model_[0].transform(plain(who.features).matrix)
        # Row by row: a matrix product adds up in another order for one customer than for many.
        each = np.multiply(scaled, self.model_[-1].coef_, order="C")
        found: Floats = np.maximum(each.sum(axis=1) + self.model_[-1].intercept_, 0.0)
        return found

    def state(self) -> LearnerState:
        """Return what is learned beside `files`, JSON types."""
        return {**super().state(), "penalty": self.penalty(), "kept": self.kept()}

    def penalty(self) -> float:
        """Return the penalty that was chosen."""
        return float(self.model_[-1].alpha)

    def kept(self) -> list[Coefficient]:
        """Return the surviving features, most important first.

        ``name`` and ``coefficient``: currency units for one standard deviation more.
        """
        pairs = zip(self.columns_, self.model_[-1].coef_.tolist(), strict=True)
        kept: list[Coefficient] = [{"name": n, "coefficient": c} for n, c in pairs if c != 0]
        return sorted(kept, key=lambda one: (-abs(one["coefficient"]), one["name"]))

    def _importance(self) -> Floats:
        size: Floats = np.abs(self.model_[-1].coef_)
        return size


class Quantile(_Sklearn):
    """A quantile of the remaining value by scikit-learn's gradient boosting: ranges without LightGBM.

    Parameters
    ----------
    share
        Of the customers whose value is to lie below.
    """

    def __init__(self, share: float = 0.5) -> None:
        self.share = share

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self."""
        from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415 - slow to import

        who = seen.few(MOST_ROWS, work.seed)
        columns, self.columns_, self.features_ = plain(who.features)
        model = GradientBoostingRegressor(
            loss="quantile",
            alpha=self.share,
            random_state=work.seed,
            max_features=min(64, columns.shape[1]),
            min_samples_leaf=30,
        )
        self.model_ = model.fit(columns, who.remaining, monitor=lambda *_: work.stopped())
        work.check()
        return self

    def predict(self, who: Examples) -> Floats:
        """Return the quantile, shape (n,)."""
        found: Floats = self.model_.predict(plain(who.features).matrix)
        return found


def by_feature(features: Sequence[str], importance: Floats) -> dict[str, float]:
    """Sum the importance of columns by the feature that each was made of; without zeros."""
    total: dict[str, float] = {}
    for name, gain in zip(features, importance.tolist(), strict=True):
        total[name] = total.get(name, 0.0) + gain
    return {name: gain for name, gain in total.items() if gain > 0}
