"""Moving windows: what any customer did in the days before a date, in all and by category."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.features.days import day_number
from clv.features.groups import add_categories, add_labels
from clv.features.queries import (
    known_orders,
    largest,
    lazy,
    regrouped,
)
from clv.features.rfm import rfm
from clv.features.spans import Span
from clv.features.tables import (
    OTHER,
    Columns,
    Features,
    Spec,
    collected,
    days_of,
    numbers,
    ratio,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from narwhals.typing import IntoFrame

#: Most kinds of events that have columns of their own, and the days that count as "this week".
MOST_EVENTS: Final = 5
WEEK: Final = 7
#: Lines whose categories are summed in one go: they cost memory, each go costs a look at all lines.
AT_ONCE: Final = 500_000


def windows(
    orders: IntoFrame,
    as_of: date,
    days: Iterable[int] = (1, 7, 30, 60, 120),
    *,
    labels: IntoFrame | None = None,
    lines: IntoFrame | None = None,
    events: IntoFrame | None = None,
    largest_categories: int = 20,
    spec: Spec | None = None,
) -> Features:
    """Describe every customer known at a date by what happened up to and including it.

    Parameters
    ----------
    orders
        Any frame narwhals reads (DuckDB relation, Spark, Polars, pandas) with the columns of
        `clv.core.orders.ORDERS`; the other tables belong to the same engine.
    as_of
        Nothing after this day is looked at; it is the last day of every window.
    days
        Lengths of the windows.
    labels
        One row per customer: ``customer_id`` and text columns.
    lines
        ``order_id, category, revenue``.
    events
        ``customer_id, at, event``; upper and lower case are one.
    largest_categories
        How many categories have columns of their own: largest by revenue up to the date, then name.
    spec
        Of earlier features: the same columns again. ``days`` and ``largest_categories`` are its own.

    Returns
    -------
    Features
        One row per customer. So far: `clv.features.rfm.rfm`'s ``orders, revenue, frequency, recency,
        T, monetary_value``, ``days_since_last``, ``gap_mean, gap_last, gap_longest`` days between
        purchase days (T where there is one day only: the gap so far), ``n_categories``. In each
        window of D days: ``n_orders_Dd, rev_Dd, mean_Dd`` (per order, 0 without one) and
        ``trend_Dd``, revenue of the window less that of the one before. By category C: ``orders:C,
        revenue:C, n_orders_Dd:C, mean_Dd:C`` of the lines; an order counts once. By event E:
        ``events:E``, ``events_7d:E`` and ``days_since_event:E`` (T where there is none). The labels.

    Raises
    ------
    SettingsError
        A window of less than a day.
    LayoutError
        A table or column that the spec needs is not given.
    """
    spans = (
        sorted({Span.of(f"{d}d").count for d in days})
        if spec is None
        else [Span.of(span).count for span in spec.spans]
    )
    made = Spec("windows", tuple(f"{d}d" for d in spans)) if spec is None else spec
    known = known_orders(orders, as_of).with_columns(
        # The as-of date is day 0 of every window.
        (as_of.toordinal() - day_number(nw.col("day"))).alias("age")
    )
    people = collected(lazy(rfm(orders, as_of))).sort_by("customer_id")
    columns = Columns(people["customer_id"].cast(pa.string()).combine_chunks())
    made = add_labels(columns, labels, made, new=spec is None)
    age = _add_history(columns, people, known)
    _add_windows(columns, known, spans)
    made = _add_events(columns, events, known, as_of, age, made, new=spec is None)
    bought = known.select("order_id", "customer_id", "age")
    sales, made = add_categories(
        *(columns, lines, bought, "n_categories", largest_categories, made), new=spec is None
    )
    if sales is not None:
        _add_categories(columns, sales, spans, made)
    first_day = days_of(people["first_order"])
    return columns.features(first_day, np.full(len(first_day), as_of, "datetime64[D]"), made)


def _add_history(columns: Columns, people: pa.Table, known: Any) -> Any:  # noqa: ANN401
    """Add what rfm says and the gaps between purchase days; return the customers' ages, T."""
    for name in ("orders", "revenue", "frequency", "recency", "T", "monetary_value"):
        columns.number(name, columns.of(people, name))
    age, frequency = columns.of(people, "T"), columns.of(people, "frequency")
    recency = columns.of(people, "recency")
    columns.number("days_since_last", age - recency)
    # As few rows as there are days on which somebody bought again.
    days = known.select("customer_id", "age").unique()
    before = nw.col("age").shift(1).over("customer_id", order_by="age")
    gaps = collected(
        days.with_columns((nw.col("age") - before).alias("gap"))
        .filter(~nw.col("gap").is_null())
        .group_by("customer_id")
        .agg(nw.col("gap").max(), nw.col("age").min())
    )
    mean = np.where(frequency > 0, ratio(recency, frequency), age)
    columns.number("gap_mean", mean)
    # The youngest day that has a younger one is the last but one.
    last, longest = columns.of(gaps, "age") - (age - recency), columns.of(gaps, "gap")
    for name, gap in (("last", last), ("longest", longest)):
        columns.number(f"gap_{name}", np.where(frequency > 0, gap, age))
    return age


