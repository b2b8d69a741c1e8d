"""The report of a check: every row accounted for, in numbers and in plain sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import NoRowsError
from clv.ingest.columns.kinds import RELATED
from clv.ingest.orders import checks, oddities
from clv.ingest.orders.table import sample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb

    from clv.core.schema import ColumnReport, Decision, FileReport, Report
    from clv.ingest.orders.decisions import Decisions
    from clv.ingest.orders.table import Table

_EXAMPLES: Final = 20
_SAMPLES: Final = 3


def make_report(
    con: duckdb.DuckDBPyConnection,
    tables: list[Table],
    decided: Decisions,
    as_of: date | None,
) -> Report:
    """Return the report as plain JSON types; see docs/files.md for what it says.

    Parameters
    ----------
    con
        Has ``orders`` and ``rejects``.
    tables
        The files, loaded.
    decided
        What was decided on the way.
    as_of
        As the user gave it.
    """
    known = checks.known(related=any(t.kind for t in tables))
    per_file = _counts(con, known)
    counts = _sum(per_file)
    total = sum(t.rows + t.faults for t in tables)
    rejected = sum(counts.values())
    shoppers = oddities.count_shoppers(con)
    orders, revenue, first, last = engine.row(
        con,
        f"SELECT count(*), {engine.total('revenue')}, min(ordered_at), max(ordered_at) FROM orders",
    )
    examples = con.sql(f"SELECT * FROM rejects LIMIT {_EXAMPLES}").to_arrow_table()
    day = as_of or (last.date() if last else None)
    head = tables[0]
    report: Report = {
        "rows_total": total,
        "rows_accepted": total - rejected,
        "rows_rejected": rejected,
        "reasons": {c.code: counts[c.code] for c in known if c.code in counts},
        "noted": dict(decided.noted),
        "reason_titles": {c.code: c.title for c in known},
        "remedies": {c.code: c.remedy for c in known},
        "rules": dict(decided.rules),
        "files": [
            {
                "name": t.source.name,
                "rows_total": t.rows + t.faults,
                "rows_accepted": t.rows + t.faults - sum(per_file[t.source.name].values()),
                "rows_rejected": sum(per_file[t.source.name].values()),
                "reasons": per_file[t.source.name],
                "encoding": t.source.encoding,
                "delimiter": t.dialect.title,
                "header": t.dialect.header,
                "date_format": t.dates.title,
                "decimal": t.numbers.decimal,
                "mapping": t.mapping,
                **_related(t, decided),
            }
            for t in tables
        ],
        "layout": head.match.layout.name,
        "layout_title": head.match.layout.title,
        "encoding": head.source.encoding,
        "delimiter": head.dialect.title,
        "date_format": head.dates.title,
        "decimal": decided.decimal,
        "mapping": dict(decided.mapping),
        "labels": list(decided.labels),
        "tables": list(decided.tables),
        "skipped": [name for t in tables for name in t.source.skipped],
        "currency": decided.currency,
        "has_revenue": "revenue" in decided.mapping or "unit_price" in decided.mapping,
        "rows_netted": decided.rows_netted,
        "orders_cancelled": decided.orders_cancelled,
        "far_dates": list(decided.far_dates),
        "orders": orders,
        "customers": shoppers.number,
        "revenue": revenue,
        "first_order": first.date().isoformat() if first else None,
        "last_order": last.date().isoformat() if last else None,
        "as_of": day.isoformat() if day else None,
        "examples": examples.to_pylist(),
    }
    report["decisions"] = sorted(decided.made, key=_weight)
    report["statuses"] = list(decided.statuses_found)
    report["oddities"] = oddities.find(con, report, shoppers, tables)
    report["grain"] = decided.grain
    report["columns"] = _columns(head)
    report["messages"] = _messages(report, decided)
    return report


def _columns(table: Table) -> list[ColumnReport]:
    """Return every column with its role and a few of its values."""
    roles = {column: role for role, column in reversed(table.mapping.items())}
    return [
        {
            "column": column,
            "role": roles.get(column, ""),
            "samples": [
                *dict.fromkeys(cell for cell in sample(table.dialect, column) if cell.strip())
            ][:_SAMPLES],
        }
        for column in table.dialect.columns
    ]


def _weight(decision: Decision) -> tuple[bool, float, int]:
    """Return the key that puts what moves most first."""
    return not decision["weighty"], -abs(decision["money"] or 0), -decision["rows"]


def _counts(
    con: duckdb.DuckDBPyConnection, known: Sequence[checks.Check]
) -> defaultdict[str, dict[str, int]]:
    """Return the rejected rows by file and code, codes in the order of the checks."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    rows = con.execute("SELECT file, code, count(*) FROM rejects GROUP BY 1, 2").fetchall()
    by_code = {(file, code): count for file, code, count in rows}
    for file in dict.fromkeys(file for file, *_ in rows):
        found[file] = {c.code: by_code[file, c.code] for c in known if (file, c.code) in by_code}
    return found


