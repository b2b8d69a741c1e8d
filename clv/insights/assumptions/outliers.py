"""Whether a handful of customers decide everybody else's forecast.

The models are fitted again without the few who bought most often and the few who spend most, and the
others are forecast anew. Whoever is cut off a tail is missed by the fit, also where the tail is just
as the model says: so the same is done to customers drawn from the model (as fitted without the few),
and only what the real few do beyond that counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from scipy import stats

from clv.core.errors import FitError
from clv.insights.assumptions.base import LEVEL, Check, Effect
from clv.models.histories import Histories
from clv.models.purchase.cnbd import CNBDModel
from clv.models.spend.gamma_gamma_core import GammaGammaAll

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clv.core.schema import AssumptionFacts, AssumptionRow
    from clv.core.types import Floats
    from clv.insights.assumptions.people import People


#: Log ratio of the others' forecast: 3 % is less than the forecast's own error nearly everywhere.
TRIVIAL: Final = 0.03
LARGE: Final = 0.10
#: Of each kind: so many, but at most one in a hundred.
MOST: Final = 10
ONE_IN: Final = 100
#: How often customers are drawn from the model; with more customers than this a few of a healthy
#: tail move the fit by less than 1 %, and none is drawn.
DRAWS: Final = 10
SMALL: Final = 10_000
SEED: Final = 1


class Customers(NamedTuple):
    """``value``, shape (n,), is the mean of the repeat purchase days, 0 where unknown."""

    histories: Histories
    value: Floats


def outliers(group: People) -> Check | None:
    """Fit without a few; effect: log of the others' forecast with them over that without."""
    model = group.purchases
    few = min(MOST, group.customers // ONE_IN)
    if not hasattr(model, "penalizer_coef") or few < 1:
        return None
    spend = group.spend if hasattr(group.spend, "mean_held_") else None
    rows = group.columns(
        f"SELECT frequency, recency, T, greatest(coalesce({_value(spend)}, 0), 0) AS value "
        "FROM people ORDER BY c"
    )
    x, t_x, age, value = rows.values()
    lived = Histories.of(x, group.elapsed(-age, t_x - age), group.elapsed(-age, 0.0))
    real = Customers(lived, value)
    ahead = float(group.elapsed(0.0, float(group.card["months"][-1]["end_days"])))
    extreme = _extreme(real, few, valued=spend is not None)
    rng = np.random.default_rng(SEED)
    try:
        change, usual_model, usual_spend = _influence(model, spend, real, few, ahead)
        drawn = np.array(
            [
                _influence(model, spend, _draw(usual_model, usual_spend, lived.T, rng), few, ahead)[
                    0
                ]
                for _ in range(DRAWS if len(x) <= SMALL else 0)
            ]
        )
    except (FitError, ValueError, np.linalg.LinAlgError):
        return Check("outliers", None, TRIVIAL, LARGE, group.customers)
    usual = drawn.mean(axis=0) if len(drawn) else np.zeros(len(change))
    error = np.zeros(len(change))
    if len(drawn):
        error = drawn.std(axis=0, ddof=1) * np.sqrt(1 + 1 / DRAWS)
    beyond = change - usual
    reach = float(stats.t.ppf((1 + LEVEL) / 2, DRAWS - 1)) * error
    worst = int(np.argmax(np.abs(beyond)))
    total = x.sum(), (x * value).sum()
    facts: AssumptionFacts = {
        "few": int(extreme.sum()),
        "purchase_share": float(x[extreme].sum() / max(total[0], 1)),
        "value_share": float((x * value)[extreme].sum() / total[1]) if total[1] else None,
    }
    size, reached = float(beyond[worst]), float(reach[worst])
    table: tuple[AssumptionRow, ...] = tuple(
        {"what": what, "change": float(c), "usual": float(u)}
        for what, c, u in zip(("purchases", "value"), change, usual, strict=False)
    )
    effect = Effect(size, size - reached, size + reached) if np.isfinite(size) else None
    return Check("outliers", effect, TRIVIAL, LARGE, group.customers, table, facts)


def _extreme(customers: Customers, few: int, *, valued: bool) -> NDArray[np.bool_]:
    """Return who is among the few who bought most often, or spend most an order."""
    chosen = np.zeros(len(customers.histories), dtype=bool)
    chosen[np.argsort(-customers.histories.frequency, kind="stable")[:few]] = True
    if valued:
        chosen[np.argsort(-customers.value, kind="stable")[:few]] = True
    return chosen


def _influence(
    model: Any,  # noqa: ANN401 - any purchase model
    spend: Any,  # noqa: ANN401 - any spend model, or None
    customers: Customers,
    few: int,
    ahead: float,
) -> tuple[Floats, Any, Any]:
    """Return the log ratios of the others' expected purchases and, with spend, of their value.

    And the models fitted to the others alone.
    """
    rest = ~_extreme(customers, few, valued=spend is not None)
    others = Customers(customers.histories.take(rest), customers.value[rest])
    fits = [_fit(model, some) for some in (customers, others)]
    bought = [f.expected_purchases(others.histories, ahead) for f in fits]
    result = [np.log(bought[0].sum() / bought[1].sum())]
    if spend is None:
        return np.array(result), fits[1], None
    spends = [_fit_spend(spend, some) for some in (customers, others)]
    values = [f.order_value(others.histories.frequency, others.value) for f in spends]
    result.append(np.log((bought[0] @ values[0]) / (bought[1] @ values[1])))
    return np.array(result), fits[1], spends[1]


def _fit(model: Any, customers: Customers) -> Any:  # noqa: ANN401
    """Fit a model like this one, from where it stands."""
    start = np.log(np.array(model.plain()))
    start[list(model.in_time)] -= np.log(customers.histories.T.max())
    again = type(model)(model.penalizer_coef)
    regular = {"k": model.k_} if isinstance(model, CNBDModel) else {}
    distinct, _ = customers.histories.distinct
    return again.fit(distinct, initial_params=np.clip(start, -10, 10), **regular)


def _value(spend: Any) -> str:  # noqa: ANN401
    """Return SQL for the mean value that a spend model is about."""
    return "revenue / (frequency + 1)" if isinstance(spend, GammaGammaAll) else "monetary_value"


def _fit_spend(spend: Any, customers: Customers) -> Any:  # noqa: ANN401
    x = customers.histories.frequency
    kept = ((x > 0) | isinstance(spend, GammaGammaAll)) & (customers.value > 0)
    return type(spend)(spend.penalizer_coef).fit(x[kept], customers.value[kept])


def _draw(model: Any, spend: Any, age: Floats, rng: np.random.Generator) -> Customers:  # noqa: ANN401
    """Draw as many new customers from the models, and see them at these ages."""
    x, last = model.draw(Histories.new(len(age)), rng).seen(rng, age)
    t_x = np.where(x > 0, np.minimum(np.ceil(last), age), 0.0)
    x = np.minimum(x, t_x)
    value = np.zeros(len(age))
    if spend is not None:
        p, q, v = spend.parameters()
        n = x + isinstance(spend, GammaGammaAll)
        some = np.maximum(n, 1)
        value = rng.gamma(p * some) / some * v / rng.gamma(q, size=len(age)) * (n > 0)
    return Customers(Histories.of(x, t_x, age), value)
