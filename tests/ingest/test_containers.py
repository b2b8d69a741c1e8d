"""Encodings, line ends, delimiters, archives, spreadsheets, Parquet, several files."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.core.errors import FileError, LayoutError
from tests.ingest.helpers import check, check_files

LOG = "CustomerID,Timestamp,PurchaseValue\nMüller,2017-01-01,5.50\nZoë,nie,6\nc3,2017-01-03,7\n"
MONEY = [("Müller", "2017-01-01 00:00:00", 5.5), ("c3", "2017-01-03 00:00:00", 7.0)]
REJECTED = [(3, "unreadable_date", "Zoë,nie,6")]


def zipped(*members):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return body.getvalue()


def parquet(**columns):
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    return body.getvalue()


def sheet(rows, merged=()):
    """One worksheet as XML; dates are (serial number, "date"), text is inline."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for letter, cell in zip("ABCDEFGH", row, strict=False):
            place = f'r="{letter}{number}"'
            if cell is None:
                continue
            if isinstance(cell, tuple):
                cells.append(f'<c {place} s="1"><v>{cell[0]}</v></c>')
            elif isinstance(cell, str):
                cells.append(f'<c {place} t="inlineStr"><is><t>{cell}</t></is></c>')
            else:
                cells.append(f"<c {place}><v>{cell}</v></c>")
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    cells = "".join(f'<mergeCell ref="{place}"/>' for place in merged)
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{''.join(lines)}</sheetData>"
        + (f"<mergeCells>{cells}</mergeCells>" if merged else "")
        + "</worksheet>"
    )


