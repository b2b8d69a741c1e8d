"""The learned correction: what it learns, what it keeps, and that one customer's figures agree."""

import json
import sys

import numpy as np
import pytest

from clv.core.errors import FitError
from clv.insights.customer import Moved
from clv.models.correction import growing
from clv.models.correction.correction import FEWEST_CUSTOMERS, Correction
from clv.models.correction.examples import Examples
from clv.models.correction.traits import TRAITS, Expectations, Rhythm, factor, traits
from clv.models.correction.trees import Tree, predict
from clv.models.histories import Histories
from clv.report.words.customer import moved_sentence

DAYS = 180.0
NAMES = list(TRAITS)


def shop(seed, customers=4000, late=0.0):
    """Customers whose orders differ from the plain forecast by ``late`` per late purchase, in logs."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(2.0, customers).astype(float)
    age = rng.integers(200, 700, customers).astype(float)
    recency = np.where(x > 0, np.floor(age * rng.random(customers)), 0.0)
    histories = Histories.of(x, recency, age)
    mean = rng.gamma(4.0, 10.0, customers)
    some = 1.0 + rng.binomial(x.astype(int), 0.4)
    pace = Rhythm(some, np.minimum(some, 2.0), mean * some)
    alive = np.clip(1.05 - histories.silence / age, 0.05, 0.99)
    bought = alive * (x + 0.5) / (age + 100) * DAYS
    plain = Expectations(bought, alive * -np.expm1(-bought / alive), alive, 0.5 * mean + 20)
    seen = traits(histories, mean, pace, plain, DAYS, 40.0)
    truth = bought * np.exp(late * (some - some.mean()))
    came = rng.poisson(truth).astype(float)
    return seen, plain, came, came * rng.gamma(8.0, mean / 8.0), truth


@pytest.fixture(scope="module")
def learned():
    seen, plain, came, value, _ = shop(1, late=0.5)
    return Correction.learn(seen, plain, came, value, 40.0)


def loss(truth, said):
    return float((said - truth * np.log(said)).mean())


def test_what_beats_the_plain_forecast_is_learned(learned):
    seen, plain, _, _, truth = shop(2, late=0.5)
    truth = truth * plain.purchases.sum() / truth.sum()
    found = learned.settled(seen, plain).apply(seen, plain)
    gained = loss(truth, plain.purchases) - loss(truth, found.purchases)
    assert gained > 0.7 * (loss(truth, plain.purchases) - loss(truth, truth))


def test_where_the_plain_forecast_is_right_next_to_nothing_is_lost():
    for seed in range(3):
        seen, plain, came, value, _ = shop(seed)
        made = Correction.learn(seen, plain, came, value, 40.0)
        seen, plain, _, _, truth = shop(seed + 10)
        found = made.settled(seen, plain).apply(seen, plain)
        deviance = 2 * (loss(truth, found.purchases) - loss(truth, truth))
        assert deviance < 0.005


def test_totals_stay_but_for_the_steps(learned):
    seen, plain, *_ = shop(3)
    found = learned.settled(seen, plain).apply(seen, plain)
    assert found.purchases.sum() == pytest.approx(plain.purchases.sum(), rel=1e-9)
    assert found.p_purchase.sum() == pytest.approx(plain.p_purchase.sum(), rel=1e-9)
    value = found.purchases @ found.order_value
    assert value == pytest.approx(plain.value.sum(), rel=1e-9)
    moved = learned.settled(seen, plain, {"buyers": -0.2, "order_value": 0.05}).apply(seen, plain)
    assert moved.purchases.sum() == pytest.approx(plain.purchases.sum(), rel=1e-9)
    assert moved.p_purchase.sum() == pytest.approx(np.exp(-0.2) * plain.p_purchase.sum(), rel=1e-9)
    value = moved.purchases @ moved.order_value
    assert value == pytest.approx(np.exp(0.05) * plain.value.sum(), rel=1e-9)


def test_one_customers_figures_agree(learned):
    seen, plain, *_ = shop(4)
    found = learned.settled(seen, plain).apply(seen, plain)
    assert (found.p_purchase <= found.p_alive).all()
    assert (found.p_purchase <= found.purchases).all()
    for chance in (found.p_purchase, found.p_alive):
        assert ((chance > 0) & (chance < 1)).all()
    assert (found.order_value > 0).all()


def test_silence_never_raises_a_chance(learned):
    """A customer who stays silent: what changes with it goes one way, and so do both chances."""
    seen, plain, *_ = shop(5)
    made = learned.settled(seen, plain)
    some = np.flatnonzero(seen[:, NAMES.index("frequency")] > 0)[:200]
    last = None
    for step in np.linspace(0, 3, 40):
        later, fewer = seen[some].copy(), np.exp(-step)
        for name in ("silence", "silence_in_gaps"):
            later[:, NAMES.index(name)] += step
        alive = plain.p_alive[some] * fewer
        chance = plain.p_purchase[some] * fewer * (1 - 0.1 * step)
        bought = plain.purchases[some] * fewer
        for name, values in (
            ("p_alive", alive),
            ("p_purchase", chance),
            ("expected", np.log(bought)),
        ):
            later[:, NAMES.index(name)] = values
        now = made.apply(later, Expectations(bought, chance, alive, plain.order_value[some]))
        if last is not None:
            assert (now.p_alive <= last.p_alive + 1e-12).all()
            assert (now.p_purchase <= last.p_purchase + 1e-12).all()
        last = now


def test_json_and_back_to_the_last_digit(learned):
    seen, plain, *_ = shop(6)
    made = learned.settled(seen, plain)
    again = Correction.from_dict(json.loads(json.dumps(made.as_dict(), allow_nan=False)))
    for one, other in zip(made.apply(seen, plain), again.apply(seen, plain), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("left", lambda tree: tree["left"].__setitem__(0, 0)),
        ("value", lambda tree: tree["value"].pop()),
        ("trait", lambda tree: tree["trait"].__setitem__(0, -1)),
        ("trait", lambda tree: tree["trait"].__setitem__(0, 99)),
        ("threshold", lambda tree: tree["threshold"].__setitem__(0, float("nan"))),
    ],
)
def test_a_damaged_tree_is_refused(learned, part, damage):
    card = json.loads(json.dumps(learned.as_dict()))
    damage(card["purchases"][0])
    with pytest.raises(ValueError, match="damaged"):
        Correction.from_dict(card)


def test_other_traits_are_refused(learned):
    card = learned.as_dict() | {"traits": ["height", "weight"]}
    with pytest.raises(ValueError, match="other traits"):
        Correction.from_dict(card)


def test_too_few_customers_teach_nothing():
    seen, plain, came, value, _ = shop(7, customers=FEWEST_CUSTOMERS - 1)
    with pytest.raises(FitError, match="there were 999 and"):
        Correction.learn(seen, plain, came, value, 40.0)


def test_reasons_add_up_to_what_the_trees_say(learned):
    seen, *_ = shop(8)
    moved = learned.reasons(seen)
    base = predict(learned.purchases, seen) - moved.sum(axis=1)
    assert np.ptp(base) < 1e-9
    assert NAMES[np.abs(moved).mean(axis=0).argmax()] == "late_purchases"


def test_a_tree_by_hand():
    stump = Tree.from_dict(
        {
            "trait": [1, 0, 0],
            "threshold": [2.0, 0.0, 0.0],
            "left": [1, -1, -1],
            "right": [2, -1, -1],
            "value": [0.0, -0.5, 0.25],
        }
    )
    rows = np.array([[9.0, 1.0], [9.0, 2.0], [9.0, 2.1]])
    np.testing.assert_array_equal(predict([stump, Tree.constant(1.0)], rows), [0.5, 0.5, 1.25])


def test_scikit_learn_stands_in_for_lightgbm(monkeypatch):
    """Where LightGBM can't be loaded the other library learns much the same."""
    seen, plain, came, value, _ = shop(1, late=0.5)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    made = Correction.learn(seen, plain, came, value, 40.0)
    seen, plain, _, _, truth = shop(2, late=0.5)
    truth = truth * plain.purchases.sum() / truth.sum()
    found = made.settled(seen, plain).apply(seen, plain)
    gained = loss(truth, plain.purchases) - loss(truth, found.purchases)
    assert gained > 0.6 * (loss(truth, plain.purchases) - loss(truth, truth))
    assert (found.p_purchase <= found.p_alive).all()


