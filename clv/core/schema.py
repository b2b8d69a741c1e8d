"""What crosses a room: the shapes of everything that is kept as JSON, and how it is checked on reading.

Every document is a ``TypedDict`` (`typing_extensions`: pydantic asks for it), so that a wrong key is a
type error and the file on disk is the same object. `fault` says in words what is wrong with a document
that was read; whatever an older version may not have written is ``NotRequired``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, TypeVar

from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic wants both of there

Document = TypeVar("Document")

# -- measures ----------------------------------------------------------------------------------------


class Amounts(TypedDict):
    """How well amounts were forecast, see `clv.core.metrics.amounts`."""

    mae: float
    rmse: float
    bias: float | None
    gini: float | None
    spearman: float | None
    top10: float | None
    top20: float | None


class Decile(TypedDict):
    """Customers with forecasts of one size, 1 being the highest: means of forecast and outcome."""

    bin: int
    customers: int
    predicted: float
    actual: float
    mae: float


class Chances(TypedDict):
    """How well chances were forecast, see `clv.core.metrics.chances`."""

    brier: float
    log_loss: float
    auc: float | None
    ece: float
    reliability: float
    resolution: float
    uncertainty: float


class ReliabilityBin(TypedDict):
    """Customers with chances of one size: the share said, and the share seen with its interval."""

    customers: int
    predicted: float
    actual: float
    low: float
    high: float


# -- the report of a check ---------------------------------------------------------------------------

# -- settings and summary ----------------------------------------------------------------------------

# -- the model card ----------------------------------------------------------------------------------

# -- the receipt -------------------------------------------------------------------------------------

# -- the training card -------------------------------------------------------------------------------

#: What a model foresees: the first months of a life, or the next months of any customer.
DesignKind = Literal["early", "window"]
#: What a feature holds: a number; 0 or 1; the code of a level; a calendar month, counted.
FeatureKind = Literal["number", "flag", "category", "month"]
#: What is forecast: all of a customer's value, or what comes after the prediction point.
ValuePart = Literal["whole", "remaining"]


class TrainingDesign(TypedDict):
    """What is foreseen from what, see `clv.learn.plans.Design`."""

    kind: DesignKind
    horizon_months: int
    after: list[str]
    days: list[int]
    largest_categories: int
    columns: list[str] | None


class FeatureSpec(TypedDict):
    """How the features' columns are made, see `clv.features.tables.Spec`."""

    design: Literal["early", "windows"]
    spans: list[str]
    labels: list[str]
    levels: dict[str, list[str]]
    fills: dict[str, float]
    categories: list[str] | None
    events: list[str] | None
    items: bool


class TrainedFeature(TypedDict):
    """One of the features, in their order."""

    name: str
    kind: FeatureKind


class HeldOutDate(TypedDict):
    """One date of the training: the days, and the customers trained and tested."""

    known: str
    train: list[str]
    test: list[str]
    trained: int
    tested: int


class PartMeasures(Amounts):
    """How well one part of the value was forecast."""

    deciles: list[Decile]
    gain: list[float]


class BoardRow(TypedDict):
    """One forecast on the leaderboard."""

    name: str
    title: str
    learned: bool
    loss: float
    whole: PartMeasures
    remaining: PartMeasures


class PerfectGain(TypedDict):
    """The gain curves of whoever knew the outcome."""

    whole: list[float]
    remaining: list[float]


class Leaderboard(TypedDict):
    """Forecasts of the same customers, see `clv.learn.leaderboard.board`."""

    rows: list[BoardRow]
    best: str
    apart: dict[str, list[float]]
    perfect: PerfectGain
    customers: int
    total: float
    remaining: float
    returned: NotRequired[int]


class TrainingChoice(TypedDict):
    """Which model was chosen, and why."""

    name: str
    title: str
    runner_up: str | None
    reason: str
    as_good: str | None
    unseen: bool


class RangesHeld(TypedDict):
    """How the customers' ranges held."""

    level: float
    within: float
    width: float
    customers: int


class MonthOfValue(TypedDict):
    """One month's revenue of all held-out customers, month 0 being the first."""

    month: int
    actual: float
    expected: float


class MonthsOfValue(TypedDict):
    """The held-out customers' revenue month by month."""

    rows: list[MonthOfValue]
    mape: float | None
    mape_total: float | None


class ForestSettings(TypedDict):
    """A random forest's settings, scikit-learn's names."""

    n_estimators: int
    max_depth: int | None
    min_samples_leaf: int
    max_features: float


class ForestTrial(TypedDict):
    """Settings that were tried, and their error over the folds."""

    settings: ForestSettings
    loss: float


