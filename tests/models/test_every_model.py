"""Whatever can be chosen can make a run: every page's questions, asked of every model."""

from __future__ import annotations

import json
from datetime import date
from itertools import product

import numpy as np
import pandas as pd
import pytest

from clv.backtest.ranges import spread
from clv.core.choice import PURCHASES
from clv.insights import customer, simulate
from clv.insights.cohorts.calendar import period_of
from clv.insights.cohorts.forecast import outlook, period_ends
from clv.models.card import from_card, to_card
from clv.models.contenders import Known, Past
from clv.models.fitting.likelihood_model import LikelihoodModel
from clv.models.histories import Histories
from clv.models.ladder import fit_purchases
from clv.models.purchase.cnbd import CNBDModel
from clv.models.season.season import NONE
from clv.models.season.seasonal import Seasonal
from tests.models.conftest import days_to_triples
from tests.places import LIFETIMES

AS_OF = date(1997, 9, 30)
HORIZONS = (30.0, 91.0, 182.0, 365.0)
_CASES = [*product(PURCHASES, ["cdnow"]), ("mbg-cnbd", "regular"), ("bg-cnbd", "regular")]


@pytest.fixture(scope="module")
def sample():
    """Every tenth customer of the CDNOW log, in days: triples, log gaps, and a past."""
    log = pd.read_csv(LIFETIMES / "CDNOW_master.txt", sep=r"\s+", dtype=str)
    log = log[log["customer_id"].astype(int) % 10 == 0]
    bought = pd.to_datetime(log["date"], format="%Y%m%d")
    days = pd.DataFrame({"customer": log["customer_id"], "day": bought}).drop_duplicates()
    days = days[days["day"] <= str(AS_OF)].sort_values(["customer", "day"])
    gaps = days.groupby("customer")["day"].diff().dropna().dt.days
    # What they had done until 1 July, and have done since.
    early, late = (days[side] for side in (days["day"] <= "1997-07-01", days["day"] > "1997-07-01"))
    each = early.groupby("customer")["day"].agg(["min", "max", "nunique"])
    columns = (
        each["nunique"] - 1,
        (each["max"] - each["min"]).dt.days,
        (pd.Timestamp("1997-07-01") - each["min"]).dt.days,
    )
    none = np.zeros(len(each))
    history = Known(Histories.of(*columns), *[none] * 4, 91.0)
    since = late.groupby("customer").size().reindex(each.index).fillna(0.0).to_numpy(float)
    triples = days_to_triples(days["customer"], days["day"], str(AS_OF))
    return triples, float(np.log(gaps).sum()), Past(history, since, none, 91.0)


@pytest.fixture(scope="module", params=_CASES, ids=" on ".join)
def fitted(request):
    """A model and the distinct triples that it was fitted on."""
    name, data = request.param
    triples, log_gaps, *past = request.getfixturevalue("sample" if data == "cdnow" else data)
    past = past[0] if past else None
    fit = fit_purchases(Histories.of(*triples), model=name, log_gaps=log_gaps, past=past)
    assert fit.model.name == name
    assert not fit.notes
    return fit.model, triples


def test_scores(fitted):
    model, (x, t_x, age, _) = fitted
    scores = model.score(Histories.of(x, t_x, age), HORIZONS)
    for part in scores:
        assert np.isfinite(part).all()
        assert (part >= 0).all()
    assert (scores.p_purchase <= 1).all()
    assert (np.diff(scores.purchases, axis=1) >= 0).all()
    assert (np.diff(scores.p_purchase, axis=1) >= 0).all()
    product_ = scores.p_alive[:, None] * scores.purchases_if_active
    np.testing.assert_allclose(product_, scores.purchases, rtol=1e-12)
    # Nobody buys who is not active, over the period that the rules are made for.
    assert (scores.p_purchase[:, 1] <= scores.p_alive * (1 + 1e-12)).all()
    alive = model.probability_alive(Histories.of(x, t_x, age))
    np.testing.assert_allclose(alive, scores.p_alive, rtol=1e-12)
    now = model.probability_alive_after(Histories.of(x, t_x, age), [0.0, 365.0])
    np.testing.assert_allclose(now[:, 0], alive, rtol=1e-7)
    assert (now[:, 1] <= now[:, 0] * (1 + 1e-12)).all()


def test_chances_of_months_start_with_that_of_the_first(fitted):
    model, (x, t_x, age, _) = fitted
    between = model.p_purchase_between(Histories.of(x, t_x, age), [0.0, *HORIZONS])
    assert ((between >= 0) & (between <= 1)).all()
    scores = model.score(Histories.of(x, t_x, age), HORIZONS)
    chance = scores.p_alive * between[:, 0]
    np.testing.assert_allclose(chance, scores.p_purchase[:, 0], rtol=1e-6, atol=1e-8)