def _in_windows(rows: Any, spans: Sequence[int], value: str) -> tuple[Any, list[str]]:  # noqa: ANN401
    """Return rows with ``n_orders_Dd`` and ``rev_Dd`` of every window, and these names."""
    flags, names = [], []
    for d in spans:
        inside = nw.col("age") < d
        flags += [
            nw.when(inside).then(1).otherwise(0).alias(f"n_orders_{d}d"),
            nw.when(inside).then(nw.col(value)).otherwise(0.0).alias(f"rev_{d}d"),
        ]
        names += [f"n_orders_{d}d", f"rev_{d}d"]
    return rows.with_columns(*flags), names


def _summed(rows: Any, by: tuple[str, ...], names: list[str]) -> pa.Table:  # noqa: ANN401
    """Return sums of columns, as floats."""
    sums = rows.group_by(*by).agg(*(nw.col(name).sum() for name in names))
    return collected(sums.select(*by, *(nw.col(name).cast(nw.Float64) for name in names)))


def _add_windows(columns: Columns, known: Any, spans: Sequence[int]) -> None:  # noqa: ANN401
    """Add number, revenue, mean and trend of the orders in each window."""
    rows, names = _in_windows(known, spans, "revenue")
    before = {
        f"before_{d}d": nw.when((nw.col("age") >= d) & (nw.col("age") < 2 * d))
        .then(nw.col("revenue"))
        .otherwise(0.0)
        for d in spans
    }
    rows = rows.with_columns(**before)
    # Whoever bought in none of the windows needs no row.
    rows = rows.filter(nw.col("age") < 2 * spans[-1])
    table = _summed(rows, ("customer_id",), [*names, *before])
    for d in spans:
        count, value = columns.of(table, f"n_orders_{d}d"), columns.of(table, f"rev_{d}d")
        columns.number(f"n_orders_{d}d", count)
        columns.number(f"rev_{d}d", value)
        columns.number(f"mean_{d}d", ratio(value, count))
        columns.number(f"trend_{d}d", np.round(value - columns.of(table, f"before_{d}d"), 6))


def _add_events(
    columns: Columns,
    events: IntoFrame | None,
    known: Any,  # noqa: ANN401
    as_of: date,
    never: Any,  # noqa: ANN401
    spec: Spec,
    *,
    new: bool,
) -> Spec:
    """Add how often and how long ago each of the most frequent events was."""
    spec.need("events", wanted=spec.events is not None, given=events is not None)
    if events is None or (not new and spec.events is None):
        return spec
    age = as_of.toordinal() - day_number(nw.col("at"))
    rows = (
        lazy(events)
        .select(
            "customer_id",
            nw.col("event").str.strip_chars().str.to_lowercase().alias("group"),
            age.alias("age"),
        )
        .filter(nw.col("age") >= 0)
        .join(known.select("customer_id").unique(), on="customer_id")
    )
    if new:
        spec = replace(spec, events=largest(rows, MOST_EVENTS))
    week = nw.when(nw.col("age") < WEEK).then(1).otherwise(0)
    table = collected(
        regrouped(rows, spec.events or ())
        .with_columns(week.alias("week"))
        .group_by("customer_id", "group")
        .agg(nw.len().alias("count"), nw.col("week").sum(), nw.col("age").min())
        .select("customer_id", "group", nw.col("count", "week", "age").cast(nw.Float64))
    )
    groups = (*(spec.events or ()), OTHER)
    for group in groups:
        since = columns.of(table.filter(pc.equal(table["group"], group)), "age", np.inf)
        columns.number(f"days_since_event:{group}", np.where(np.isinf(since), never, since))
    week_name = f"events_{WEEK}d"
    each = [("events", numbers(table["count"])), (week_name, numbers(table["week"]))]
    columns.groups(table, groups, each)
    return spec


def _add_categories(
    columns: Columns,
    sales: Any,  # noqa: ANN401
    spans: Sequence[int],
    spec: Spec,
) -> None:
    """Add the same windows by category."""
    # Several lines of a group in one order are one sale; short keys take less memory.
    once = sales.group_by("order_id", "group").agg(
        nw.col("value").sum(), nw.col("customer_id").max(), nw.col("age").max()
    )
    rows, names = _in_windows(once.with_columns(nw.lit(1).alias("orders")), spans, "value")
    groups = (*(spec.categories or ()), OTHER)
    for some in _at_once(sales, groups):
        few = rows.filter(nw.col("group").is_in(some))
        table = _summed(few, ("customer_id", "group"), [*names, "orders", "value"])
        columns.groups(table, some, _by_window(table, spans))


def _at_once(sales: Any, groups: Sequence[str]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401
    """Yield groups in their order, as many together as have few lines; a large one comes alone."""
    found = collected(sales.group_by("group").agg(nw.len().alias("lines")))
    lines = dict(zip(found["group"].to_pylist(), found["lines"].to_pylist(), strict=True))
    begin = total = 0
    for i, group in enumerate(groups):
        total += lines.get(group, 0)
        if i > begin and total > AT_ONCE:
            yield tuple(groups[begin:i])
            begin, total = i, lines.get(group, 0)
    yield tuple(groups[begin:])


def _by_window(table: pa.Table, spans: Sequence[int]) -> Iterator[tuple[str, Any]]:
    """Yield the columns of a group one at a time, for together they are large."""
    yield "orders", numbers(table["orders"])
    yield "revenue", numbers(table["value"])
    for d in spans:
        count = numbers(table[f"n_orders_{d}d"])
        yield f"n_orders_{d}d", count
        yield f"mean_{d}d", ratio(numbers(table[f"rev_{d}d"]), count)
