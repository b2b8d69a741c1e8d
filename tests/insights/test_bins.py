"""Two forecasts of who buys: bins, scores, disagreements, verdicts; figures by hand and published."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm, rankdata
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from clv.core import metrics, scores
from clv.core.errors import InputError
from clv.core.formatting import percent
from clv.core.scores import CLIP, NAMES, Scores, apart, named
from clv.core.segments import LIKELIHOODS, Thresholds
from clv.insights import bins
from clv.report.words import bins as words
from tests.bins_case import RECEIPT, customers

BOUGHT = [1, 1, 0, 1, 0, 0, 0, 0]
FIRST = [0.9, 0.75, 0.6, 0.5, 0.3, 0.1, 0.1, 0.0]
SECOND = [0.8, 0.2, 0.6, 0.5, 0.3, 0.8, 0.1, 0.25]
VALUE = [100, 50, 0, 30, 0, 0, 0, 0]


def simulated(size=6000, seed=3):
    """Return outcomes of known chances, those chances, and the same with noise."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(0.7, 1.8, size)
    logit = np.log(truth / (1 - truth)) + rng.normal(0, 1.0, size)
    return rng.random(size) < truth, truth, 1 / (1 + np.exp(-logit))


@pytest.fixture(scope="module")
def small():
    return bins.compare(BOUGHT, VALUE, ("a", FIRST), ("b", SECOND))


@pytest.fixture(scope="module")
def cdnow():
    return bins.report(RECEIPT, customers(), "mbg-nbd", "recency-rule")


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


# The core, by hand


def test_bins_begin_at_their_limit():
    chance = [1, 0.75, 0.7499, 0.5, 0.4999, 0.25, 0.2499, 0]
    assert bins.bin_of(chance, Thresholds()).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert bins.bin_of([0.4, 0.39], Thresholds(0.9, 0.6, 0.4)).tolist() == [2, 3]


def test_bins_by_hand(small):
    keys = ("bin", "customers", "bought", "predicted", "actual", "value", "value_each")
    assert [tuple(r[k] for k in keys) for r in small["bins"]["first"]] == [
        ("highly likely", 2, 2, pytest.approx(0.825), 1.0, 150.0, 75.0),
        ("somewhat likely", 2, 1, pytest.approx(0.55), 0.5, 30.0, 15.0),
        ("unlikely", 1, 0, 0.3, 0.0, 0.0, 0.0),
        ("highly unlikely", 3, 0, pytest.approx(0.2 / 3), 0.0, 0.0, 0.0),
    ]
    assert [r["customers"] for r in small["bins"]["second"]] == [2, 2, 2, 2]
    top = small["bins"]["first"][0]
    assert (top["low"], top["high"]) == metrics.wilson(2, 2)
    assert (small["customers"], small["buyers"], small["rate"]) == (8, 3, 0.375)


def test_cells_by_hand(small):
    filled = {
        (r["first"], r["second"]): (r["customers"], r["bought"])
        for r in small["cells"]
        if r["customers"]
    }
    high, some, low, lowest = LIKELIHOODS
    assert filled == {
        (high, high): (1, 1),
        (high, lowest): (1, 1),
        (some, some): (2, 1),
        (low, low): (1, 0),
        (lowest, high): (1, 0),
        (lowest, low): (1, 0),
        (lowest, lowest): (1, 0),
    }
    assert len(small["cells"]) == 16
    empty = next(r for r in small["cells"] if not r["customers"])
    assert [empty[k] for k in ("actual", "low", "high", "predicted_first", "value_each")] == [
        None
    ] * 5


def test_disagreement_by_hand(small):
    split = small["disagreement"]
    assert (split["customers"], split["bought"], split["value"]) == (3, 1, 50.0)
    assert split["error_first"] == pytest.approx((0.0625 + 0.01 + 0) / 3)
    assert split["error_second"] == pytest.approx((0.64 + 0.64 + 0.0625) / 3)
    # Far apart, but three customers prove nothing.
    assert split["difference"] is None
    assert split["right"] is None
    assert small["better"] is None
    assert set(small["differences"].values()) == {None}


def test_everything_is_json(small, cdnow):
    for found in (small, cdnow):
        assert json.loads(json.dumps(found, allow_nan=False)) == found


