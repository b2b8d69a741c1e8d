"""The search for a maximum: how many starts it takes."""

from __future__ import annotations

import numpy as np

from clv.models.fitting.newton import all_ends, best_of

BOX = np.full(1, -6.0), np.full(1, 6.0)


def falling(point):
    """Fall for ever: the minimum lies on the box."""
    down = np.exp(-point)
    return float(down[0]), -down, np.diag(down)


def two_valleys(point):
    """Fall towards both ends of the box, further to the right."""
    x = point[0]
    return -x * (x + 1), np.array([-2 * x - 1]), np.array([[-2.0]])


def test_a_second_start_that_leads_to_the_same_bound_is_enough():
    ends = all_ends(falling, np.array([[0.0], [1.0], [2.0], [-1.0]]), *BOX)
    assert [end.point.tolist() for end in ends] == [[6.0], [6.0]]


def test_as_long_as_the_ends_differ_all_starts_are_tried():
    starts = np.array([[-3.0], [2.0], [-4.0]])
    assert [end.point.tolist() for end in all_ends(two_valleys, starts, *BOX)] == [
        [6.0],
        [-6.0],
        [-6.0],
    ]
    assert best_of(two_valleys, starts, *BOX).point.tolist() == [6.0]
