"""The benchmark on held-out months: its figures by hand, what a shop knew on a day, its tables."""

from __future__ import annotations

import sys
from datetime import date

import numpy as np
import pytest

from benchmarks import holdout, holdout_contenders, holdout_settings
from benchmarks.holdout import Cut, History, Tried
from benchmarks.holdout_contenders import BASE, Day
from benchmarks.holdout_measures import Came, Said, figures, held, resampled, verdict
from benchmarks.holdout_settings import Setting
from benchmarks.holdout_settings import table as settings_table
from clv.core import metrics
from clv.core.errors import SettingsError
from tests.shops import new_store, shop

CAME = Came(np.array([0.0, 1.0, 2.0, 5.0]), np.array([0.0, 10.0, 20.0, 50.0]))
SAID = Said(
    purchases=np.array([1.0, 1.0, 2.0, 4.0]),
    value=np.array([10.0, 10.0, 20.0, 30.0]),
    chance=np.array([0.5, 0.5, 0.75, 1.0]),
    low=np.array([0.0, 0.0, 30.0, 10.0]),
    high=np.array([20.0, 20.0, 40.0, 60.0]),
    total=(60.0, 79.0),
    seconds=1.5,
)


def test_the_figures_of_four_customers():
    found = figures(CAME, SAID)
    assert found == pytest.approx(
        {
            "mae": 0.5,
            "rmse": 0.5**0.5,
            "bias": 0.0,
            "gini": 0.9375,
            "poisson": (2 + 2 * (5 * np.log(1.25) - 1)) / 4,
            "value_mae": 7.5,
            "value_rmse": 125.0**0.5,
            "value_bias": -0.125,
            "value_gini": 0.9375,
            "tweedie": (4 * 10**0.5 + 4 * (50**0.5 - 30**0.5) ** 2 / 30**0.5) / 4,
            "top10": 0.625,
            "auc": 2.5 / 3,
            "brier": (0.25 + 0.25 + 0.0625) / 4,
            "ece": 0.25 / 4,
            "within": 0.75,
            "seconds": 1.5,
        }
    )
    assert held(CAME, SAID) is False
    assert held(CAME, SAID._replace(total=(60.0, 80.0))) is True


def test_chances_are_measured_as_everywhere_else():
    rng = np.random.default_rng(3)
    chance = rng.integers(1, 20, 400) / 20
    came = Came((rng.random(400) < chance).astype(float), None)
    everywhere = metrics.chances(came.purchases, chance)
    here = figures(came, Said(chance=chance))
    assert here == pytest.approx({name: everywhere[name] for name in ("auc", "brier", "ece")})


def test_what_is_not_said_has_no_figure():
    assert figures(CAME, Said(note="It does not converge.")) == {}
    assert figures(CAME._replace(value=None), SAID).keys() == {
        *("mae", "rmse", "bias", "gini", "poisson", "auc", "brier", "ece", "seconds")
    }
    assert held(CAME, Said()) is None


def test_better_is_what_is_smaller_in_nearly_every_resample():
    rng = np.random.default_rng(1)
    came = Came(rng.poisson(2.0, 300).astype(float), None)
    base = Said(purchases=came.purchases + rng.normal(0.5, 1.0, 300) ** 2)
    near = Said(purchases=came.purchases + 0.1 * rng.normal(0.5, 1.0, 300) ** 2)
    same = Said(purchases=base.purchases * (1 + 1e-6))
    drawn, measured = resampled(came, base), figures(came, base)
    everything = ("mae", "rmse", "bias", "gini", "poisson")
    assert verdict(resampled(came, near), drawn, measured) == dict.fromkeys(everything, 1)
    assert verdict(resampled(came, same), drawn, measured) == dict.fromkeys(everything, 0)
    assert verdict(drawn, resampled(came, near), figures(came, near)) == dict.fromkeys(
        everything, -1
    )


ORDERS = """order_id,customer,order_date,total
1,anna,2017-01-02,10.00
2,ben,2017-01-15,20.00
3,anna,2017-02-20,30.00
3,anna,2017-05-02,-30.00
4,anna,2017-05-20,40.00
5,cleo,2017-05-21,50.00
6,ben,2017-06-02,60.00
6,ben,2017-06-02,5.00
7,ben,2017-08-31,70.00
"""