# Scores


@pytest.mark.parametrize("digits", [1, 2, 6])
def test_briers_parts_add_up_exactly(digits):
    bought, truth, noisy = simulated()
    for chance in (truth, noisy):
        rounded = chance.round(digits)
        found = named(Scores(bought, rounded)())
        parts = found["reliability"] - found["resolution"] + found["uncertainty"] + found["within"]
        assert found["brier"] == pytest.approx(parts, abs=1e-13)
        place = metrics.quantile_bins(rounded)
        within = 0.0
        for b in range(place.max() + 1):
            p, y = rounded[place == b], bought[place == b]
            within += len(p) * (p.var() - 2 * np.cov(p, y, bias=True)[0, 1])
        assert found["within"] == pytest.approx(within / len(bought), abs=1e-13)
        if digits == 1:
            # Eleven distinct chances or fewer: a bin holds one or two of them.
            assert abs(found["within"]) < 1e-3


def test_scores_are_those_of_scikit_learn_under_any_weighting():
    bought, _, noisy = simulated(2000)
    noisy = noisy.round(3)  # Ties, and some chances of exactly 0 and 1.
    noisy[:40], noisy[40:60] = 0.0, 1.0
    weights = np.random.default_rng(8).poisson(1.0, 2000).astype(float)
    clipped = np.clip(noisy, CLIP, 1 - CLIP)
    for w in (None, weights):
        found = named(Scores(bought, noisy)(w))
        assert found["brier"] == pytest.approx(brier_score_loss(bought, noisy, sample_weight=w))
        assert found["auc"] == pytest.approx(roc_auc_score(bought, noisy, sample_weight=w))
        assert found["log_loss"] == pytest.approx(log_loss(bought, clipped, sample_weight=w))
        rate = np.average(bought, weights=w)
        assert found["uncertainty"] == pytest.approx(rate * (1 - rate))
    plain = metrics.chances(bought, noisy)
    found = named(Scores(bought, noisy)())
    assert {n: found[n] for n in ("reliability", "resolution")} == pytest.approx(
        {n: plain[n] for n in ("reliability", "resolution")}
    )
    assert Scores(bought, noisy).clipped == int(((noisy < CLIP) | (noisy > 1 - CLIP)).sum()) >= 60


def delong(bought, first, second):
    """Return the standard error of a difference of AUCs (DeLong, DeLong & Clarke-Pearson 1988)."""
    yes, no = np.flatnonzero(bought), np.flatnonzero(~bought)
    parts = []
    for p in (first, second):
        everybody, own, rest = (rankdata(v) for v in (p, p[yes], p[no]))
        parts.append(((everybody[yes] - own) / len(no), 1 - (everybody[no] - rest) / len(yes)))
    above, below = (parts[0][i] - parts[1][i] for i in (0, 1))
    return math.sqrt(above.var(ddof=1) / len(yes) + below.var(ddof=1) / len(no))


def test_intervals_are_as_wide_as_theory_says():
    bought, truth, noisy = simulated()
    found = apart(Scores(bought, truth), Scores(bought, noisy))
    z = norm.ppf(0.975)
    losses = (truth - bought) ** 2 - (noisy - bought) ** 2
    expected = {
        "brier": losses.std() / math.sqrt(len(bought)),
        "auc": delong(bought, truth, noisy),
    }
    for name, error in expected.items():
        difference, low, high = found[name]
        assert low < difference < high
        assert (high - low) / 2 == pytest.approx(z * error, rel=0.1)
    assert found["brier"][0] == pytest.approx(losses.mean())
    # The true chances are better in every respect but their mean.
    assert found["brier"][2] < 0 < found["auc"][1]
    assert found["reliability"][2] < 0 < found["resolution"][1]
    assert found["log_loss"][2] < 0
    assert found["uncertainty"] == [0.0, 0.0, 0.0]
    assert apart(Scores(bought, truth), Scores(bought, noisy)) == found


