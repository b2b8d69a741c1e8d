"""What stands between the orders of a table and is none: notes, headers written again, totals.

Such rows are looked for among those that a check has rejected already, and among the few that are
called a total or stand last. A total is told by its arithmetic: it is what the rows above it add
up to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from clv.core import engine
from clv.core.formatting import plural
from clv.ingest.orders.checks import NUMBER
from clv.ingest.orders.decisions import decision, moves_much, turned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from clv.core.schema import Decision, Rule
    from clv.ingest.orders.table import Table

#: What a total is called, alone in a cell or beside the name of a group.
TOTALS: Final = (
    *("total", "totals", "grand total", "subtotal", "sub total", "sub-total", "sum", "overall"),
    *(
        "summe",
        "gesamt",
        "gesamtsumme",
        "gesamtergebnis",
        "ergebnis",
        "zwischensumme",
        "teilergebnis",
    ),
    *("total général", "total general", "sous-total", "somme", "totaux", "suma", "suma total"),
    *("total geral", "totais", "soma", "totale", "totale complessivo", "subtotale", "somma"),
    *("totaal", "eindtotaal", "subtotaal", "som", "totalt", "delsumma", "i alt", "sammanlagt"),
    *("yhteensä", "välisumma", "suma końcowa", "razem", "ogółem", "łącznie", "celkem", "součet"),
    *("mezisoučet", "spolu", "súčet", "celkom", "összesen", "végösszeg", "részösszeg", "ukupno"),
    *("skupaj", "sveukupno", "total parțial", "genel toplam", "toplam", "ara toplam"),
    *("итого", "всего", "итог", "общий итог", "промежуточный итог", "разом", "усього", "общо"),
    *("σύνολο", "γενικό σύνολο", "μερικό σύνολο", "合計", "総計", "小計", "总计", "合计", "小计"),
    *(
        "總計",
        "합계",
        "총계",
        "소계",
        "총합계",
        "المجموع",
        "الإجمالي",
        "סה״כ",
        "סך הכל",
        "कुल",
        "योग",
    ),
    *("รวม", "รวมทั้งสิ้น", "tổng", "tổng cộng", "jumlah", "kokku", "kopā", "iš viso", "viso"),
)
_NO_RECORD: Final = ("missing_customer", "unreadable_date", "unreadable_number")
#: A last row that nobody calls a total is one if it adds up at least so many others.
_MANY: Final = 10
_CENT: Final = 0.006


def find(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], rules: Mapping[str, Rule]
) -> list[Decision]:
    """Give the rows of ``lines`` that are no orders their code; return what could be read otherwise."""
    totals: list[int] = []
    for table in tables:
        _name_rejected(con, table, rules)
        if _money(table):
            totals += _totals(con, table)
    said = _sheets_left_out(tables)
    return [*said, _leave_out(con, totals, rules)] if totals else said


def _sheets_left_out(tables: Sequence[Table]) -> list[Decision]:
    """Say which sheets may hold orders and were not read, for their columns are others."""
    first = tables[0].source.name
    return [
        decision(
            "sheet_left_out",
            f"{name} ({plural(rows, 'row')}) has other columns than {first} and was not read. Read it by "
            "itself, or give it the same columns.",
            rows,
            weighty=True,
        )
        for table in tables
        for name, rows in table.source.left_out
    ]


def _money(table: Table) -> bool:
    return "revenue" in table.mapping or "unit_price" in table.mapping


def _name_rejected(con: duckdb.DuckDBPyConnection, table: Table, rules: Mapping[str, Rule]) -> None:
    """Say of rejected rows what they are: a header written again, a note, a blank row, a total."""
    codes = ", ".join(str(NUMBER[code]) for code in _NO_RECORD)
    ids = con.sql(
        f"SELECT rowid AS id FROM lines WHERE code IN ({codes}) AND {table.inside} ORDER BY 1"
    ).to_arrow_table()["id"]
    if not len(ids):
        return
    _, text = table.originals(ids.to_numpy())
    con.register("written", pa.table({"id": ids, "text": text}))
    cut = r"\t" if table.delimiter == "\t" else re.escape(table.delimiter)
    blank = rf'[\s"{cut}]*'
    lone = (
        rf'[ {cut}]*("[^"]*\S [^"]*"|[^"{cut}]*[^ "{cut}] [^"{cut}]*[^ "{cut}][^"{cut}]*)[ {cut}]*'
    )
    if table.fill:  # Above a group its name stands alone, be it one word.
        lone = rf'[ {cut}]*("[^"]+"|[^"{cut}]+)[ {cut}]*'
    label = rf"^[\s\"{cut}]*([^\"{cut}]*)"
    cases = [f"WHEN regexp_full_match(text, {engine.text(blank)}) THEN {NUMBER['no_record']}"]
    if table.dialect.header:
        names = engine.text(_bare(table.delimiter.join(table.dialect.columns)))
        same = f"lower(replace(replace(w.text, '\"', ''), ' ', '')) = {names}"
        cases.append(f"WHEN {same} THEN {NUMBER['repeated_header']}")
    if rules["total_row"] == "drop":
        first = f"lower(trim(regexp_extract(w.text, {engine.text(label)}, 1)))"
        called = (
            f"regexp_full_match({first}, {engine.text(_PATTERN)}) AND (l.ordered_at IS NULL "
            f"OR {first} IN ({', '.join(map(engine.text, TOTALS))}))"
        )
        cases.append(f"WHEN {called} THEN {NUMBER['total_row']}")
    if len(table.dialect.columns) > 2:
        cases.append(
            f"WHEN regexp_full_match(text, {engine.text(lone)}) THEN {NUMBER['no_record']}"
        )
    con.execute(
        "UPDATE lines SET code = f.code, detail = NULL FROM ("
        f"SELECT w.id, CASE {' '.join(cases)} END AS code FROM written w JOIN "
        "(SELECT rowid AS id, ordered_at FROM lines) l ON l.id = w.id) f "
        "WHERE lines.rowid = f.id AND f.code IS NOT NULL"
    )
    con.unregister("written")


def _bare(text: str) -> str:
    return re.sub(r" \(\d+\)(?=$|[,;\t|])", "", text).replace('"', "").replace(" ", "").lower()


#: A total by name: the word alone, or beside the name of a group.
_WORDS: Final = "|".join(re.escape(word) for word in sorted(TOTALS, key=len, reverse=True))
_PATTERN: Final = rf"(.*\s)?({_WORDS})(\s.*)?\s*:?"


def _totals(con: duckdb.DuckDBPyConnection, table: Table) -> list[int]:
    """Return the rows that would count as orders and are totals of others."""
    words = ", ".join(f"({engine.text(word)})" for word in TOTALS)
    last = table.first_row + table.rows - 1
    named = con.execute(
        f"SELECT l.rowid FROM lines l JOIN (VALUES {words}) w(word) ON lower(l.customer_id) = w.word "
        f"WHERE l.code = 0 AND l.customer_id >= ':' AND {table.inside} AND l.revenue <> 0 ORDER BY 1"
    ).fetchall()
    called = {row[0] for row in named}
    largest = (
        table.rows > _MANY
        and engine.row(
            con,
            f"SELECT max(revenue) FILTER (rowid = {last} AND code = 0) > max(revenue) FILTER (rowid < {last}) "
            f"FROM lines WHERE {table.inside}",
        )[0]
    )
    candidates = sorted({*called, last} if largest else called)
    if not candidates:
        return []
    values = ", ".join(f"({i})" for i in candidates)
    # What lies between two candidates, added up: all amounts, and those that count.
    found = con.execute(
        f"WITH c(id) AS (VALUES {values}, ({last + 1})), "
        "l AS (SELECT rowid AS id, revenue, code FROM lines "
        f"WHERE {table.inside} AND rowid NOT IN ({', '.join(map(str, candidates))})), "
        "s AS (SELECT c.id, count(*) AS n, coalesce(sum(revenue), 0) AS everything, "
        "coalesce(sum(revenue) FILTER (code = 0), 0) AS accepted FROM l ASOF JOIN c ON l.id < c.id "
        "GROUP BY c.id) SELECT c.id, coalesce(n, 0), coalesce(everything, 0), coalesce(accepted, 0), "
        "v.revenue, v.code FROM c LEFT JOIN s USING (id) "
        "LEFT JOIN (SELECT rowid AS id, revenue, code FROM lines) v USING (id) ORDER BY c.id"
    ).fetchall()
    rows = sum(n for _, n, *_ in found)
    whole = [sum(part[k] for part in found) for k in (2, 3)]
    result: list[int] = []
    above, group = [0.0, 0.0], [0.0, 0.0]
    seen = 0
    for number, n, everything, accepted, value, code in found:
        seen += n
        above = [above[0] + everything, above[1] + accepted]
        group = [group[0] + everything, group[1] + accepted]
        if number > last or value is None or code != 0:
            continue
        sums = [*above, *(whole + group if number in called else [])]
        adds_up = any(abs(value - s) < _CENT for s in sums) and value > 0 and rows
        if number in called and (adds_up or (rows > 2 and 2 * value > whole[0])):
            result.append(number)
            group = [0.0, 0.0]
        elif number not in called and adds_up and seen >= _MANY and _once(con, number):
            result.append(number)
        else:
            above, group = [s + value for s in above], [s + value for s in group]
    return result


def _once(con: duckdb.DuckDBPyConnection, row: int) -> bool:
    """Whether a row's customer stands in no other row."""
    return bool(
        engine.row(
            con,
            "SELECT count(*) = 1 FROM lines WHERE customer_id = "
            f"(SELECT customer_id FROM lines WHERE rowid = {row})",
        )[0]
    )


def _leave_out(
    con: duckdb.DuckDBPyConnection, totals: Sequence[int], rules: Mapping[str, Rule]
) -> Decision:
    """Reject the totals unless they are to be kept, and say how much they are."""
    listed = ", ".join(map(str, totals))
    money, label, every = engine.row(
        con,
        f"SELECT {engine.total(f'CASE WHEN rowid IN ({listed}) THEN revenue END')}, "
        f"min(customer_id) FILTER (rowid IN ({listed})), sum(abs(revenue)) FROM lines WHERE code = 0",
    )
    drop = rules["total_row"] == "drop"
    if drop:
        con.execute(
            f"UPDATE lines SET code = {NUMBER['total_row']}, detail = customer_id "
            f"WHERE rowid IN ({listed})"
        )
    one = len(totals) == 1
    what = "1 row is the total of others" if one else f"{len(totals):,} rows are totals of others"
    done = "left out" if drop else "counted as orders"
    return decision(
        "total_row",
        f"{what} (customer “{label}”) and {'was' if one else 'were'} {done}.",
        len(totals),
        money,
        [turned("total_row", rules["total_row"], "Count as orders", "Leave out")],
        weighty=moves_much(money, every),
    )
