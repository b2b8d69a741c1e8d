"""The simulation against closed forms: expectations, survival, whole distributions."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from clv.core.errors import InputError
from clv.insights import simulate
from clv.insights.simulate import CHECKPOINTS, GRID, NEW, YEAR, Population
from clv.models.card import from_card
from clv.models.histories import Histories
from clv.models.purchase.beta_geo import BGNBDCore, MBGNBDCore
from clv.models.purchase.cnbd import BGCNBD, MBGCNBD
from clv.models.purchase.counts import purchase_counts, states
from clv.models.purchase.draws import MARKS, MOST, Draws, stays_alive
from clv.models.purchase.pooled_rate import PooledRate
from clv.models.purchase.rules import RecencyRule
from clv.runs import write_rows
from tests.apps.ui.fakes import PURCHASES, fake_run

DAYS = np.array(list(CHECKPOINTS.values()))
AT = np.searchsorted(GRID, DAYS)
#: r, alpha (days), a, b. Published: CDNOW in weeks (Batislam et al. 2007; Fader et al. 2005).
CDNOW = (0.5248, 7 * 6.183, 0.8914, 1.614)
SETS = {
    "cdnow": CDNOW,
    "cdnow-bg": (0.2426, 7 * 4.4135, 0.7929, 2.4258),
    "a-is-1": (0.8, 30.0, 1.0, 2.0),
    "leave-soon": (2.0, 20.0, 3.0, 0.7),
    "hardly-leave": (0.8, 69.0, 0.0014, 12.0),
    "heavy-tail": (0.05, 0.01, 0.3, 0.3),
}


def beta_geo(parameters, name="mbg-nbd"):
    card = dict(zip(("r", "alpha", "a", "b"), parameters, strict=True))
    return from_card(PURCHASES | {"name": name, "parameters": card})


def pooled(rate=0.02):
    model = PooledRate()
    model.rate_ = rate
    return model


def regular(k, parameters, kind=MBGCNBD):
    """A model whose gaps have k stages; the rate is that of stages."""
    r, alpha, a, b = parameters
    card = dict(zip(("r", "alpha", "a", "b"), (r, alpha / k, a, b), strict=True))
    stages = {"name": kind.name, "k": k, "log_likelihoods": {}}
    return from_card(PURCHASES | stages | {"parameters": card})


def people(*triples):
    """A population of these (frequency, recency, T, customers)."""
    x, t_x, age, n = np.array(triples, dtype=float).T
    return Population(Histories.of(x, t_x, age), n.astype(np.int64))


def close_to_expected(model, population, runs=4000, seed=11):
    """Compare the mean of many runs with the closed forms, within 4.5 standard errors."""
    many = simulate.many_runs(model, population, customers=25, runs=runs, seed=seed)
    exact = simulate.expected(model, population, customers=25)
    for totals, mean in ((many.alive, exact.alive), (many.purchases, exact.purchases)):
        found = totals[:, AT]
        # A count that is nearly always 0 may not vary in the sample: as a Poisson number, then.
        error = np.sqrt(np.maximum(found.var(axis=0), mean) / runs)
        assert (np.abs(found.mean(axis=0) - mean) <= 4.5 * error + 1e-9).all()
    return exact


# -- closed forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("model", [MBGNBDCore, BGNBDCore])
def test_survival_of_new_customers_is_the_mean_over_the_chance_of_leaving(name, model):
    r, alpha, a, b = SETS[name]
    chance = beta_distribution(a, b)

    def alive(t):
        def given(p):
            return (1 - p) ** model.first_can_be_last * (alpha / (alpha + p * t)) ** r

        # In quantiles of p the density's poles are gone.
        return quad(lambda u: given(chance.ppf(u)), 0, 1, epsabs=1e-9, limit=500)[0]

    found = beta_geo(SETS[name], model.name).probability_alive_after(
        Histories.of([0], [0], [0]), DAYS
    )
    np.testing.assert_allclose(found[0], [alive(t) for t in DAYS], atol=2e-7)


def test_survival_is_a_hypergeometric_function():
    from scipy.special import hyp2f1

    t, shape, rate, a, stays = 40.0, 2.5, 60.0, 0.9, 3.0
    expected = hyp2f1(shape, a, a + stays, -t / rate)
    assert stays_alive(t, shape, rate, a, stays) == pytest.approx(expected, rel=1e-10)


def test_mbg_is_left_at_time_zero_too():
    """P(left at once) = a / (a + b); under BG/NBD nobody leaves before a repeat purchase."""
    _, _, a, b = CDNOW
    at_once = beta_geo(CDNOW).probability_alive_after(Histories.of([0], [0], [0]), [0, 1e-9])
    np.testing.assert_allclose(at_once, [[b / (a + b)] * 2], rtol=1e-9)
    assert (
        beta_geo(CDNOW, "bg-nbd").probability_alive_after(Histories.of([0], [0], [0]), [0]) == 1.0
    )
    many = simulate.many_runs(beta_geo(CDNOW), NEW, customers=100, runs=2000, seed=1)
    exact = beta_geo(CDNOW).probability_alive_after(Histories.of([0], [0], [0]), GRID)[0] * 100
    np.testing.assert_allclose(many.alive.mean(axis=0), exact, atol=0.5)


def test_alive_now_is_the_scored_probability():
    model = beta_geo(CDNOW)
    triple = [2.0, 0.0], [213.0, 0.0], [272.0, 272.0]
    now = model.probability_alive_after(Histories.of(*triple), [0.0])[:, 0]
    np.testing.assert_allclose(now, model.score(Histories.of(*triple), [1.0]).p_alive, rtol=1e-12)
    # Published: 0.70613 and 0.38972 in weeks, 2 purchases until week 30.43 of 38.86 and none.
    weekly = beta_geo((0.5248, 6.183, 0.8914, 1.614))
    found = weekly.probability_alive_after(Histories.of([2, 0], [30.43, 0], [38.86, 38.86]), [0])
    np.testing.assert_allclose(found[:, 0], [0.70613, 0.38972], atol=2e-5)


def test_expectations_of_new_customers_are_those_of_the_model():
    model = beta_geo(CDNOW)
    exact = simulate.expected(model, NEW, customers=100)
    unconditional = model.expected_number_of_purchases_up_to_time(DAYS)
    np.testing.assert_allclose(exact.purchases, 100 * unconditional, rtol=1e-9)


# -- simulation against them ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("model", ["mbg-nbd", "bg-nbd"])
def test_new_customers_on_average(name, model):
    close_to_expected(beta_geo(SETS[name], model), NEW)


@pytest.mark.parametrize("name", SETS)
def test_known_customers_on_average(name):
    """Purchases of a run of known customers average to the scores, weighted by their number."""
    model = beta_geo(SETS[name])
    mixed = people((0, 0, 300, 40), (2, 213, 272, 30), (9, 250, 260, 20), (30, 30, 400, 10))
    exact = close_to_expected(model, mixed)
    scores = model.score(mixed.histories, DAYS)
    np.testing.assert_allclose(exact.purchases, 0.25 * mixed.customers @ scores.purchases)


@pytest.mark.parametrize("kind", [MBGCNBD, BGCNBD])
@pytest.mark.parametrize(("name", "k"), [("cdnow", 2), ("leave-soon", 4), ("hardly-leave", 3)])
def test_regular_customers_on_average(name, k, kind):
    """Erlang gaps, against the closed forms of `clv.models.purchase.cnbd_expectation`."""
    model = regular(k, SETS[name], kind)
    close_to_expected(model, NEW, runs=1000)
    mixed = people((0, 0, 300, 40), (2, 213, 272, 30), (9, 250, 260, 20), (30, 30, 400, 10))
    close_to_expected(model, mixed, runs=1000)


def test_one_stage_is_a_poisson_process():
    one, plain = regular(1, CDNOW), beta_geo(CDNOW)
    for model in (one, plain):
        exact = close_to_expected(model, people((2, 213, 272, 30)), runs=1000)
        np.testing.assert_allclose(
            exact.purchases,
            simulate.expected(plain, people((2, 213, 272, 30)), customers=25).purchases,
        )


@pytest.mark.parametrize("triple", [(0, 0, 0), (3, 260, 272)])
def test_counts_of_regular_customers_have_the_models_distribution(triple):
    """P(n purchases) of `clv.models.purchase.counts`, by chi-square, one customer at a time."""
    model, n = regular(3, CDNOW), 20_000
    each = [np.full(n, float(v)) for v in triple]
    rng = np.random.default_rng(9)
    followed = model.draw(Histories.of(*each), rng).follow(rng, GRID)
    which = states(model, Histories.of(*(v[:1] for v in each)))
    for day, at in zip(DAYS[:3], AT[:3], strict=True):
        ((_, ((_, chances),)),) = purchase_counts(model, which, float(day))
        chances = which.p_alive[0] * chances[0]
        chances[0] += 1 - which.p_alive[0]
        head = np.append(chances[:12], chances[12:].sum())
        found = np.bincount(np.minimum(followed.purchases[:, at], 12), minlength=13)
        kept = n * head > 5
        apart = (found[: head.size] - n * head)[kept] ** 2 / (n * head)[kept]
        assert apart.sum() < 34.5  # 99.95 % at 12 degrees


def test_regular_gaps_are_regular():
    """Marks lie k stages apart: their gaps vary as Erlang-k ones do, not as exponential ones."""
    size, rng = 2000, np.random.default_rng(3)
    model = regular(4, (1e6, 1e6 * 30, 1e-9, 1.0))
    none = np.zeros(size)
    seen = model.draw(Histories.of(none, none, none), rng).follow(rng, np.arange(50.0, 1001, 50))
    order = np.lexsort((seen.mark_day, seen.mark_customer))
    gap = np.diff(seen.mark_day[order])[np.diff(seen.mark_customer[order]) == 0]
    assert gap.min() > 0
    assert gap.mean() == pytest.approx(30, rel=0.02)
    assert gap.std() / gap.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("model", [beta_geo(CDNOW), regular(3, CDNOW)], ids=["poisson", "erlang"])
def test_seen_at_an_age(model):
    """Purchases by an age are those of the forecast; the last of them lies within it."""
    size, rng, age = 100_000, np.random.default_rng(2), 400.0
    none = np.zeros(size)
    x, last = model.draw(Histories.of(none, none, none), rng).seen(rng, np.full(size, age))
    expected = float(model.expected_number_of_purchases_up_to_time(age))
    assert abs(x.mean() - expected) < 4.5 * x.std() / np.sqrt(size)
    assert (last[x > 0] > 0).all()
    assert (last[x > 0] <= age).all()
    assert (last[x == 0] == 0).all()
    # Asked again at that age, the model says of them what it said of new customers, on average.
    again = model.score(Histories.of(x, last, np.full(size, age)), [200.0]).purchases[:, 0]
    later = float(model.expected_number_of_purchases_up_to_time(age + 200.0)) - expected
    assert abs(again.mean() - later) < 4.5 * again.std() / np.sqrt(size)


def test_rules_of_thumb_on_average():
    card = {"within_days": 90, "active_purchases": 2.0, "active_p_purchase": 0.6}
    card |= {"active_days": 180, "inactive_purchases": 0.2, "inactive_p_purchase": 0.1}
    card |= {"inactive_days": 180}
    model = RecencyRule.from_card({"parameters": card, "customers": 100})
    exact = close_to_expected(model, people((1, 200, 250, 50), (1, 20, 250, 50)), runs=1000)
    np.testing.assert_allclose(exact.alive, 25 * (1 + 1 / 6) / 2)
    np.testing.assert_allclose(exact.purchases, 25 * 1.1 / 180 * DAYS)


def test_nobody_leaves_at_a_pooled_rate():
    exact = close_to_expected(pooled(), people((0, 0, 10, 5), (3, 20, 40, 95)))
    np.testing.assert_allclose(exact.alive, 25)
    np.testing.assert_allclose(exact.purchases, 25 * 0.02 * DAYS)


@pytest.mark.parametrize("model", ["mbg-nbd", "bg-nbd"])
def test_counts_of_single_customers_have_the_models_distribution(tmp_path, model):
    """Not the mean alone: P(X(t) = n), Fader et al. (2005) eq. 8, for every n, by chi-square."""
    fitted, n = beta_geo(CDNOW, model), 20_000
    one = simulate.one_run(fake_run(tmp_path), fitted, "new", customers=n, seed=3)
    for day, at in zip(DAYS[:3], AT[:3], strict=True):
        bins = np.arange(12)
        chances = fitted.probability_of_n_purchases_up_to_time(day, bins)
        expected = n * np.append(chances, 1 - chances.sum())
        found = np.bincount(np.minimum(one.purchases[:, at], 12), minlength=13)
        kept = expected > 5
        assert (((found - expected) ** 2 / expected)[kept]).sum() < 34.5  # 99.95 % at 12 degrees


def test_a_customer_who_leaves_at_any_time_makes_no_last_purchase():
    """Room for models whose drop-out has nothing to do with purchases (Pareto/NBD)."""

    class Pareto(PooledRate):
        def draw(self, frequency, *others):
            del others
            n = len(frequency)
            return Draws(
                np.full(n, 0.3), np.full(n, 0.01), np.ones(n, dtype=bool), last_is_purchase=False
            )

    many = simulate.many_runs(Pareto(), NEW, runs=2000, seed=4)
    alive, purchases = many.alive.mean(axis=0), many.purchases.mean(axis=0)
    np.testing.assert_allclose(alive, 100 * np.exp(-0.01 * GRID), atol=0.5)
    np.testing.assert_allclose(purchases, 3000 * -np.expm1(-0.01 * GRID), rtol=0.02)


# -- nothing blows up -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        (1e-8, 1e-8, 1e-8, 1e-8),
        (6e7, 1e-7, 1e-8, 6e7),
        (1e-3, 1e-300, 6e7, 1e-8),
        (5e-324, 1.0, 5e-324, 1.0),
        (1e-8, 1e9, 6e7, 6e7),
        (6e7, 1e-12, 1e-7, 1e-7),
    ],
)
@pytest.mark.parametrize("triple", [(0, 0, 0), (0, 0, 700), (200, 700, 700)])
def test_extremes_stay_finite(tmp_path, parameters, triple):
    model = beta_geo(parameters)
    whom = people((*triple, 1000))
    many = simulate.many_runs(model, whom, runs=20, seed=1)
    for totals in (many.alive, many.purchases):
        assert totals.dtype == np.int64
        assert totals.min() >= 0
        assert totals.max() <= 100 * MOST * GRID.size
    assert (np.diff(many.alive, axis=1) <= 0).all()
    assert (np.diff(many.purchases, axis=1) >= 0).all()
    one = simulate.one_run(fake_run(tmp_path, customers=30), model, "yours", seed=1)
    assert one.purchases.min() >= 0
    assert not np.isnan(one.lifetime).any()
    assert not np.isnan(one.draws.rate).any()
    assert len(one.mark_day) <= 30 * (GRID.size * MARKS + 1)


def test_many_customers_are_simulated_in_blocks(monkeypatch):
    monkeypatch.setattr(simulate, "_BLOCK", 1000)
    many = simulate.many_runs(beta_geo(CDNOW), NEW, customers=300, runs=10, seed=1)
    assert many.alive.shape == many.purchases.shape == (10, GRID.size)
    assert len(np.unique(many.purchases[:, -1])) == 10


# -- one run ----------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path):
    return fake_run(tmp_path)


def test_the_same_seed_gives_the_same_run(run):
    model = simulate.purchase_model(run)
    for kind in ("new", "yours"):
        whom = simulate.population(run, kind)
        first, again, other = (simulate.one_run(run, model, kind, seed=s) for s in (7, 7, 8))
        assert first.customer_id == again.customer_id
        for part in ("lifetime", "purchases", "mark_customer", "mark_day"):
            np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
        assert not np.array_equal(first.lifetime, other.lifetime)
        assert (first.customer_id == other.customer_id) == (kind == "new")
        many = [simulate.many_runs(model, whom, runs=50, seed=s) for s in (7, 7, 8)]
        np.testing.assert_array_equal(many[0].purchases, many[1].purchases)
        assert not np.array_equal(many[0].purchases, many[2].purchases)


def test_your_customers_are_the_runs_own_each_at_most_once(run):
    model = simulate.purchase_model(run)
    one = simulate.one_run(run, model, "yours", seed=1)
    known = set(run.query("SELECT customer_id FROM forecasts")["customer_id"].to_pylist())
    assert len(set(one.customer_id)) == 100
    assert set(one.customer_id) <= known
    # Two seeds share a third of 300 customers by chance, not whole groups of them.
    other = simulate.one_run(run, model, "yours", seed=2)
    assert 20 <= len(set(one.customer_id) & set(other.customer_id)) <= 47


def test_each_run_samples_without_replacement():
    rng = np.random.default_rng(0)
    whom = people(*[(0, 0, age, 1) for age in range(150)])
    rows = whom.draw(rng, 200, 100)
    assert rows.shape == (200, 100)
    assert all(len(set(row)) == 100 for row in rows.tolist())
    often = np.bincount(rows.ravel(), minlength=150)
    assert often.min() > 90  # expected 133 of 200
    assert often.max() < 165


def test_fewer_customers_than_asked_for(tmp_path):
    run = fake_run(tmp_path, customers=37)
    model, whom = simulate.purchase_model(run), simulate.population(run, "yours")
    assert whom.size(100) == 37
    assert len(simulate.one_run(run, model, "yours", seed=1).customer_id) == 37
    assert simulate.many_runs(model, whom, runs=20, seed=1).alive.max() <= 37
    assert simulate.expected(model, whom).alive.max() <= 37


@pytest.mark.parametrize("k", [None, 3])
def test_marks_are_purchases_of_the_living(run, k):
    model = regular(k, CDNOW) if k else simulate.purchase_model(run)
    one = simulate.one_run(run, model, "new", seed=2)
    assert (one.mark_day > 0).all()
    assert (one.mark_day <= np.minimum(one.lifetime, GRID[-1])[one.mark_customer]).all()
    edges = np.concatenate(([0.0], GRID))
    slot = np.digitize(one.mark_day, edges)
    per_slot = np.bincount(one.mark_customer * 1000 + slot)
    assert per_slot.max() <= MARKS + 1  # the last purchase is always drawn
    # Where no slot was full, every purchase has its mark.
    marks = np.bincount(one.mark_customer, minlength=100)
    counts = np.diff(one.purchases, axis=1, prepend=0)
    sparse = counts.max(axis=1) <= MARKS
    assert sparse.sum() > 20
    np.testing.assert_array_equal(marks[sparse], one.purchases[sparse, -1])
    # Whoever leaves after a purchase leaves a mark on that very day.
    left = np.flatnonzero((one.lifetime > 0) & (one.lifetime <= GRID[-1]))
    assert set(one.lifetime[left]) <= set(one.mark_day)


def test_the_table_of_one_run(run):
    model = simulate.purchase_model(run)
    one = simulate.one_run(run, model, "new", seed=5)
    rows = simulate.table(one, simulate.outlook(run, model, "new", seed=5))
    assert [row["after"] for row in rows] == ["10 days", "1 year", "10 years", "100 years"]
    assert [row["alive"] for row in rows] == [(one.lifetime > day).sum() for day in DAYS]
    assert [row["purchases"] for row in rows] == one.purchases[:, AT].sum(axis=0).tolist()
    for row in rows:
        assert row["alive_low"] <= row["alive_expected"] <= row["alive_high"]
        for name in ("alive", "purchases"):
            assert row[f"{name}_mean"] == pytest.approx(row[f"{name}_expected"], rel=0.05)
    # Nine runs in ten lie within the band.
    low, high = rows[1]["purchases_low"], rows[1]["purchases_high"]
    totals = simulate.many_runs(model, NEW, seed=5).purchases[:, AT[1]]
    assert 0.9 <= ((totals >= low) & (totals <= high)).mean() < 0.92


def test_the_customers_as_csv(run, tmp_path):
    one = simulate.one_run(run, simulate.purchase_model(run), "yours", seed=5)
    one.customer_id[0] = "=1+1"
    target = tmp_path / "out.csv"
    write_rows(simulate.customer_table(one), target)
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == [
        *("customer_id", "purchases_per_year", "dropout_day", "alive_after_10_days")
    ]
    assert {r["customer_id"] for r in rows} == {"'=1+1", *one.customer_id[1:]}
    assert sum(r["alive_after_1_year"] == "true" for r in rows) == (one.lifetime > YEAR).sum()
    assert [int(r["purchases_after_100_years"]) for r in rows] == [
        one.purchases[i, -1] for i in np.argsort(one.lifetime, kind="stable")
    ]
    for row in rows:
        gone = row["dropout_day"] in {"0", "0.0"}
        assert (row["purchases_per_year"] == "") == gone
        assert (row["dropout_day"] == "") == (row["alive_after_100_years"] == "true")


def test_a_run_without_a_purchase_model_says_why(tmp_path):
    run = fake_run(tmp_path, forecast=False, notes=("Nobody came back.",))
    with pytest.raises(InputError, match="nothing can be simulated") as caught:
        simulate.purchase_model(run)
    assert caught.value.hint == "Nobody came back."