def test_cohorts_add_up_to_the_total(fitted):
    model, (x, t_x, age, weights) = fitted
    ends = period_ends(AS_OF, date(1998, 9, 30), "month")
    assert (ends[-1] - AS_OF).days == HORIZONS[-1]
    scores = model.score(Histories.of(x, t_x, age), HORIZONS)
    alive = weights * scores.p_alive
    columns = {"frequency": x, "recency": t_x, "T": age, "alive": alive, "alive_unseen": alive}
    born = [(pd.Timestamp(AS_OF) - pd.Timedelta(days=float(a))).date() for a in np.unique(age)]
    cohorts = np.unique([period_of(day, "month") for day in born])
    ahead = outlook(model, columns | {"alive_value": 20 * alive}, cohorts, AS_OF, ends, "month")
    total = float(weights @ scores.purchases[:, -1])
    assert ahead.orders.sum() == pytest.approx(total, rel=1e-9)
    assert ahead.revenue.sum() == pytest.approx(20 * total, rel=1e-9)
    assert (ahead.active <= ahead.orders * (1 + 1e-6) + 1e-6).all()


def test_one_customer(fitted):
    model, (x, t_x, age, _) = fitted
    for i in (0, int(np.argmax(x)), int(np.argmax(age - t_x))):
        seen = customer.outlook(model, float(x[i]), float(t_x[i]), float(age[i]))
        assert np.isfinite([*seen.chances, *seen.purchases, *seen.window, seen.due_days]).all()
        assert list(seen.window) == sorted(seen.window)
        assert seen.due_days > 0
        # Overdue begins where `due` says.
        if seen.due_days < 1e6:
            silent = model.score(
                Histories.of([x[i]], [t_x[i]], [t_x[i] + seen.due_days]), []
            ).p_silent[0]
            assert silent == pytest.approx(customer.OVERDUE, rel=1e-6)
    path = customer.alive_path(model, [0, 40, 90], 200, ahead=100)
    assert ((path.p_alive >= 0) & (path.p_alive <= 1)).all()


def test_ranges(fitted):
    """The whole distribution has the forecast's mean and its chance of nothing."""
    model, (x, t_x, age, _) = fitted
    some = slice(None, None, max(1, x.size // 300))
    found = spread(model, None, Histories.of(x[some], t_x[some], age[some]), 91.0)
    scores = model.score(Histories.of(x[some], t_x[some], age[some]), [91.0])
    np.testing.assert_allclose(found.mean, scores.purchases[:, 0], rtol=2e-4, atol=1e-6)
    np.testing.assert_allclose(1 - found.p_zero, scores.p_purchase[:, 0], rtol=1e-5, atol=1e-6)
    low, high = found.range(0.8)
    assert (low <= high).all()


def test_simulation(fitted):
    """Runs average to the closed forms at every checkpoint, within 4.5 standard errors."""
    model, (x, t_x, age, weights) = fitted
    people = simulate.Population(Histories.of(x, t_x, age), weights.astype(np.int64))
    runs = 300
    many = simulate.many_runs(model, people, customers=50, runs=runs, seed=8)
    exact = simulate.expected(model, people, customers=50)
    at = np.searchsorted(simulate.GRID, list(simulate.CHECKPOINTS.values()))
    for totals, mean in ((many.alive, exact.alive), (many.purchases, exact.purchases)):
        found = totals[:, at]
        error = np.sqrt(np.maximum(found.var(axis=0), mean) / runs)
        assert (np.abs(found.mean(axis=0) - mean) <= 4.5 * error).all()


def test_card(fitted):
    model, (x, t_x, age, _) = fitted
    again = from_card(json.loads(json.dumps(to_card(model), allow_nan=False)))
    for old, new in zip(
        model.score(Histories.of(x[:50], t_x[:50], age[:50]), HORIZONS),
        again.score(Histories.of(x[:50], t_x[:50], age[:50]), HORIZONS),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, some: model.score(some, [30.0, -7.0]),
        lambda model, some: model.probability_alive_after(some, [-7.0]),
        lambda model, some: model.p_purchase_between(some, [-7.0, 30.0]),
        lambda model, some: Seasonal(model, NONE, AS_OF).score(some, [-7.0]),
    ],
)
def test_a_horizon_before_today_is_refused(fitted, ask):
    model, (x, t_x, age, _) = fitted
    with pytest.raises(ValueError, match="its horizon must be 0 or longer, not -7"):
        ask(model, Histories.of(x[:5], t_x[:5], age[:5]))


def test_nothing_happens_within_no_time(fitted):
    model, (x, t_x, age, _) = fitted
    scores = model.score(Histories.of(x[:50], t_x[:50], age[:50]), [0.0])
    np.testing.assert_array_equal(scores.purchases, 0.0)
    np.testing.assert_allclose(scores.p_purchase, 0.0, atol=1e-12)


def test_neither_fit_nor_score_trips_over_an_underflow(fitted):
    """Whoever makes numpy raise on every irregularity gets the same numbers."""
    model, (x, t_x, age, weights) = fitted
    histories = Histories.of(x, t_x, age, weights)
    with np.errstate(all="raise"):
        scores = model.score(histories, [0.0, *HORIZONS, 36_500.0])
        model.probability_alive_after(histories, HORIZONS)
        model.p_purchase_between(histories, [0.0, *HORIZONS])
        model.due(histories)
        spread(model, None, histories.take(slice(20)), 91.0)
        model.draw(histories, np.random.default_rng(1))
        if isinstance(model, LikelihoodModel):
            clues = {"k": model.k_} if isinstance(model, CNBDModel) else {}
            again = type(model)().fit(histories, **clues)
            np.testing.assert_allclose(again.theta_, model.theta_, rtol=1e-8)
    for part in scores:
        assert np.isfinite(part).all()
