"""Features of the first months: whole tables by hand, and what a spec remembers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clv.core.errors import LayoutError, SettingsError
from clv.features.early import early
from clv.features.spans import Span, spans_of
from clv.features.tables import Spec

AS_OF = date(2017, 6, 30)


def with_everything(shop, as_of=AS_OF, **options):
    return early(
        shop.orders,
        as_of,
        labels=shop.labels,
        lines=shop.lines,
        attributes=shop.attributes,
        **options,
    )


def test_everything_by_hand(shop):
    found = with_everything(shop, largest_categories=2)
    assert found.table().to_pydict() == {
        "customer_id": ["a", "b", "c"],
        "cohort_month": ["2017-01", "2017-03", "2017-04"],
        "customer_state": ["SP", "RJ", "unknown"],
        "first_payment_type": ["card", "slip", "card"],
        "first_delivery_days": [6.0, 90.0, 48.0],
        "first_delivery_days_missing": [0, 0, 1],
        "first_freight": [1.5, 0.5, 1.0],
        "first_freight_missing": [0, 0, 1],
        "first_review_days": [90.0, 90.0, 90.0],
        "first_review_days_missing": [1, 0, 1],
        "first_review_score": [4.0, 4.0, 4.0],
        "first_review_score_missing": [1, 0, 1],
        "rev_1m": [15.0, 3.0, 3.0],
        "n_orders_1m": [2, 1, 2],
        "rev_3m": [22.0, 3.0, 7.0],
        "n_orders_3m": [3, 1, 3],
        "first_value": [10.0, 3.0, 1.0],
        "days_3m": [3, 1, 2],
        "second_order": [1, 0, 1],
        "days_to_second": [27, 91, 90],
        "days_since_last": [60, 90, 0],
        "items_3m": [3, 1, 5],
        "n_categories_3m": [3, 1, 2],
        # toys 12, books 5, unknown 4, games 2; garden was bought too late, music by somebody else.
        "share_3m:toys": [0.625, 0.0, 0.5],
        "share_3m:books": [0.125, 1.0, 0.0],
        "share_3m:other": [0.25, 0.0, 0.5],
    }
    assert found.known_until.tolist() == [date(2017, 4, 29), date(2017, 6, 29), date(2017, 6, 30)]
    assert found.first_day.tolist() == [date(2017, 1, 31), date(2017, 3, 31), date(2017, 4, 1)]


def test_orders_alone_are_enough(shop):
    found = early(shop.orders, AS_OF, after=["1m"])
    assert found.table().slice(3, 1).to_pydict() == {
        "customer_id": ["d"],
        "cohort_month": ["2017-04"],
        "rev_1m": [50.0],
        "n_orders_1m": [1],
        "first_value": [50.0],
        "days_1m": [1],
        "second_order": [0],
        "days_to_second": [30],
        "days_since_last": [29],
        "items_1m": [5],
    }


def test_days_and_weeks(shop):
    found = early(shop.orders, AS_OF, after=["30d", "4w", "27d"])
    assert found.names[1:7] == (
        *("rev_27d", "n_orders_27d", "rev_4w", "n_orders_4w", "rev_30d", "n_orders_30d"),
    )
    # a bought again on the 28th day (4w), and on the 29th.
    assert [found.column(n)[0] for n in ("rev_27d", "rev_4w", "rev_30d")] == [10.0, 15.0, 22.0]


def test_a_span_is_completed_at_the_end_of_its_last_day(shop):
    for as_of, ids in [(date(2017, 6, 29), ["a", "b"]), (date(2017, 7, 1), ["a", "b", "c", "d"])]:
        assert early(shop.orders, as_of).customer_id.to_pylist() == ids


def test_nobody_has_completed_anything(shop):
    found = with_everything(shop, date(2017, 1, 1))
    assert (len(found), found.matrix.shape[0]) == (0, 0)
    assert not with_everything(shop, date(2017, 1, 1), spec=found.spec).customer_id


def test_a_spec_makes_the_same_columns_of_other_data(engine, rows):
    learned = with_everything(engine(rows), largest_categories=2)
    spec = Spec.from_json(learned.spec.to_json())
    assert spec == learned.spec
    new = {
        "orders": [("n", "n1", "2018-01-01 12:00:00", 8.0, None)],
        "lines": [("n1", "toys", 1.0, 1), ("n1", "novelty", 3.0, 1)],
        "attributes": [("n1", "barter", None, 3.0, 31.0, None)],
        "labels": [("n", "PR")],
    }
    found = with_everything(engine(new), date(2018, 12, 31), spec=spec, largest_categories=9)
    assert (found.names, found.kinds, found.spec) == (learned.names, learned.kinds, spec)
    shown = {name: values[0] for name, values in found.table().to_pydict().items()}
    assert (shown["customer_state"], shown["first_payment_type"]) == ("other", "other")
    assert (shown["first_freight"], shown["first_freight_missing"]) == (1.0, 1.0)
    assert (shown["first_review_score"], shown["first_review_score_missing"]) == (3.0, 0.0)
    assert (shown["share_3m:toys"], shown["share_3m:other"], shown["items_3m"]) == (0.25, 0.75, 0.0)


def test_scoring_says_what_is_missing(shop):
    spec = with_everything(shop).spec
    without = {"labels": "customer_state", "lines": "order lines", "attributes": "payment_type"}
    for table, named in without.items():
        given = {n: getattr(shop, n) for n in without if n != table}
        with pytest.raises(LayoutError, match=named):
            early(shop.orders, AS_OF, spec=spec, **given)


def test_what_became_known_nobody_knows_when_is_left_out(shop):
    import narwhals as nw

    attributes = nw.from_native(shop.attributes).select("order_id", "freight", "review_score")
    found = early(shop.orders, AS_OF, attributes=attributes.to_native())
    assert [n for n in found.names if n.startswith("first_")] == [
        *("first_freight", "first_freight_missing", "first_value"),
    ]


def test_a_table_that_the_spec_does_not_know_changes_nothing(shop):
    learned = early(shop.orders, AS_OF)
    found = with_everything(shop, spec=learned.spec)
    assert found.names == learned.names
    assert (found.matrix != learned.matrix).nnz == 0


def test_a_label_called_like_a_feature_is_refused(shop):
    import narwhals as nw

    labels = nw.from_native(shop.labels).rename({"customer_state": "cohort_month"}).to_native()
    with pytest.raises(LayoutError, match="cohort_month"):
        early(shop.orders, AS_OF, labels=labels)


def test_a_column_and_some_rows(shop):
    found = with_everything(shop)
    assert found.column("customer_state").tolist() == [1.0, 0.0, 2.0]
    assert found.spec.levels["customer_state"] == ("RJ", "SP", "unknown", "other")
    some = found.rows(np.array([True, False, True]))
    assert some.customer_id.to_pylist() == ["a", "c"]
    assert some.column("rev_3m").tolist() == [22.0, 7.0]
    assert some.known_until.tolist() == [date(2017, 4, 29), date(2017, 6, 30)]


@pytest.mark.parametrize(
    ("written", "days", "shown"),
    [
        ("14d", 14, "14d"),
        ("2 weeks", 14, "2w"),
        (1, 28, "1m"),
        (" 3M", 89, "3m"),
        ("1d", 1, "1d"),
        ("1 Month", 28, "1m"),
        ("2mo", 59, "2m"),
    ],
)
def test_lengths_as_people_write_them(written, days, shown):
    span = Span.of(written)
    assert (str(span), (span.end(date(2017, 1, 31)) - date(2017, 1, 31)).days) == (shown, days)


@pytest.mark.parametrize("written", ["", "m", "0d", "-1m", "1.5m", "1y", "30min", "14 dwarfs", 0])
def test_what_is_not_a_length(written):
    with pytest.raises(SettingsError, match="not a length"):
        Span.of(written)


def test_lengths_are_sorted_and_not_mixed():
    assert [str(s) for s in spans_of(["3m", 1, "3m"])] == ["1m", "3m"]
    for wrong in ([], ["1m", "30d"]):
        with pytest.raises(SettingsError):
            spans_of(wrong)