def test_a_log_is_cut_as_the_shop_knew_it(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    whole = History.of([path])
    assert (whole.first, whole.last, whole.valued) == (date(2017, 1, 2), date(2017, 8, 31), True)
    day = Day.of(new_store(tmp_path / "runs"), [path], date(2017, 4, 30), 3)
    # Order 3 was not refunded yet, and Cleo not known; Ben's last one comes after the horizon.
    assert day.draft.report["orders"] == 3
    assert day.draft.report["revenue"] == 60.0
    assert day.customers.to_pylist() == ["anna", "ben"]
    came = whole.came(day)
    assert came.purchases.tolist() == [1.0, 1.0]
    assert came.value.tolist() == [40.0, 65.0]


def test_the_last_third_is_held_out_in_whole_months():
    assert holdout.last_third(date(2017, 1, 1), date(2017, 12, 31)) == Cut(date(2017, 8, 31), 4)
    assert holdout.last_third(date(2017, 1, 2), date(2017, 12, 31)) == Cut(date(2017, 9, 30), 3)
    with pytest.raises(SettingsError, match="too few months"):
        holdout.last_third(date(2017, 1, 1), date(2017, 2, 28))


TRIED = Tried(
    "Shop",
    Cut(date(2017, 4, 30), 3),
    1200,
    80,
    {
        "auto": {"mae": 0.51, "bias": -0.12, "auc": 0.7, "within": 0.81, "seconds": 3.0},
        "mbg-nbd": {"mae": 0.5, "bias": 0.1, "auc": 0.69},
        BASE: {"mae": 0.5, "bias": 0.1},
        "Pareto/NBD": {},
    },
    {"auto": {"mae": -1, "bias": 0, "auc": 1}, "mbg-nbd": {"mae": 0, "bias": 0, "auc": 0}},
    {"auto": True, "mbg-nbd": False, BASE: None},
    {"auto": "MBG/NBD", "Pareto/NBD": "It does not converge."},
)

SECTION = """\
**Shop, to 2017-04-30**: the 3 months to 2017-07-30 of 1,200 customers, of whom 80 bought.

| forecast | orders MAE | total off | chance AUC | in range | seconds | total held |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| **auto** | 0.510 ▼ | -12.0% | 0.700 ▲ | 81.0% | 3.0 | yes |
| **mbg-nbd** | 0.500 | +10.0% | 0.690 | – | – | no |
| lifetimes MBG/NBD | 0.500 | +10.0% | – | – | – | – |
| Pareto/NBD | – | – | – | – | – | – |

**auto**: MBG/NBD. Pareto/NBD: It does not converge."""


def test_the_section_of_a_cut():
    assert holdout.section(TRIED) == SECTION


def test_what_is_kept_comes_back_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(holdout, "_KEPT", tmp_path / "holdout")
    assert Tried.kept(TRIED.log, TRIED.cut) is None
    TRIED.keep()
    assert Tried.kept(TRIED.log, TRIED.cut) == TRIED


def test_the_summary_counts_and_names_the_worst():
    better = TRIED._replace(
        log="Other", marks={"auto": {"mae": 1, "bias": 1, "auc": 1}, "mbg-nbd": {}}
    )
    lines = holdout.summary([TRIED, better]).splitlines()
    assert lines[:3] == [
        "| measure | **auto**: better | **auto**: worse |",
        "| --- | ---: | ---: |",
        "| orders MAE | 1 of 2 | 1 of 2 |",
    ]
    assert "| chance AUC | 2 of 2 | 0 of 2 |" in lines
    assert "| value MAE | 0 of 0 | 0 of 0 |" in lines
    assert lines[-1] == (
        "Worst of **auto** against lifetimes' MBG/NBD: orders MAE +2.0% (Shop, 2017-04-30); total "
        "orders off by +2.0 points more: -12.0% for +10.0% (Shop, 2017-04-30)."
    )


def test_everybody_forecasts_a_small_shop(tmp_path, monkeypatch, capsys):
    path = tmp_path / "shop.csv"
    path.write_text(shop(90), encoding="utf-8")
    command = ["holdout", str(path), "--until", "2016-12-31", "--months", "3"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(holdout_contenders, "_learner", lambda _: Said(note="Left out."))
    holdout.main()
    printed = capsys.readouterr().out
    lines = [line.strip("| ").split(" | ") for line in printed.splitlines() if "|" in line]
    rows = {name: cells for name, *cells in lines if len(cells) > 10 and name != "---"}
    rows.pop("**corrected**", None)
    assert list(rows) == [
        "forecast",
        "**auto**",
        "**mbg-nbd**",
        BASE,
        "lifetimes BG/NBD",
        "Pareto/NBD",
        "MBG/CNBD-k",
        "Rule: everybody as the average",
        "Rule: everybody goes on as so far",
        "Rule: the same as last period",
        "Rule: who bought lately is active",
        "Window learner",
    ]
    assert "Window learner: Left out." in printed
    assert rows["**mbg-nbd**"][:11] == rows[BASE][:11]


def test_a_horizon_beyond_the_log_is_refused(tmp_path, monkeypatch, capsys):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    command = ["holdout", str(path), "--until", "2017-07-31", "--months", "2"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit, match="No log could be tried"):
        holdout.main()
    assert "2 months after 31 Jul 2017 can't be held out" in capsys.readouterr().err.replace(
        "\xa0", " "
    )


def test_settings_are_chosen_on_the_other_logs(monkeypatch):
    small, large = Setting(4, 0.05), Setting(8, 0.1)
    found = {
        "One": {small: 0.01, large: 0.04},
        "Two": {small: 0.03, large: 0.02},
        "Three": {small: 0.02, large: 0.015},
    }
    monkeypatch.setattr(holdout_settings, "IN_USE", large)
    assert settings_table(found).splitlines()[2:] == [
        "| One | 4 leaves, rate 0.05 | +1.0% | +4.0% | 8 leaves, rate 0.1: +4.0% |",
        "| Two | 8 leaves, rate 0.1 | +2.0% | +2.0% | 4 leaves, rate 0.05: +3.0% |",
        "| Three | 8 leaves, rate 0.1 | +1.5% | +1.5% | 4 leaves, rate 0.05: +2.0% |",
    ]
