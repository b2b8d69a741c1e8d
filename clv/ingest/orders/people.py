"""Who a person is: spellings of one customer, guests who later have an account, and nobody.

Decided on the distinct ids, of which there are far fewer than rows. Every merge is told with its size;
``--apart`` undoes them all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import LayoutError
from clv.core.formatting import count, plural
from clv.ingest.columns.names import normalise
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much, switch, turned

if TYPE_CHECKING:
    import duckdb

    from clv.core.schema import Decision, Rule

#: What stands where no customer is known, as people write it.
_NOBODY: Final = frozenset(
    normalise(word) or word
    for word in (
        *("walk-in", "walk in customer", "walkin client", "guest", "guest customer", "guest user"),
        *("unknown", "unknown customer", "anonymous", "anonymous customer", "anon", "no customer"),
        *(
            "none",
            "n/a",
            "not available",
            "not applicable",
            "not provided",
            "not specified",
            "nobody",
        ),
        *(
            "cash",
            "cash sale",
            "cash customer",
            "counter sale",
            "counter customer",
            "over the counter",
        ),
        *(
            "pos customer",
            "retail customer",
            "one-time customer",
            "default customer",
            "misc customer",
        ),
        *(
            "general customer",
            "passing trade",
            "no name",
            "noname",
            "undefined",
            "tbd",
            "deleted user",
        ),
        *(
            "Laufkunde",
            "Laufkundschaft",
            "Barverkauf",
            "Barkunde",
            "Gast",
            "Gastkunde",
            "unbekannt",
        ),
        *("Unbekannter Kunde", "Kein Kunde", "anonym", "diverse", "Tageskunde", "Thekenverkauf"),
        *("invité", "client invité", "client de passage", "client comptoir", "inconnu", "anonyme"),
        *(
            "client divers",
            "aucun",
            "invitado",
            "cliente ocasional",
            "cliente general",
            "desconocido",
        ),
        *(
            "público general",
            "publico en general",
            "cliente mostrador",
            "consumidor final",
            "anónimo",
        ),
        *(
            "cliente varios",
            "sin nombre",
            "ospite",
            "sconosciuto",
            "anonimo",
            "cliente occasionale",
        ),
        *("cliente generico", "convidado", "cliente balcão", "não identificado", "desconhecido"),
        *("gast", "onbekend", "anoniem", "passant", "contante verkoop", "gäst", "okänd", "gæst"),
        *("ukendt", "gjest", "ukjent", "vieras", "tuntematon", "gość", "nieznany", "anonimowy"),
        *("klient detaliczny", "host", "neznámý", "anonymní", "vendég", "ismeretlen", "necunoscut"),
        *("misafir", "bilinmeyen", "perakende müşteri", "peşin satış", "гость", "неизвестно"),
        *("неизвестный", "розничный покупатель", "частное лицо", "аноним", "гість", "невідомо"),
        *(
            "επισκέπτης",
            "άγνωστος",
            "πελάτης λιανικής",
            "ゲスト",
            "不明",
            "非会員",
            "一般客",
            "散客",
        ),
        *(
            "游客",
            "匿名",
            "未知",
            "비회원",
            "게스트",
            "미상",
            "tamu",
            "tidak diketahui",
            "pelanggan umum",
        ),
        *(
            "khách lẻ",
            "khách vãng lai",
            "ลูกค้าทั่วไป",
            "ไม่ระบุ",
            "زائر",
            "غير معروف",
            "אורח",
            "לא ידוע",
        ),
    )
) - {""}
#: Numbers that stand for nobody where far more rows have them than any one customer could.
_ZEROS: Final = ("0", "-1", "00", "000", "0000", "9999", "99999", "999999")
_CUT: Final = r"\d(?:[.,]\d+)?[eE]\+\d+"
#: An e-mail address of more ids than this is nobody's own.
_SHARED: Final = 200
_ROUNDS: Final = 20
#: SQL: whether an id is an e-mail address.
_MAIL: Final = "regexp_full_match(id, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+')"


def settle(
    con: duckdb.DuckDBPyConnection, column: str, nobody: Rule, *, apart: bool
) -> list[Decision]:
    """Give every row of ``lines`` the id of its person; reject those of nobody.

    Parameters
    ----------
    con
        Has ``lines``; its column ``email`` is NULL where no file has one beside the id.
    column
        The name of the customers' column, for messages.
    nobody
        What becomes of rows of walk-in customers and guests.
    apart
        Merge nobody.

    Raises
    ------
    LayoutError
        Ids were cut by a spreadsheet: several customers have one.
    """
    _count_people(con)
    mailed = (
        con.execute("SELECT 1 FROM lines WHERE email IS NOT NULL LIMIT 1").fetchone() is not None
    )
    if not mailed and _plain_numbers(con):
        con.execute("DROP TABLE people")
        return []
    _refuse_cut(con, column)
    total, money = engine.row(
        con, "SELECT coalesce(sum(n), 0), coalesce(sum(money), 0) FROM people"
    )
    decisions = _find_nobody(con, column, nobody, int(total), float(money), mailed=mailed)
    if not apart:
        decisions += _merge(con, column, int(total), float(money), mailed=mailed)
    con.execute("DROP TABLE people")
    return decisions


def _count_people(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``people`` (anew): every id with its rows and its money."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE people AS SELECT customer_id AS id, count(*) AS n, "
        "coalesce(sum(abs(revenue)), 0) AS money FROM lines "
        "WHERE code = 0 AND customer_id IS NOT NULL GROUP BY customer_id"
    )


def _plain_numbers(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether every customer is a plain number written one way: then there is nothing to decide."""
    plain = "id >= '1' AND try_cast(id AS BIGINT)::VARCHAR IS NOT DISTINCT FROM id"
    zeros = f"id IN {_ZEROS} AND n >= 2 * (SELECT avg(n) FROM people)"
    odd = con.execute(f"SELECT 1 FROM people WHERE NOT ({plain}) OR ({zeros}) LIMIT 1")
    return odd.fetchone() is None