def _sum(per_file: dict[str, dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counts in per_file.values():
        total.update(counts)
    return total


def _related(table: Table, decided: Decisions) -> FileReport:
    """Return what the report says of one of several related tables beside its rows."""
    if not table.kind:
        return {}
    more: FileReport = {"table": table.kind}
    if table.kind == "orders":
        more["not_delivered"] = dict(decided.statuses[table.source.name])
    if table.source.name in decided.not_needed:
        more["not_needed"] = decided.not_needed[table.source.name]
    return more


def _messages(report: Report, decided: Decisions) -> list[str]:
    """Say in plain sentences what was done without being asked."""
    total, rejected = report["rows_total"], report["rows_rejected"]
    reasons, noted, rules = report["reasons"], report["noted"], report["rules"]
    lost = [c.code for c in checks.CHECKS + checks.TABLE_CHECKS if c.loss and c.code in reasons]
    worst = max(lost, key=lambda code: reasons[code], default="")
    mapping = report["mapping"]
    days = ", ".join(report["far_dates"][:5])
    far = "left out" if rules["far_date"] == "drop" else "kept"
    value = f"The value of a row is “{mapping.get('items')}” × “{mapping.get('unit_price')}”."
    kept = noted.get("duplicate", 0)
    dropped = reasons.get("duplicate", 0)
    spare = sum(decided.not_needed.values())
    unreadable = decided.unreadable
    sentences: dict[str, object] = {
        "The file looks like visits or logins, and every row counts as a purchase. If they are none, "
        "upload the orders beside it.": decided.events_alone,
        f"Rows left out, most often for: {checks.TITLES.get(worst, '').lower()} ({reasons.get(worst, 0):,} of "
        f"{rejected:,}).": sum(reasons[code] for code in lost) > 0.05 * total,
        f"Lines above the header, passed over: {decided.titles}.": decided.titles,
        **{f"{one} is no table of orders and was not read.": True for one in report["skipped"]},
        value: "unit_price" in mapping,
        "The file has no order number: every row is one order.": not decided.has_order_id,
        f"Rows that repeat an earlier row exactly: {kept:,}. They were kept, because without an order "
        "number two equal purchases may both be real.": kept,
        f"Rows that repeat an earlier row exactly: {dropped:,}. They were left out.": dropped,
        f"Rows with the value 0: {noted.get('zero_value', 0):,}. They were kept: purchases without "
        "revenue.": noted.get("zero_value"),
        f"A few dates lie more than ten years from all others ({days}); their rows were {far}.": days,
        "Refund or cancellation rows taken off the order they belong to: "
        f"{report['rows_netted']:,}.": report["rows_netted"],
        f"Orders cancelled in full, which do not count as orders: {report['orders_cancelled']:,}.": (
            report["orders_cancelled"]
        ),
        **{f"{one} is not needed and was not read.": True for one in decided.unused},
        f"Rows of products, sellers and names of categories that no delivered order needs: {spare:,}.": (
            spare
        ),
        f"Cells that could not be read and count as unknown: {unreadable:,}.": unreadable,
        "No column of values was recognised: purchases are forecast, money is not.": not report[
            "has_revenue"
        ],
    }
    return [sentence for sentence, holds in sentences.items() if holds]


def refuse_no_orders(report: Report) -> None:
    """Raise `NoRowsError` when nothing usable is left, with what was rejected and why."""
    if report["orders"]:
        return
    names = ", ".join(f["name"] for f in report["files"])
    if not report["rows_total"]:
        msg = f"{names}: there is a header, but no data row."
        raise NoRowsError(msg, "Export the orders again, with at least one order.")
    why = ", ".join(f"{checks.TITLES[c].lower()}: {n:,}" for c, n in report["reasons"].items())
    first = report["examples"][0] if report["examples"] else None
    total, why = f"{report['rows_total']:,} rows", why or "all cancelled"
    msg = f"{names}: none of the {total} can be used ({why})."
    if report["layout"] == RELATED.name:  # What is looked up can be read, and is of no use alone.
        msg = f"{names}: not one order can be made of the {total} ({why})."
    hint = f"First one: {first['file']}, line {first['line']}: {first['reason']}" if first else ""
    raise NoRowsError(msg, hint)