def xlsx(*, merged=(), **sheets):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006"
    names = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, 1)
    )
    targets = "".join(
        f'<Relationship Id="rId{i}" Type="{links}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in enumerate(sheets, 1)
    )
    return zipped(
        ("[Content_Types].xml", f'<Types xmlns="{packed}/content-types"/>'),
        (
            "_rels/.rels",
            (
                f'<Relationships xmlns="{packed}/relationships"><Relationship Id="rId1" '
                f'Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
        ),
        (
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>{names}</sheets></workbook>',
        ),
        (
            "xl/_rels/workbook.xml.rels",
            (
                f'<Relationships xmlns="{packed}/relationships">{targets}<Relationship Id="rId99" '
                f'Type="{links}/styles" Target="styles.xml"/></Relationships>'
            ),
        ),
        (
            "xl/styles.xml",
            (
                f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
                '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
            ),
        ),
        *(
            (f"xl/worksheets/sheet{i}.xml", sheet(rows, merged))
            for i, rows in enumerate(sheets.values(), 1)
        ),
    )


@pytest.mark.parametrize(
    ("codec", "mark", "encoding"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("cp1252", b"", "cp1252"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, codec, mark, encoding, end):
    found = check(tmp_path, mark + LOG.replace("\n", end).encode(codec))
    assert found.report["encoding"] == encoding
    assert found.money == MONEY
    assert found.texts == REJECTED


def test_every_byte_of_cp1252_survives_even_the_undefined_ones(tmp_path):
    name = b"\x80\x81\x8d\x8f\x90\x9d\xff"
    found = check(tmp_path, b"CustomerID,Timestamp,PurchaseValue\n" + name + b",2017-01-01,5\n")
    assert found.orders[0][0] == "€\x81\x8d\x8f\x90\x9dÿ"


def test_the_encoding_option_decides(tmp_path):
    content = "CustomerID,Timestamp,PurchaseValue\nŁódź,2017-01-01,5\n".encode("cp1250")
    assert check(tmp_path, content, encoding="cp1250").orders[0][0] == "Łódź"


def test_a_wrong_encoding_is_named_as_it_was_asked_for(tmp_path):
    with pytest.raises(FileError, match=r"orders\.csv is not utf-8: byte 0xfc"):
        check(tmp_path, LOG.encode("cp1252"), encoding="utf-8")


def test_an_unknown_encoding_is_refused(tmp_path):
    with pytest.raises(FileError, match='no encoding "utf-99"'):
        check(tmp_path, LOG, encoding="utf-99")


@pytest.mark.parametrize(
    ("mark", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")]
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_delimiters(tmp_path, mark, name, quote):
    rows = [line.split(",") for line in LOG.splitlines()]
    text = "".join(mark.join(quote + cell + quote for cell in row) + "\n" for row in rows)
    found = check(tmp_path, text)
    assert found.report["delimiter"] == name
    assert found.money == MONEY
    assert found.codes == [(3, "unreadable_date")]


def test_the_delimiter_is_found_among_free_text_full_of_others(tmp_path):
    text = (
        "customer;date;total;note\n"
        'a;2017-01-01;1,50;"red, green, blue | all; of them"\n'
        "b;2017-01-02;2,50;one, two, three\n"
        "c;2017-01-03;3,50;\n"
    )
    found = check(tmp_path, text)
    assert (found.report["delimiter"], found.report["decimal"]) == ("semicolon", ",")
    assert [r for *_, r in found.money] == [1.5, 2.5, 3.5]


@pytest.mark.parametrize("given", ["^", "comma", ","])
def test_the_delimiter_option_takes_names_and_characters(tmp_path, given):
    mark = "^" if given == "^" else ","
    assert check(tmp_path, LOG.replace(",", mark), delimiter=given).money == MONEY


def test_a_misspelt_delimiter_is_answered_with_the_closest_name(tmp_path):
    with pytest.raises(FileError, match='Did you mean "comma"'):
        check(tmp_path, LOG, delimiter="commma")


def test_excels_own_delimiter_line_is_obeyed_and_counted(tmp_path):
    found = check(tmp_path, "sep=;\n" + LOG.replace(",", ";"))
    assert found.money == MONEY
    assert found.codes == [(4, "unreadable_date")]


def test_gzip(tmp_path):
    found = check(tmp_path, gzip.compress(LOG.encode()), name="orders.csv.gz")
    assert found.money == MONEY
    assert found.texts == REJECTED


def test_a_zip_with_several_members_is_read_as_one(tmp_path):
    more = "CustomerID;Timestamp;PurchaseValue\nc9;01.02.2017;1,50\n;01.02.2017;2,50\n"
    archive = zipped(
        ("2017/", b""),
        ("2017/one.csv", LOG.encode()),
        ("two.csv", more.encode("cp1252")),
        ("__MACOSX/._one.csv", b"\0\1\2"),
        (".DS_Store", b"\0\0"),
        ("empty.csv", b""),
    )
    found = check(tmp_path, archive, name="orders.zip")
    assert [f["name"] for f in found.report["files"]] == [
        "orders.zip/2017/one.csv",
        "orders.zip/two.csv",
    ]
    assert found.money == [*MONEY[:1], *MONEY[1:], ("c9", "2017-02-01 00:00:00", 1.5)]
    assert [r[:3] for r in found.rejects] == [
        ("orders.zip/2017/one.csv", 3, "unreadable_date"),
        ("orders.zip/two.csv", 3, "missing_customer"),
    ]


def test_packed_tables_inside_a_zip_keep_their_names(tmp_path):
    table = parquet(customer=["c9", None], date=["2017-02-01", "2017-02-01"], total=["1", "2"])
    archive = zipped(("a.csv.gz", gzip.compress(LOG.encode())))
    found = check(tmp_path, archive, name="orders.zip")
    assert found.rejects[0][:2] == ("orders.zip/a.csv.gz", 3)
    found = check(tmp_path, zipped(("b.parquet", table)), name="orders.zip")
    assert found.rejects[0][:2] == ("orders.zip/b.parquet", 3)


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_line_without_end_counts(tmp_path, end):
    found = check(tmp_path, LOG.rstrip("\n") + end)
    assert found.money == MONEY


def test_xlsx(tmp_path):
    rows = [
        ["Customer", "Order date", "Total", "Note"],
        [7, (42736, "date"), 5.5, "x"],
        ["0008", (42737.5, "date"), 7, None],
        [None, (42738, "date"), 8, None],
    ]
    found = check(tmp_path, xlsx(Orders=rows), name="orders.xlsx")
    assert found.money == [("0008", "2017-01-02 12:00:00", 7.0), ("7", "2017-01-01 00:00:00", 5.5)]
    assert found.codes == [(4, "missing_customer")]


def test_xlsx_takes_the_fullest_sheet_and_names_it(tmp_path):
    orders = [["Customer", "Order date", "Total"], ["a", "2017-01-01", 5], [None, "2017-01-01", 6]]
    book = xlsx(Cover=[["Our orders"]], Orders=orders)
    found = check(tmp_path, book, name="orders.xlsx")
    assert found.report["files"][0]["name"] == "orders.xlsx/Orders"
    assert found.codes == [(3, "missing_customer")]


def test_xlsx_rows_keep_their_numbers_past_empty_rows(tmp_path):
    rows = [
        ["Customer", "Order date", "Total"],
        ["a", "2017-01-01", 5],
        [],
        [None, "2017-01-01", 6],
    ]
    assert check(tmp_path, xlsx(Orders=rows), name="o.xlsx").codes == [(4, "missing_customer")]


def test_parquet(tmp_path):
    berlin = pa.timestamp("us", "Europe/Berlin")
    table = parquet(
        customer_id=pa.array([7, 8, None]),
        order_date=pa.array(
            [dt.datetime(2017, 1, 1, hour, tzinfo=dt.UTC) for hour in (5, 6, 7)], berlin
        ),
        total=pa.array([Decimal("1.50"), Decimal("2.25"), None]),
        note=pa.array(["a\nb", 'c"d', ""]),
        tags=pa.array([["x", "y"], [], None]),
    )
    found = check(tmp_path, table, name="orders.parquet")
    assert found.money == [("7", "2017-01-01 05:00:00", 1.5), ("8", "2017-01-01 06:00:00", 2.25)]
    assert found.reasons == {"missing_customer": 1}


def test_parquet_numbers_keep_their_digits(tmp_path):
    ids = pa.array([9007199254740993, 2], pa.int64())
    days = pa.array([dt.date(2017, 1, 1), dt.date(2017, 1, 2)])
    found = check(tmp_path, parquet(customer_id=ids, date=days, total=pa.array([0.1, 3.0])))
    assert [(o[0], o[3]) for o in found.orders] == [("2", 3.0), ("9007199254740993", 0.1)]


def test_several_files_may_be_written_differently(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.txt"
    one.write_text(LOG, encoding="utf-8")
    two.write_bytes(
        "CustomerID;Timestamp;PurchaseValue\r\nÄ;01.02.2017;1,50 €\r\n".encode("cp1252")
    )
    found = check_files(one, two)
    assert found.money == [*MONEY, ("Ä", "2017-02-01 00:00:00", 1.5)]
    assert [(f["encoding"], f["delimiter"], f["date_format"]) for f in found.report["files"]] == [
        ("utf-8", "comma", "YYYY-MM-DD"),
        ("cp1252", "semicolon", "DD.MM.YYYY"),
    ]


def test_two_files_of_one_name_are_counted_apart(tmp_path):
    (tmp_path / "other").mkdir()
    one, two = tmp_path / "orders.csv", tmp_path / "other" / "orders.csv"
    one.write_text(LOG, encoding="utf-8")
    two.write_text(LOG.replace("c3", ""), encoding="utf-8")
    found = check_files(one, two)
    assert [f["rows_rejected"] for f in found.report["files"]] == [1, 2]


def test_an_order_may_be_spread_over_two_files(tmp_path):
    header = "customer_id,order_id,order_item_id,num_items,revenue,created_at_date\n"
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(header + "1,10,100,1,5,2017-01-01\n", encoding="utf-8")
    two.write_text(header + "1,10,101,2,7,2017-01-01\n", encoding="utf-8")
    assert check_files(one, two).orders == [("1", "10", "2017-01-01 00:00:00", 12.0, 3)]


def test_files_of_different_layouts_are_refused_by_name(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(LOG, encoding="utf-8")
    two.write_text("customer,date,total\nq,2017-01-01,4\n", encoding="utf-8")
    with pytest.raises(LayoutError, match=r"two\.csv.*one\.csv"):
        check_files(one, two)


def test_three_kinds_of_line_ends_in_one_file(tmp_path):
    ends = ("\r\n", "\n", "\r")
    rows = "".join(f"c{i},2017-01-01,5{ends[i % 3]}" for i in range(300))
    found = check(tmp_path, ("customer,date,amount\n" + rows).encode())
    assert (found.report["rows_total"], found.report["rows_rejected"]) == (300, 0)


def test_a_lone_return_inside_a_text_ends_no_line_in_two_byte_encodings(tmp_path):
    text = "customer,date,amount,note\r\na,2017-01-01,5,one\rtwo\r\n" + "b,2017-01-02,6,x\r\n" * 20
    found = check(tmp_path, text.encode("utf-16"))
    assert (found.report["rows_total"], found.report["rows_rejected"]) == (21, 0)
