"""Moving windows: whole tables by hand, and the same by loops over a real shop's orders."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from clv.core.errors import LayoutError, SettingsError
from clv.features import windows as module
from clv.features.tables import Spec
from clv.features.windows import windows
from tests.places import RETAIL

AS_OF = date(2017, 6, 30)


def with_everything(shop, as_of=AS_OF, **options):
    return windows(
        shop.orders, as_of, labels=shop.labels, lines=shop.lines, events=shop.events, **options
    )


def test_everything_by_hand(shop):
    found = with_everything(shop, days=(1, 61, 90), largest_categories=2)
    assert found.table().to_pydict() == {
        "customer_id": ["a", "b", "c", "d"],
        "customer_state": ["SP", "RJ", "unknown", "XX"],
        "orders": [4, 1, 3, 1],
        "revenue": [122.0, 3.0, 7.0, 50.0],
        "frequency": [3, 0, 1, 0],
        "recency": [89, 0, 90, 0],
        "T": [150, 91, 90, 89],
        "monetary_value": [37.333333, 0.0, 4.0, 0.0],
        "days_since_last": [61, 91, 0, 89],
        "gap_mean": [29.666667, 91, 90, 89],
        "gap_last": [61, 91, 90, 89],
        "gap_longest": [61, 91, 90, 89],
        "n_orders_1d": [0, 0, 1, 0],
        "rev_1d": [0.0, 0.0, 4.0, 0.0],
        "mean_1d": [0.0, 0.0, 4.0, 0.0],
        "trend_1d": [0.0, 0.0, 4.0, 0.0],
        # The 30th of April is 61 days back: one too many.
        "n_orders_61d": [0, 0, 1, 0],
        "rev_61d": [0.0, 0.0, 4.0, 0.0],
        "mean_61d": [0.0, 0.0, 4.0, 0.0],
        "trend_61d": [-100.0, -3.0, 1.0, -50.0],
        "n_orders_90d": [1, 0, 1, 1],
        "rev_90d": [100.0, 0.0, 4.0, 50.0],
        "mean_90d": [100.0, 0.0, 4.0, 50.0],
        # Ninety days before are the 1st of April (day 90) to the 2nd of January.
        "trend_90d": [78.0, -3.0, 1.0, 50.0],
        "days_since_event:login": [6, 91, 90, 89],
        "days_since_event:view": [150, 0, 90, 89],
        "days_since_event:other": [150, 91, 90, 89],
        "n_categories": [4, 1, 2, 1],
        "events:login": [2, 0, 0, 0],
        "events_7d:login": [1, 0, 0, 0],
        "events:view": [0, 1, 0, 0],
        "events_7d:view": [0, 1, 0, 0],
        "events:other": [0, 0, 0, 0],
        "events_7d:other": [0, 0, 0, 0],
        "orders:garden": [1, 0, 0, 0],
        "revenue:garden": [100.0, 0.0, 0.0, 0.0],
        "n_orders_1d:garden": [0, 0, 0, 0],
        "mean_1d:garden": [0.0, 0.0, 0.0, 0.0],
        "n_orders_61d:garden": [0, 0, 0, 0],
        "mean_61d:garden": [0.0, 0.0, 0.0, 0.0],
        "n_orders_90d:garden": [1, 0, 0, 0],
        "mean_90d:garden": [100.0, 0.0, 0.0, 0.0],
        "orders:music": [0, 0, 0, 1],
        "revenue:music": [0.0, 0.0, 0.0, 50.0],
        "n_orders_1d:music": [0, 0, 0, 0],
        "mean_1d:music": [0.0, 0.0, 0.0, 0.0],
        "n_orders_61d:music": [0, 0, 0, 0],
        "mean_61d:music": [0.0, 0.0, 0.0, 0.0],
        "n_orders_90d:music": [0, 0, 0, 1],
        "mean_90d:music": [0.0, 0.0, 0.0, 50.0],
        # Toys and books of one order are one order of the rest.
        "orders:other": [3, 1, 3, 0],
        "revenue:other": [16.0, 3.0, 4.0, 0.0],
        "n_orders_1d:other": [0, 0, 1, 0],
        "mean_1d:other": [0.0, 0.0, 2.0, 0.0],
        "n_orders_61d:other": [0, 0, 1, 0],
        "mean_61d:other": [0.0, 0.0, 2.0, 0.0],
        "n_orders_90d:other": [0, 0, 1, 0],
        "mean_90d:other": [0.0, 0.0, 2.0, 0.0],
    }
    assert set(found.known_until.tolist()) == {AS_OF}


def test_the_default_windows(shop):
    found = windows(shop.orders, AS_OF)
    assert found.spec.spans == ("1d", "7d", "30d", "60d", "120d")
    assert found.spec.categories is None
    assert len(found.names) == 10 + 5 * 4


def test_nobody_is_known(shop):
    found = with_everything(shop, date(2016, 1, 1))
    assert (len(found), found.matrix.shape) == (0, (0, len(found.names)))


def test_a_spec_makes_the_same_columns_of_other_data(engine, rows):
    learned = with_everything(engine(rows), largest_categories=2)
    spec = Spec.from_json(learned.spec.to_json())
    new = {
        "orders": [("n", "n1", "2018-12-31 12:00:00", 8.0, None)],
        "lines": [("n1", "garden", 1.0, 1), ("n1", "novelty", 3.0, 1)],
        "labels": [("n", "PR")],
        "events": [("n", "2018-12-30 00:00:00", "share")],
    }
    found = with_everything(engine(new), date(2018, 12, 31), spec=spec, days=[3])
    assert (found.names, found.kinds, found.spec) == (learned.names, learned.kinds, spec)
    wanted = {
        "customer_state": "other",
        "revenue:garden": 1.0,
        "revenue:other": 3.0,
        "events:other": 1.0,
        "days_since_event:other": 1.0,
        "days_since_event:login": 0.0,
    }
    shown = found.table(list(wanted)).to_pydict()
    assert {name: shown[name][0] for name in wanted} == wanted


def test_scoring_says_what_is_missing(shop):
    spec = with_everything(shop).spec
    needed = {"labels": "customer_state", "lines": "order lines", "events": "events"}
    for table, named in needed.items():
        given = {n: getattr(shop, n) for n in needed if n != table}
        with pytest.raises(LayoutError, match=named):
            windows(shop.orders, AS_OF, spec=spec, **given)


def test_a_window_of_no_days_is_refused(shop):
    with pytest.raises(SettingsError, match="0d"):
        windows(shop.orders, AS_OF, days=[0, 7])


@pytest.fixture(scope="module")
def retail():
    """Return some 250 customers' invoices of a year, and a made-up department for each stock code."""
    if not RETAIL.is_file():
        pytest.skip("../shared is not there")
    with duckdb.connect() as con:
        lines = con.execute(
            "SELECT CustomerID AS customer_id, InvoiceNo AS order_id, "
            "InvoiceDate::TIMESTAMP AS ordered_at, StockCode[:2] AS category, "
            "round(Quantity::DOUBLE * UnitPrice::DOUBLE, 2) AS revenue, "
            "Quantity::DOUBLE::BIGINT AS items "
            "FROM read_csv($1, all_varchar = true, header = true, delim = ',') "
            "WHERE CustomerID <> '' AND CustomerID::DOUBLE::BIGINT % 17 = 0",
            [str(RETAIL)],
        ).df()
    keys = ["customer_id", "order_id"]
    orders = lines.groupby(keys, as_index=False).agg(
        {"ordered_at": "min", "revenue": "sum", "items": "sum"}
    )
    return orders, lines[["order_id", "category", "revenue", "items"]]


