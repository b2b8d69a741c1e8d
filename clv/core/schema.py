"""What crosses a room: the shapes of everything that is kept as JSON, and how it is checked on reading.

Every document is a ``TypedDict`` (`typing_extensions`: pydantic asks for it), so that a wrong key is a
type error and the file on disk is the same object. `fault` says in words what is wrong with a document
that was read; whatever an older version may not have written is ``NotRequired``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar, Union

from typing_extensions import NotRequired, TypedDict, final  # noqa: UP035 - pydantic wants both of there

Document = TypeVar("Document", bound=Mapping[str, object])


class _Day:
    """What makes a text a day: it begins with one in ISO form."""

    @staticmethod
    def __get_pydantic_core_schema__(_source: object, _handler: object) -> Any:  # noqa: ANN401
        from pydantic_core import core_schema  # noqa: PLC0415 - only readers need it

        text = core_schema.str_schema(strict=True)
        return core_schema.no_info_after_validator_function(_day, text)


def _day(text: str) -> str:
    date.fromisoformat(text[:10])
    return text


#: A day, or a moment of it, in ISO form.
Day = Annotated[str, _Day]

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

#: What becomes of rows of a kind about which the user may decide.
Rule = Literal["keep", "drop"]


class OptionsRecord(TypedDict, total=False):
    """`clv.core.settings.IngestOptions` as it was asked for."""

    layout: str | None
    mapping: dict[str, str]
    date_order: Literal["dmy", "mdy", "ymd"] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    delimiter: str | None
    keep: list[str]
    drop: list[str]
    labels: list[str] | None
    amount: Literal["order", "line", "unit"] | None
    statuses: dict[str, Literal["counts", "no", "refund"]]
    timezone: str | None
    apart: bool


class InputFile(TypedDict):
    """A file as it was uploaded."""

    name: str
    bytes: int
    sha256: str


class RejectedRow(TypedDict):
    """One row that was left out; a table's row is named and counted as people do."""

    file: str
    line: int
    code: str
    reason: str
    text: str


class FileReport(TypedDict, total=False):
    """What became of the rows of one table."""

    name: str
    rows_total: int
    rows_accepted: int
    rows_rejected: int
    #: Code of a check → rows.
    reasons: dict[str, int]
    encoding: str
    delimiter: str
    header: bool
    date_format: str
    decimal: str
    mapping: dict[str, str]
    #: Which of several related tables it is.
    table: str
    #: Status → orders of a marketplace that don't count for it.
    not_delivered: dict[str, int]
    #: Rows that were looked up for nothing.
    not_needed: int


class Switch(TypedDict):
    """A way to read the file otherwise: what it does, and the options that do it."""

    label: str
    #: Options of the command line, e.g. ``["--amount", "line"]``; see `clv.core.options.switched`.
    options: list[str]


class Decision(TypedDict):
    """Something that could have been read otherwise, and what was chosen."""

    #: Stable name of the kind of decision.
    code: str
    #: What was done, in one sentence.
    sentence: str
    #: How many rows it touches, and how much money; None where money is not what it is about.
    rows: int
    money: float | None
    switches: list[Switch]
    #: It moves more than a twentieth of the money or the rows: said at the top.
    weighty: bool


class StatusReport(TypedDict):
    """A status or kind of transaction as the file writes it, and what it was taken for."""

    column: str
    word: str
    rows: int
    money: float | None
    meaning: Literal["counts", "no", "refund"]
    #: Its meaning is known, or was said by the user; otherwise it counts, and is pointed out.
    known: bool


class ColumnReport(TypedDict):
    """A column, what it was read as, and a few of its values."""

    column: str
    #: A role of `clv.ingest.columns.layouts.ROLES`; empty for a column that is not used.
    role: str
    samples: list[str]


