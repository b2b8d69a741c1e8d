"""Files that are not orders: each gets one sentence that says what it is, and what to do."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest

from clv.core.errors import FileError, InputError, LayoutError, NoRowsError
from tests.ingest.helpers import check, check_files
from tests.places import SHARED

HEADER = "CustomerID,Timestamp,PurchaseValue\n"
GOOD = (HEADER + "a,2017-01-01,5.00\n").encode()


def zipped(*members):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return body.getvalue()


def with_password():
    """Mark the one member as encrypted; nothing ever decrypts it."""
    body = bytearray(zipped(("orders.csv", GOOD)))
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    return bytes(body)


def damaged_inside():
    """Spoil the packed bytes of a member; the archive's own directory stays whole."""
    body = bytearray(zipped(("orders.csv", GOOD * 500)))
    for place in range(45, 60):
        body[place] ^= 0xFF
    return bytes(body)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("orders.csv", b"", "is empty (0 bytes)"),
        ("orders.csv", b"\n\n  \n\t\n", "holds no rows, only blank lines"),
        ("orders.csv", b"\xef\xbb\xbf", "orders.csv"),
        ("orders.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "is a PDF document"),
        ("orders.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a picture"),
        ("orders.csv", b"\xff\xd8\xff\xe0\0\x10JFIF", "is a picture"),
        ("orders.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        ("orders.csv", b"\n <HTML><body>Sign in</body></HTML>", "is a web page"),
        ("orders.csv", np.random.default_rng(1).bytes(5000), "is not a text file"),
        ("orders.csv", bytes(range(256)) * 4, "is not a text file"),
        ("orders.xls", b"\xd0\xcf\x11\xe0" + b"x" * 600, "cannot be read as a spreadsheet"),
        ("o.docx", zipped(("[Content_Types].xml", "<x/>"), ("word/a.xml", "")), "Office document"),
        (
            "o.xlsx",
            zipped(("[Content_Types].xml", "<x/>"), ("xl/workbook.xml", "no")),
            "cannot be read as a spreadsheet",
        ),
        ("o.parquet", b"PAR1" + b"x" * 100 + b"PAR1", "cannot be read as Parquet"),
        ("o.csv.gz", gzip.compress(GOOD * 1000)[:-20], "is a damaged archive"),
        ("o.csv.gz", b"\x1f\x8bhello, this is no gzip", "is a damaged archive"),
        ("o.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("o.zip", zipped(), "is an empty archive"),
        ("o.zip", zipped(("empty.csv", b"")), "holds no file"),
        ("o.zip", zipped(("orders.csv", GOOD * 500))[:-30], "is a damaged archive"),
        ("o.zip", damaged_inside(), "is a damaged archive"),
        ("o.zip", with_password(), "is protected by a password"),
        ("o.zip", zipped(("in.zip", zipped(("orders.csv", GOOD)))), "holds another archive"),
        ("o.zip", zipped(("orders.csv", b"a" * (40 << 20))), "unpacks to far more"),
        ("o.csv.gz", gzip.compress(b"a" * (40 << 20)), "unpacks to far more"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path, name, content, message):
    with pytest.raises(FileError) as caught:
        check(tmp_path, content, name=name)
    assert message in caught.value.message
    assert name in caught.value.message
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        check_files(tmp_path / "nothing.csv")


def test_a_folder(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        check_files(tmp_path)


def test_no_file_at_all():
    with pytest.raises(NoRowsError, match="No file"):
        check_files()


def test_one_bad_file_among_good_ones_is_named(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(GOOD)
    bad.write_bytes(b"%PDF-1.4")
    with pytest.raises(FileError, match=r"bad\.csv is a PDF"):
        check_files(good, bad)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n\n"])
def test_a_header_alone(tmp_path, end):
    with pytest.raises(NoRowsError, match="there is a header, but no data row"):
        check(tmp_path, HEADER.strip() + end)


def test_every_row_rejected_says_why_and_shows_the_first(tmp_path):
    rows = ",2017-01-01,5\nb,2017-01-01,x\nc,2017-02-31,5\n,2017-01-02,5\n"
    with pytest.raises(NoRowsError) as caught:
        check(tmp_path, HEADER + rows)
    assert "none of the 4 rows can be used" in caught.value.message
    assert "no customer: 2" in caught.value.message
    assert "date not readable: 1" in caught.value.message
    assert "amount not readable: 1" in caught.value.message
    assert caught.value.hint.startswith("First one: orders.csv, line 2: ")


def test_every_order_refunded(tmp_path):
    with pytest.raises(NoRowsError, match="all cancelled"):
        check(tmp_path, HEADER + "a,2017-01-01,5\na,2017-01-02,-5\n")


@pytest.mark.parametrize(
    "content",
    [
        b"Dear all,\nthis is a text without any table.\nRegards\n",
        b"<?xml version='1.0'?><orders/>",
        b"2017,2018,2019\n1,2,3\n",
        b"customer\na\nb\n",
        b"2017-01-01\n2017-01-02\n",
        b"x",
        b"\0",
        b",",
        b'"',
        b'""\n',
        b'"\n"',
    ],
)
def test_text_that_is_no_orders_file_is_refused_as_the_users_input(tmp_path, content):
    with pytest.raises(InputError):
        check(tmp_path, content)


@pytest.mark.parametrize("seed", range(12))
def test_noise_never_ends_in_another_error_than_the_users_input(tmp_path, seed):
    noise = np.random.default_rng(seed)
    pieces = [
        b"customer,date,total\n",
        b'"',
        b",",
        b"\n",
        b"\r",
        b"2017-01-01",
        b"5",
        b"a",
        b"\xff",
    ]
    content = b"customer,date,total\na,2017-01-01,5\n" + b"".join(
        pieces[i] for i in noise.integers(0, len(pieces), 400)
    )
    try:
        found = check(tmp_path, content)
    except InputError:
        return
    assert found.report["orders"] >= 1


def test_the_shopify_export_without_customers_says_what_is_missing():
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    folder = SHARED / "shopify_woocommerce"
    with pytest.raises(LayoutError) as caught:
        check_files(folder / "shopify_orders_export_no_customer_column.csv")
    assert caught.value.missing == ("customer_id",)
    assert "Shopify orders export" in caught.value.message
    assert "no column for the customer" in caught.value.message
    assert "Billing City" in caught.value.hint
    assert "--map customer_id=COLUMN" in caught.value.option


@pytest.mark.parametrize(
    "name", ["shopify_orders_export_HEADER_ONLY.csv", "woocommerce_orders_HEADER_ONLY.csv"]
)
def test_real_exports_without_a_single_order(name):
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    with pytest.raises(NoRowsError, match="no data row"):
        check_files(SHARED / "shopify_woocommerce" / name)