def by_loops(orders, lines, as_of, spans, categories):
    """Return customer → name → value by going from row to row."""
    found = {}
    known = orders[orders["ordered_at"].dt.date <= as_of]
    bought = {order: {} for order in known["order_id"]}
    for order, category, value in lines[["order_id", "category", "revenue"]].itertuples(
        index=False
    ):
        if order in bought:
            bought[order].setdefault(category, []).append(value)
    for customer, own in known.groupby("customer_id"):
        ages = [(as_of - at.date()).days for at in own["ordered_at"]]
        days = sorted(set(ages), reverse=True)
        gaps = [a - b for a, b in pairwise(days)] or [days[0]]
        row = {
            "orders": len(own),
            "frequency": len(days) - 1,
            "T": days[0],
            "recency": days[0] - days[-1],
            "days_since_last": days[-1],
            "gap_last": gaps[-1],
            "gap_longest": max(gaps),
            "gap_mean": sum(gaps) / len(gaps),
            "n_categories": len({c for o in own["order_id"] for c in bought[o]}),
        }
        for d in spans:
            inside = [v for v, age in zip(own["revenue"], ages, strict=True) if age < d]
            before = [v for v, age in zip(own["revenue"], ages, strict=True) if d <= age < 2 * d]
            row[f"n_orders_{d}d"] = len(inside)
            row[f"rev_{d}d"] = sum(inside)
            row[f"mean_{d}d"] = sum(inside) / len(inside) if inside else 0
            row[f"trend_{d}d"] = sum(inside) - sum(before)
        for name in categories:
            sums = []
            for order, age in zip(own["order_id"], ages, strict=True):
                mine = [
                    sum(values)
                    for category, values in bought[order].items()
                    if (category not in categories if name == "other" else category == name)
                ]
                if mine:
                    sums.append((age, sum(mine)))
            row[f"orders:{name}"] = len(sums)
            row[f"revenue:{name}"] = sum(v for _, v in sums)
            for d in spans:
                inside = [v for age, v in sums if age < d]
                row[f"n_orders_{d}d:{name}"] = len(inside)
                row[f"mean_{d}d:{name}"] = sum(inside) / len(inside) if inside else 0
        found[customer] = row
    return found


