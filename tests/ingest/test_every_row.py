"""Random tables with random dirt: no row is lost, whatever is done to the file."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.ingest.files import records as rec
from tests.ingest.helpers import check, check_files

COLUMNS = ["customer_id", "order_id", "created_at_date", "revenue", "num_items", "order_item_id"]
NOTES = st.text(alphabet="ab \";,|\t\n'ä€", max_size=8)
KINDS = st.sampled_from(
    ["good"] * 6
    + ["no customer", "bad date", "bad amount", "few", "many", "stray", "repeat", "blank"]
)
CODES = {
    "no customer": "missing_customer",
    "bad date": "unreadable_date",
    "bad amount": "unreadable_number",
    "few": "too_few_fields",
    "many": "too_many_fields",
    "repeat": "duplicate",
}
ROW = st.tuples(
    KINDS,
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 28),
    st.integers(1, 99_999),
    NOTES,
    st.booleans(),
)


def written(cells, delimiter, always):
    """RFC 4180, with quotes where they are needed or everywhere."""

    def cell(text):
        if always or any(c in text for c in (delimiter, '"', "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text

    return delimiter.join(map(cell, cells))


def build(table, delimiter, end, *, last_end):
    """Return the file, the rejects it must give, the rows it has, and revenue by order."""
    texts = [delimiter.join([*COLUMNS, "note"])]
    line, rows, rejects, orders, seen = 2, 0, [], defaultdict(int), []
    for number, (kind, customer, order, day, cents, note, always) in enumerate(table):
        if kind == "blank":
            texts.append("")
            line += 1
            continue
        cells = [f"c{customer}", f"{customer}{order}", f"2017-01-{day:02d}"]
        cells += [f"{cents / 100:.2f}", "1", str(number), note]
        if kind == "repeat" and seen:
            text = seen[-1]
        else:
            column, value = {
                "no customer": (0, ""),
                "bad date": (2, "2017-02-30"),
                "bad amount": (3, "N/A"),
                "stray": (6, 'a 5" pipe'),
            }.get(kind, (5, str(number)))
            cells[column] = value
            if kind == "few":
                cells.pop()
            if kind == "many":
                cells.append("x")
            text = written(cells, delimiter, always)
            if kind == "stray":
                text = delimiter.join(cells)
        if kind in CODES and (kind != "repeat" or seen):
            rejects.append((line, CODES[kind], text))
        else:
            orders[f"c{customer}", f"{customer}{order}"] += cents
            seen.append(text)
        rows += 1
        texts.append(text)
        line += text.count("\n") + 1
    content = end.join(text.replace("\n", end) for text in texts) + (end if last_end else "")
    return content, rejects, rows, orders


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    table=st.lists(ROW, min_size=1, max_size=25),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    last_end=st.booleans(),
)
def test_every_row_is_an_order_or_has_a_reason(table, delimiter, end, last_end):
    table = [("good", 1, 1, 1, 100, "", False), *table]
    content, rejects, rows, orders = build(table, delimiter, end, last_end=last_end)
    with tempfile.TemporaryDirectory() as folder:
        # What groups and totals would be made of such rows is tested elsewhere.
        rules = {"drop": frozenset({"filled_down"}), "keep": frozenset({"total_row"})}
        found = check(Path(folder), content, delimiter=delimiter, **rules)
    assert found.report["rows_total"] == rows
    assert sorted(found.texts) == rejects
    assert {(c, o): round(100 * r) for c, o, _, r, _ in found.orders} == dict(orders)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(alphabet='a",\n ', max_size=60), chunk=st.sampled_from([1, 7, 1 << 20]))
def test_records_cover_the_file_whatever_the_quotes_do(text, chunk):
    """Every character that is no blank lies in exactly one record, on the line it says."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rec, "CHUNK", max(chunk, 1))
        path = Path(folder) / "table.csv"
        body = text.encode()
        path.write_bytes(body or b"\n")
        found = rec.scan(path, ",", 2, 0)
    pieces = [body[a:b] for a, b in zip(found.start, found.end, strict=True)]
    assert b"".join(b"".join(pieces).split()) == b"".join(body.split())
    assert found.line.tolist() == [body[:a].count(b"\n") + 1 for a in found.start]


@pytest.mark.parametrize("dirty", [False, True])
def test_line_numbers_hold_across_the_chunks_of_a_large_file(tmp_path, monkeypatch, dirty):
    monkeypatch.setattr(rec, "CHUNK", 1 << 12)
    rows = []
    for i in range(3000):
        note = f'"{i}\nmore"' if i % 7 == 0 else ('5" x' if dirty and i % 11 == 0 else f"n{i}")
        day = "never" if i % 500 == 3 else "2017-01-01"
        rows.append(f"c{i},{i},{day},{i}.50,1,{i},{note}\n")
    header = ",".join(COLUMNS) + ",note\n"
    path = tmp_path / "orders.csv"
    path.write_text(header + "".join(rows), encoding="utf-8")
    found = check_files(path)
    line = [2 + sum(r.count("\n") for r in rows[:i]) for i in range(3000)]
    wanted = [(line[i], "unreadable_date", rows[i][:-1]) for i in range(3, 3000, 500)]
    assert sorted(found.texts) == wanted
    assert found.report["orders"] == 2994


def test_lines_and_texts_hold_in_a_file_that_is_read_by_several_threads(tmp_path):
    path = tmp_path / "orders.csv"
    rows = 250_000
    with path.open("w", encoding="utf-8") as out:
        out.write("CustomerID,Timestamp,PurchaseValue,Note\n")
        for i in range(rows):
            out.write(f"c{i},{'never' if i % 1000 == 7 else '2017-01-01'},5,{'x' * 160}\n")
    found = check_files(path)
    wanted = [(i + 2, f"c{i},never,5,{'x' * 160}") for i in range(7, rows, 1000)]
    assert sorted((line, text) for line, _, text in found.texts) == wanted