class Report(TypedDict, total=False):
    """What a check found: every row accounted for (docs/files.md).

    Nothing of it is needed to open a run: earlier versions said less.
    """

    rows_total: int
    rows_accepted: int
    rows_rejected: int
    #: Code of a check → rows that were left out for it.
    reasons: dict[str, int]
    #: Code of a check → rows that were kept and pointed out.
    noted: dict[str, int]
    reason_titles: dict[str, str]
    remedies: dict[str, str]
    rules: dict[str, Rule]
    files: list[FileReport]
    layout: str
    layout_title: str
    encoding: str
    delimiter: str
    date_format: str
    decimal: str
    #: Role → column of the first file.
    mapping: dict[str, str]
    labels: list[str]
    #: Which of `clv.core.orders.EXTRAS` the files have beside ``labels``.
    tables: list[str]
    skipped: list[str]
    currency: str
    has_revenue: bool
    rows_netted: int
    orders_cancelled: int
    far_dates: list[str]
    orders: int
    customers: int
    revenue: float | None
    first_order: str | None
    last_order: str | None
    as_of: str | None
    examples: list[RejectedRow]
    messages: list[str]
    #: What could have been read otherwise, the weightiest first.
    decisions: list[Decision]
    statuses: list[StatusReport]
    #: The columns of the first file, in its order.
    columns: list[ColumnReport]
    #: Whether an amount was that of the order, the row or one item; empty without amounts.
    grain: Literal["order", "line", "unit", ""]
    #: What looks odd about the orders that came out, in sentences; nothing was changed for it.
    oddities: list[str]
    options: OptionsRecord
    inputs: list[InputFile]


# -- settings and summary ----------------------------------------------------------------------------


class _Month(TypedDict):
    month: int
    start: str
    end: str


class MonthSpan(_Month):
    """A calendar month of the horizon, (start, end], and what its value is discounted by."""

    discount: float


class _Asked(TypedDict, total=False):
    discount_rate: float
    margin: float
    model: str
    level: float
    backtest: bool
    time_unit: Literal["day"]


class SettingsRecord(_Asked):
    """`clv.core.settings.Settings` as they were asked for."""

    as_of: str | None
    horizon_months: int
    currency: str


class RunSettings(_Asked):
    """The settings of a forecast: ``settings.json``.

    ``as_of``, ``currency`` and ``backtest`` say what they were in the end.
    """

    as_of: Day
    created_at: Day
    horizon_months: int
    currency: str
    months: list[MonthSpan]
    ingest: NotRequired[OptionsRecord]
    inputs: NotRequired[list[str]]
    #: What runs of the same bytes and settings have in common.
    fingerprint: NotRequired[str]
    run_id: NotRequired[str]
    #: Whether customers' forecasts are corrected ones (`clv.models.correction`).
    corrected: NotRequired[bool]


#: For whoever asks for what both say.
AnySettings = SettingsRecord | RunSettings


class MonthForecast(_Month, total=False):
    """What all customers together should bring within a month; None where nothing was forecast."""

    discount: float
    predicted_purchases: float | None
    predicted_revenue: float | None
    predicted_clv: float | None


class PastMonth(TypedDict):
    """What a month (``2017-03``) brought."""

    month: str
    orders: int
    revenue: float | None


class CurvePoint(TypedDict):
    """How much of the value (0 to 1) the best customers (0 to 1) hold."""

    customers: float
    value: float


class Ends(TypedDict):
    """A range."""

    low: float
    high: float


class RangedValue(Ends):
    """A value within its range."""

    value: float


class SumRanges(TypedDict):
    """The ranges of the total and of every segment, and what they are made of."""

    level: float
    model_error: float
    tests: int
    error: float
    total: Ends
    segments: dict[str, RangedValue]


class CutsRecord(TypedDict):
    """`clv.core.segments.Cuts` of a run."""

    new_days: int
    high_value: float
    middle_value: float


class Summary(TypedDict):
    """A forecast in all: ``summary.json``. None where the file or the model has nothing to say of it."""

    customers: int
    orders: NotRequired[int]
    revenue: NotRequired[float | None]
    first_order: NotRequired[str | None]
    last_order: NotRequired[str | None]
    one_time_share: NotRequired[float]
    predicted_purchases: NotRequired[float | None]
    predicted_revenue: NotRequired[float | None]
    predicted_clv: NotRequired[float | None]
    median_clv: NotRequired[float | None]
    mean_clv: NotRequired[float | None]
    #: How many customers should buy at least once.
    expected_buyers: NotRequired[float | None]
    as_of: NotRequired[str]
    #: How unevenly the value is spread: no points and no share where there is none.
    concentration: NotRequired[list[CurvePoint]]
    top20_share: NotRequired[float | None]
    monthly: NotRequired[list[MonthForecast]]
    history_monthly: NotRequired[list[PastMonth]]
    #: None for a forecast made without a test.
    ranges: NotRequired[SumRanges | None]
    cuts: NotRequired[CutsRecord]