def _refuse_cut(con: duckdb.DuckDBPyConnection, column: str) -> None:
    """Refuse ids such as 6.1E+12: a spreadsheet cut their last digits, and they name many customers."""
    rows, example = engine.row(
        con,
        f"SELECT coalesce(sum(n), 0), min(id) FROM people WHERE regexp_full_match(id, '{_CUT}')",
    )
    if not rows:
        return
    msg = (
        f"{count(rows)} rows have a customer such as '{example}' in `{column}`: a spreadsheet such as "
        "Excel has cut the ids to this scientific form, and several customers now share one."
    )
    raise LayoutError(
        msg,
        "Export the orders again and don't open the file in Excel before uploading it, or format the "
        "column as text first; or choose another column for the customer.",
        "--map customer_id=COLUMN",
    )


def _find_nobody(
    con: duckdb.DuckDBPyConnection,
    column: str,
    rule: Rule,
    total: int,
    money: float,
    *,
    mailed: bool,
) -> list[Decision]:
    """Find ids that stand for nobody; their rows are rejected, unless an e-mail says who it was."""
    ids = [
        id_
        for (id_,) in con.execute(
            "SELECT id FROM people WHERE length(id) <= 40 AND NOT regexp_full_match(id, '.*[0-9@].*')"
        ).fetchall()
        if normalise(id_) in _NOBODY or re.fullmatch(r"[-–—_.?/*\s]+", id_)
    ]
    ids += [
        id_
        for (id_,) in con.execute(
            "SELECT id FROM people, (SELECT avg(n) AS usual FROM people) "
            f"WHERE id IN {_ZEROS} AND (n >= 5 * usual AND n >= 5 OR ?)",
            [mailed],
        ).fetchall()
    ]
    if not ids:
        return []
    con.execute("CREATE TEMP TABLE nobody AS SELECT unnest(?::VARCHAR[]) AS id", [ids])
    if mailed:
        con.execute(
            "UPDATE lines SET customer_id = email WHERE email IS NOT NULL AND customer_id IN "
            "(SELECT id FROM nobody)"
        )
    rows, worth = engine.row(
        con,
        "SELECT count(*), coalesce(sum(abs(revenue)), 0) FROM lines "
        "WHERE code = 0 AND customer_id IN (SELECT id FROM nobody)",
    )
    if rule == "drop":
        con.execute(
            f"UPDATE lines SET code = {NUMBER['nobody']}, detail = customer_id "
            "WHERE code = 0 AND customer_id IN (SELECT id FROM nobody)"
        )
    con.execute("DROP TABLE nobody")
    if not rows:
        return []
    named = ", ".join(f"“{one}”" for one in sorted(ids)[:3])
    done = "don't count" if rule == "drop" else "count as one customer"
    return [
        decision(
            "nobody",
            f"{named} in “{column}” is no customer one could name: {plural(rows, 'row')} of "
            f"walk-in sales or guests ({rows / max(total, 1):.0%}) {done}.",
            int(rows),
            round(float(worth), 2),
            [turned("nobody", rule, "Count them as one customer", "Leave them out")],
            weighty=moves_much(rows, total) or moves_much(worth, money),
        )
    ]