class ForestErrors(TypedDict):
    """A forest's errors on the held-out customers, or the shares by which they became smaller."""

    rmse: float
    mae: float
    loss: float


class TunedForest(TypedDict):
    """What tuning gained the forest."""

    settings: ForestSettings
    tried: list[ForestTrial]
    gain: ForestErrors
    default: ForestErrors
    tuned: ForestErrors


class Coefficient(TypedDict):
    """A feature that the Lasso kept."""

    name: str
    coefficient: float


class KeptByLasso(TypedDict):
    """What the Lasso kept of how many columns."""

    penalty: float
    kept: list[Coefficient]
    columns: int


class Importance(TypedDict):
    """How much worse the forecast gets when a feature is shuffled."""

    name: str
    increase: float
    share: float
    low: float
    high: float


class EffectPoint(TypedDict):
    """The value expected where a feature has some value, a number or a word."""

    value: float | str
    expected: float
    customers: int


class Effect(TypedDict):
    """How the forecast moves with a feature."""

    name: str
    kind: FeatureKind
    points: list[EffectPoint]


class TrainingReport(TypedDict):
    """What a training found, see `clv.learn.train.train`."""

    design: TrainingDesign
    as_of: str
    first_order: str
    customers: int
    ready: int
    seed: int
    dates: list[HeldOutDate]
    board: Leaderboard
    earlier: Leaderboard | None
    choice: TrainingChoice
    failed: dict[str, str]
    ranges: RangesHeld
    months: MonthsOfValue
    forest: TunedForest | None
    lasso: KeptByLasso | None
    importance: list[Importance]
    effects: list[Effect]
    kept: list[str]


class Smearing(TypedDict):
    """Factors back from the log scale, by size of the fitted value."""

    edges: list[float]
    factors: list[float]


class LearnerState(TypedDict, total=False):
    """What a learner, or the ranges, learned beside its files; each has keys of its own."""

    columns: list[str]
    features: list[str]
    smearing: Smearing
    settings: ForestSettings
    tried: list[ForestTrial]
    penalty: float
    kept: list[Coefficient]
    names: list[str]
    factor: float
    level: float
    wider: float


class OrdersFingerprint(TypedDict):
    """What tells one set of orders from another."""

    orders: int
    customers: int
    revenue: float
    first_order: str
    last_order: str
    hash: str


class ProofVectors(TypedDict):
    """Rows of features, and what the model said of them where it was trained."""

    features: list[list[float]]
    predictions: dict[str, list[float]]


class TrainingCard(TypedDict):
    """A trained model's ``card.json``, but for its own hash, see `clv.learn.artefact`."""

    format: int
    made_by: str
    made_at: str
    design: TrainingDesign
    spec: FeatureSpec
    features: list[TrainedFeature]
    chosen: str
    states: dict[str, LearnerState]
    shape: list[float]
    data: OrdersFingerprint
    versions: dict[str, str]
    report: TrainingReport
    tests: ProofVectors
    files: dict[str, str]


class BidsOfTenth(TypedDict):
    """What the held-out customers of one tenth of the forecast brought."""

    rank: int
    predicted: float
    customers: int
    brought: list[float]
    error: list[float]


class KeptTraining(TypedDict):
    """What is kept of a training beside its card, see `clv.insights.newcomers.training`."""

    version: int
    labels: list[str]
    learners: list[str] | None
    scored: int
    tenths: list[BidsOfTenth]


class AlreadyScored(TypedDict):
    """Which customers have been scored with ``--new``."""

    until: str
    customers: NotRequired[int]
    at: NotRequired[str]
    ids: NotRequired[list[str]]


# -- monitoring --------------------------------------------------------------------------------------

# -- checking ----------------------------------------------------------------------------------------


def fault(kind: type, content: object) -> str:
    """Return what is wrong with a document of a kind, in words; empty if nothing is.

    Nothing is converted: a number in quotes is a fault. Keys that the kind doesn't know are let pass:
    a later version may have written them.

    Parameters
    ----------
    kind
        One of the shapes in this module.
    content
        What was read, as ``json`` gives it.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, and only readers need it

    try:
        _adapter(kind).validate_python(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        return f'no usable "{where}"'
    return ""


def checked(kind: type[Document], content: object) -> Document:
    """Return a document that was read as what it is.

    Raises
    ------
    ValueError
        What is wrong with it, as `fault` says it.
    """
    if problem := fault(kind, content):
        raise ValueError(problem)
    found: Any = content
    return found  # type: ignore[no-any-return]


@lru_cache
def _adapter(kind: type) -> Any:  # noqa: ANN401 - pydantic's adapter of a kind known at run time
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(kind)
