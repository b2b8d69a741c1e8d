"""Statuses, deliveries and kinds of transaction: which rows are sales, and which take one back.

Rows are grouped by the words they carry; every distinct word is judged once, by the user's word, by
what the export means by it, or by what the word says (`clv.ingest.columns.states`). A word that is not
understood counts, and is pointed out with its rows and its money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.formatting import percent, plural
from clv.ingest.columns import states
from clv.ingest.columns.names import normalise
from clv.ingest.orders import told_again
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much, switch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from clv.core.schema import Decision, StatusReport, Switch
    from clv.core.settings import StatusMeaning
    from clv.ingest.orders.table import Table

_ROLES: Final = ("status", "fulfilment", "kind")
_CODES: Final = {
    "unpaid": "unpaid",
    "cancelled": "cancelled",
    "refunded": "refunded",
    "event": "event",
    "no": "cancelled",
}
#: Rows that are judged: those that could be read, and those without an amount, as views have none.
_JUDGED: Final = f"(code = 0 OR (code = {NUMBER['unreadable_number']} AND detail = ''))"


@dataclass(frozen=True)
class _Group:
    """Rows that carry the same words."""

    words: tuple[str | None, ...]
    rows: int
    money: float


def settle(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], said: Mapping[str, StatusMeaning]
) -> tuple[list[StatusReport], list[Decision]]:
    """Reject rows that are no sales, turn the sign of those that take one back.

    Parameters
    ----------
    con
        Has ``lines``.
    said
        Word → what the user says it means.

    Returns
    -------
    (statuses, decisions)
        Every word with what it was taken for; what could be read otherwise.
    """
    roles = [r for r in _ROLES if any(r in t.mapping for t in tables)]
    if not roles:
        return [], []
    rules: dict[str, str] = {
        word.lower(): meaning for t in tables for word, meaning in t.match.layout.statuses.items()
    }
    given = {_key(word): meaning for word, meaning in said.items()}
    listed = ", ".join(roles)
    found = con.execute(
        f"SELECT {listed}, count(*), coalesce(sum(abs(revenue)), 0) FROM lines "
        f"WHERE {_JUDGED} GROUP BY ALL ORDER BY count(*) DESC, {listed}"
    ).fetchall()
    groups = [_Group(row[: len(roles)], row[-2], row[-1]) for row in found]
    if "kind" in roles and not _sells(groups, roles.index("kind"), rules, given):
        kinds = {g.words[roles.index("kind")] for g in groups}
        given = given | {_key(word): "counts" for word in kinds if word}
    rules |= _not_won(groups, roles)
    again = told_again.find(con, _selling(groups, roles, rules, given))
    again = {w: of for w, of in again.items() if not _said(w, given)}
    rules |= dict.fromkeys((word.strip().lower() for word in again), "event")
    judged = [_judge(roles, g, rules, given) for g in groups]
    _apply(con, roles, groups, judged)
    total = sum(g.money for g in groups)
    rows = sum(g.rows for g in groups)
    words = _words(roles, groups, rules, given, tables)
    decisions = [
        *_unknown(words, rows, total),
        *_delivered(roles, groups, rules, given, rows, total),
        *_unpaid(words, rows, total, roles, groups, judged),
        *told_again.decisions(words, again, rows, total),
    ]
    return words, decisions


def events(con: duckdb.DuckDBPyConnection) -> bool:
    """Make the view ``events`` of what customers did beside buying, where a log of orders tells it.

    Returns
    -------
    bool
        Whether there is anything.
    """
    code = NUMBER["event"]
    words = con.execute(f"SELECT DISTINCT kind FROM lines WHERE code = {code}").fetchall()
    visits = [word for (word,) in words if word and states.is_visit(word)]
    if not visits:
        return False
    listed = ", ".join(engine.text(word) for word in visits)
    con.execute(
        'CREATE VIEW events AS SELECT customer_id, ordered_at AS "at", kind AS event FROM lines '
        f"WHERE code = {code} AND kind IN ({listed}) AND customer_id IN (SELECT customer_id FROM orders) "
        "ORDER BY customer_id, ordered_at, kind"
    )
    return True


#: Stages of a sale that came off, where others are still being worked on.
_WON: Final = frozenset(
    {"won", "closedwon", "dealwon", "gewonnen", "ganada", "ganado", "gagne", "gagnee", "vinta"}
)


def _selling(
    groups: Sequence[_Group],
    roles: Sequence[str],
    rules: Mapping[str, str],
    given: Mapping[str, StatusMeaning],
) -> dict[str, int]:
    """Return the kinds of rows that are sales, with their rows."""
    found: dict[str, int] = {}
    if "kind" in roles:
        at = roles.index("kind")
        for g in groups:
            word = g.words[at]
            if word is not None and _meaning("kind", word, rules, given) == "counts":
                found[word] = found.get(word, 0) + g.rows
    return found


def _not_won(groups: Sequence[_Group], roles: Sequence[str]) -> dict[str, str]:
    """Return the words of a column of stages that mean no sale: all that say nothing of winning."""
    if "status" not in roles:
        return {}
    words = {w for g in groups if (w := g.words[roles.index("status")])}
    if not any(normalise(w) in _WON for w in words):
        return {}
    return {w.strip().lower(): "no" for w in words if not states.meaning("status", w)}


def _sells(
    groups: Sequence[_Group],
    at: int,
    rules: Mapping[str, str],
    given: Mapping[str, StatusMeaning],
) -> bool:
    """Whether any kind of row is a sale; where none is, the column tells something else."""
    words = {g.words[at] for g in groups}
    return any(_meaning("kind", w, rules, given) == "counts" for w in words - {None})


def _key(word: str) -> str:
    """Return what a word is compared by: one of signs only is itself."""
    return normalise(word) or word


def _meaning(
    role: str,
    word: str | None,
    rules: Mapping[str, str],
    given: Mapping[str, StatusMeaning],
) -> str:
    """Return what one word means; what the user says goes first."""
    if word is None:
        return "counts"
    chosen = given.get(_key(word)) or rules.get(word.strip().lower())
    if chosen is not None:
        return {"refund": "refunded"}.get(chosen, chosen)
    return states.meaning(role, word)


def _judge(
    roles: Sequence[str],
    group: _Group,
    rules: Mapping[str, str],
    given: Mapping[str, StatusMeaning],
) -> tuple[int, bool]:
    """Return the number of the check that rejects these rows, or 0; and whether they take back."""
    meant = {
        role: _meaning(role, word, rules, given)
        for role, word in zip(roles, group.words, strict=True)
    }
    words = dict(zip(roles, group.words, strict=True))
    status, kind = meant.get("status", "counts"), meant.get("kind", "counts")
    there = meant.get("fulfilment", "")
    delivered = bool(words.get("fulfilment")) and _is_delivered(str(words["fulfilment"]), there)
    if status == "unpaid" and delivered and not _said(words.get("status"), given):
        status = "counts"
    if there in {"cancelled", "no"} and status == "counts":
        status = there
    if there == "refunded" and status == "counts":
        status = there
    if kind in {"event", "cancelled", "no"}:
        return NUMBER["event" if kind == "event" else "cancelled"], False
    # What takes back has a state of its own: a refund that failed took nothing back.
    if kind == "refunded":
        failed = status in {"cancelled", "no"}
        return (NUMBER["cancelled"], False) if failed else (0, True)
    if status in _CODES:
        return NUMBER[_CODES[status]], False
    return 0, False


def _said(word: str | None, given: Mapping[str, StatusMeaning]) -> bool:
    return word is not None and _key(word) in given


def _is_delivered(word: str, meant: str) -> bool:
    """Whether a word of delivery says that the goods left, wholly or in part."""
    plain = normalise(word)
    waits = plain.startswith(("un", "not", "await", "pend", "process", "new", "open", "on"))
    return meant == "counts" and not waits


def _apply(
    con: duckdb.DuckDBPyConnection,
    roles: Sequence[str],
    groups: Sequence[_Group],
    judged: Sequence[tuple[int, bool]],
) -> None:
    """Write the verdicts into ``lines``."""
    acting = [(g.words, v) for g, v in zip(groups, judged, strict=True) if v != (0, False)]
    if not acting:
        return
    columns = ", ".join(f"{role} VARCHAR" for role in roles)
    con.execute(f"CREATE TEMP TABLE verdicts ({columns}, verdict UTINYINT, back BOOLEAN)")
    marks = ", ".join("?" for _ in range(len(roles) + 2))
    con.executemany(f"INSERT INTO verdicts VALUES ({marks})", [[*w, *v] for w, v in acting])
    same = " AND ".join(f"lines.{r} IS NOT DISTINCT FROM v.{r}" for r in roles)
    con.execute(
        "UPDATE lines SET code = CASE WHEN v.verdict > 0 THEN v.verdict ELSE lines.code END, "
        "revenue = CASE WHEN v.back THEN -abs(revenue) ELSE revenue END "
        f"FROM verdicts v WHERE {_JUDGED} AND {same}"
    )
    con.execute("DROP TABLE verdicts")


def _sums(found: Iterable[tuple[str, _Group]]) -> dict[str, tuple[int, float]]:
    """Return word → rows and money of its groups."""
    sums: dict[str, tuple[int, float]] = {}
    for word, group in found:
        rows, money = sums.get(word, (0, 0.0))
        sums[word] = rows + group.rows, money + group.money
    return sums


def _words(
    roles: Sequence[str],
    groups: Sequence[_Group],
    rules: Mapping[str, str],
    given: Mapping[str, StatusMeaning],
    tables: Sequence[Table],
) -> list[StatusReport]:
    """Return every word of every column with its rows, its money and its meaning."""
    result: list[StatusReport] = []
    for i, role in enumerate(roles):
        column = next(t.mapping[role] for t in tables if role in t.mapping)
        found = [(word, g) for g in groups if (word := g.words[i]) is not None]
        for word, (rows, money) in _sums(found).items():
            meant = _meaning(role, word, rules, given)
            if role == "fulfilment" and not meant:
                continue  # Whether goods left is no reason by itself.
            result.append(
                {
                    "column": column,
                    "word": word,
                    "rows": rows,
                    "money": round(money, 2),
                    "meaning": "counts"
                    if meant in {"counts", ""}
                    else "refund"
                    if meant == "refunded"
                    else "no",
                    "known": bool(meant),
                }
            )
    return result


def _switches(word: str, *meanings: StatusMeaning) -> list[Switch]:
    labels = {"counts": "They count", "no": "They don't count", "refund": "They are refunds"}
    return [switch(labels[m], "--status", f"{word}={m}") for m in meanings]


def _unknown(words: Sequence[StatusReport], rows: int, total: float) -> list[Decision]:
    """Point out every word that was not understood."""
    return [
        decision(
            "unknown_status",
            f"What “{one['word']}” in the column “{one['column']}” means isn't known: its "
            f"{plural(one['rows'], 'row')} count as sales.",
            one["rows"],
            one["money"],
            _switches(one["word"], "no", "refund"),
            weighty=moves_much(one["rows"], rows) or moves_much(one["money"], total),
        )
        for one in words
        if not one["known"]
    ]


def _delivered(
    roles: Sequence[str],
    groups: Sequence[_Group],
    rules: Mapping[str, str],
    given: Mapping[str, StatusMeaning],
    rows: int,
    total: float,
) -> list[Decision]:
    """Say which orders count though they are not paid yet: they were delivered."""
    if "status" not in roles or "fulfilment" not in roles:
        return []
    at, there = roles.index("status"), roles.index("fulfilment")
    found: list[tuple[str, _Group]] = []
    for group in groups:
        word, goods = group.words[at], group.words[there]
        if word is None or goods is None or _said(word, given):
            continue
        meant = _meaning("fulfilment", goods, rules, given)
        if _meaning("status", word, rules, given) == "unpaid" and _is_delivered(goods, meant):
            found.append((word, group))
    return [
        decision(
            "delivered_unpaid",
            f"Orders that are “{word}” but were delivered count as sales: cash on delivery "
            "is often never marked as paid.",
            n,
            round(money, 2),
            _switches(word, "no"),
            weighty=moves_much(n, rows) or moves_much(money, total),
        )
        for word, (n, money) in _sums(found).items()
    ]


def _unpaid(
    words: Sequence[StatusReport],
    rows: int,
    total: float,
    roles: Sequence[str],
    groups: Sequence[_Group],
    judged: Sequence[tuple[int, bool]],
) -> list[Decision]:
    """Say which orders don't count because they are not paid."""
    if "status" not in roles:
        return []
    at = roles.index("status")
    found = [
        (word, group)
        for group, (code, _) in zip(groups, judged, strict=True)
        if code == NUMBER["unpaid"] and (word := group.words[at]) is not None
    ]
    columns = {one["word"]: one["column"] for one in words}
    return [
        decision(
            "unpaid",
            f"“{word}” in the column “{columns[word]}” means not paid. Left out: "
            f"{plural(n, 'row')}"
            + (f" with {percent(money / total)} of the money." if money else "."),
            n,
            round(money, 2),
            _switches(word, "counts"),
            weighty=moves_much(n, rows) or moves_much(money, total),
        )
        for word, (n, money) in _sums(found).items()
    ]
