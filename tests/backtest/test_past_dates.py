"""Moving origins: which tests a history supports, and that no history knows its outcome."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

import numpy as np
import pytest

from clv.backtest.past_dates import Origin, past, plan, sample
from clv.core import engine


@pytest.mark.parametrize(
    ("first", "as_of", "wanted", "horizon", "origins"),
    [
        # CDNOW: 18 months, so nine to learn from and nine to look ahead; and one earlier test.
        ("1997-01-01", "1998-06-30", 12, 9, ["1997-06-30/1998-03-31", "1997-09-30/1998-06-30"]),
        ("1997-01-01", "1998-06-30", 9, 9, ["1997-06-30/1998-03-31", "1997-09-30/1998-06-30"]),
        # Online Retail: a year and nine days.
        ("2010-12-01", "2011-12-09", 12, 6, ["2011-04-09/2011-10-09", "2011-06-09/2011-12-09"]),
        (
            *("2005-01-01", "2010-12-31", 12, 12),
            [
                *("2008-12-31/2009-12-31", "2009-04-30/2010-04-30"),
                *("2009-08-31/2010-08-31", "2009-12-31/2010-12-31"),
            ],
        ),
        ("2017-01-01", "2017-02-28", 3, 1, ["2017-01-31/2017-02-28"]),
        ("2017-01-01", "2017-02-27", 3, 0, []),
        ("2017-01-01", "2017-01-01", 1, 0, []),
    ],
)
def test_as_many_tests_as_the_history_supports(first, as_of, wanted, horizon, origins):
    found = plan(date.fromisoformat(first), date.fromisoformat(as_of), wanted)
    assert found.horizon_months == horizon
    assert [f"{o.as_of}/{o.end}" for o in found.origins] == origins
    assert bool(found.reason) == (horizon != wanted)
    # Never more looked ahead than known: for the last test; half of that for the earlier ones.
    begin = date.fromisoformat(first)
    for origin in found.origins:
        assert (origin.as_of - begin).days + 2 >= origin.days / 2
    assert all(a.as_of < b.as_of for a, b in pairwise(found.origins))
    if origins:
        assert (found.origins[-1].as_of - begin).days + 4 >= found.origins[-1].days


ORDERS = [
    ("A", "2020-01-01T10:00", 10.0),
    ("A", "2020-01-01T18:00", 5.0),
    ("A", "2020-01-20T09:00", 30.0),
    ("A", "2020-01-31T23:59", 6.0),  # On the origin's own day: known.
    ("A", "2020-02-01T00:00", 7.0),  # The day after: outcome.
    ("A", "2020-02-01T12:00", 1.0),
    ("A", "2020-02-29T23:59", 2.0),  # The last day of the outcome.
    ("A", "2020-03-01T00:00", 99.0),  # Beyond it.
    ("B", "2020-01-02T12:00", 8.0),
    ("C", "2020-02-02T12:00", 8.0),  # Unknown at the origin.
]
ORIGIN = Origin(date(2020, 1, 31), date(2020, 2, 29))


def load(con, orders):
    if True:
        con.execute(
            "CREATE TABLE orders (customer_id VARCHAR, ordered_at TIMESTAMP, revenue DOUBLE)"
        )
        con.executemany(
            "INSERT INTO orders VALUES (?, ?, ?)",
            [(c, datetime.fromisoformat(t), v) for c, t, v in orders],
        )


def read(orders):
    with engine.connect() as con:
        load(con, orders)
        return sample(con, ORIGIN)


def test_a_sample_by_hand():
    found = read(ORDERS)
    assert found.customer_id.to_pylist() == ["A", "B"]
    expected = {
        "frequency": [2, 0],
        "recency": [30, 0],
        "T": [30, 29],
        "monetary_value": [18, 0],
        "mean_value": [17, 8],
        # The window of 29 days before the origin begins on 3 January.
        "recent_purchases": [2, 0],
        "recent_value": [36, 0],
    }
    for name, values in expected.items():
        of_history = name in ("frequency", "recency", "T")
        got = getattr(found.history.histories if of_history else found.history, name)
        np.testing.assert_array_equal(got, np.array(values, dtype=float), name)
    assert found.history.recent_days == 29
    assert found.purchases.tolist() == [2, 0]
    assert found.value.tolist() == [10, 0]


def test_what_comes_after_the_origin_changes_no_history():
    before = [o for o in ORDERS if o[1] < "2020-02"]
    rng = np.random.default_rng(3)
    after = [
        (c, f"2020-{m:02d}-{d:02d}T12:00", float(v))
        for c, m, d, v in zip(
            rng.choice(["A", "B", "C", "D"], 40),
            rng.integers(2, 6, 40),
            rng.integers(1, 28, 40),
            rng.gamma(2, 20, 40),
            strict=True,
        )
    ]
    one, other = read(before), read(before + after)
    assert one.customer_id == other.customer_id
    mine, theirs = (found.history._asdict() for found in (one, other))
    mine, theirs = ({**vars(each.pop("histories")), **each} for each in (mine, theirs))
    for name, known in mine.items():
        np.testing.assert_array_equal(known, theirs[name], name)
    assert one.purchases.sum() == 0 < other.purchases.sum()


def test_the_past_ends_where_the_forecast_begins():
    many = [(f"C{i}", f"2020-01-{1 + i % 9:02d}T12:00", 5.0) for i in range(60)]
    again = [(f"C{i}", "2020-01-25T12:00", 5.0) for i in range(20)]
    later = [(f"C{i}", "2020-02-05T12:00", 5.0) for i in range(60)]
    begin = date(2020, 1, 1)
    with engine.connect() as con:
        load(con, many + again + later)
        found = past(con, Origin(date(2020, 1, 30), date(2020, 2, 18)), begin)
        # Looking back 14 days, half-way: all were known on 16 January, 20 came back by the 30th.
        assert (found.days, found.purchases.size, found.purchases.sum()) == (14, 60, 20)
        short = past(con, Origin(date(2020, 1, 30), date(2020, 2, 5)), begin)
        assert (short.days, short.purchases.sum()) == (6, 20)
        # Hardly anybody was known on 5 January; nothing was on the first day.
        assert past(con, Origin(date(2020, 1, 9), date(2020, 1, 13)), begin) is None
        assert past(con, Origin(begin, date(2020, 2, 1)), begin) is None