class Publication(TypedDict):
    """That a run was published, and when."""

    run: str
    at: NotRequired[Day]
    as_of: NotRequired[Day]


class Pointer(Publication):
    """Which run is published: ``published.json``."""

    #: This one and those before, the newest first.
    history: list[Publication]


class CustomerForecast(TypedDict):
    """One customer's row of the forecasts: the columns of `clv.core.orders.FORECASTS`."""

    customer_id: str
    orders: int
    revenue: float | None
    first_order: date
    last_order: date
    frequency: int
    recency: int
    T: int
    monetary_value: float | None
    p_alive: float | None
    p_purchase: float | None
    predicted_purchases: float | None
    predicted_order_value: float | None
    predicted_clv: float | None
    predicted_clv_low: float | None
    predicted_clv_high: float | None
    next_order_date: date | None
    segment: str | None


# -- the model card ----------------------------------------------------------------------------------

#: The rung of the ladder on which a forecast stands.
Step = Literal["full model", "penalised fit", "simpler model", "history only"]


class NoteRecord(TypedDict):
    """What a user is told when a forecast rests on less than the full models."""

    code: str
    message: str
    step: Step


@final
class FittedCard(TypedDict):
    """A fitted model of purchases or of spend: enough to score again.

    Parameters that were not found, and errors that are infinite, are None.
    """

    name: str
    parameters: dict[str, float | None]
    standard_errors: dict[str, float | None]
    log_likelihood: float | None
    customers: float
    converged: bool
    at_bound: list[str]
    penalizer_coef: NotRequired[float]
    #: Of models with regular timing: stages of a gap, and k → log-likelihood of those tried.
    k: NotRequired[int]
    log_likelihoods: NotRequired[dict[str, float]]
    #: Of Gamma-Gamma.
    mean_held: NotRequired[bool]
    notes: NotRequired[list[NoteRecord]]


class SeasonRecord(TypedDict):
    """The season of the year, see `clv.models.season.season.Season`."""

    indices: list[float]
    errors: list[float]
    purchases: int
    years: float
    typical: float
    dispersion: float
    trend: float


@final
class SeasonalCard(TypedDict):
    """A purchase model that wears a season: the season, the day it is seen from, the model inside."""

    name: str
    season: SeasonRecord
    as_of: Day
    base: PurchaseCard
    notes: NotRequired[list[NoteRecord]]


PurchaseCard = Union[FittedCard, "SeasonalCard"]


class CardMonth(MonthSpan):
    """A month of the horizon, and the days until its end."""

    end_days: int


class CardData(TypedDict):
    """What the models were fitted on."""

    customers: int
    orders: int
    repeat_purchases: int
    repeat_customers: int
    first_order: str
    files: NotRequired[list[InputFile]]


class CardVector(TypedDict):
    """A customer and what the card says of them: who scores anew can compare."""

    frequency: float
    recency: float
    T: float
    monetary_value: float
    mean_value: float
    late_purchases: NotRequired[float]
    latest_purchases: NotRequired[float]
    late_value: NotRequired[float]
    expected: dict[str, float]


class TreeRecord(TypedDict):
    """One boosted tree, node by node, the root first; a node is a leaf where ``left`` is negative."""

    trait: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]


class CorrectionCard(TypedDict):
    """What was learned from a past day, see `clv.models.correction.correction.Correction`."""

    traits: list[str]
    purchases: list[TreeRecord]
    value: list[TreeRecord]
    chance: list[TreeRecord]
    odds: list[float]
    shop_value: float
    levels: list[float]


