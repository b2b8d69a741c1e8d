"""Sums of money in the engine."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from clv.core import engine


@settings(deadline=None, max_examples=30)
@given(st.lists(st.decimals(-(10**6), 10**6, places=4), min_size=1))
def test_a_sum_of_amounts_is_that_of_the_decimals(amounts):
    with engine.connect() as con:
        sql = f"SELECT {engine.total('a')} FROM (SELECT unnest(?::DOUBLE[]) AS a)"
        assert engine.row(con, sql, [[float(a) for a in amounts]]) == (float(sum(amounts)),)


def test_a_million_cents_leave_no_dust():
    with engine.connect() as con:
        sql = f"SELECT {engine.total('i / 100')} FROM range(1000001) x(i)"
        assert engine.row(con, sql) == (float(Decimal(5000005000)),)