@pytest.mark.parametrize("as_of", [date(2011, 6, 30), date(2011, 12, 9)])
def test_equal_to_loops_and_in_both_engines_on_a_real_shop(retail, as_of):
    orders, lines = retail
    own = windows(orders, as_of, lines=lines, largest_categories=6)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE o AS SELECT * FROM orders")
        con.execute("CREATE TABLE l AS SELECT * FROM lines")
        again = windows(con.table("o"), as_of, lines=con.table("l"), largest_categories=6)
    assert (own.names, own.spec) == (again.names, again.spec)
    assert own.customer_id.equals(again.customer_id)
    assert (own.matrix != again.matrix).nnz == 0
    end = as_of + timedelta(days=1)
    past = lines[
        lines["order_id"].isin(orders[orders["ordered_at"] < pd.Timestamp(end)]["order_id"])
    ]
    sizes = past.groupby("category")["revenue"].sum().round(6)
    assert own.spec.categories == tuple(sizes.sort_values(ascending=False, kind="stable").index[:6])
    wanted = by_loops(orders, lines, as_of, (1, 7, 30, 60, 120), (*own.spec.categories, "other"))
    assert own.customer_id.to_pylist() == sorted(wanted)
    for name in set(own.names) - {"revenue", "monetary_value"}:
        expected = [wanted[c][name] for c in own.customer_id.to_pylist()]
        np.testing.assert_allclose(own.column(name), expected, rtol=0, atol=2e-6, err_msg=name)


def test_categories_are_summed_as_many_together_as_have_few_lines(retail, monkeypatch):
    """A look at all lines for every few of a thousand categories takes minutes."""
    lines = pd.DataFrame({"group": [*"aaaaa", *"bb", "c", *"dddd", *map(str, range(1000))]})
    groups = [*"abcd", "of old", *map(str, range(1000)), "other"]
    monkeypatch.setattr(module, "AT_ONCE", 4)
    found = list(module._at_once(nw.from_native(lines).lazy(), groups))
    assert found[:4] == [("a",), ("b", "c"), ("d", "of old"), ("0", "1", "2", "3")]
    assert [group for some in found for group in some] == groups
    monkeypatch.undo()
    assert list(module._at_once(nw.from_native(lines).lazy(), groups)) == [tuple(groups)]

    orders, lines = retail
    together = windows(orders, AS_OF.replace(year=2011), lines=lines, largest_categories=30)
    monkeypatch.setattr(module, "AT_ONCE", 100)
    apart = windows(orders, AS_OF.replace(year=2011), lines=lines, largest_categories=30)
    assert apart.names == together.names
    assert (apart.matrix != together.matrix).nnz == 0