class ModelCard(TypedDict):
    """A run's model card, ``model.json``: all that a forecast is made of; None: no such model."""

    format: int
    as_of: Day
    settings: SettingsRecord
    months: list[CardMonth]
    model: NotRequired[str]
    purchases: PurchaseCard | None
    spend: FittedCard | None
    notes: list[NoteRecord]
    data: CardData
    versions: dict[str, str]
    test_vectors: NotRequired[list[CardVector]]
    ready_made: NotRequired[ReadyMadeCard]
    correction: NotRequired[CorrectionCard]


# -- the receipt -------------------------------------------------------------------------------------

#: A difference and the ends of its 95 % interval.
Edges = list[float]
#: What something stands for: contender → figure.
ByContender = dict[str, float]


class Measures(TypedDict):
    """One contender on one past date; ``value`` is None without amounts."""

    purchases: Amounts
    value: Amounts | None
    chance: Chances
    deciles: list[Decile]
    reliability: list[ReliabilityBin]
    loss: float
    value_loss: float | None


class MonthTotals(TypedDict):
    """Totals of a month after a past date: ``actual``, and each contender's."""

    month: int
    end: str
    purchases: ByContender
    value: ByContender


class MonthlyErrors(TypedDict):
    """Mean absolute percentage errors of the months' totals; None where a month had none."""

    purchases: float | None
    value: float | None


class Compared(TypedDict):
    """Who lost least, and each other contender's loss less the best one's."""

    best: str
    apart: dict[str, Edges]


class PastDate(Compared):
    """One past date: the forecasts made on it, and what came until ``end``.

    ``weeks`` count from the date: ``week``, ``actual`` and each contender's orders so far.
    """

    as_of: str
    end: str
    customers: int
    measures: dict[str, Measures]
    failed: dict[str, str]
    months: list[MonthTotals]
    weeks: list[ByContender]
    mape: dict[str, MonthlyErrors]


class Together(Compared):
    """The contenders that were tested on all dates, by their mean loss."""

    loss: ByContender


class Tried(TypedDict, total=False):
    """What the forecast could wear, where it was tried: whether it was better with it."""

    season: bool
    all_orders: bool
    corrected: bool


class Closeness(TypedDict):
    """Mean losses over all past dates; None where it was not tested on all of them."""

    chosen: float | None
    runner_up: float | None
    plain: float | None
    rule: float | None
    rule_name: str | None


class Steps(TypedDict):
    """By how much the logarithms of two ratios move: buyers per purchase, value per purchase."""

    buyers: float
    order_value: float


class ReceiptChoice(TypedDict):
    """Which forecast was chosen, and why; ``asked`` is ``auto`` or a name."""

    name: str
    asked: str
    made_before: NotRequired[bool]
    runner_up: str | None
    reason: str
    tried: Tried
    as_good: str | None
    fallback: bool
    losses: NotRequired[Closeness]
    steps: NotRequired[Steps]


class AgainstRules(TypedDict):
    """The best rule of thumb's loss less the choice's, on the last date."""

    as_of: str
    rule: str
    difference: float
    low: float
    high: float
    as_good: bool


class Adjustments(TypedDict):
    """The level that ranges need, by group of customers, to hold the nominal ``level``."""

    level: float
    levels: dict[str, float]
    customers: dict[str, int]


class Coverage(TypedDict):
    """Of a group's customers, the shares within, below and above their ranges."""

    group: str
    customers: int
    inside: float
    low: float
    high: float
    below: float
    above: float
    zero: float


class MeasuredRanges(TypedDict):
    """Coverage on the last date; ``after`` calibration on the earlier ones, where there are some."""

    as_of: str
    before: list[Coverage]
    after: list[Coverage] | None


class ReceiptRanges(Adjustments):
    """What the ranges were adjusted by, and what they held."""

    measured: MeasuredRanges | None
    model_error: float
    tests: int


class PastDates(TypedDict):
    """All past dates, oldest first; ``together`` is None without one, and ``reason`` says why."""

    horizon_months: int
    reason: str
    origins: list[PastDate]
    together: Together | None