@pytest.mark.parametrize(("outcome", "rate"), [(False, 0.0), (True, 1.0)])
def test_where_all_did_the_same_there_is_no_ranking(outcome, rate):
    y = np.full(80, outcome)
    found = bins.compare(y, None, ("a", np.linspace(0, 1, 80)), ("b", np.full(80, 0.4)))
    assert found["measures"]["first"]["auc"] is None
    assert found["differences"]["auc"] is None
    assert found["rate"] == rate
    assert "of pairs" not in words.verdict(found | {"as_of": "2017-12-31", "horizon_months": 12})
    assert words.useless(found) == ""
    assert found["bins"]["first"][0]["value"] is None


def test_senseless_input_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        bins.compare([1, 0], None, ("a", [0.5, 1.5]), ("b", [0, 0]))
    with pytest.raises(ValueError, match="outcomes"):
        bins.compare([1, 0], None, ("a", [0.5]), ("b", [0, 0]))
    with pytest.raises(ValueError, match="no customer"):
        bins.compare([], None, ("a", []), ("b", []))


# Who is better


def test_published_figures_of_cdnow(cdnow):
    """A chance of buying, and the chance of being active mistaken for it."""
    own = cdnow["measures"]["first"]
    assert own["auc"] == pytest.approx(0.760, abs=5e-4)
    assert own["brier"] == pytest.approx(0.161, abs=5e-4)
    found = bins.report(RECEIPT, customers(), "p-alive", "mbg-nbd")
    assert found["measures"]["first"]["auc"] == pytest.approx(0.687, abs=5e-4)
    assert (found["better"], found["disagreement"]["right"]) == ("second", "second")
    assert found["differences"]["auc"][2] < 0 < found["differences"]["brier"][1]


def test_a_known_difference_is_found_and_none_is_not():
    bought, truth, noisy = simulated()
    found = bins.compare(bought, None, ("noisy", noisy), ("truth", truth))
    assert (found["better"], found["disagreement"]["right"]) == ("second", "second")
    assert found["disagreement"]["largest"]["right"] == "second"
    rng = np.random.default_rng(4)
    twins = [np.clip(truth + rng.normal(0, 0.06, len(truth)), 0, 1) for _ in range(2)]
    found = bins.compare(bought, None, ("one", twins[0]), ("other", twins[1]))
    assert (found["better"], found["disagreement"]["right"]) == (None, None)
    low, high = found["differences"]["brier"][1:]
    assert low < 0 < high


def test_false_alarms_are_as_rare_as_they_should_be():
    """Of two forecasts as good as each other, 5 % of the samples call one better."""
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = rng.beta(1, 2, 400)
        bought = rng.random(400) < truth
        noise = rng.normal(0, 0.08, 400)
        one, other = (np.clip(truth + sign * noise, 0, 1) for sign in (1, -1))
        edges = metrics.paired_difference(
            {"one": (one - bought) ** 2, "other": (other - bought) ** 2}, "other", bins.DRAWS
        )["one"]
        found = apart(Scores(bought, one), Scores(bought, other), draws=200)["brier"]
        assert found[0] == pytest.approx(edges[0])
        alarms += found[1] > 0 or found[2] < 0
    assert 1 <= alarms <= 11


def test_the_same_chances_are_the_same():
    found = bins.report(RECEIPT, customers(), "mbg-nbd", "mbg-nbd+all-orders")
    assert found["same"]
    assert found["better"] is None
    assert found["disagreement"]["customers"] == 0
    assert "give every customer the same chance" in words.verdict(found)
    assert "put every customer in the same bin" in words.verdict(found)
    assert {words.closer(found, name) for name in NAMES} == {"the same"}


# A run's test


def test_report_says_what_was_tested(cdnow):
    assert bins.contenders(customers())[:2] == ["mbg-nbd", "mbg-nbd+all-orders"]
    facts = ("as_of", "end", "horizon_months", "currency", "tested", "customers")
    assert [cdnow[k] for k in facts] == ["1997-09-30", "1998-06-30", 9, "USD", 2357, 2357]
    assert sum(r["customers"] for r in cdnow["bins"]["second"]) == 2357
    brought = sum(r["value"] for r in cdnow["bins"]["first"])
    assert brought == pytest.approx(sum(customers()["value"].to_pylist()))
    without = bins.report(RECEIPT | {"has_value": False}, customers(), "mbg-nbd", "p-alive")
    assert without["disagreement"]["value"] is None


