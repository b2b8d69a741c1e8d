"""Which cohorts differ: planted differences are found, chance is not taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from clv.insights.cohorts.calendar import period_end
from clv.insights.cohorts.triangle import triangle
from clv.insights.cohorts.verdict import common_age, compare, holm


def drawn(rng, shares, spends, size=400, spread=0.8):
    """Return a triangle of full cohorts and totals, by drawing customers."""
    n = len(shares)
    cohorts = np.arange(24_000, 24_000 + n)
    table = {k: [] for k in ("cohort", "period", "active", "orders", "revenue")}
    sums = {k: [] for k in ("cohort", "customers", "returned", "returned_squares")}
    sums |= {k: [] for k in ("revenue", "revenue_squares", "orders", "orders_squares")}
    for c, share, spend in zip(cohorts.tolist(), shares, spends, strict=True):
        back = rng.random(size) < share
        value = rng.lognormal(np.log(spend), spread, size)
        for name, number in zip(table, (c, 0, size, size, float(value.sum())), strict=True):
            table[name].append(number)
        each = {"returned": back.astype(float), "revenue": value, "orders": 1.0 + back}
        sums["cohort"].append(c)
        sums["customers"].append(size)
        for name, numbers in each.items():
            sums[name].append(numbers.sum())
            sums[f"{name}_squares"].append((numbers**2).sum())
    last = int(cohorts[-1])
    return triangle(table, period_end(last, "month"), "month"), sums


def test_a_planted_difference_is_found():
    rng = np.random.default_rng(11)
    made, sums = drawn(rng, [0.3, 0.3, 0.45, 0.3, 0.18], [50, 50, 50, 80, 30])
    verdict = compare(made, sums, "returned", 0)
    assert (verdict.best.cohort, verdict.worst.cohort) == (24_002, 24_004)
    assert verdict.average == pytest.approx(sum(sums["returned"]) / 2000)
    verdict = compare(made, sums, "revenue", 0)
    assert (verdict.best.cohort, verdict.worst.cohort) == (24_003, 24_004)
    assert len(verdict.standings) == 5


@pytest.mark.parametrize("spread", [0.8, 1.6])
def test_hardly_anything_is_found_where_nothing_is(spread):
    rng = np.random.default_rng(12)
    named_ones = {"returned": 0, "revenue": 0, "orders": 0}
    for _ in range(400):
        made, sums = drawn(rng, [0.3] * 12, [50] * 12, size=150, spread=spread)
        for trait in named_ones:
            verdict = compare(made, sums, trait, 0)
            named_ones[trait] += verdict.best is not None or verdict.worst is not None
    # 5 % of 400 are 20; two standard deviations more are 29.
    assert all(count <= 29 for count in named_ones.values()), named_ones


def test_p_values_are_scipys():
    from scipy import stats

    rng = np.random.default_rng(13)
    values = [rng.lognormal(3, 0.7, n) for n in (40, 90, 200)]
    made, _ = drawn(rng, [0.3] * 3, [50] * 3)
    sums = {
        "cohort": made.cohorts.tolist(),
        "customers": [len(v) for v in values],
        "revenue": [v.sum() for v in values],
        "revenue_squares": [(v**2).sum() for v in values],
    }
    everybody = np.concatenate(values)
    raw = []
    for v in values:
        rest = np.concatenate([w for w in values if w is not v])
        welch = stats.ttest_ind(v, rest, equal_var=False).pvalue
        error = everybody.std(ddof=1) * np.sqrt(1 / len(v) + 1 / len(rest))
        raw.append(max(welch, 2 * stats.norm.sf(abs(v.mean() - rest.mean()) / error)))
    found = {s.cohort: s.p_value for s in compare(made, sums, "revenue", 0).standings}
    np.testing.assert_allclose([found[c] for c in sums["cohort"]], holm(np.array(raw)), rtol=1e-9)

    sums |= {"returned": [15, 20, 90], "returned_squares": [15, 20, 90]}
    chi = [
        stats.chi2_contingency([[h, n - h], [125 - h, 330 - n - 125 + h]], correction=False).pvalue
        for h, n in ((15, 40), (20, 90), (90, 200))
    ]
    found = {s.cohort: s.p_value for s in compare(made, sums, "returned", 0).standings}
    np.testing.assert_allclose([found[c] for c in sums["cohort"]], holm(np.array(chi)), rtol=1e-9)

    sums |= {"returned": [3, 0, 1], "returned_squares": [3, 0, 1]}
    exact = [
        stats.fisher_exact([[h, n - h], [4 - h, 330 - n - 4 + h]]).pvalue
        for h, n in ((3, 40), (0, 90), (1, 200))
    ]
    found = {s.cohort: s.p_value for s in compare(made, sums, "returned", 0).standings}
    np.testing.assert_allclose([found[c] for c in sums["cohort"]], holm(np.array(exact)), rtol=1e-9)


def test_holm_by_hand():
    found = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_small_cohorts_are_never_named():
    rng = np.random.default_rng(14)
    made, sums = drawn(rng, [0.3, 0.3, 1.0], [50, 50, 5000], size=200)
    sums["customers"][2], sums["returned"][2] = 29, 29
    verdict = compare(made, sums, "returned", 0)
    assert {s.cohort for s in verdict.standings} == {24_000, 24_001}
    sums["customers"][1] = 29
    alone = compare(made, sums, "returned", 0)
    assert alone.standings == ()
    assert alone.best is alone.worst is None


def test_all_alike_differ_in_nothing():
    made, sums = drawn(np.random.default_rng(15), [0.0, 0.0], [50, 50], size=40)
    assert {s.p_value for s in compare(made, sums, "returned", 0).standings} == {1.0}
    sums["revenue"], sums["revenue_squares"] = [400.0, 400.0], [4000.0, 4000.0]
    assert {s.p_value for s in compare(made, sums, "revenue", 0).standings} == {1.0}


def test_cohorts_are_compared_at_the_age_half_of_them_have_reached():
    made, _ = drawn(np.random.default_rng(16), [0.3] * 5, [50] * 5)
    # Observed for 5, 4, 3, 2, 1 months: three of five have seen period 2.
    assert made.observed().tolist() == [5, 4, 3, 2, 1]
    assert common_age(made) == 2
    few, _ = drawn(np.random.default_rng(16), [0.3] * 5, [50] * 5, size=20)
    assert common_age(few) is None
