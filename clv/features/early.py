"""The first weeks of a customer's life: what can be known once they are over, and nothing later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import numpy as np
import pyarrow as pa

from clv.features.days import day_number
from clv.features.groups import add_categories, add_labels
from clv.features.queries import (
    known_orders,
    lazy,
    midnight,
)
from clv.features.spans import Span, spans_of
from clv.features.tables import (
    OTHER,
    Columns,
    Features,
    Spec,
    collected,
    days_of,
    levels_of,
    numbers,
    ratio,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from narwhals.typing import IntoFrame

#: Attributes of an order that are not known with it → the column that says after how many days.
KNOWN_AFTER: Final = {
    "delivery_days": "delivery_days",
    "delivery_delay_days": "delivery_days",
    "review_days": "review_days",
    "review_score": "review_days",
}


def early(
    orders: IntoFrame,
    as_of: date,
    after: Iterable[str | int | Span] = ("1m", "3m"),
    *,
    labels: IntoFrame | None = None,
    lines: IntoFrame | None = None,
    attributes: IntoFrame | None = None,
    largest_categories: int = 20,
    spec: Spec | None = None,
) -> Features:
    """Describe the first X of every customer who has completed it.

    Parameters
    ----------
    orders
        Any frame narwhals reads (DuckDB relation, Spark, Polars, pandas) with the columns of
        `clv.core.orders.ORDERS`; the other tables belong to the same engine.
    as_of
        Nothing after this day is looked at, and only customers count whose longest X ended by then.
    after
        One X or several: ``1m``, ``2w``, ``14d``. The longest is the prediction point.
    labels
        One row per customer: ``customer_id`` and text columns.
    lines
        ``order_id, category, revenue``.
    attributes
        One row per order: ``order_id``, text columns and numbers. Those of the first order are used;
        what becomes known later (`KNOWN_AFTER`) only if that was within the longest X.
    largest_categories
        How many categories get a column, largest by revenue within the first X of these customers.
    spec
        Of earlier features: the same columns again. ``after`` and ``largest_categories`` are its own.

    Returns
    -------
    Features
        One row per customer. ``cohort_month``, the labels, ``first_value``, ``first_ATTRIBUTE``
        (numbers with a flag ``first_ATTRIBUTE_missing`` and the median in place of a missing one),
        ``rev_X`` and ``n_orders_X`` for every X; and for the longest X: ``days_X`` with a purchase,
        ``items_X``, ``second_order`` (a purchase on a later day), ``days_to_second`` (the days of X
        where there is none), ``days_since_last``, ``n_categories_X`` and ``share_X:CATEGORY`` of the
        lines' revenue.

    Raises
    ------
    SettingsError
        An X that is not a length of time.
    LayoutError
        A table or column that the spec needs is not given.

    Notes
    -----
    X lasts from the day of the first order until the day before X later, as month 0 of
    `clv.features.targets.first_year` does: ``rev_1m`` is its ``value_m0``.
    """
    spans = spans_of(after if spec is None else spec.spans)
    made = Spec("early", tuple(map(str, spans))) if spec is None else spec
    longest = str(spans[-1])
    known = known_orders(orders, as_of)
    born = _born(known, as_of, spans)
    life = known.join(born, on="customer_id").filter(nw.col("day") < nw.col(longest))
    people = collected(born.select("customer_id", "first_at", longest)).sort_by("customer_id")
    columns = Columns(people["customer_id"].cast(pa.string()).combine_chunks())
    first_day, end = days_of(people["first_at"]), days_of(people[longest])

    columns.number(
        "cohort_month", first_day.astype("datetime64[M]").astype(int) + 1970 * 12, "month"
    )
    made = add_labels(columns, labels, made, new=spec is None)
    firsts = life.filter(nw.col("ordered_at") == nw.col("first_at"))
    # Orders of the same moment: the first by id.
    order = firsts.group_by("customer_id", "first_day", longest).agg(nw.col("order_id").min())
    made = _add_attributes(columns, attributes, order, longest, made, new=spec is None)
    made = _add_orders(columns, life, spans, end - first_day, made, new=spec is None)
    bought = life.select("order_id", "customer_id")
    sales, made = add_categories(
        *(columns, lines, bought, f"n_categories_{longest}", largest_categories, made),
        new=spec is None,
    )
    if sales is not None:
        table = collected(sales.group_by("customer_id", "group").agg(nw.col("value").sum()))
        value = numbers(table["value"])
        share = ratio(value, columns.total(table, value))
        columns.groups(table, (*(made.categories or ()), OTHER), [(f"share_{longest}", share)])
    return columns.features(first_day, end - np.timedelta64(1, "D"), made)


def _born(known: Any, as_of: date, spans: tuple[Span, ...]) -> Any:  # noqa: ANN401
    """Return first moment and day of customers, and the end of each X, for those who completed it."""
    born = known.group_by("customer_id").agg(nw.col("ordered_at").min().alias("first_at"))
    day = nw.col("first_at").dt.truncate("1d").alias("first_day")
    ends = (nw.col("first_day").dt.offset_by(span.offset).alias(str(span)) for span in spans)
    over = nw.col(str(spans[-1])) <= midnight(as_of + timedelta(days=1))
    return born.with_columns(day).with_columns(*ends).filter(over)


def _add_orders(
    columns: Columns,
    life: Any,  # noqa: ANN401
    spans: tuple[Span, ...],
    length: Any,  # noqa: ANN401
    spec: Spec,
    *,
    new: bool,
) -> Spec:
    """Add sums of orders by X, and the days between them."""
    longest = str(spans[-1])
    day, first = nw.col("day"), nw.col("first_day")
    age = day_number(day) - day_number(first)
    flags = []
    for span in spans:
        inside = day < nw.col(str(span))
        flags += [
            nw.when(inside).then(nw.col("revenue")).otherwise(0.0).alias(f"rev_{span}"),
            nw.when(inside).then(1).otherwise(0).alias(f"n_orders_{span}"),
        ]
    at_first = nw.col("ordered_at") == nw.col("first_at")
    sums = [f"{name}_{span}" for span in spans for name in ("rev", "n_orders")]
    sums.append("first_value")
    table = collected(
        life.with_columns(
            *flags,
            nw.when(at_first).then(nw.col("revenue")).otherwise(0.0).alias("first_value"),
            nw.when(day > first).then(age).alias("wait"),
            age.alias("age"),
        )
        .group_by("customer_id")
        .agg(
            *(nw.col(name).sum() for name in sums),
            nw.col("day").n_unique().alias("days"),
            nw.col("wait").min(),
            nw.col("age").max(),
            nw.col("items").sum(),
            nw.col("items").count().alias("items_known"),
        )
        .select(
            "customer_id",
            *(nw.col(n).cast(nw.Float64) for n in (*sums, "days", "wait", "age", "items")),
            nw.col("items_known").cast(nw.Int64),
        )
    )
    days = length.astype(float)
    for name in sums:
        columns.number(name, columns.of(table, name))
    columns.number(f"days_{longest}", columns.of(table, "days"))
    wait = columns.of(table, "wait", -1.0)
    columns.number("second_order", wait >= 0, "flag")
    columns.number("days_to_second", np.where(wait >= 0, wait, days))
    columns.number("days_since_last", days - 1 - columns.of(table, "age"))
    if new:
        spec = replace(spec, items=bool(numbers(table["items_known"]).sum()))
    if spec.items:
        columns.number(f"items_{longest}", columns.of(table, "items"))
    return spec


def _add_attributes(
    columns: Columns,
    attributes: IntoFrame | None,
    first: Any,  # noqa: ANN401
    longest: str,
    spec: Spec,
    *,
    new: bool,
) -> Spec:
    """Add what is known of the first order by the prediction point."""
    given = {} if attributes is None else dict(lazy(attributes).collect_schema())
    given.pop("order_id", None)
    # Of what nobody can say when it became known, nothing was known in time.
    told = {n: kind for n, kind in given.items() if KNOWN_AFTER.get(n, n) in given}
    texts = sorted(n for n, kind in told.items() if kind == nw.String)
    amounts = sorted(n for n, kind in told.items() if kind.is_numeric() or kind == nw.Boolean)
    if not new:
        texts = sorted(n[6:] for n in spec.levels if n not in spec.labels)
        amounts = sorted(spec.fills)
        for name in (*texts, *amounts):
            spec.need(f"the column {name} of orders", wanted=True, given=name in told)
    if attributes is None or not (texts or amounts):
        return spec
    later = {n: KNOWN_AFTER[n] for n in amounts if n in KNOWN_AFTER}
    chosen = sorted({*texts, *amounts, *later.values()})
    within = day_number(nw.col(longest)) - day_number(nw.col("first_day"))
    known = [
        nw.when(nw.col(d) < nw.col("within")).then(nw.col(n)).alias(n) for n, d in later.items()
    ]
    table = collected(
        first.join(lazy(attributes).select("order_id", *chosen), on="order_id")
        .with_columns(within.alias("within"))
        .with_columns("within", *known)
    )
    levels, fills = dict(spec.levels), dict(spec.fills)
    for name in texts:
        values = columns.text(table, name)
        if new:
            levels[f"first_{name}"] = levels_of(values)
        columns.category(f"first_{name}", values, levels[f"first_{name}"])
    for name in amounts:
        amount = columns.of(table, name, np.nan)
        missing = np.isnan(amount)
        if new:
            fills[name] = 0.0 if missing.all() else float(np.median(amount[~missing]))
        columns.number(f"first_{name}", np.where(missing, fills[name], amount))
        columns.number(f"first_{name}_missing", missing, "flag")
    return replace(spec, levels=levels, fills=fills)
