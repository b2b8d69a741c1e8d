"""Learners against what is known: closed forms, planted signals, the same model twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from clv.core.errors import FileError, StoppedError
from clv.features.tables import Features, Spec
from clv.learn import frozen, learners, train
from clv.learn.boosted import Trees, Tweedie, TwoPart
from clv.learn.effects import importance
from clv.learn.examples import Examples, folds, plain, stacked
from clv.learn.learners import Boosting, Forest, Lasso, Smeared
from clv.learn.ranges import Ranges
from clv.learn.work import Work

LEVELS = ("low", "high", "other")


def examples(columns, remaining, observed=None, days=None, kinds=None):
    """Return n examples of plain columns; the last column holds codes of `LEVELS` where told so."""
    matrix = np.column_stack(columns).astype(float)
    n, p = matrix.shape
    names = tuple(f"x{i}" for i in range(p))
    kinds = kinds or ("number",) * p
    levels = {m: LEVELS for m, k in zip(names, kinds, strict=True) if k == "category"}
    day = np.datetime64("2020-01-01") + (np.arange(n) * 200 // n if days is None else days)
    ids = pa.array([f"c{i:06d}" for i in range(n)])
    spec = Spec("early", ("1m",), levels=levels)
    features = Features(ids, sparse.csr_matrix(matrix), names, kinds, day - 30, day, spec)
    seen = np.zeros(n) if observed is None else observed
    return Examples(features, seen, (remaining + seen)[:, None])


@pytest.fixture(scope="module")
def planted():
    """Remaining value: a chance by level times an amount by x0; x1 copies x0, x2 is noise."""
    rng = np.random.default_rng(5)
    n = 4000
    x0 = rng.normal(size=n)
    level = rng.integers(0, 2, n)
    chance = np.where(level == 1, 0.6, 0.1)
    amount = 50 * np.exp(0.4 * x0)
    y = np.where(rng.random(n) < chance, amount * rng.gamma(4, 0.25, n), 0.0)
    columns = (x0, x0 + rng.normal(0, 0.05, n), rng.normal(size=n), level)
    who = examples(columns, y, kinds=("number",) * 3 + ("category",))
    return who, chance * amount


@pytest.mark.parametrize("payers", [1, 2, 400])
def test_one_customer_who_comes_back_and_all_of_them_can_be_learned_from(payers):
    """Everybody alike: the expected value is the mean, however few bring it."""
    remaining = np.where(np.arange(400) % (400 // payers) == 0, 80.0, 0.0)
    assert (remaining > 0).sum() == payers
    seen = examples((np.ones(400), np.zeros(400)), remaining)
    said = TwoPart().fit(seen, Work()).predict(seen)
    assert said == pytest.approx(np.full(400, remaining.mean()))


@pytest.mark.parametrize("kind", [Boosting, Forest, Lasso, Tweedie, TwoPart])
def test_days_on_which_nobody_brought_anything_more_are_learned_from(kind):
    """Only customers of the last days came back: the earlier folds hold zeros alone."""
    remaining = np.where(np.arange(400) >= 390, 80.0, 0.0)
    seen = examples((np.ones(400), np.zeros(400)), remaining)
    said = kind().fit(seen, Work()).predict(seen)
    assert said == pytest.approx(np.full(400, 2.0), rel=0.2)


@pytest.mark.parametrize("kind", [Boosting, Forest, Lasso, Tweedie, TwoPart])
def test_learners_come_close_to_the_truth_and_are_the_same_twice(planted, kind):
    who, truth = planted
    if kind is Boosting:  # the whole value, on the log scale: everybody has bought before
        who = replace(who, observed=np.full(len(who), 60.0), monthly=who.monthly + 60.0)
    half = np.arange(len(who)) < 2500
    seen, test = who.rows(half), who.rows(~half)
    model = kind().fit(seen, Work(seed=7))
    said = model.predict(test)
    assert (said >= 0).all()
    # Better than the mean, in the truth that nobody sees. A linear model misses the product, and
    # the log scale is the wrong one for what is often nothing.
    explained = 1 - np.var(said - truth[~half]) / np.var(truth[~half])
    assert explained > {Boosting: 0.25, Lasso: 0.6}.get(kind, 0.75)
    assert said.mean() == pytest.approx(truth[~half].mean(), rel=0.1)
    again = kind().fit(seen, Work(seed=7))
    assert again.files() == model.files()
    back = kind.restore(model.state(), model.files())
    assert np.array_equal(back.predict(test), said)
    for some in (1, 2, 5, 300):
        assert np.array_equal(model.predict(test.rows(np.arange(some))), said[:some])
    gains = model.gains()
    assert set(gains) <= {"x0", "x1", "x2", "x3"}
    assert gains["x3"] > gains.get("x2", 0.0)


@pytest.mark.parametrize("kind", [Boosting, Forest, Lasso])
def test_a_feature_whose_name_holds_a_colon_keeps_it(planted, kind):
    """Goods are called "Home: Garden", and a label's levels are told by a colon."""
    who, _ = planted
    named = ("share_1m:Home: Garden", "x1", "x2", "channel: first")
    spec = Spec("early", ("1m",), levels={named[3]: LEVELS})
    features = replace(who.features, names=named, spec=spec)
    who = replace(who, features=features, observed=np.ones(len(who)), monthly=who.monthly + 1.0)
    model = kind().fit(who, Work(seed=7))
    assert {named[0], named[3]} <= set(model.gains()) <= set(named)
    assert importance(model, who, Work(1))[0]["name"] == named[3]


