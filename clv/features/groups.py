"""Features from names: labels of customers, categories of goods."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clv.features.queries import largest, lazy, lines_of, regrouped
from clv.features.tables import Columns, Spec, collected, levels_of

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame


def add_labels(columns: Columns, labels: IntoFrame | None, spec: Spec, *, new: bool) -> Spec:
    """Add a categorical column for each label.

    Parameters
    ----------
    columns
        Of the customers that count; levels are learned from no others.
    labels
        One row per customer: ``customer_id`` and text columns.
    spec
        Its levels are those of the columns, unless they are ``new``: then they are learned.

    Returns
    -------
    Spec
        With the levels.

    Raises
    ------
    LayoutError
        A label that the spec needs is not there.
    """
    given = (
        [] if labels is None else [n for n in lazy(labels).collect_schema() if n != "customer_id"]
    )
    names = given if new else list(spec.labels)
    for name in names:
        spec.need(f"the label {name}", wanted=True, given=name in given)
    if labels is None or not names:
        return spec
    chosen = (nw.col(name).cast(nw.String) for name in names)
    table = collected(lazy(labels).select("customer_id", *chosen))
    levels = dict(spec.levels)
    for name in names:
        values = columns.text(table, name)
        if new:
            levels[name] = levels_of(values)
        columns.category(name, values, levels[name])
    return replace(spec, labels=tuple(names), levels=levels)


def add_categories(
    columns: Columns,
    lines: IntoFrame | None,
    orders: Any,  # noqa: ANN401 - narwhals' lazy frame of any engine
    name: str,
    most: int,
    spec: Spec,
    *,
    new: bool,
) -> tuple[Any, Spec]:
    """Add the number of categories that each customer bought, and tell which have columns.

    Parameters
    ----------
    columns
        Of the customers that count.
    lines
        ``order_id, category, revenue``.
    orders
        The orders that count: ``order_id, customer_id`` and whatever else is to be kept.
    name
        Of the column.
    most
        How many categories have columns of their own, if they are ``new``.
    spec
        Its categories are those of the columns, unless they are ``new``: then they are learned.

    Returns
    -------
    frame, Spec
        `clv.features.queries.lines_of` of these orders, with `OTHER` for the smaller ones;
        None without lines. And the spec with the categories.

    Raises
    ------
    LayoutError
        The spec needs lines, and there are none.
    """
    wanted = spec.categories is not None
    spec.need("order lines with a category", wanted=wanted, given=lines is not None)
    if lines is None or not (new or wanted):
        return None, spec
    sales = lines_of(lines, orders)
    if new:
        spec = replace(spec, categories=largest(sales, most, by="value"))
    kinds = sales.select("customer_id", "group").unique().group_by("customer_id")
    columns.number(name, columns.of(collected(kinds.agg(nw.len().alias("kinds"))), "kinds"))
    return regrouped(sales, spec.categories or ()), spec
