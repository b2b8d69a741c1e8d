"""A card that went through JSON scores to the last bit as the model it came from."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from clv.core.choice import PURCHASES
from clv.core.errors import FitError
from clv.models.card import MODELS, from_card, to_card
from clv.models.histories import Histories
from clv.models.ladder import fit_purchases
from clv.models.notes import Note
from clv.models.purchase.bg_nbd import BGNBD
from clv.models.purchase.mbg_nbd import MBGNBD
from clv.models.purchase.pareto_nbd import ParetoNBD
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.spend.gamma_gamma import GammaGamma
from clv.models.spend.mean_spend import ConstantSpend, MeanSpend

KEYS = {"name", "parameters", "standard_errors", "log_likelihood", "customers", "converged"}
NOTE = Note("few-values", "A sentence.", "simpler model")


def through_json(model):
    text = json.dumps(to_card(model, [NOTE]), allow_nan=False)
    card = json.loads(text)
    assert KEYS | {"at_bound", "notes"} <= card.keys()
    assert card["notes"] == [
        {"code": "few-values", "message": "A sentence.", "step": "simpler model"}
    ]
    again = from_card(card)
    assert isinstance(model, type(again))
    assert again.card() == model.card()
    return again


@pytest.mark.parametrize("model", [MBGNBD(), BGNBD(), PooledRate(), MBGNBD(0.01), ParetoNBD()])
def test_purchase_models(model, cdnow):
    model.fit(*([Histories.of(*cdnow)] if isinstance(model, PooledRate | ParetoNBD) else cdnow))
    again = through_json(model)
    horizons = np.linspace(1, 60, 12)
    for old, new in zip(
        model.score(Histories.of(*list(cdnow)[:3]), horizons),
        again.score(Histories.of(*list(cdnow)[:3]), horizons),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)


def test_model_at_its_bound(make_marketplace):
    data = make_marketplace(0, 0.03)
    model = fit_purchases(Histories.of(*data)).model
    again = through_json(model)
    assert to_card(model)["standard_errors"]["a"] is None
    assert again.standard_errors_["a"] == np.inf
    assert again.at_bound_ == model.at_bound_ == ("a", "b")


@pytest.mark.parametrize("model", [GammaGamma(), MeanSpend()])
def test_spend_models(model, cdnow_values):
    buyers = cdnow_values[cdnow_values["x"] > 0]
    model.fit(buyers["x"], buyers["zbar"])
    again = through_json(model)
    everybody = cdnow_values["x"], cdnow_values["zbar"]
    np.testing.assert_array_equal(model.order_value(*everybody), again.order_value(*everybody))


def test_constant_spend():
    model = ConstantSpend().fit([1, 2], [9.99, 9.99])
    assert through_json(model).order_value([0], [0])[0] == 9.99
    with pytest.raises(FitError, match="don't all spend the same"):
        ConstantSpend().fit([1, 2], [9.99, 10])


def test_names():
    assert [*MODELS] == [
        *PURCHASES, "pooled-rate", "+season",
        "gamma-gamma", "gamma-gamma-all",
        "mean-spend", "constant-spend",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"name": "mgb-nbd"}, 'Did you mean "mbg-nbd"'),
        ({}, "not known here"),
        ({"name": "mbg-nbd"}, "incomplete"),
        ({"name": "pooled-rate", "parameters": {"rate": "x"}}, "incomplete"),
    ],
)
def test_cards_that_are_none(card, words):
    with pytest.raises(FitError, match=words):
        from_card(card)


def test_a_simple_models_card_needs_no_lifetimes():
    code = (
        "import sys; from clv.models.card import from_card;"
        "from_card({'name': 'mean-spend', 'parameters': {'value': 3}, 'customers': 2, 'at_bound': [],"
        "'standard_errors': {'value': None}, 'log_likelihood': None, 'converged': True});"
        "assert 'lifetimes' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_leaves_warnings_alone():
    code = (
        "import clv.models.ladder, warnings;"
        "assert not [f for f in warnings.filters if f[0] == 'ignore' and f[2] is FutureWarning]"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
