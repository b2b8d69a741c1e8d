"""Past dates as draws of chance: how many they are worth, and how unsure they leave a difference."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clv.backtest import dates


def window(begin, end):
    return date.fromisoformat(begin), date.fromisoformat(end)


@pytest.mark.parametrize(
    ("windows", "worth"),
    [
        ([window("2021-01-01", "2021-04-11")], 1.0),
        ([window("2021-01-01", "2021-04-11")] * 3, 1.0),
        ([window("2021-01-01", "2021-04-11"), window("2021-02-20", "2021-05-31")], 1.5),
        ([window("2021-04-11", "2021-07-20"), window("2021-01-01", "2021-04-11")], 2.0),
        # What lies between two windows was not seen.
        ([window("2021-01-01", "2021-04-11"), window("2021-09-01", "2021-12-10")], 2.0),
    ],
)
def test_windows_that_share_days_count_as_what_they_are(windows, worth):
    assert dates.independent(windows) == pytest.approx(worth)


def test_a_shock_moves_forecasts_that_differ_in_level():
    """2 x 0.15 x log 2 x 3 purchases of 4 customers; the same level and rank: not at all."""
    came, one = np.array([0.0, 1.0, 2.0, 0.0]), np.full(4, 1.5)
    assert dates.moved(came, one, one / 2) == pytest.approx(0.3 * np.log(2) * 3 / 4)
    assert dates.moved(came, one, one) == 0
    assert dates.moved(np.zeros(4), one, one / 2) == 0


def test_fewer_dates_leave_a_difference_less_sure():
    assert dates.between([-0.2], [], 1.0) == 0
    assert dates.between([-0.2], [0.3], 1.0) == pytest.approx(0.3)
    assert dates.between([-0.2, -0.2], [0.3, 0.3], 2.0) == pytest.approx(0.15)
    assert dates.between([-0.3, -0.1], [], 2.0) == pytest.approx(0.1 / np.sqrt(2))


def test_errors_add_up_as_variances():
    difference, low, high = dates.wider((1.0, 0.7, 1.4), 0.4 / 1.959963984540054)
    assert (difference, low, high) == pytest.approx((1.0, 0.5, 1 + np.sqrt(0.32)))
    assert dates.mirrored((1.0, 0.7, 1.4)) == (-1.0, -1.4, -0.7)
