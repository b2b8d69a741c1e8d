"""Customers described by hand: what no customer can be is refused, and the feature is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from clv.core.errors import FeatureError
from clv.learn import scoring
from clv.learn.designs import features
from clv.learn.plans import Design


@pytest.fixture(scope="module")
def model(small_trained):
    return small_trained.model


@pytest.fixture(scope="module")
def row(model, small):
    """Return somebody with one order in two weeks, and one in four."""
    found = features(scoring.Tables.of(small), date(2022, 6, 30), model.design, model.spec)
    once = (found.column("n_orders_2w") == 1) & (found.column("n_orders_4w") == 1)
    return found.rows(np.flatnonzero(once)[:1]).table().to_pylist()[0]


@pytest.mark.parametrize(
    ("change", "feature", "says"),
    [
        ({"rev_4w": True}, "rev_4w", "which is not a number"),
        ({"rev_4w": "1_000"}, "rev_4w", "which is not a number"),
        ({"rev_4w": "inf"}, "rev_4w", "which is not a number"),
        ({"rev_4w": -1e13}, "rev_4w", "which is not a number"),
        ({"state": ["east"]}, "state", "which is not text"),
        ({"state": True}, "state", "which is not text"),
        ({"n_orders_2w": 1.5}, "n_orders_2w", "is 1.5, which is not a number of orders"),
        ({"n_orders_2w": -1}, "n_orders_2w", "is -1, which is not a number of orders"),
        ({"n_orders_2w": 3}, "n_orders_4w", "is 1, fewer than the 3 of a shorter time"),
        ({"cohort_month": "2022-01-32"}, "cohort_month", "which is not a month such as 2017-01"),
        ({"cohort_month": "1899-12"}, "cohort_month", "which is not a month such as 2017-01"),
        # As it was called by whoever sent it.
        ({"cohort_month": None, "cohort_month_str": "?"}, "cohort_month_str", 'str" is "?"'),
        ({"cohort_month": None}, "cohort_month", 'The feature "cohort_month" is missing'),
    ],
)
def test_what_cant_be_is_refused_and_named(model, row, change, feature, says):
    with pytest.raises(FeatureError) as caught:
        model.score([row, row | change])
    assert caught.value.feature == feature
    assert says in caught.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"rev_4w": -5.0},  # More went back than came.
        {"state": np.str_("east")},
        {"state": 7},
        {"cohort_month": "2022-05-31T10:00:00Z"},
        {"n_orders_2w": "1", "n_orders_4w": np.int64(2)},
    ],
)
def test_what_can_be_is_taken_as_tables_have_it(model, row, change):
    (said,) = model.score([row | change])
    assert np.isfinite(list(said.values())).all()


@pytest.mark.parametrize("kind", ["early", "window"])
def test_which_time_holds_which_hangs_on_no_order(model, kind):
    spans = ("4w", "2w") if kind == "early" else ("120d", "7d")
    names = tuple(f"n_orders_{span}" for span in spans)
    design = Design(kind, 3, after=("4w", "2w"), days=(120, 7))
    other = replace(model, design=design, names=names, kinds=("number", "number"))
    assert other.features([dict(zip(names, (2, 1), strict=True))]).matrix.toarray().tolist() == [
        [2.0, 1.0]
    ]
    with pytest.raises(FeatureError, match="is 1, fewer than the 2 of a shorter time"):
        other.features([dict(zip(names, (1, 2), strict=True))])