class Receipt(PastDates):
    """What the tests of a forecast left: ``backtest.json``.

    ``forecast_months`` is the forecast's own horizon, ``horizon_months`` that of the tests;
    ``unseen`` the date that had no say in the choice, ``checked`` how the choice did on it;
    ``noise`` whether the best contender and its ``runner_up`` are no further apart than chance.
    """

    as_of: str
    forecast_months: int
    has_value: bool
    currency: str
    customers_known: int
    customers_tested: int
    choice: ReceiptChoice
    unseen: str | None
    checked: AgainstRules | None
    recency_days: float | None
    runner_up: str | None
    noise: bool | None
    model: str
    ranges: ReceiptRanges


#: Best first; the rule is `clv.insights.verdict`'s.
VerdictWord = Literal["good", "usable", "don't rely on it"]


class ForecastVerdict(TypedDict):
    """What a forecast is fit for, and the one reason; ``code`` names what it was judged by."""

    word: VerdictWord
    code: str
    reason: str


class LeaderboardRow(TypedDict):
    """One contender on a date, or on all; ``difference`` is its loss less the best one's."""

    contender: str
    loss: float
    orders_bias: float | None
    orders_mape: float | None
    orders_mae: float
    orders_gini: float | None
    orders_top10: float | None
    auc: float | None
    brier: float
    revenue_bias: float | None
    revenue_mape: float | None
    revenue_mae: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None


#: Which of two forecasts that are compared.
Side = Literal["first", "second"]
#: What chances of buying are scored by, see `clv.core.scores.Scores`.
ScoreName = Literal[
    "brier", "reliability", "resolution", "uncertainty", "within", "log_loss", "auc"
]


class Scored(TypedDict):
    """Scores of one forecast; ``auc`` is None where all customers did the same."""

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    log_loss: float
    auc: float | None


class ForecastScores(Scored):
    """Of a forecast: the mean chance, and of how many customers the log-loss moved it."""

    predicted: float
    clipped: int


class Counted(TypedDict):
    """Some of the customers: how many, which share of all, how many of them bought."""

    customers: int
    share: float
    bought: int


class Came(TypedDict):
    """What came of some customers: share that bought with its 95 % interval, revenue.

    None where nobody is; of value without amounts.
    """

    actual: float | None
    low: float | None
    high: float | None
    value: float | None
    value_each: float | None


class LikelihoodBin(Counted, Came):
    """Customers to whom a forecast gives chances of one kind (`clv.core.segments.LIKELIHOODS`)."""

    bin: str
    predicted: float | None


class _SaidByBoth(Counted, Came):
    predicted_first: float | None
    predicted_second: float | None


class BothBins(_SaidByBoth):
    """Customers in one bin of the first forecast and in one of the second."""

    first: str
    second: str


class Judged(_SaidByBoth):
    """Who was right about some customers: the mean squared errors of the chances.

    ``difference`` is None for few customers, ``right`` where neither was closer by more than chance.
    """

    error_first: float | None
    error_second: float | None
    difference: Edges | None
    right: Side | None


class JudgedBins(Judged):
    """Customers in one bin of the first forecast and in one of the second, and who was right."""

    first: str
    second: str


class Disagreement(Judged):
    """Customers in different bins; ``largest``: most of those in the same two."""

    largest: JudgedBins | None


class Limits(TypedDict):
    """`clv.core.segments.Thresholds`."""

    highly: float
    somewhat: float
    unlikely: float


class OutsideForecast(TypedDict):
    """What became of the rows of a file with chances, and how many customers it lacks."""

    name: str
    read_as: str
    rows: int
    matched: int
    rejected: dict[str, int]
    missing: int


class ComparedCustomers(TypedDict):
    """On whom two forecasts are compared: the customers of a receipt's last date."""

    as_of: str
    end: str
    horizon_months: int
    currency: str
    tested: int
    recency_days: float | None
    outside: NotRequired[OutsideForecast]


class TwoForecasts(TypedDict):
    """Two forecasts of who buys, compared; ``differences`` are those of the first less the second.

    ``better`` is the side with the smaller Brier score where that is more than chance; ``same``
    whether all chances are equal.
    """

    names: dict[Side, str]
    customers: int
    buyers: int
    rate: float
    limits: Limits
    bins: dict[Side, list[LikelihoodBin]]
    cells: list[BothBins]
    measures: dict[Side, ForecastScores]
    differences: dict[ScoreName, Edges | None]
    better: Side | None
    same: bool
    disagreement: Disagreement
    reliability: dict[Side, list[ReliabilityBin]]


