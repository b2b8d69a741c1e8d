"""JSON in the ways that tools write it: arrays, one object around them, an object per line, columns."""

from __future__ import annotations

import gzip
import json

import pytest

from clv.core.errors import FileError
from clv.core.settings import IngestOptions
from clv.ingest import preview
from tests.ingest.helpers import check
from tests.ingest.test_containers import zipped

ROWS = [
    {"customer_id": "007", "order_id": 1, "order_date": "2022-01-03 08:05:00", "amount": 72.1},
    {"customer_id": "Zoë", "order_id": 2, "order_date": "2022-01-04", "amount": "5.50"},
    {"order_id": 12345678901234567890, "order_date": "2022-01-05", "amount": 3},
    {
        "customer_id": "c",
        "order_id": 4,
        "order_date": "2022-01-06",
        "amount": 0.3,
        "note": 'a\n"b"',
    },
]
ORDERS = [
    ("007", "1", "2022-01-03 08:05:00", 72.1, None),
    ("Zoë", "2", "2022-01-04 00:00:00", 5.5, None),
    ("c", "4", "2022-01-06 00:00:00", 0.3, None),
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
COLUMNS = {key: {str(i): row.get(key) for i, row in enumerate(ROWS)} for key in ROWS[0]}
SPLIT = {
    "columns": [*ROWS[0]],
    "index": [0, 1, 2, 3],
    "data": [[r.get(k) for k in ROWS[0]] for r in ROWS],
}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2, ensure_ascii=False),
        LINES,
        LINES.rstrip("\n").replace("\n", "\r\n"),
        "\n\n".join(json.dumps(row, indent=1) for row in ROWS),
        json.dumps({"orders": ROWS}),
        json.dumps({"meta": {"page": 1, "tags": ["x"]}, "status": "ok", "data": ROWS}, indent=1),
        json.dumps({"response": {"orders": ROWS}}),
        json.dumps(COLUMNS),
        json.dumps(SPLIT),
        json.dumps({key: [row.get(key) for row in ROWS] for key in ROWS[0]}),
        json.dumps([[*ROWS[0]], *SPLIT["data"]]),
    ],
)
def test_json_in_every_shape(tmp_path, content):
    found = check(tmp_path, content, name="o.json")
    assert found.orders == ORDERS
    assert found.codes == [(4, "missing_customer")]
    assert "12345678901234567890,2022-01-05" in found.texts[0][2]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_json_in_other_encodings(tmp_path, codec):
    content = json.dumps(ROWS, ensure_ascii=False).encode(codec)
    assert check(tmp_path, content, name="o.json").orders == ORDERS


def test_packed_json(tmp_path):
    packed = gzip.compress(LINES.encode())
    assert check(tmp_path, packed, name="o.json.gz").orders == ORDERS
    archive = zipped(("readme.txt", "Orders."), ("o.ndjson", LINES))
    assert check(tmp_path, archive, name="o.zip").orders == ORDERS


def test_nested_objects_become_columns_and_items_rows(tmp_path):
    orders = [
        {
            "id": "A1",
            "date": "2022-01-01",
            "customer": {"email": "a@b.c", "tags": ["x", "y"]},
            "line_items": [
                {"sku": "p", "quantity": 1, "price": 5.25, "taxes": [{"rate": 1}]},
                {"sku": "q", "quantity": 2, "price": 1.5},
            ],
        },
        {"id": "A2", "date": "2022-01-02", "customer": {"email": "d@b.c"}, "line_items": []},
    ]
    mapping = {"customer_id": "customer.email", "order_id": "id", "items": "line_items.quantity"}
    mapping |= {"unit_price": "line_items.price", "ordered_at": "date"}
    found = check(tmp_path, json.dumps(orders), name="o.json", mapping=mapping)
    assert found.orders == [("a@b.c", "A1", "2022-01-01 00:00:00", 8.25, 3)]
    assert found.codes == [(4, "unreadable_number")]


def test_the_preview_shows_the_same_columns(tmp_path):
    path = tmp_path / "o.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    (seen,) = preview.detect([path], IngestOptions()).files
    assert seen.columns == ("customer_id", "order_id", "order_date", "amount", "note")
    assert seen.rows[1] == ("Zoë", "2", "2022-01-04", "5.50", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"a": 1}, {"a": ', "cannot be read as JSON"),
        ('{"a": 1', "cannot be read as JSON"),
        ("[]", "holds no objects"),
        ("{}", "holds no objects"),
        ('[{"a":' + "[" * 100_000 + "]" * 100_000 + "}]", "100,002 levels deep"),
        (
            "[{" + ",".join(f'"k{i}": 1' for i in range(1001)) + "}]",
            "more than 1,000 different keys",
        ),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, message):
    with pytest.raises(FileError, match=message):
        check(tmp_path, content, name="o.json")


def test_a_spreadsheet_written_as_a_web_page_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(FileError, match="web page") as caught:
        check(
            tmp_path, "<html><body><table><tr><td>a</td></tr></table></body></html>", name="o.xls"
        )
    assert caught.value.hint == "Open it in Excel and save it as .xlsx or CSV."


def test_an_xml_spreadsheet_is_refused_with_the_remedy(tmp_path):
    text = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    with pytest.raises(FileError, match="XML") as caught:
        check(tmp_path, text, name="o.xls")
    assert caught.value.hint == "Open it in Excel and save it as .xlsx or CSV."
