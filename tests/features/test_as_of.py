"""No feature looks ahead: two worlds with one past and different futures have the same features."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clv.features.early import early
from clv.features.spans import spans_of
from clv.features.windows import windows

AS_OF = date(2017, 6, 30)
NEXT = AS_OF + timedelta(days=1)
END = date(2018, 12, 31)
TABLES = ("orders", "lines", "attributes", "labels", "events")

times = st.sampled_from([time(), time(12), time.max])
cents = st.integers(-500, 99_999).map(lambda c: c / 100)
categories = st.sampled_from(["toys", "books", "games", "garden", None])
ahead = st.integers(0, 60)
#: A call takes as long for ten customers as for one: few worlds, each with enough in it.
customers = st.integers(6, 12)


class World:
    """Two lists of rows for each table, one for each of two futures."""

    def __init__(self, draw):
        self.draw = draw
        self.rows = [{name: [] for name in TABLES} for _ in range(2)]
        self.orders = 0

    def moment(self, day):
        return datetime.combine(day, self.draw(times))

    def order(self, worlds, customer, day, seen_until):
        """Add an order to some worlds: what is reviewed too late may differ between them."""
        self.orders += 1
        name = f"{self.orders:03}"
        made = (customer, name, self.moment(day), self.draw(cents), self.draw(st.integers(1, 9)))
        sold = [
            (name, category, self.draw(cents), 1)
            for category in self.draw(st.lists(categories, max_size=2))
        ]
        paid, freight = self.draw(st.sampled_from(["card", "slip", None])), self.draw(cents)
        reviewed = day + timedelta(days=self.draw(ahead))
        score = float(self.draw(st.integers(1, 5)))
        for world in worlds:
            if reviewed >= seen_until:
                reviewed = seen_until + timedelta(days=self.draw(ahead))
                score = float(self.draw(st.integers(1, 5)))
            told = (name, paid, freight, score, float((reviewed - day).days), None)
            self.rows[world]["orders"].append(made)
            self.rows[world]["lines"] += sold
            self.rows[world]["attributes"].append(told)

    def later(self, customer, begin):
        """Give each world its own future from a day on."""
        for world in (0, 1):
            for gap in self.draw(st.lists(ahead, max_size=2)):
                self.order([world], customer, begin + timedelta(days=gap), date.max)

    def finished(self):
        """Return both worlds; the second lists its rows the other way round."""
        return self.rows[0], {name: rows[::-1] for name, rows in self.rows[1].items()}


def add_label(world, worlds, customer, states=("SP", "RJ", None)):
    label = (customer, world.draw(st.sampled_from(states)))
    for each in worlds:
        world.rows[each]["labels"].append(label)


@st.composite
def lives(draw, spans):
    """Customers whose first X is one and the same, and what comes after differs."""
    world = World(draw)
    for number in range(draw(customers)):
        customer = f"c{number}"
        first = date(2017, 1, 1) + timedelta(days=draw(st.integers(0, 200)))
        end = spans_of(spans)[-1].end(first)
        if end > NEXT:
            # Not completed: whatever is known of them is nobody's business.
            for each in (0, 1):
                add_label(world, [each], customer)
                world.order([each], customer, first, date.max)
            continue
        add_label(world, (0, 1), customer)
        for gap in [0, *draw(st.lists(st.integers(0, (end - first).days - 1), max_size=2))]:
            world.order((0, 1), customer, first + timedelta(days=gap), end)
        world.later(customer, end)
    return world.finished()


@st.composite
def pasts(draw):
    """Customers whose days up to the as-of date are the same, and what comes after differs."""
    world = World(draw)
    for number in range(draw(customers)):
        customer = f"c{number}"
        add_label(world, (0, 1), customer)
        for age in draw(st.lists(st.integers(0, 150), min_size=1, max_size=3)):
            world.order((0, 1), customer, AS_OF - timedelta(days=age), date.max)
        for age in draw(st.lists(st.integers(0, 10), max_size=2)):
            event = (customer, world.moment(AS_OF - timedelta(days=age)), "login")
            for rows in world.rows:
                rows["events"].append(event)
        world.later(customer, NEXT)
    for each, rows in enumerate(world.rows):
        if draw(st.booleans()):
            add_label(world, [each], "new", ("PR", "MG"))
            world.order([each], "new", NEXT + timedelta(days=draw(ahead)), date.max)
        for gap in draw(st.lists(ahead, max_size=2)):
            at = world.moment(NEXT + timedelta(days=gap))
            rows["events"].append(("c0", at, draw(st.sampled_from(["login", "view"]))))
    return world.finished()


def early_of(shop, spans):
    return early(
        shop.orders,
        AS_OF,
        spans,
        labels=shop.labels,
        lines=shop.lines,
        attributes=shop.attributes,
        largest_categories=2,
    )


def windows_of(shop):
    return windows(
        shop.orders,
        AS_OF,
        days=(1, 7),
        labels=shop.labels,
        lines=shop.lines,
        events=shop.events,
        largest_categories=2,
    )


def assert_same(one, two):
    """Check that two sets of features are equal to the last bit."""
    assert (one.names, one.kinds, one.spec) == (two.names, two.kinds, two.spec)
    assert one.customer_id.equals(two.customer_id)
    assert (one.first_day == two.first_day).all()
    assert (one.known_until == two.known_until).all()
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(one.matrix, part), getattr(two.matrix, part)), part


def assert_blind(make, engine, worlds, examples):
    """Check on drawn worlds that features know nothing of what differs between them."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        # A counterexample is enough: the smallest one would take long.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds)
    def check(pair):
        one, two = pair
        assert_same(make(engine(one)), make(engine(two)))

    check()


