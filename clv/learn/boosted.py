"""LightGBM's learners: all customers, hundreds of sparse features, models as its own text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from clv.core.errors import FileError
from clv.learn.examples import categorical, folds
from clv.learn.learners import by_feature
from clv.learn.work import threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.schema import LearnerState
    from clv.core.types import Floats
    from clv.learn.examples import Examples
    from clv.learn.work import Work


_MOST_ROUNDS: Final = 600
_PATIENCE: Final = 40
#: From so many customers on one fold chooses the number of trees, and trees have more leaves: fewer
#: customers, of whom few bring anything, support little more than the main effects.
_MANY_ROWS: Final = 50_000
_FEWEST_ROUNDS: Final = 10
#: Fewer customers than this choose no number of trees.
_FEWEST_ROWS: Final = 30
#: What LightGBM needs of the system, on Linux and on a Mac.
_LIBRARIES: Final = ("libgomp", "libomp")
#: Variance grows with the mean to this power: between counts (1) and amounts (2).
_POWER: Final = 1.5


#: What LightGBM records of each set of examples: measure → loss by number of trees.
Losses = dict[str, dict[str, list[float]]]


def missing() -> str | None:
    """Say in a sentence why there is no LightGBM here; None where it can be used."""
    try:
        import lightgbm  # noqa: F401, PLC0415 - slow to import
    except (ImportError, OSError) as error:  # its wheel brings all but the library of threads
        library = next((name for name in _LIBRARIES if name in str(error)), None)
        why = f": the library {library} is missing" if library else ""
        return f"LightGBM can't be loaded on this computer{why}."
    return None


class Trees:
    """Boosted trees for one objective; the number of trees is chosen in the order of time.

    Parameters
    ----------
    objective
        LightGBM's, with its parameters.
    """

    booster_: Any

    def __init__(self, **objective: Any) -> None:  # noqa: ANN401
        self._objective = objective

    def fit(self, who: Examples, y: Floats, work: Work) -> Self:
        """Grow trees while they help on later days, then the same number on all."""
        rounds = self._rounds(who, y, work)
        self.booster_ = self._grown(_dataset(who, y), len(who), rounds, work)
        return self

    def _rounds(self, who: Examples, y: Floats, work: Work) -> int:
        """Choose the number of trees with the smallest loss over the folds; many need one fold only."""
        # Where everybody did the same there is nothing to learn; of zeros alone Tweedie refuses to.
        cuts = [
            (learn, test)
            for learn, test in folds(who)
            if min(len(learn), len(test)) >= _FEWEST_ROWS and np.ptp(y[learn]) > 0
        ]
        curves = []
        for learn, test in cuts[-1:] if len(who) >= _MANY_ROWS else cuts:
            early = _dataset(who.rows(learn), y[learn])
            late = _dataset(who.rows(test), y[test], early)
            losses: Losses = {}
            self._grown(early, len(learn), _MOST_ROUNDS, work, late, losses)
            curves.append(np.array(next(iter(losses["valid_0"].values()))) * len(test))
        if not curves:
            return _FEWEST_ROUNDS
        # A fold that stopped early would have got worse: it stays where it was.
        longest = max(curve.size for curve in curves)
        total = np.sum([np.pad(c, (0, longest - c.size), mode="edge") for c in curves], axis=0)
        return max(int(total.argmin()) + 1, _FEWEST_ROUNDS)

    def predict(self, who: Examples) -> Floats:
        """Return the forecasts on the scale of the outcome, shape (n,)."""
        values = who.features.matrix
        found: Floats = self.booster_.predict(values, num_threads=threads(values.shape[0]))
        return found

    def gains(self) -> dict[str, float]:
        """Return the loss that each feature's splits saved."""
        return by_feature(
            self.booster_.feature_name(), self.booster_.feature_importance("gain").astype(float)
        )

    def text(self) -> bytes:
        """Return the model in LightGBM's text format."""
        return str(self.booster_.model_to_string()).encode()

    @classmethod
    def restore(cls, text: bytes) -> Self:
        """Rebuild from `text`.

        Raises
        ------
        FileError
            It is none of LightGBM's.
        """
        from lightgbm import Booster  # noqa: PLC0415 - slow to import
        from lightgbm.basic import LightGBMError  # noqa: PLC0415

        self = cls()
        try:
            self.booster_ = Booster(model_str=text.decode())
        except (LightGBMError, UnicodeDecodeError) as error:
            msg = "The model's file is damaged: it can't be read as a LightGBM model."
            raise FileError(msg, "Train the model again.") from error
        return self

    def _grown(
        self,
        data: Any,  # noqa: ANN401
        rows: int,
        rounds: int,
        work: Work,
        late: Any = None,  # noqa: ANN401
        losses: Losses | None = None,
    ) -> Any:  # noqa: ANN401
        import lightgbm  # noqa: PLC0415 - slow to import

        def look(_: object) -> None:
            work.check()

        watch: list[Any] = [look]
        if losses is not None:
            watch += [
                lightgbm.early_stopping(_PATIENCE, verbose=False),
                lightgbm.record_evaluation(losses),
            ]
        few = rows < _MANY_ROWS
        settings = {
            "learning_rate": 0.03 if few else 0.05,
            "num_leaves": 4 if few else 31,
            "min_data_in_leaf": 30,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            # Four fifths of one customer are nobody, whom LightGBM can't learn from.
            "bagging_freq": int(rows > 1),
            "lambda_l2": 1.0,
            "cat_smooth": 20.0,
            "max_bin": 127,
            "seed": work.seed % 2**31,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads(rows),
            "verbosity": -1,
        }
        return lightgbm.train(
            settings | self._objective,
            data,
            rounds,
            valid_sets=None if late is None else [late],
            callbacks=watch,
        )


