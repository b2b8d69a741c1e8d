"""Value by month of life and ahead of an origin: exact tables."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clv.core.errors import SettingsError
from clv.features.early import early
from clv.features.targets import ahead, first_year


def test_value_of_the_first_three_months_by_hand(shop):
    found = first_year(shop.orders, date(2017, 6, 30), months=3)
    assert found.table().to_pydict() == {
        "customer_id": ["a", "b", "c"],
        "LTV_3m": [22.0, 3.0, 7.0],
        "value_m0": [15.0, 3.0, 3.0],
        "value_m1": [7.0, 0.0, 0.0],
        "value_m2": [0.0, 0.0, 4.0],
    }
    assert found.waiting == 1
    assert found.first_day.tolist() == [date(2017, 1, 31), date(2017, 3, 31), date(2017, 4, 1)]


def test_a_month_more_takes_in_the_order_on_its_first_day_and_leaves_out_who_is_too_young(shop):
    found = first_year(shop.orders, date(2017, 6, 30), months=4)
    assert found.customer_id.to_pylist() == ["a"]
    assert found.monthly.tolist() == [[15.0, 7.0, 0.0, 100.0]]
    assert found.waiting == 3


@pytest.mark.parametrize(
    ("as_of", "ready"),
    [
        (date(2017, 7, 1), ["a", "b", "c", "d"]),
        (date(2017, 6, 29), ["a", "b"]),
        (date(2016, 1, 1), []),
    ],
)
def test_who_is_ready_on_a_day(shop, as_of, ready):
    assert first_year(shop.orders, as_of, months=3).customer_id.to_pylist() == ready


def test_what_the_first_months_saw_is_inside_the_value(shop):
    seen = early(shop.orders, date(2017, 6, 30))
    label = first_year(shop.orders, date(2017, 6, 30), months=3)
    assert seen.customer_id.equals(label.customer_id)
    assert (seen.column("rev_1m") == label.monthly[:, 0]).all()
    assert (seen.column("rev_3m") == label.value).all()


def test_ahead_of_an_origin_by_hand(shop):
    found = ahead(shop.orders, date(2017, 3, 31), months=3)
    assert found.end == date(2017, 6, 30)
    assert found.customer_id.to_pylist() == ["a", "b"]
    assert found.monthly.tolist() == [[100.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert found.purchases.tolist() == [1.0, 0.0]
    later = ahead(shop.orders, date(2017, 4, 1), months=3)
    assert later.end == date(2017, 7, 1)
    assert later.customer_id.to_pylist() == ["a", "b", "c"]
    assert later.monthly.tolist() == [[100.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 4.0]]


def test_several_orders_on_a_day_are_one_purchase(engine):
    times = [
        "2017-01-01 00:00:00",
        "2017-01-02 08:00:00",
        "2017-01-02 09:00:00",
        "2017-02-01 23:59:59",
    ]
    rows = [("a", str(i), at, 1.0, None) for i, at in enumerate(times)]
    found = ahead(engine({"orders": rows}).orders, date(2017, 1, 1), months=1)
    assert (found.end, found.value.tolist(), found.purchases.tolist()) == (
        *(date(2017, 2, 1), [3.0], [2.0]),
    )


def test_an_order_without_a_value_brings_nothing(engine):
    rows = [("a", "1", "2017-01-01", None, None), ("a", "2", "2017-01-05", 2.5, None)]
    found = first_year(engine({"orders": rows}).orders, date(2017, 12, 31))
    assert found.value.tolist() == [2.5]
    assert not np.isnan(found.monthly).any()


def test_a_value_of_no_months_is_refused(shop):
    for label in (first_year, ahead):
        with pytest.raises(SettingsError, match="0 months"):
            label(shop.orders, date(2017, 6, 30), 0)
