"""How much money was left out, and for which reason: more than a twentieth is said at the top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.core import engine
from clv.core.formatting import money_full, percent, plural
from clv.ingest.orders import checks
from clv.ingest.orders.decisions import WEIGHTY, decision, switch

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from clv.core.schema import Decision, Rule


def decisions(
    con: duckdb.DuckDBPyConnection,
    rules: Mapping[str, Rule],
    currency: str,
    faults: int = 0,
    source: str = "lines",
) -> list[Decision]:
    """Return a decision for every reason that took more than a twentieth of the money, or all together.

    Rows whose amount is not known weigh as much as the share of rows that they are. Rows in another
    currency have a decision of their own (`clv.ingest.orders.currency`).

    Parameters
    ----------
    con
        Has the source, with every row judged.
    rules
        Of the checks that can be turned round.
    faults
        Rows that never came that far, as their fields do not add up.
    source
        Table, or query in brackets, with ``code`` and ``revenue``.
    """
    if not faults and not engine.row(con, f"SELECT count(*) FROM {source} WHERE code > 0")[0]:
        return []
    amount = "CASE WHEN code > 0 OR revenue > 0 THEN abs(revenue) END"
    found = {
        code: (rows, unknown, money)
        for code, rows, unknown, money in con.execute(
            f"SELECT code, count(*), count(*) FILTER (revenue IS NULL), {engine.total(amount)} "
            f"FROM {source} GROUP BY code"
        ).fetchall()
    }
    found.pop(checks.NUMBER["other_currency"], None)
    for check in checks.CHECKS:
        if not check.loss:  # Not even the whole holds what was no order.
            found.pop(checks.NUMBER[check.code], None)
    rows_in_all = sum(rows for rows, *_ in found.values()) + faults
    money_in_all = sum(money or 0.0 for *_, money in found.values())
    made: list[Decision] = []
    lost = [0, 0.0, 0.0]
    for check in checks.CHECKS + checks.TABLE_CHECKS:
        rows, unknown, money = found.get(checks.NUMBER[check.code], (0, 0, None))
        if not rows or not check.loss:
            continue
        share = unknown / rows_in_all + ((money or 0.0) / money_in_all if money_in_all else 0.0)
        lost = [lost[0] + rows, lost[1] + (money or 0.0), lost[2] + share]
        if share > WEIGHTY:
            made.append(_one(check, rules, rows, money, share, currency))
    if faults:
        lost = [lost[0] + faults, lost[1], lost[2] + faults / rows_in_all]
    if not made and lost[2] > WEIGHTY:
        made.append(_together(int(lost[0]), lost[1] or None, lost[2], currency))
    return made


def _size(rows: int, money: float | None, share: float, currency: str) -> str:
    if not money:
        return f"{plural(rows, 'row')}, {percent(share)} of all rows"
    return (
        f"{plural(rows, 'row')} with {money_full(money, currency)}, {percent(share)} of the money"
    )


def _one(
    check: checks.Check,
    rules: Mapping[str, Rule],
    rows: int,
    money: float | None,
    share: float,
    currency: str,
) -> Decision:
    return decision(
        check.code,
        f"Left out, {check.title[0].lower()}{check.title[1:]}: {_size(rows, money, share, currency)}. "
        f"{check.remedy}",
        rows,
        money,
        [switch("Keep them", "--keep", check.code)] if check.code in rules else [],
        weighty=True,
    )


def _together(rows: int, money: float | None, share: float, currency: str) -> Decision:
    return decision(
        "left_out",
        f"Left out for all reasons together: {_size(rows, money, share, currency)}. The reasons are listed "
        "with their rows.",
        rows,
        money,
        weighty=True,
    )