def _merge(
    con: duckdb.DuckDBPyConnection, column: str, total: int, money: float, *, mailed: bool
) -> list[Decision]:
    """Find spellings of one customer, and ids that share an e-mail address."""
    decisions: list[Decision] = []
    may_be = ", ".join(f"bool_or({ids})" for *_, ids, _ in _SPELLINGS)
    asked = engine.row(con, f"SELECT {may_be} FROM people")
    for (code, sentence, _, query), there in zip(_SPELLINGS, asked, strict=True):
        if not there:
            continue
        con.execute(f"CREATE TEMP TABLE same AS {query}")
        decisions += _renamed(con, code, sentence.replace("@column", f"“{column}”"), total, money)
    if mailed:
        _link(con)
        decisions += _renamed(
            con,
            "one_email",
            "Customers with the same e-mail address are one person, such as a guest who later opened "
            "an account",
            total,
            money,
        )
    return decisions


#: Code, sentence, ids without which there is none (also before others are renamed), and the query for
#: id → the id of the same person.
_SPELLINGS: Final = (
    (
        "email_spelling",
        "E-mail addresses in @column that differ only in capitals are one person",
        f"{_MAIL} AND id <> lower(id)",
        f"SELECT id, lower(id) AS person FROM people WHERE {_MAIL} AND id <> lower(id)",
    ),
    (
        "number_spelling",
        "Numbers in @column that differ only in “.0” at the end are one person",
        "regexp_full_match(id, '\\d+\\.0+')",
        (
            "SELECT id, regexp_extract(id, '^\\d+') AS person FROM people "
            "WHERE regexp_full_match(id, '\\d+\\.0+')"
        ),
    ),
    (
        "lost_zeros",
        "Numbers in @column that differ only in zeros at the front are one person: spreadsheets eat them",
        "regexp_full_match(id, '0\\d+(\\.0+)?')",
        (
            "SELECT p.id, z.id AS person FROM people p JOIN (SELECT ltrim(id, '0') AS bare, max(id) AS id "
            "FROM people WHERE regexp_full_match(id, '0\\d+') GROUP BY 1 HAVING count(*) = 1) z "
            "ON p.id = z.bare WHERE z.bare <> ''"
        ),
    ),
    (
        "name_spelling",
        "Names in @column that differ only in capitals and blanks are one person",
        "contains(id, ' ')",
        (
            "SELECT id, first AS person FROM (SELECT id, arg_max(id, (n, id)) OVER (PARTITION BY "
            "lower(regexp_replace(id, '\\s+', ' ', 'g'))) AS first FROM people "
            "WHERE contains(id, ' ') AND NOT contains(id, '@')) WHERE id <> first"
        ),
    ),
)