def _dataset(who: Examples, y: Floats, like: Any = None) -> Any:  # noqa: ANN401
    from lightgbm import Dataset  # noqa: PLC0415 - slow to import

    # Names of columns may hold anything; LightGBM's text format may not.
    return Dataset(
        who.features.matrix,
        y,
        reference=like,
        categorical_feature=categorical(who.features),
        params={"verbosity": -1, "max_bin": 127, "force_row_wise": True},
    )


def balance(forecast: Floats, actual: Floats) -> float:
    """Return the factor that makes forecasts of the customers learned from add up to what they brought.

    Trees that stop growing early, with a loss on the log scale, fall short of the total (Wüthrich 2020,
    on the balance property).
    """
    total = float(forecast.sum())
    return float(actual.sum()) / total if total > 0 else 1.0


class _Balanced:
    """What LightGBM's learners share: forecasts that add up to what the customers learned from brought."""

    names_: tuple[str, ...]
    factor_: float

    def predict(self, who: Examples) -> Floats:
        """Return the expected remaining value, shape (n,), never negative."""
        return self.factor_ * self._raw(who)

    def _raw(self, who: Examples) -> Floats:
        raise NotImplementedError

    def _balance(self, seen: Examples) -> Self:
        """Set names and factor, once the trees are grown; return self."""
        self.names_ = seen.features.names
        self.factor_ = balance(self._raw(seen), np.maximum(seen.remaining, 0.0))
        return self

    def state(self) -> LearnerState:
        """Return what is learned beside the files, JSON types."""
        return {"names": list(self.names_), "factor": self.factor_}

    @classmethod
    def restore(cls, state: LearnerState, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted learner from its state and files."""
        self = cls()
        self.names_, self.factor_ = tuple(state["names"]), state["factor"]
        self._grown_from(files)
        return self

    def _grown_from(self, files: Mapping[str, bytes]) -> None:
        raise NotImplementedError


class Tweedie(_Balanced):
    """LightGBM with the Tweedie loss: a sum of a random number of amounts, often none."""

    name: ClassVar[str] = "lightgbm-tweedie"
    trees_: Trees

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self."""
        trees = Trees(objective="tweedie", tweedie_variance_power=_POWER)
        self.trees_ = trees.fit(seen, np.maximum(seen.remaining, 0.0), work)
        return self._balance(seen)

    def _raw(self, who: Examples) -> Floats:
        return self.trees_.predict(who)

    def gains(self) -> dict[str, float]:
        """Return how much each feature was used; what is not named was not used."""
        return renamed(self.trees_.gains(), self.names_)

    def files(self) -> dict[str, bytes]:
        """Return the model in LightGBM's text format."""
        return {"model.txt": self.trees_.text()}

    def _grown_from(self, files: Mapping[str, bytes]) -> None:
        self.trees_ = Trees.restore(files["model.txt"])


class TwoPart(_Balanced):
    """LightGBM twice: the chance of anything more, times the amount of those who bring more."""

    name: ClassVar[str] = "lightgbm-two-part"
    chance_: Trees
    amount_: Trees

    def fit(self, seen: Examples, work: Work) -> Self:
        """Learn; return self."""
        more = seen.remaining > 0
        self.chance_ = Trees(objective="binary").fit(seen, more.astype(float), work)
        amounts = seen.rows(more)
        fewest = max(5, min(30, len(amounts) // 40))
        trees = Trees(objective="gamma", min_data_in_leaf=fewest)
        self.amount_ = trees.fit(amounts, amounts.remaining, work)
        return self._balance(seen)

    def _raw(self, who: Examples) -> Floats:
        return self.chance(who) * self.amount_.predict(who)

    def chance(self, who: Examples) -> Floats:
        """Return the probability that anything more comes, shape (n,)."""
        return self.chance_.predict(who)

    def gains(self) -> dict[str, float]:
        """Return how much each feature was used, a share of either part's gain."""
        total: dict[str, float] = {}
        for part in (self.chance_.gains(), self.amount_.gains()):
            whole = sum(part.values()) or 1.0
            for name, gain in part.items():
                total[name] = total.get(name, 0.0) + gain / whole
        return renamed(total, self.names_)

    def files(self) -> dict[str, bytes]:
        """Return both models in LightGBM's text format."""
        return {"chance.txt": self.chance_.text(), "amount.txt": self.amount_.text()}

    def _grown_from(self, files: Mapping[str, bytes]) -> None:
        self.chance_ = Trees.restore(files["chance.txt"])
        self.amount_ = Trees.restore(files["amount.txt"])


def renamed(gains: Mapping[str, float], names: tuple[str, ...]) -> dict[str, float]:
    """Return gains by the features' own names, which to LightGBM are ``Column_0`` and so on."""
    return {names[int(name.rpartition("_")[2])]: gain for name, gain in gains.items()}
