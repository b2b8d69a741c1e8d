"""Files of orders: every row is an order or a line of one. Matched, read, and made into ``orders``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from clv.core.errors import LayoutError
from clv.ingest.columns import labels, matching, not_orders
from clv.ingest.orders import (
    checks,
    clutter,
    contents,
    currency,
    days,
    left_out,
    netting,
    people,
    recurring,
    rows,
    states,
    versions,
)
from clv.ingest.orders.decisions import Decisions, decision, noted, switch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from clv.core.schema import Decision
    from clv.core.settings import IngestOptions
    from clv.core.types import Progress
    from clv.ingest.columns.kinds import Opened
    from clv.ingest.files.dialect import Dialect
    from clv.ingest.files.source import Source
    from clv.ingest.orders.table import Table


def match(opened: Source, found: Dialect, options: IngestOptions) -> matching.Match:
    """Return the layout of a file and which of its columns is what; see `matching.match`."""
    return matching.match(
        opened.name,
        found.columns,
        found.head,
        header=found.header,
        layout=options.layout,
        mapping=options.mapping,
        amount=options.amount,
        decimal=options.decimal,
    )


def label_names(
    tables: Sequence[tuple[Source, Dialect, matching.Match]], options: IngestOptions
) -> tuple[str, ...]:
    """Return the label columns: as asked for, else those found in any of the files.

    Raises
    ------
    LayoutError
        No file has what was asked for.
    """
    if options.labels is not None:
        customers = [match.mapping.get("customer_id", "") for *_, match in tables]
        return labels.check(options.labels, [(s.name, d.columns) for s, d, _ in tables], customers)
    found = [
        c
        for _, d, match in tables  # A category may be both, what rows and what customers are of.
        for c in labels.find(d, {c for role, c in match.mapping.items() if role != "category"})
    ]
    return labels.distinct(found)[: labels.MOST_LABELS]


def prepare(opened: Sequence[Opened], options: IngestOptions, spool: Path) -> list[Table]:
    """Find out how every file is written; all must have the same layout.

    Raises
    ------
    InputError
        A column is missing, the layouts differ, a date can be read two ways…
    """
    tables: list[Table] = []
    for source, dialect in opened:
        not_orders.refuse(source, dialect, options)
        found = match(source, dialect, options)
        if found.missing or found.doubts:
            raise matching.explain_missing(
                source.name, found, dialect.columns, header=dialect.header
            )
        if tables and found.layout is not tables[0].match.layout:
            msg = (
                f"{source.name} and {tables[0].source.name} do not have the same layout "
                f"({found.layout.title}; {tables[0].match.layout.title})."
            )
            raise LayoutError(msg, "Files of one forecast need one layout: run them one by one.")
        if tables and ("revenue" in found.mapping) != ("revenue" in tables[0].mapping):
            msg = f"{source.name} and {tables[0].source.name} do not both have a value column."
            raise LayoutError(msg, "Say which column it is.", "--map revenue=COLUMN")
        tables.append(rows.prepare(source, dialect, found, options, spool))
    return tables


def settle(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    names: Sequence[str],
    options: IngestOptions,
    latest: date,
    spool: Path,
    progress: Progress,
) -> Decisions:
    """Read the files and make ``orders``, and ``order_lines`` if the files tell them.

    Parameters
    ----------
    names
        Labels; they become columns of ``lines``, for `clv.ingest.columns.labels.build`.
    latest
        Orders after this day are rejected.
    """
    has_order_id = all("order_id" in t.mapping for t in tables)
    rules = checks.rules(options, has_order_id=has_order_id)
    rows.create(con, tables, names)
    for number, table in enumerate(tables):
        progress(f"Reading {table.source.name}", number, len(tables))
        rows.load(con, number, table, latest, spool)
    total = sum(t.rows for t in tables)
    progress("Checking rows", 0, total)
    made = clutter.find(con, tables, rules)
    days.refuse_doubtful(con, tables, options)
    one_total = [number for number, t in enumerate(tables) if t.match.one_total]
    words, judged = states.settle(con, tables, options.statuses)
    customer = tables[0].mapping["customer_id"]
    made += [*judged, *people.settle(con, customer, rules["nobody"], apart=options.apart)]
    if has_order_id:
        made += versions.settle(con, tables, rules["older_state"], one_total=bool(one_total))
        made += recurring.tell_apart(con, one_total)
    if one_total:
        netting.fill_orders(con, one_total)
    far = netting.drop_far_dates(con, rules["far_date"])
    unit, others = currency.keep_one(con)
    duplicates = 0
    if not one_total or rules["duplicate"] == "drop":
        scans = has_order_id and "duplicate" not in options.drop and _scans(tables)
        duplicates, again = netting.find_duplicates(con, rules["duplicate"], scans=scans)
        made += again
    if has_order_id and any("reference" in t.mapping for t in tables):
        made += netting.name_orders(con)
    netted, in_part = netting.settle_refunds(con, has_order_id=has_order_id)
    made += in_part
    zeros = netting.drop_zero_values(con, rules["zero_value"], one_total=bool(one_total))
    progress("Making orders", total, total)
    gone = netting.build_orders(con, has_order_id=has_order_id)
    one_by_one = has_order_id and not one_total
    roles = [r for r in ("category", "product") if all(r in t.mapping for t in tables)]
    taken_back = bool(netted) and netting.build_refunds(con, has_order_id=has_order_id)
    told = contents.build(con, roles, has_order_id=one_by_one, gone=gone)
    unit = unit or tables[0].numbers.currency
    made += [*others, *(one for t in tables for one in t.decisions)]
    made += days.decisions(con, tables)
    said = {"older_state", *(one["code"] for one in made)}  # With the size of their own.
    lost = left_out.decisions(con, rules, unit, sum(t.faults - t.notes for t in tables))
    made += [one for one in lost if one["code"] not in said]
    found = {"duplicate": duplicates, "zero_value": zeros, "far_date": sum(n for _, n in far)}
    return Decisions(
        rules=rules,
        noted=noted(rules, **found),
        orders_cancelled=gone,
        far_dates=[day.isoformat() for day, _ in far],
        currency=unit,
        decimal=tables[0].numbers.decimal,
        has_order_id=has_order_id,
        titles=sum(table.titles for table in tables),
        mapping=tables[0].mapping,
        tables=[*(["lines"] if told else []), *(["refunds"] if taken_back else [])],
        labels=names,
        rows_netted=netted,
        made=[*made, *_amounts(tables[0], options)],
        statuses_found=words,
        grain=_grain(tables[0]),
    )


def _scans(tables: Sequence[Table]) -> bool:
    """Whether rows are single items of an order: two equal ones are two items, not a repeat."""
    return all(
        "product" in t.mapping and "items" not in t.mapping and not t.match.one_total
        for t in tables
    )


def _grain(table: Table) -> Literal["order", "line", "unit", ""]:
    """Return what an amount in a row was for; empty where there are none."""
    if "unit_price" in table.mapping:
        return "unit"
    return table.match.grain if "revenue" in table.mapping else ""


def _amounts(table: Table, options: IngestOptions) -> list[Decision]:
    """Say what an amount was taken for, where it could be for something else."""
    mapping, grain = table.mapping, _grain(table)
    made: list[Decision] = []
    if grain == "unit" and options.amount is None and "items" in mapping:
        made.append(
            decision(
                "unit_price",
                f"“{mapping['unit_price']}” is the price of one item: the value of a row is "
                f"“{mapping['items']}” × “{mapping['unit_price']}”.",
                switches=[switch("It is the value of the row", "--amount", "line")],
            )
        )
    if grain == "order" and options.amount is None and "revenue" in mapping:
        made.append(
            decision(
                "order_total",
                f"“{mapping['revenue']}” is the total of the order: it counts once, on whichever rows "
                "of the order it stands.",
                switches=[switch("It is the value of the row", "--amount", "line")],
            )
        )
    if "revenue" in mapping and "revenue" not in options.mapping and table.match.included:
        made.append(
            decision(
                "value_includes",
                f"“{mapping['revenue']}” includes {_listed(table.match.included)}"
                + (f", but not {_listed(table.match.excluded)}" if table.match.excluded else "")
                + ".",
                switches=[
                    switch(
                        f"Count “{table.match.without}” instead",
                        "--map",
                        f"revenue={table.match.without}",
                    )
                ],
            )
        )
    elif "revenue" in mapping and table.match.excluded:
        made.append(
            decision(
                "value_excludes",
                f"“{mapping['revenue']}” does not include {_listed(table.match.excluded)}.",
            )
        )
    if "discount" in mapping and "discount" not in options.mapping:
        kind = "a share of the price" if table.match.rate else "an amount"
        made.append(
            decision(
                "discount",
                f"“{mapping['discount']}” is {kind}, and is taken off the value.",
                switches=[switch("Don't take it off", "--map", "discount=")],
            )
        )
    if "refunded" in mapping and "refunded" not in options.mapping:
        made.append(
            decision(
                "refunded",
                f"“{mapping['refunded']}” is what was paid back, and is taken off the value.",
                switches=[switch("Don't take it off", "--map", "refunded=")],
            )
        )
    return made


def _listed(columns: Sequence[str]) -> str:
    return " and ".join(f"“{column}”" for column in columns)