@pytest.mark.parametrize("spans", [("1m", "3m"), ("2w",)])
def test_early_features_end_with_the_first_months(engine, spans):
    assert_blind(lambda shop: early_of(shop, spans), engine, lives(spans), 5)


def test_windows_end_with_the_as_of_date(engine):
    assert_blind(windows_of, engine, pasts(), 5)


def a_day_more(shop):
    """Leak: the day after the as-of date."""
    return windows(shop.orders, NEXT, [1])


def largest_ever(shop):
    """Leak: which categories are large is seen from the end of time."""
    last = windows(shop.orders, END, [1], lines=shop.lines, largest_categories=2).spec
    return windows(shop.orders, AS_OF, lines=shop.lines, spec=last)


def levels_of_everybody(shop):
    """Leak: labels of customers yet to come."""
    last = windows(shop.orders, END, [1], labels=shop.labels).spec
    return windows(shop.orders, AS_OF, labels=shop.labels, spec=last)


@pytest.mark.parametrize("engine", ["pandas"], indirect=True)
@pytest.mark.parametrize("leak", [a_day_more, largest_ever, levels_of_everybody])
def test_windows_that_look_ahead_are_caught(engine, leak):
    with pytest.raises(AssertionError):
        assert_blind(leak, engine, pasts(), 20)


def months_that_do_not_end(shop):
    """Leak: the largest X is three days longer than it says."""
    return early_of(shop, ["17d"])


def reviews_from_the_start(shop):
    """Leak: a review counts as if it had been written with the order."""
    import narwhals as nw

    known = nw.from_native(shop.attributes).with_columns(review_days=nw.lit(0.0))
    shop.attributes = known.to_native()
    return early_of(shop, ["2w"])


def whole_value(shop):
    """Leak: what a customer has spent until the as-of date."""
    found, seen = early_of(shop, ["2w"]), windows(shop.orders, AS_OF, [1])
    total = dict(zip(seen.customer_id.to_pylist(), seen.column("revenue"), strict=True))
    found.matrix[:, 0] = [[total[c]] for c in found.customer_id.to_pylist()]
    return found


@pytest.mark.parametrize("engine", ["pandas"], indirect=True)
@pytest.mark.parametrize("leak", [months_that_do_not_end, reviews_from_the_start, whole_value])
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_early_features_that_look_ahead_are_caught(engine, leak):
    with pytest.raises(AssertionError):
        assert_blind(leak, engine, lives(("2w",)), 20)