class BinsReport(ComparedCustomers, TwoForecasts):
    """Two forecasts of who buys, compared on a run's tested customers."""


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


# -- assumptions -------------------------------------------------------------------------------------


class EffectFound(TypedDict):
    """How far the data are from an assumption, with a 99 % interval."""

    estimate: float
    low: float
    high: float


AssumptionRow = TypedDict(
    "AssumptionRow",
    {
        "from": float | str | None,
        "to": float | str | None,
        "month": int,
        "tier": str,
        "what": str,
        "customers": int,
        "purchases": float,
        "value": float,
        "ratio": float,
        "observed": float,
        "expected": float,
        "low": float,
        "high": float,
        "change": float,
        "usual": float,
        "label": str,
    },
    total=False,
)
"""A row of the small table behind a check's picture; each check has keys of its own."""


class AssumptionFacts(TypedDict, total=False):
    """Further numbers that a check's words mention; each check has keys of its own."""

    k: float
    model_k: float
    spread: float
    years: float
    together: bool
    worn: bool
    short: bool
    best: int
    worst: int
    best_ratio: float
    worst_ratio: float
    age: int
    seasonal: bool
    correlation: float | None
    own: float
    own_model: float
    few: int
    purchase_share: float
    value_share: float | None


class CheckedAssumption(TypedDict):
    """One assumption, and whether it holds, see `clv.insights.assumptions.base.Check`."""

    key: str
    effect: EffectFound | None
    trivial: float
    large: float
    customers: int
    rows: list[AssumptionRow]
    facts: AssumptionFacts
    verdict: Literal["holds", "doubtful", "violated", "too little data"]


class KeptAssumptions(TypedDict):
    """All checks that apply to a run."""

    checks: list[CheckedAssumption]


# -- ready-made models -------------------------------------------------------------------------------


class AllowedModel(TypedDict):
    """The bytes of a ready-made model that an operator has allowed."""

    sha256: str
    size: int
    added_at: str


class ShelfManifest(TypedDict):
    """Which ready-made models are allowed, by name."""

    format: NotRequired[int]
    models: dict[str, AllowedModel]


class ReadyMadeCard(TypedDict):
    """What a forecast keeps of the ready-made model that made it."""

    name: str
    sha256: str
    size: int
    #: Figures of some customers, and ``predicted_clv``.
    test_vectors: list[dict[str, float]]


class ModelReply(TypedDict):
    """What the process of a ready-made model says of itself; all but the stage is in foreign hands."""

    stage: Literal["load", "predict", "answer", "done"]
    kind: NotRequired[object]
    message: NotRequired[object]
    name: NotRequired[object]
    shape: NotRequired[object]


class RankingMeasures(TypedDict):
    """How well a contender told customers' revenue, see `clv.core.metrics.amounts`."""

    top10: float | None
    top20: float | None
    gini: float | None
    spearman: float | None
    mae: float | None
    bias: float | None


class ComparedOrigin(TypedDict):
    """One past day: contender → how well it did."""

    as_of: str
    end: str
    customers: int
    measures: dict[str, RankingMeasures]


class ReadyMadeComparison(TypedDict):
    """A ready-made model beside others, see `clv.learn.ready_made.comparison`."""

    name: str
    horizon_months: int
    reason: str
    origins: list[ComparedOrigin]


# -- monitoring --------------------------------------------------------------------------------------

#: ``ok``; ``look``: somebody should look at it; ``stop``: don't use it before somebody has.
Verdict = Literal["ok", "look", "stop"]
#: What to do now, see `clv.insights.monitor.advice`.
Action = Literal["mend", "model", "refit", "keep", "wait"]
#: What is counted: days with an order, or what they brought.
TrackedMeasure = Literal["purchases", "revenue"]


class CheckDetails(TypedDict, total=False):
    """What a check's sentence needs beside its two figures; each check has keys of its own."""

    title: str
    remedy: str
    rows: int
    #: Days, or names of models.
    before: str | None
    now: str | None
    why: str
    low: float
    high: float
    days: int
    spans: int
    orders: int
    moved: int
    levels: list[str]
    number: int
    customers: int
    psi: float
    psi_chance: float
    distance: float | None
    distance_chance: float | None


