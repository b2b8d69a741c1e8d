"""Levels that move: only ratios, only where past dates agree, and as far as that is sure."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clv.backtest.levels import ENOUGH, SHOCK, missed, step
from clv.report.words.receipt import levels


def test_what_was_missed_of_a_ratio_and_how_unsure_chance_leaves_it():
    value, purchases = np.array([30.0, 0.0, 10.0]), np.array([2.0, 0.0, 1.0])
    said = np.array([5.0, 5.0, 10.0]), np.array([1.0, 1.0, 0.0])
    ratio, error = missed(value, purchases, *said)
    assert ratio == pytest.approx(math.log((40 / 3) / (20 / 2)), rel=1e-12)
    # Apart from 40/3 per purchase: 30 - 80/3, 0, 10 - 40/3.
    assert error == pytest.approx(math.sqrt(2 * (10 / 3) ** 2) / 40, rel=1e-12)


def test_nothing_that_came_asks_for_nothing():
    nothing, some = np.zeros(3), np.ones(3)
    assert missed(nothing, nothing, some, some) == (0.0, math.inf)
    assert step([(0.0, math.inf), (0.1, 0.01)], 2.0) == 0.0


def test_the_step_is_the_smaller_of_mean_and_last_shrunk_by_its_error():
    seen = [(0.3, 0.0), (0.2, 0.0)]
    error = math.sqrt((0.05**2 + SHOCK**2 / 2) / 2)
    assert step(seen, 2.0) == pytest.approx(0.2 * (1 - (error / 0.2) ** 2), rel=1e-12)
    assert step(seen[::-1], 2.0) == pytest.approx(0.25 * (1 - (error / 0.25) ** 2), rel=1e-12)
    down = [(-one, 0.0) for one, _ in seen]
    assert step(down, 2.0) == -step(seen, 2.0)


def test_dates_that_disagree_or_share_their_months_move_nothing():
    assert step([(0.3, 0.0), (-0.1, 0.0), (0.3, 0.0)], 3.0) == 0.0
    assert step([(0.3, 0.0), (0.3, 0.0)], ENOUGH - 0.01) == 0.0
    assert step([(0.01, 0.0), (0.01, 0.0)], 2.0) == 0.0  # Within what chance does.
    assert step([(0.2, 0.5), (0.2, 0.5)], 2.0) == 0.0  # Few customers.


def said(**steps):
    return levels({"choice": {"steps": steps}}).replace("\N{NO-BREAK SPACE}", " ")


def test_the_receipt_says_what_moved():
    assert levels({"choice": {}}) == said(buyers=0.0, order_value=0.0) == ""
    assert said(buyers=math.log(1.06), order_value=0.0) == (
        "On every past date more customers bought than predicted for the number of orders, so "
        "chances to buy are raised by 6 %. The tests' figures are without this."
    )
    assert said(buyers=math.log(0.9), order_value=math.log(0.8)) == (
        "On every past date fewer customers bought than predicted for the number of orders, so "
        "chances to buy are lowered by 10 %; less was spent per order than predicted, so order "
        "values are lowered by 20 %. The tests' figures are without this."
    )
