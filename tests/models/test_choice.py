"""Names of forecasts, read and written."""

from __future__ import annotations

import pytest

from clv.core.choice import PURCHASES, RULES, Choice, names
from clv.models.purchase.rules import HEURISTICS


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("mbg-nbd", Choice("mbg-nbd")),
        ("pareto-nbd+season", Choice("pareto-nbd", season=True)),
        ("mbg-nbd+all-orders", Choice("mbg-nbd", all_orders=True)),
        ("recency-rule+season+all-orders", Choice("recency-rule", season=True, all_orders=True)),
    ],
)
def test_names(name, choice):
    assert Choice.parse(name) == choice
    assert choice.name == name


def test_every_name_is_read_back():
    models = len(PURCHASES) - len(RULES)
    assert len(set(names())) == len(names()) == 8 * models + 4 * len(RULES) == 52
    for name in names():
        assert Choice.parse(name).name == name


def test_any_order_and_case():
    assert Choice.parse(" BG-NBD+all-orders+Season").name == "bg-nbd+season+all-orders"


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("mgb-nbd", "mbg-nbd"),
        ("pareto-nbd+seasons", "pareto-nbd+season"),
        ("mbg-nbd + all orders", "mbg-nbd+all-orders"),
        ("bg-nbd+season+season", "bg-nbd+season"),
        ("mbg-nbd+", "mbg-nbd"),
        ("recency", "recency-rule"),
    ],
)
def test_close_names_are_offered(name, close):
    with pytest.raises(ValueError, match=r'There is no model ".*"\.') as error:
        Choice.parse(name)
    assert str(error.value).endswith(f'Did you mean "{close}"?')


@pytest.mark.parametrize("name", ["", "auto", "xyz", "same-period+x"])
def test_other_names(name):
    with pytest.raises(ValueError, match=f'There is no model "{name}".'.replace("+", r"\+")):
        Choice.parse(name)


def test_rules_are_the_heuristics_of_the_triple_alone():
    assert {rule.name for rule in HEURISTICS} - set(RULES) == {"same-period"}
    assert set(RULES) < {rule.name for rule in HEURISTICS}
