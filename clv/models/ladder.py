"""Which model the data can carry: full, penalised, simpler, or none at all.

Every step down is recorded in a `Note`. The user always gets what the data support, and is told in
a plain sentence what is missing and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.core.choice import RULES, STANDARD
from clv.core.errors import FitError
from clv.models.card import model_class
from clv.models.notes import Note
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.reliability import total_forecast_error, total_in_sample
from clv.models.spend.gamma_gamma_core import GammaGammaAll, GammaGammaCore
from clv.models.spend.mean_spend import ConstantSpend, MeanSpend, all_the_same

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from clv.core.schema import Step
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.contenders import Past
    from clv.models.fitting.likelihood_model import LikelihoodModel
    from clv.models.histories import Histories

#: Fewer customers, or fewer with a repeat purchase, can't tell four parameters apart. (Ten events
#: per parameter is the rule of thumb; a repeat buyer tells of a purchase and of a stay.)
MIN_CUSTOMERS: Final = 50
MIN_REPEAT_BUYERS: Final = 20
#: Fewer repeat buyers with a value can't tell three parameters apart.
MIN_SPENDERS: Final = 20
#: The fitted model must reproduce the total of past repeat purchases within this factor.
WORST_TOTAL: Final = 2.0
#: Standard error of the logarithm of the forecast total: above it, the total is not even known to
#: a factor of e, and the likelihood is flat where it matters.
WORST_FORECAST_ERROR: Final = 1.0
#: Tried in this order; lifetimes' documentation advises 0.001 to 0.1.
PENALTIES: Final = (0.001, 0.01, 0.1)


class PurchaseFit(NamedTuple):
    """The purchase model that the data carry (``None``: history only) and what to say about it."""

    model: PurchaseModel | None
    notes: list[Note]


class SpendFit(NamedTuple):
    """The spend model that the data carry (``None``: no values) and what to say about it."""

    model: SpendModel | None
    notes: list[Note]


def fit_purchases(
    histories: Histories,
    model: str = STANDARD,
    *,
    log_gaps: float | None = None,
    past: Past | None = None,
) -> PurchaseFit:
    """Fit the purchase model, or the best that the data can carry.

    Parameters
    ----------
    histories
        Best distinct ones; days.
    model
        One of `clv.core.choice.PURCHASES`.
    log_gaps
        Sum, over all customers, of the logs of the days between consecutive purchase days; the
        CNBD models choose k by it.
    past
        What rules of thumb learn from: the customers one period earlier, and what they did since.

    Returns
    -------
    PurchaseFit

    Raises
    ------
    ValueError
        Only when a CNBD model is asked for without ``log_gaps``.
    """
    if not len(histories):
        return PurchaseFit(None, [_note("no-customers", "history only")])
    histories = histories.take(histories.weights > 0)
    customers = int(histories.weights.sum())
    buyers = int(histories.weights[histories.frequency > 0].sum())
    if histories.T.max() <= 0 or buyers == 0:
        code = "nothing-observed" if histories.T.max() <= 0 else "no-repeat-purchases"
        return PurchaseFit(None, [_note(code, "history only")])
    if customers < MIN_CUSTOMERS or buyers < MIN_REPEAT_BUYERS:
        code = "few-customers" if customers < MIN_CUSTOMERS else "few-repeat-buyers"
        there = "is one customer" if customers == 1 else f"are {customers} customers"
        some = "only one" if buyers == 1 else f"only {buyers}"
        note = _note(code, "simpler model", customers=there, buyers=some)
        return PurchaseFit(PooledRate().fit(histories), [note])

    if model not in RULES:
        return _fit_penalised(model, histories, log_gaps)
    try:
        return PurchaseFit(model_class(model)().fit(histories, past=past), [])
    except FitError:
        instead = _fit_penalised(STANDARD, histories, log_gaps)
        return PurchaseFit(instead.model, [_note("no-past", "full model"), *instead.notes])


def _fit_penalised(model: str, histories: Histories, log_gaps: float | None) -> PurchaseFit:
    """Fit without a penalty, or with one, or one rate for all: whatever holds first."""
    problem = ""
    for penalty in (0.0, *PENALTIES):
        fitted = model_class(model)(penalty)
        try:
            fitted.fit(histories, log_gaps=log_gaps)
        except (FitError, np.linalg.LinAlgError):
            found = "no-convergence"
        else:
            found = _problem(fitted, histories)
        if not found:
            notes = [_note(problem, "penalised fit", penalty=penalty)] if problem else []
            if fitted.at_bound_ and not problem:
                notes.append(_note("at-bound", "full model"))
            return PurchaseFit(fitted, notes)
        problem = problem or found
    pooled = PooledRate().fit(histories)
    return PurchaseFit(pooled, [_note(problem + "-at-all", "simpler model")])


def fit_spend(
    frequency: ArrayLike,
    monetary_value: ArrayLike | None,
    weights: ArrayLike | None = None,
    *,
    mean_value: float | None = None,
    all_orders: bool = False,
) -> SpendFit:
    """Fit the spend model, or the best that the data can carry.

    Parameters
    ----------
    frequency
        Shape (n,): repeat purchases.
    monetary_value
        Shape (n,): mean value of the repeat purchases, 0 (or not finite) where there is none;
        ``None`` when the file has no values.
    weights
        Shape (n,): customers per row; 1 by default.
    mean_value
        Mean value of all purchase days, the first ones included; what a customer is taken to
        spend when there are too few repeat buyers.
    all_orders
        Fit `GammaGammaAll`, which counts the first purchase: ``monetary_value`` is then the mean of
        all ``frequency + 1`` purchase days, and customers without a repeat purchase count too.

    Returns
    -------
    SpendFit
    """
    if monetary_value is None:
        return SpendFit(None, [_note("no-values", "history only")])
    x, m = (np.asarray(v, dtype=float).ravel() for v in (frequency, monetary_value))
    counts = np.ones(x.size) if weights is None else np.asarray(weights, dtype=float).ravel()
    first = 1 if all_orders else 0
    kept = (x + first >= 1) & np.isfinite(m) & (m > 0) & (counts > 0)
    x, m, counts = x[kept], m[kept], counts[kept]
    spenders = int(counts.sum())
    again = "" if all_orders else "repeat "
    enough = spenders >= MIN_SPENDERS
    # With few repeat buyers their one value counts only if the other purchases agree.
    agrees = mean_value is None or all_the_same(np.array([*m[:1], mean_value]))
    if all_the_same(m) and (enough or agrees):
        constant = ConstantSpend().fit(x, m, counts)
        same = _note("constant-spend", "simpler model", value=constant.value_, again=again)
        return SpendFit(constant, [same])
    problem = "few-values"
    if enough:
        model = GammaGammaAll() if all_orders else GammaGammaCore()
        try:
            model.fit(x, m, counts)
        except np.linalg.LinAlgError:
            problem = "spend-no-convergence"
        else:
            problem = "" if model.converged_ else "spend-no-convergence"
        if not problem:
            notes = [_note("mean-held", "full model")] if model.mean_held_ else []
            if model.at_bound_:
                notes.append(_note("spend-at-bound", "full model"))
            return SpendFit(model, notes)
    try:
        mean = MeanSpend().fit(x + first, m, counts, mean_value=mean_value)
    except FitError:
        return SpendFit(None, [_note("no-positive-values", "history only")])
    people = _people(spenders)
    note = _note(problem, "simpler model", value=mean.value_, spenders=people, again=again)
    return SpendFit(mean, [note])


def _problem(model: LikelihoodModel, histories: Histories) -> str:
    """Return the code of what is wrong with a fit, or an empty string."""
    if not model.converged_:
        return "no-convergence"
    made = float(histories.weights @ histories.frequency)
    ratio = total_in_sample(model, histories) / made
    if not 1 / WORST_TOTAL <= ratio <= WORST_TOTAL:
        return "unidentified"
    error = total_forecast_error(model, histories)
    return "" if error <= WORST_FORECAST_ERROR else "unidentified"


_MESSAGES: Final = {
    "no-customers": "There are no customers, so there is nothing to forecast.",
    "nothing-observed": (
        "All customers made their first purchase on the last day of the file, so nothing is known "
        "yet about how they come back. You see their history, without a forecast."
    ),
    "no-repeat-purchases": (
        "No customer bought on a second day, so nothing is known about how often customers come "
        "back. You see their history, without a forecast."
    ),
    "few-customers": (
        "There {customers}, {buyers} bought on a second day; at least "
        f"{MIN_CUSTOMERS} customers are needed to tell who is still active. The forecast gives every "
        "customer the same average purchase rate and assumes that nobody has left."
    ),
    "few-repeat-buyers": (
        "There {customers}, {buyers} bought on a second day; at least "
        f"{MIN_REPEAT_BUYERS} are needed to tell who is still active. The forecast gives every "
        "customer the same average purchase rate and assumes that nobody has left."
    ),
    "no-convergence": (
        "The purchase model could not be fitted as it is to these customers. It was fitted with a "
        "penalty on extreme parameters ({penalty:g}); the forecast is a cautious one."
    ),
    "unidentified": (
        "These customers' purchases fit very different futures about equally well. The purchase "
        "model was fitted with a penalty on extreme parameters ({penalty:g}); read the forecast "
        "as a rough one."
    ),
    "no-convergence-at-all": (
        "The purchase model could not be fitted to these customers. The forecast gives every "
        "customer the same average purchase rate and assumes that nobody has left."
    ),
    "unidentified-at-all": (
        "These customers' purchases don't tell one future from a very different one. The forecast "
        "gives every customer the same average purchase rate and assumes that nobody has left."
    ),
    "no-past": (
        "A rule of thumb learns from what customers did in an earlier period of the same length, and "
        "the orders don't reach back so far. The forecast is that of the standard model instead."
    ),
    "at-bound": (
        "These customers lie at an extreme of what the purchase model can describe: for example, "
        "they hardly differ, or hardly anybody leaves. The forecast stands; take single customers' "
        "figures with care."
    ),
    "no-values": (
        "The file has no column with values, so there is no forecast of revenue. You see the "
        "forecast of purchases."
    ),
    "no-positive-values": (
        "No purchase has a value above zero, so there is no forecast of revenue. You see the "
        "forecast of purchases."
    ),
    "constant-spend": (
        "All {again}purchases have the same value ({value:,.2f}). The forecast uses that value for "
        "everybody."
    ),
    "few-values": (
        "{spenders} made a {again}purchase with a value above zero; at least "
        f"{MIN_SPENDERS} are needed to tell who spends more. The forecast uses the mean purchase "
        "value ({value:,.2f}) for everybody."
    ),
    "spend-no-convergence": (
        "The spend model could not be fitted to these values. The forecast uses the mean purchase "
        "value ({value:,.2f}) for everybody."
    ),
    "mean-held": (
        "A few very large values dominate the spending, and the spend model alone would put the "
        "average of all customers far from what was seen. It was fitted with its average held at "
        "the observed one."
    ),
    "spend-at-bound": (
        "These customers' values lie at an extreme of what the spend model can describe: for "
        "example, they hardly differ. The forecast stands; take single customers' figures with "
        "care."
    ),
}


def _people(n: int) -> str:
    return {0: "Nobody", 1: "Only one customer"}.get(n, f"Only {n} customers")


def _note(code: str, step: Step, **facts: object) -> Note:
    return Note(code, _MESSAGES[code].format(**facts), step)