def test_an_unknown_forecast_is_named_with_the_nearest():
    with pytest.raises(
        InputError, match=r'No forecast "mbg-nbt" was tested\. Did you mean "mbg-nbd"'
    ):
        bins.report(RECEIPT, customers(), "mbg-nbt", "p-alive")


def test_limits_change_bins_and_no_scores(cdnow):
    moved = bins.report(
        RECEIPT, customers(), "mbg-nbd", "recency-rule", limits=Thresholds(0.9, 0.4, 0.3)
    )
    assert moved["measures"] == cdnow["measures"]
    assert moved["limits"] == {"highly": 0.9, "somewhat": 0.4, "unlikely": 0.3}
    sizes = [r["customers"] for r in moved["bins"]["second"]]
    assert sizes == [0, 411, 0, 1946]


def test_rows_for_files(small, cdnow):
    rows = bins.rows(cdnow)
    assert [(r["forecast"], r["bin"], r["chance_from"], r["chance_to"]) for r in rows[3:5]] == [
        ("mbg-nbd", "highly unlikely", 0.0, 0.25),
        ("recency-rule", "highly likely", 0.75, 1.0),
    ]
    assert [r["customers"] for r in rows[4:]] == [0, 0, 411, 1946]
    cells = bins.cell_rows(small)
    assert len(cells) == 16
    assert list(cells[0])[:4] == ["first_forecast", "second_forecast", "first_bin", "second_bin"]
    assert sum(r["customers"] for r in cells) == 8
    pa.Table.from_pylist(rows + bins.rows(small))


# Words


def told(found):
    return words.verdict(found).replace("\u00a0", " ")


def test_verdict_follows_from_the_figures(cdnow):
    assert told(cdnow) == (
        "MBG/NBD predicted who bought in the 9 months after 30 Sep 1997 better than the rule of thumb "
        "that who bought in the last 90 days is active, by more than chance: the error of its chances is 11 % "
        "smaller, and it puts a buyer above a non-buyer in 76 % of pairs, against 67 %. They put 536 "
        "customers (23 %) in different bins, most often the 234 whose order MBG/NBD calls unlikely and "
        "the rule highly unlikely: 49 % bought where MBG/NBD had said 36 % and the rule 20 %, so go by "
        "MBG/NBD there."
    )
    own, rule = (cdnow["measures"][s]["brier"] for s in bins.SIDES)
    assert round(100 * (1 - own / rule)) == 11
    # How orders are valued has no say in who buys: named only where it tells the two apart.
    valued = cdnow["names"] | {"first": "mbg-nbd+all-orders"}
    assert told(cdnow | {"names": valued}) == told(cdnow)
    both = cdnow | {"names": {"first": "mbg-nbd", "second": "mbg-nbd+all-orders"}}
    assert words.label(both, "first") == "MBG/NBD"
    assert words.label(both, "second") == "MBG/NBD, first orders valued too"
    turned = bins.report(RECEIPT, customers(), "recency-rule", "mbg-nbd")
    assert told(turned).split(". ")[0] == told(cdnow).split(". ")[0]


def told_of(first, second, bought, **more):
    found = bins.compare(bought, None, ("mbg-nbd", first), ("bg-nbd", second), **more)
    return told(found | {"as_of": "2017-12-31", "horizon_months": 12})


def test_verdict_where_nothing_can_be_told():
    bought, truth, _ = simulated()
    rng = np.random.default_rng(4)
    twins = [np.clip(truth + rng.normal(0, 0.06, len(truth)), 0, 1) for _ in range(2)]
    read = told_of(*twins, bought)
    assert read.startswith(
        "MBG/NBD and BG/NBD predicted who bought in the year after 31 Dec 2017 about equally well"
    )
    assert "no more than chance would make them, and both put a buyer above a non-buyer in" in read
    one = truth.copy()
    one[0] = 0.3 if truth[0] > 0.5 else 0.7
    assert told_of(truth, one, bought).endswith(
        "They put 1 customer (under 0.1 %) in different bins, so that for a mailing by bins it hardly "
        "matters which of them you use; these are too few to say who was right."
    )
    few = told_of(truth[:30], 1 - truth[:30], bought[:30])
    assert few.startswith("Only 30 customers can be compared, too few to tell whether MBG/NBD or")
    assert "but these are too few to say who was right." in few


