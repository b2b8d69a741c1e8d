"""Every rung: what is fitted, and what the user is told."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.core.choice import RULES
from clv.models import ladder
from clv.models.contenders import Known, Past
from clv.models.histories import Histories
from clv.models.ladder import MIN_CUSTOMERS, MIN_REPEAT_BUYERS, fit_purchases, fit_spend
from clv.models.purchase.beta_geo import MBGNBDCore
from clv.models.spend.gamma_gamma_core import GammaGammaAll


def told(fit):
    for note in fit.notes:
        # Sentences, with nothing left to fill in.
        assert note.message[0].isupper()
        assert note.message.endswith(".")
        assert not re.search(r"[{}]|nan|inf\b", note.message)
    return [(note.code, note.step) for note in fit.notes]


def customers(n, buyers):
    """``buyers`` customers with 2 repeat purchases, the others with none, over 100 days."""
    x = np.where(np.arange(n) < buyers, 2, 0)
    return x, np.where(x > 0, 40 + np.arange(n) % 50, 0), np.full(n, 100)


@pytest.mark.parametrize("name", ["mbg-nbd", "bg-nbd", "pareto-nbd"])
def test_full_model(cdnow, name):
    fit = fit_purchases(Histories.of(*cdnow), model=name)
    assert fit.model.name == name
    assert told(fit) == []


@pytest.mark.parametrize("name", ["mbg-cnbd", "bg-cnbd"])
def test_regular_timing(regular, name):
    """The planted k is found through the ladder, too."""
    triples, log_gaps = regular
    fit = fit_purchases(Histories.of(*triples), model=name, log_gaps=log_gaps)
    assert (fit.model.name, fit.model.k_) == (name, 3)
    assert told(fit) == []
    with pytest.raises(ValueError, match="log_gaps"):
        fit_purchases(Histories.of(*triples), model=name)


def past_of(triples, days=20.0):
    """A past in which everybody who had bought twice bought again, twice."""
    none = np.zeros(triples.x.size)
    known = Known(Histories.of(*triples), *[none] * 4, days)
    return Past(known, np.where(triples.x > 0, 2.0, 0.0), none, days)


@pytest.mark.parametrize("name", RULES)
def test_rules_of_thumb(cdnow, name):
    fit = fit_purchases(Histories.of(*cdnow), model=name, past=past_of(cdnow))
    assert fit.model.name == name
    assert told(fit) == []


def test_rules_without_a_past(cdnow, make_marketplace):
    for name in ("population-mean", "recency-rule"):
        fit = fit_purchases(Histories.of(*cdnow), model=name)
        assert fit.model.name == "mbg-nbd"
        assert told(fit) == [("no-past", "full model")]
    assert fit_purchases(Histories.of(*cdnow), model="rate-so-far").model.name == "rate-so-far"
    # The standard model's own steps down are told as well.
    fit = fit_purchases(Histories.of(*make_marketplace(0, 0.03)), model="recency-rule")
    assert told(fit) == [("no-past", "full model"), ("at-bound", "full model")]


def test_at_its_bound(make_marketplace):
    fit = fit_purchases(Histories.of(*make_marketplace(0, 0.03)))
    assert fit.model.name == "mbg-nbd"
    assert told(fit) == [("at-bound", "full model")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (([], [], []), "no-customers"),
        (([0] * 5, [0] * 5, [0] * 5), "nothing-observed"),
        (([0] * 500, [0] * 500, [90] * 500), "no-repeat-purchases"),
        (([0, 3], [0, 5], [9, 9], [4, 0]), "no-repeat-purchases"),
    ],
)
def test_history_only(data, code):
    fit = fit_purchases(Histories.of(*data))
    assert fit.model is None
    assert told(fit) == [(code, "history only")]


@pytest.mark.parametrize(
    ("n", "buyers", "code"),
    [
        (1, 1, "few-customers"),
        (MIN_CUSTOMERS - 1, 30, "few-customers"),
        (5000, MIN_REPEAT_BUYERS - 1, "few-repeat-buyers"),
    ],
)
def test_pooled_rate(n, buyers, code):
    data = customers(n, buyers)
    fit = fit_purchases(Histories.of(*data))
    assert fit.model.name == "pooled-rate"
    assert told(fit) == [(code, "simpler model")]
    scores = fit.model.score(Histories.of(*data), [100, 200])
    # As many purchases in the next 100 days as in the last.
    assert scores.purchases[:, 0].sum() == pytest.approx(2 * buyers)
    assert scores.purchases[:, 1].sum() == pytest.approx(4 * buyers)
    assert (scores.p_alive == 1).all()
    np.testing.assert_allclose(scores.p_purchase, -np.expm1(-scores.purchases))
    rate = 2 * buyers / (100 * n)
    np.testing.assert_allclose(scores.next_order_days, np.log(2) / rate)


def test_just_enough():
    fit = fit_purchases(Histories.of(*customers(MIN_CUSTOMERS, MIN_REPEAT_BUYERS)))
    assert fit.model.name == "mbg-nbd"


def test_penalised_when_the_full_fit_does_not_converge(cdnow, monkeypatch):
    class Stubborn(MBGNBDCore):
        def fit(self, *args, **kwargs):
            super().fit(*args, **kwargs)
            self.converged_ = self.penalizer_coef >= 0.01
            return self

    monkeypatch.setattr(ladder, "model_class", {"mbg-nbd": Stubborn}.get)
    fit = fit_purchases(Histories.of(*cdnow))
    assert fit.model.penalizer_coef == 0.01
    assert told(fit) == [("no-convergence", "penalised fit")]


@pytest.mark.parametrize("name", ["pareto-nbd", "mbg-cnbd"])
def test_any_model_takes_a_penalty(regular, name, monkeypatch):
    triples, log_gaps = regular
    errors = iter([5.0, 0.3])
    monkeypatch.setattr(ladder, "total_forecast_error", lambda *_: next(errors))
    fit = fit_purchases(Histories.of(*triples), model=name, log_gaps=log_gaps)
    assert (fit.model.name, fit.model.penalizer_coef) == (name, ladder.PENALTIES[0])
    assert told(fit) == [("unidentified", "penalised fit")]


def test_penalised_when_the_forecast_is_not_determined(cdnow, monkeypatch):
    errors = iter([5.0, 0.3])
    monkeypatch.setattr(ladder, "total_forecast_error", lambda *_: next(errors))
    fit = fit_purchases(Histories.of(*cdnow))
    assert fit.model.penalizer_coef == ladder.PENALTIES[0]
    assert told(fit) == [("unidentified", "penalised fit")]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("total_in_sample", 1.0, "unidentified-at-all"),
        ("total_forecast_error", np.inf, "unidentified-at-all"),
    ],
)
def test_pooled_when_nothing_helps(cdnow, monkeypatch, name, value, code):
    monkeypatch.setattr(ladder, name, lambda *_: value)
    fit = fit_purchases(Histories.of(*cdnow))
    assert fit.model.name == "pooled-rate"
    assert told(fit) == [(code, "simpler model")]


def test_regular_and_pareto_fits_are_held_to_the_same_checks(regular):
    """What the checks compute of these models: a known total, and a total that is known."""
    triples, log_gaps = regular
    seen = triples.weights @ triples.x
    for name in ("pareto-nbd", "mbg-cnbd"):
        model = fit_purchases(Histories.of(*triples), model=name, log_gaps=log_gaps).model
        total = ladder.total_in_sample(model, Histories.of(*triples))
        assert total == pytest.approx(seen, rel=0.1)
        assert 0.005 < ladder.total_forecast_error(model, Histories.of(*triples)) < 0.2


def test_the_forecast_error_is_the_spread_of_forecasts(cdnow):
    """The delta method against fits to resampled customers."""
    data = np.column_stack([cdnow.x, cdnow.t_x, cdnow.age])
    chances = cdnow.weights / cdnow.weights.sum()
    model = MBGNBDCore().fit(Histories.of(*cdnow))
    rng = np.random.default_rng(2)
    totals = []
    for _ in range(60):
        again = MBGNBDCore().fit(Histories.of(*data.T, rng.multinomial(2357, chances)))
        totals.append(
            cdnow.weights @ again.score(Histories.of(*data.T), [cdnow.age.max()]).purchases[:, 0]
        )
    error = ladder.total_forecast_error(model, Histories.of(*cdnow))
    assert error == pytest.approx(np.std(np.log(totals)), rel=0.35)


def test_total_in_sample(cdnow):
    model = MBGNBDCore().fit(Histories.of(*cdnow))
    seen = cdnow.weights @ cdnow.x
    assert ladder.total_in_sample(model, Histories.of(*cdnow)) == pytest.approx(seen, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_small_file_gives_finite_forecasts(data):
    n = data.draw(st.integers(1, 80))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    age = rng.integers(0, data.draw(st.sampled_from([1, 30, 7300])), n, endpoint=True)
    x = np.minimum(rng.poisson(rng.gamma(data.draw(st.sampled_from([0.02, 1, 30])), 1, n)), age)
    t_x = np.where(x > 0, rng.integers(np.minimum(x, age), age, endpoint=True), 0)
    fit = fit_purchases(Histories.of(x, t_x, age, rng.integers(1, 9, n)))
    told(fit)
    if fit.model is None:
        assert (x == 0).all()
        return
    for part in fit.model.score(Histories.of(x, t_x, age), [1, 365, 3650]):
        assert np.isfinite(part).all()
        assert (part >= 0).all()


# -- spend ---------------------------------------------------------------------------------------


def test_gamma_gamma(cdnow_values):
    fit = fit_spend(cdnow_values["x"], cdnow_values["zbar"])
    assert fit.model.name == "gamma-gamma"
    assert fit.model.customers_ == 946
    assert told(fit) == []


def test_gamma_gamma_of_all_orders(cdnow_values):
    """The first purchases count, and so do customers who never came back."""
    buyers, again = cdnow_values["x"], cdnow_values["x"] > 0
    mean = np.where(again, cdnow_values["zbar"], np.random.default_rng(4).gamma(2, 15, len(buyers)))
    fit = fit_spend(buyers, mean, all_orders=True)
    assert fit.model.name == "gamma-gamma-all"
    assert fit.model.customers_ == len(buyers) == 2357
    assert told(fit) == []
    np.testing.assert_allclose(
        fit.model.plain(), GammaGammaAll().fit(buyers, mean).plain(), rtol=1e-12
    )


def test_few_values_of_all_orders():
    fit = fit_spend([0, 1, 0], [10.0, 20.0, 0.0], all_orders=True)
    assert fit.model.name == "mean-spend"
    # Three purchases: one of 10, two of 20.
    assert fit.model.value_ == pytest.approx(50 / 3)
    assert fit.notes[0].message.startswith("Only 2 customers made a purchase with a value")
    same = fit_spend([0] * 30, [5.0] * 30, all_orders=True)
    assert same.model.name == "constant-spend"
    assert same.notes[0].message.startswith("All purchases have the same value")


def test_heavy_tails():
    rng = np.random.default_rng(0)
    x, values = rng.geometric(0.4, 500), np.exp(rng.normal(2, 2.5, 500))
    fit = fit_spend(x, values)
    assert fit.model.name == "gamma-gamma"
    assert told(fit) == [("mean-held", "full model")]


@pytest.mark.parametrize("buyers", [1, 30])
def test_everybody_spends_the_same(buyers):
    x = np.r_[np.ones(buyers), np.zeros(100)]
    fit = fit_spend(x, x * 19.9, mean_value=19.9)
    assert fit.model.name == "constant-spend"
    assert told(fit) == [("constant-spend", "simpler model")]
    np.testing.assert_array_equal(fit.model.order_value(x, x * 19.9), 19.9)


def test_one_repeat_buyer_does_not_speak_for_all():
    fit = fit_spend([1, 0, 0], [500.0, 0, 0], mean_value=40.0)
    assert fit.model.name == "mean-spend"
    assert told(fit) == [("few-values", "simpler model")]
    np.testing.assert_array_equal(fit.model.order_value([1, 0], [500.0, 0]), [40.0, 40.0])


def test_mean_of_the_repeat_purchases_when_there_is_no_other():
    fit = fit_spend([1, 3, 0], [10.0, 20.0, 0], [2, 1, 50])
    assert fit.model.name == "mean-spend"
    assert fit.model.value_ == pytest.approx((2 * 10 + 3 * 20) / 5)


def test_no_repeat_buyers_but_values():
    fit = fit_spend([0, 0], [0.0, 0.0], mean_value=33.0)
    assert fit.model.name == "mean-spend"
    assert fit.model.value_ == 33


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (([1, 0], None), "no-values"),
        (([1, 0], [0.0, 0.0]), "no-positive-values"),
        (([1, 0], [np.nan, 0.0]), "no-positive-values"),
        (([], []), "no-positive-values"),
    ],
)
@pytest.mark.parametrize("mean_value", [None, 0.0, np.nan])
def test_no_spend_model(arguments, code, mean_value):
    fit = fit_spend(*arguments, mean_value=mean_value)
    assert fit.model is None
    assert told(fit) == [(code, "history only")]


def test_mean_spend_when_gamma_gamma_fails(cdnow_values, monkeypatch):
    class Stubborn(ladder.GammaGammaCore):
        def fit(self, *args, **kwargs):
            super().fit(*args, **kwargs)
            self.converged_ = False
            return self

    monkeypatch.setattr(ladder, "GammaGammaCore", Stubborn)
    fit = fit_spend(cdnow_values["x"], cdnow_values["zbar"], mean_value=36.0)
    assert fit.model.value_ == 36
    assert told(fit) == [("spend-no-convergence", "simpler model")]