def test_the_lasso_looks_at_those_of_very_many_columns_that_go_with_the_outcome(monkeypatch):
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(600, 30))
    noise[:, 4] = 1.0
    y = 40 + 8 * noise[:, 3] - 5 * noise[:, 17] + rng.normal(0, 0.5, 600)
    who = examples(tuple(noise.T), y)
    whole = Lasso().fit(who, Work())
    assert [one["name"] for one in whole.kept()] == ["x3", "x17"]
    monkeypatch.setattr(learners, "MOST_COLUMNS", 2)
    model = Lasso().fit(who, Work())
    # Whoever weighs these two alone comes to the same.
    assert model.kept() == [
        {"name": one["name"], "coefficient": pytest.approx(one["coefficient"])}
        for one in whole.kept()
    ]
    assert model.predict(who) == pytest.approx(whole.predict(who))
    monkeypatch.setattr(learners, "MOST_COLUMNS", 1)
    model = Lasso().fit(who, Work())
    assert [one["name"] for one in model.kept()] == ["x3"]
    back = Lasso.restore(model.state(), model.files())
    assert np.array_equal(back.predict(who), model.predict(who))


def test_another_seed_gives_another_model(planted):
    who, _ = planted
    assert Tweedie().fit(who, Work(1)).files() != Tweedie().fit(who, Work(2)).files()


def test_smearing_takes_the_bias_out_of_the_logarithm():
    rng = np.random.default_rng(11)
    n = 60_000
    fitted = rng.uniform(2, 4, n)
    # Scatters more where more is expected: one factor for all would be wrong at both ends.
    spread = np.where(fitted > 3, 1.0, 0.2)
    actual = fitted + rng.normal(0, spread)
    back = Smeared.of(actual, fitted).back(fitted)
    for part, sigma in ((fitted < 2.9, 0.2), (fitted > 3.1, 1.0)):
        expected = np.exp(fitted[part] + sigma**2 / 2) - 1
        assert back[part].mean() == pytest.approx(expected.mean(), rel=0.02)
        assert np.expm1(fitted[part]).mean() < 0.985 * expected.mean()
    alike = Smeared.of(np.log1p([0.0, 10.0]), np.full(2, 1.0))
    assert alike.back(np.array([1.0])) == pytest.approx(5.0)


def test_of_collinear_signals_the_lasso_keeps_few():
    rng = np.random.default_rng(2)
    n = 3000
    x = rng.normal(size=n)
    copies = [x + rng.normal(0, 0.01, n) for _ in range(8)]
    noise = [rng.normal(size=n) for _ in range(12)]
    y = 100 + 20 * x + rng.normal(0, 10, n)
    found = Lasso().fit(examples((x, *copies, *noise), y), Work())
    kept = found.kept()
    assert 1 <= len([k for k in kept if int(k["name"][1:]) <= 8]) <= 4
    assert sum(k["coefficient"] for k in kept if int(k["name"][1:]) <= 8) == pytest.approx(
        20, abs=1
    )
    assert all(abs(k["coefficient"]) < 0.6 for k in kept if int(k["name"][1:]) > 8)
    assert [abs(k["coefficient"]) for k in kept] == sorted(
        (abs(k["coefficient"]) for k in kept), reverse=True
    )


def test_tuning_chooses_the_smallest_loss_of_what_it_tried():
    rng = np.random.default_rng(4)
    n = 900
    x = rng.normal(size=n)
    who = examples((x, rng.normal(size=n)), np.maximum(10 * x + rng.normal(0, 30, n), 0))
    forest = Forest().fit(who, Work())
    assert len(forest.tried_) == 7
    best = min(forest.tried_, key=lambda one: one["loss"])
    assert forest.settings_ == best["settings"]
    # Noise drowns the signal: leaves of one customer, the default, lose.
    assert forest.settings_["min_samples_leaf"] > 1
    said = forest.gained(who.rows(np.arange(n) < 600), who.rows(np.arange(n) >= 600), Work())
    late = who.remaining[600:]
    errors = {name: float(np.mean((late - one) ** 2)) for name, one in said.items()}
    assert errors["tuned"] < errors["default"]