def test_verdict_where_ranking_and_chances_disagree():
    """Chances all 35 points too high rank like the truth; a coarse forecast with honest chances."""
    bought, truth, _ = simulated()
    coarse = np.where(truth > 0.3, bought[truth > 0.3].mean(), bought[truth <= 0.3].mean())
    read = told_of(coarse, np.clip(truth + 0.35, 0, 1), bought)
    assert read.startswith("MBG/NBD predicted who bought in the year after 31 Dec 2017 better than")
    assert "smaller, although it puts a buyer above a non-buyer in" in read
    assert "no more than chance" not in read.split(". ")[0]


def test_worse_than_one_chance_for_everybody_is_said(cdnow):
    assert words.useless(cdnow) == ""
    bought, truth, _ = simulated()
    found = bins.compare(bought, None, ("mbg-nbd", 1 - truth), ("bg-nbd", truth))
    assert words.useless(found) == (
        "The chances of MBG/NBD are no better here than giving everybody the same chance of "
        f"{percent(bought.mean())}."
    )


def test_titles(cdnow):
    assert words.bins_title(cdnow).replace("\u00a0", " ") == (
        "87 % of the 103 customers bought that MBG/NBD calls highly likely to buy; the rule calls "
        "nobody highly likely to buy"
    )
    assert words.cells_title(cdnow).replace("\u00a0", " ") == (
        "Both put 77 % of the customers in the same bin"
    )
    assert words.right_title(cdnow) == "Where they disagree, MBG/NBD was closer"
    assert words.reliability_title(cdnow) == (
        "The chances came true in 5 of 10 groups of MBG/NBD, and in 1 of 2 groups of the rule"
    )
    assert words.apart("auc", [0.0727, -0.01, 0.0944]) == "+7.3 points (\u22121.0 to +9.4)"
    assert words.score("brier", 0.16144) == "0.1614"
    assert words.closer(cdnow, "brier") == "MBG/NBD"
    assert set(words.SCORES) == set(scores.NAMES)


# The command line


def test_command_line(tmp_path, monkeypatch, capsys):
    import typer

    from clv.apps.cli import compare
    from clv.runs import Store
    from tests.bins_case import TriedRun

    monkeypatch.setattr(Store, "latest", lambda self: TriedRun())
    app = typer.Typer()
    app.command()(compare)

    def run(*arguments):
        app([str(a) for a in arguments], standalone_mode=False)
        return capsys.readouterr().out

    read = run("mbg-nbd", "recency-rule")
    assert "better than the rule of thumb" in read.replace("\n", " ")
    assert "highly unlikely" in read
    assert "+8.7 points" in read
    out = tmp_path / "bins.csv"
    run("mbg-nbd", "p-alive", "--out", out)
    rows = table(out)
    assert [int(r["customers"]) for r in rows[:4]] == [103, 197, 345, 1712]
    to_score, file = tmp_path / "to_score.csv", tmp_path / "mine.csv"
    run("mbg-nbd", "--to-score", to_score)
    ids = [r["customer_id"] for r in table(to_score)]
    assert ids == customers()["customer_id"].to_pylist()
    file.write_text("customer_id,probability\n" + "".join(f"{i},0.3\n" for i in [*ids[:99], "x"]))
    everything, left = tmp_path / "all.json", tmp_path / "left.csv"
    read = run("mbg-nbd", "--probabilities", file, "--out", everything, "--rejects", left)
    assert "100 rows = 99 used + 1 left out." in read.replace("\n", " ")
    found = json.loads(everything.read_text())
    assert (found["customers"], found["names"]["second"]) == (99, "mine.csv")
    assert [r["line"] for r in table(left)] == ["101"]
    for wrong, why in (
        (("mbg-nbd",), "second forecast is not named"),
        (("mbg-nbd", "p-alive", "--probabilities", file), "mbg-nbd and p-alive are compared"),
        (("mbg-nbd", "--probabilities", file, "--out", file), "cannot be written: it is also"),
    ):
        with pytest.raises(InputError, match=why):
            run(*wrong)