def _renamed(
    con: duckdb.DuckDBPyConnection, code: str, sentence: str, total: int, money: float
) -> list[Decision]:
    """Rename customers as the table ``same`` says and tell how many; it is dropped."""
    (found,) = engine.row(con, "SELECT count(*) FROM same")
    if not found:
        con.execute("DROP TABLE same")
        return []
    # A spelling that occurs alone merges nobody: it is only written another way.
    merged, rows, worth = engine.row(
        con,
        "SELECT count(*), coalesce(sum(n), 0), coalesce(sum(money), 0) FROM same "
        "JOIN people USING (id) WHERE person IN (SELECT id FROM people) OR person IN "
        "(SELECT person FROM same GROUP BY person HAVING count(*) > 1)",
    )
    con.execute(
        "UPDATE lines SET customer_id = s.person FROM same s WHERE lines.customer_id = s.id"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE people AS SELECT coalesce(s.person, p.id) AS id, "
        "sum(n) AS n, sum(money) AS money FROM people p LEFT JOIN same s ON s.id = p.id GROUP BY 1"
    )
    con.execute("DROP TABLE same")
    if not merged:
        return []
    return [
        decision(
            code,
            f"{sentence}: {plural(merged, 'spelling')} merged, {plural(rows, 'row')}.",
            int(rows),
            round(float(worth), 2),
            [switch("Keep them apart", "--apart")],
            weighty=moves_much(rows, total) or moves_much(worth, money),
        )
    ]


def _link(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``same``: ids that share e-mail addresses, directly or through others → one of them.

    Of several the id with the most rows stands for the person, an id before an address. A row without
    an id is that of the address's owner.
    """
    con.execute(
        "UPDATE lines SET customer_id = email, code = 0, detail = NULL "
        f"WHERE code = {NUMBER['missing_customer']} AND email IS NOT NULL AND ordered_at IS NOT NULL "
        "AND (revenue IS NOT NULL)"
    )
    _count_people(con)
    con.execute(
        "CREATE TEMP TABLE pairs AS SELECT DISTINCT customer_id AS id, email FROM lines "
        "WHERE customer_id IS NOT NULL AND email IS NOT NULL"
    )
    con.execute(
        "DELETE FROM pairs WHERE email IN (SELECT email FROM pairs GROUP BY email "
        f"HAVING count(*) = 1 OR count(*) > {_SHARED})"
    )
    con.execute(
        "CREATE TEMP TABLE ranked AS SELECT id, row_number() OVER "
        "(ORDER BY contains(id, '@'), n DESC, id) AS place FROM people SEMI JOIN pairs USING (id)"
    )
    con.execute("CREATE TEMP TABLE person AS SELECT id, place FROM ranked")
    for _ in range(_ROUNDS):
        con.execute(
            "CREATE OR REPLACE TEMP TABLE nearer AS SELECT id, min(least_place) AS place FROM pairs "
            "JOIN (SELECT email, min(place) AS least_place FROM pairs JOIN person USING (id) "
            "GROUP BY email) USING (email) GROUP BY id"
        )
        (moved,) = engine.row(
            con,
            "SELECT count(*) FROM nearer JOIN person USING (id) WHERE nearer.place < person.place",
        )
        con.execute("CREATE OR REPLACE TEMP TABLE person AS SELECT id, place FROM nearer")
        if not moved:
            break
    con.execute(
        "CREATE TEMP TABLE same AS SELECT p.id, r.id AS person FROM person p JOIN ranked r "
        "USING (place) WHERE p.id <> r.id"
    )
    for table in ("pairs", "ranked", "person", "nearer"):
        con.execute(f"DROP TABLE {table}")