def test_trees_are_the_same_twice():
    seen, plain, came, *_ = shop(1, late=0.5)
    fold = np.arange(len(seen)) % 3
    grown = [
        growing.grow(seen, came, np.log(plain.purchases), fold, "poisson", [0] * len(TRAITS))
        for _ in range(2)
    ]
    first, second = ([tree.as_dict() for tree in trees] for trees in grown)
    assert first == second


def test_nothing_grows_where_everybody_did_the_same():
    seen, *_ = shop(1, customers=1000)
    same = np.ones(len(seen))
    fold = np.arange(len(seen)) % 3
    assert growing.grow(seen, same, np.zeros(len(seen)), fold, "poisson", [0] * len(TRAITS)) == []


def test_losses_by_hand():
    who = Examples(np.zeros((1, 1)), np.array([2.0]), np.array([0.0]), "poisson")
    assert who.lost(0.0) == pytest.approx(1.0)
    assert who._replace(loss="binary", outcome=np.ones(1)).lost(0.0) == pytest.approx(np.log(2))
    # At power 1.5: 2 exp(z / 2) + 2 y exp(-z / 2).
    assert who._replace(loss="tweedie").lost(0.0) == pytest.approx(2 + 2 * 2.0)


def test_factor_of_nothing_is_one():
    np.testing.assert_array_equal(factor(np.array([2.0, 0.0]), np.array([1.0, 0.0])), [2.0, 1.0])


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            Moved(1.4, "late_purchases", 3, 2, 60.0),
            (
                "40 % higher than the plain model's, mostly because this customer ordered on 3 days in the 9 "
                "weeks up to the last order."
            ),
        ),
        (
            Moved(0.25, "silence", 3, 2, 60.0),
            "75 % lower than the plain model's, mostly because the last order was 6 weeks ago.",
        ),
        (
            Moved(2.31, "expected", 3, 2, 60.0),
            (
                "2.3 times the plain model's, mostly because customers of whom it expects as much ordered more "
                "often than it said."
            ),
        ),
        (
            Moved(12.0, "frequency", 3, 2, 60.0),
            "more than ten times the plain model's, mostly because there are 5 order days so far.",
        ),
        (Moved(1.15, "silence", 3, 2, 60.0), None),
        (Moved(1.05, "silence", 3, 2, 60.0), None),
    ],
)
def test_a_customer_is_told_why(found, told):
    facts = {"frequency": 4, "recency": 80, "last_order": "2020-01-01", "revenue": 50.0}
    facts["predicted_purchases"] = 0.3
    said = moved_sentence(facts, {"as_of": "2020-02-11", "currency": "EUR"}, found)
    whole = told and f"The expected orders are {told}"
    assert (said and said.replace("\N{NO-BREAK SPACE}", " ")) == whole