class FoundByCheck(TypedDict):
    """One figure of the earlier run beside that of the later one, see `clv.insights.monitor.base.Check`."""

    key: str
    verdict: Verdict
    before: float | None
    now: float | None
    subject: str
    more: CheckDetails


class ParameterEstimate(TypedDict):
    """A parameter of a run's model with its 95 % interval."""

    model: str
    parameter: str
    value: float
    low: float | None
    high: float | None


class MovedParameter(TypedDict):
    """A parameter of two runs with the same model; ``apart``: whether the intervals are."""

    model: str
    parameter: str
    before: float
    before_low: float | None
    before_high: float | None
    now: float
    now_low: float | None
    now_high: float | None
    apart: bool | None


class RunInHistory(TypedDict):
    """A run's place in the history, see `clv.insights.monitor.models.describe`."""

    run: str
    as_of: str
    created_at: str
    published: bool
    model: str | None
    why: Literal["asked", "tested", "standard"]
    customers: int
    predicted_purchases: float | None
    predicted_clv: float | None
    horizon_months: int
    parameters: list[ParameterEstimate]
    orders: float | None
    order_value: float | None


class SaidAndCame(TypedDict):
    """What was forecast of some customers, or a month, and what came; no revenue without amounts."""

    predicted_purchases: float | None
    purchases: float
    predicted_revenue: float | None
    revenue: float | None


class TrackedMonth(SaidAndCame):
    """One month of an earlier forecast."""

    month: int
    start: str
    end: str


class TrackedSegment(SaidAndCame):
    """One segment of an earlier forecast."""

    segment: str
    customers: int


class TrackedTotal(TypedDict):
    """A total that was forecast, and what came; bias 0.1: 10 % too much."""

    predicted: float
    actual: float
    bias: float | None


class TrackedValue(TrackedTotal):
    """The discounted value of all customers, with its range."""

    low: float | None
    high: float | None
    level: NotRequired[float]


class RangesOfCustomers(TypedDict):
    """How many customers' outcomes lay within their ranges."""

    level: float
    customers: int
    inside: float
    above: float
    wider: float


class TrackedRanking(TypedDict):
    """What the customers ranked highest brought."""

    measure: TrackedMeasure
    top10: float | None
    top20: float | None
    lift: float | None
    deciles: list[Decile]


class TrackedForecast(TypedDict):
    """An earlier forecast beside what came, see `clv.insights.monitor.tracking.track`."""

    run: str
    as_of: str
    model: str
    months: int
    horizon: int
    until: str
    customers: int
    gone: int
    by_month: list[TrackedMonth]
    segments: list[TrackedSegment]
    total: dict[TrackedMeasure, TrackedTotal]
    mape: dict[TrackedMeasure, float | None]
    mape_segments: dict[TrackedMeasure, float | None]
    value: TrackedValue | None
    each: float | None
    chances: Chances
    reliability: list[ReliabilityBin]
    ranges: RangesOfCustomers | None
    ranking: TrackedRanking


class EarlierRun(TypedDict):
    """The run that another one is held against."""

    run: str
    as_of: str
    files: list[str]


class AdviceGiven(TypedDict):
    """What to do, and the keys of what speaks for it."""

    action: Action
    reasons: list[str]


class MonitoringFindings(TypedDict):
    """Everything the monitoring says of a run, see `clv.insights.monitor.observe`."""

    run: str
    as_of: str
    currency: str
    against: EarlierRun | None
    data: list[FoundByCheck]
    model: list[FoundByCheck]
    moved: list[MovedParameter]
    tracked: list[TrackedForecast]
    timeline: list[RunInHistory]
    verdict: Verdict
    advice: AdviceGiven


class KeptOverlap(TypedDict):
    """How many of an earlier run's orders a later one's file holds."""

    orders: int
    found: int


class KeptChecks(TypedDict):
    """The checks of one upload against another."""

    checks: list[FoundByCheck]


class KeptTracking(TypedDict):
    """An earlier forecast beside what came; None where there is nothing to be said of it."""

    found: TrackedForecast | None


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
