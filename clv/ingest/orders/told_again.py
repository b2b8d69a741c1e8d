"""Kinds of rows that tell the money of another kind again, such as the payment of an invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.ingest.columns.names import normalise
from clv.ingest.orders.decisions import decision, moves_much, switch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from clv.core.schema import Decision, StatusReport

_INVOICE: Final = ("invoice", "rechnung", "facture", "factura", "fattura", "fatura", "salesreceipt")
_PAYMENT: Final = ("payment", "zahlung", "paiement", "pago", "pagamento", "betaling")
#: Of so many orders that have two kinds of row, both must tell about the same money.
_COMMON, _ABOUT, _EQUAL, _NEARLY = 0.9, 0.35, 0.2, 0.75
_FEWEST: Final = 3


def find(con: duckdb.DuckDBPyConnection, kinds: Mapping[str, int]) -> dict[str, str]:
    """Find kinds whose money another kind tells: a payment that of its invoice, lines that of their sale.

    Parameters
    ----------
    con
        Has ``lines``.
    kinds
        Kind of row that is a sale → its rows.

    Returns
    -------
    dict
        Kind → the kind whose money it tells again.
    """
    if len(kinds) < 2:
        return {}
    invoices = [w for w in kinds if any(stem in normalise(w) for stem in _INVOICE)]
    found = {w: invoices[0] for w in kinds if invoices and w not in invoices and _settles(w)}
    left = sorted((w for w in kinds if w not in found), key=lambda w: (_settles(w), kinds[w]))
    return found | _same_money(con, left)


def _settles(word: str) -> bool:
    return any(stem in normalise(word) for stem in _PAYMENT)


def _same_money(con: duckdb.DuckDBPyConnection, kinds: Sequence[str]) -> dict[str, str]:
    """Compare kinds order by order; the first of those that tell the same money counts."""
    pairs = con.execute(
        "WITH sums AS (SELECT kind, order_id, sum(revenue) AS money FROM lines "
        "WHERE code = 0 AND order_id IS NOT NULL AND kind IN (SELECT unnest(?::VARCHAR[])) "
        "GROUP BY ALL), n AS (SELECT kind, count(*) AS n FROM sums GROUP BY 1) "
        "SELECT a.kind, b.kind, count(*), max(na.n), max(nb.n), "
        "sum((abs(a.money - b.money) < 0.02)::INT), "
        f"sum((abs(a.money - b.money) <= {_ABOUT} * abs(a.money))::INT) "
        "FROM sums a JOIN sums b ON a.order_id = b.order_id AND a.kind <> b.kind "
        "JOIN n na ON na.kind = a.kind JOIN n nb ON nb.kind = b.kind "
        "WHERE a.money > 0 GROUP BY ALL",
        [[*kinds]],
    ).fetchall()
    found: dict[str, str] = {}
    for i, first in enumerate(kinds):
        for one, other, both, n, m, equal, near in pairs:
            again = one == first and other in kinds[i + 1 :] and first not in found
            common = both >= _FEWEST and both >= _COMMON * max(n, m)
            if again and common and equal >= _EQUAL * both and near >= _NEARLY * both:
                found.setdefault(other, first)
    return found


def decisions(
    words: Sequence[StatusReport], again: Mapping[str, str], rows: int, total: float
) -> list[Decision]:
    """Say which kinds of rows don't count because another kind tells their money."""
    return [
        decision(
            "told_again",
            f"Rows “{one['word']}” in the column “{one['column']}” tell the money of "
            f"“{again[one['word']]}” again: they don't count.",
            one["rows"],
            one["money"],
            [switch("They count", "--status", f"{one['word']}=counts")],
            weighty=moves_much(one["rows"], rows) or moves_much(one["money"], total),
        )
        for one in words
        if one["word"] in again
    ]