def test_boosted_trees_add_up_to_what_was_brought(planted):
    who, _ = planted
    for kind in (Tweedie, TwoPart):
        said = kind().fit(who, Work()).predict(who)
        assert said.sum() == pytest.approx(who.remaining.sum(), rel=1e-9)


def test_folds_are_in_the_order_of_time():
    who = examples((np.arange(1000),), np.ones(1000))
    cuts = folds(who)
    assert len(cuts) == 3
    for learn, test in cuts:
        assert who.day[learn].max() < who.day[test].min()
    assert [len(test) for _, test in cuts] == [200, 200, 200]
    assert len(cuts[0][0]) == 400
    two = examples((np.arange(10),), np.ones(10), days=np.repeat([0, 9], 5))
    ((learn, test),) = folds(two)
    assert (learn.tolist(), test.tolist()) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9])
    same = examples((np.arange(300),), np.ones(300), days=np.zeros(300, dtype=int))
    tested = np.concatenate([test for _, test in folds(same)])
    assert sorted(tested.tolist()) == list(range(300))


def test_plain_columns_have_one_for_each_level():
    who = examples(([1.5, 2.5], [1, 2]), np.zeros(2), kinds=("number", "category"))
    found = plain(who.features)
    assert found.names == ("x0", "x1: low", "x1: high", "x1: other")
    assert found.features == ("x0", "x1", "x1", "x1")
    assert found.matrix.tolist() == [[1.5, 0, 1, 0], [2.5, 0, 0, 1]]


def test_the_shape_leaves_out_what_has_been_observed():
    one = examples(([0, 0],), np.zeros(2))
    monthly = np.array([[10.0, 0.0, 6.0], [4.0, 8.0, 2.0]])
    # The second customer's observed time ends within the second month.
    who = Examples(one.features, np.array([10.0, 7.0]), monthly)
    assert who.remaining.tolist() == [6.0, 7.0]
    assert who.shape == pytest.approx([0.0, 5 / 13, 8 / 13])
    both = stacked([who, who])
    assert both.shape == pytest.approx(who.shape)
    assert len(both) == 4


def test_ranges_hold_on_later_customers():
    rng = np.random.default_rng(9)
    n = 6000
    x = rng.uniform(1, 5, n)
    y = x * rng.gamma(2, 10, n)
    who = examples((x,), y)
    seen, test = who.rows(np.arange(n) < 3000), who.rows(np.arange(n) >= 3000)
    ranges = Ranges(0.8).fit(seen, Work())
    expected = 20 * x[3000:]
    found = ranges.measured(test, expected)
    assert found["within"] == pytest.approx(0.8, abs=0.03)
    low, high = ranges.predict(test, expected)
    assert (low <= expected).all()
    assert (expected <= high).all()
    # As wide as the gamma's own 10 and 90 % quantiles, which grow with x.
    wide = (high - low)[x[3000:] > 4].mean() / (high - low)[x[3000:] < 2].mean()
    assert wide == pytest.approx(3.0, rel=0.2)
    back = Ranges.restore(ranges.state(), ranges.files())
    assert np.array_equal(back.predict(test, expected)[1], high)


@pytest.mark.parametrize("kind", [Boosting, Forest, Lasso, Tweedie, TwoPart])
def test_a_training_can_be_stopped(planted, kind):
    who, _ = planted
    asked = []

    def stopped():
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(StoppedError):
        kind().fit(who.few(500, 1), Work(stopped=stopped))


def test_what_is_no_model_of_ours_is_not_read():
    import skops.io
    from sklearn.svm import SVR

    class Odd(SVR):
        pass

    with pytest.raises(FileError, match="holds what no model of ours has"):
        frozen.loads(skops.io.dumps(Odd()))
    with pytest.raises(FileError, match="damaged"):
        frozen.loads(b"no archive at all")


@pytest.mark.parametrize(
    ("tuned", "default", "gain"), [(3.0, 4.0, 0.25), (5.0, 4.0, -0.25), (0.0, 0.0, 0.0)]
)
def test_what_tuning_gained(tuned, default, gain):
    """Where everybody does the same, a forest of default settings makes no error."""
    assert train._gain(tuned, default) == gain


@pytest.mark.parametrize("text", [b"", b"tree", b"\xff"])
def test_what_is_no_model_of_lightgbm_is_refused(text):
    with pytest.raises(FileError, match="can't be read as a LightGBM model"):
        Trees.restore(text)
