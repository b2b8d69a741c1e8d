"""The sample files are what they say, and anybody can draw them again."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clv.core.errors import FileError, InputError
from clv.samples import DATA, SAMPLES, sample_path
from tests.places import SHARED
from tools.samples import generate
from tools.samples.exports import SHOPIFY_HEADER, WOOCOMMERCE_HEADER, berlin
from tools.samples.logs import ORDER_LINES_DIRT, TRANSACTIONS_DIRT

HEADERS_OF_REAL_EXPORTS = SHARED / "shopify_woocommerce"
INVENTED = [n for n, s in SAMPLES.items() if s.made_up and s.filename.endswith(".csv")]
#: What a value of a log may look like when it is not damaged.
NUMBER = re.compile(r"-?\d+\.\d\d")


def rows_of(name: str) -> list[list[str]]:
    with sample_path(name).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def records_of(name: str) -> list[dict[str, str]]:
    with sample_path(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", INVENTED)
def test_the_committed_file_is_what_the_generator_writes(name, tmp_path):
    again = generate(name, tmp_path / "again.csv")
    assert again.read_bytes() == sample_path(name).read_bytes()


def test_another_seed_writes_another_file(tmp_path):
    other = generate("woocommerce", tmp_path / "other.csv", seed=1)
    assert other.read_bytes() != sample_path("woocommerce").read_bytes()


def test_data_holds_no_csv_that_is_not_a_sample():
    assert {path.name for path in DATA.glob("*.csv")} == {SAMPLES[n].filename for n in INVENTED}


@pytest.mark.parametrize(
    ("name", "rows", "megabytes"),
    [
        ("transactions", 49_611, 3.0),
        ("order-lines", 21_673, 1.5),
        ("shopify", 2_461, 1.5),
        ("woocommerce", 2_005, 1.5),
    ],
)
def test_sizes(name, rows, megabytes):
    assert len(rows_of(name)) == rows
    assert sample_path(name).stat().st_size < megabytes * 1e6


def dirt_in(rows: list[list[str]], customer: int, date: int, value: int) -> Counter[str]:
    """Count the damaged rows by looking at the file alone; one reason a row."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    whole = [row for row in rows if len(row) == width]
    found = Counter(
        {
            "short_row": sum(len(row) < width for row in rows),
            "extra_field": sum(len(row) > width for row in rows),
            "duplicate": sum(n - 1 for n in Counter(map(tuple, rows)).values()),
        }
    )
    for row in whole:
        if not row[customer]:
            found["missing_customer"] += 1
        elif not is_date(row[date]):
            found["bad_date"] += 1
        elif row[date] > "2100":
            found["future_date"] += 1
        elif not NUMBER.fullmatch(row[value]):
            found["bad_number"] += 1
        elif Decimal(row[value]) == 0:
            found["zero_value"] += 1
        elif Decimal(row[value]) < 0:
            found["below_zero"] += 1
    return found


def is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "columns", "plan"),
    [
        ("transactions", (0, 1, 2), TRANSACTIONS_DIRT),
        ("order-lines", (0, 5, 4), ORDER_LINES_DIRT),
    ],
)
def test_the_dirt_is_counted(name, columns, plan):
    expected = Counter(plan)
    expected["below_zero"] = expected.pop("negative") + expected.pop("refund")
    assert dirt_in(rows_of(name), *columns) == expected


def test_refunds_belong_to_a_line_of_their_order_and_negatives_do_not():
    values = defaultdict(set)
    for row in rows_of("order-lines"):
        if len(row) == 6 and NUMBER.fullmatch(row[4]):
            values[row[1]].add(Decimal(row[4]))
    matched = [(v, -v in all_) for all_ in values.values() for v in all_ if v < 0]
    assert Counter(match for _, match in matched) == {
        True: ORDER_LINES_DIRT["refund"],
        False: ORDER_LINES_DIRT["negative"],
    }


def test_transactions_cover_two_years_and_are_busier_at_the_year_end():
    months = Counter(row[1][5:7] for row in rows_of("transactions") if row[1][:4] == "2017")
    late = (months["11"] + months["12"]) / 61
    before = (months["09"] + months["10"]) / 61
    assert late > 1.4 * before
    dates = sorted(row[1] for row in rows_of("transactions") if re.match(r"201\d.*Z", row[1]))
    assert (dates[0][:10], dates[-1][:10]) == ("2017-01-01", "2018-12-31")


def test_most_orders_have_several_lines():
    lines = Counter(row[1] for row in rows_of("order-lines"))
    assert sum(n > 1 for n in lines.values()) > len(lines) / 2


@pytest.mark.skipif(not HEADERS_OF_REAL_EXPORTS.is_dir(), reason="the real headers are not here")
@pytest.mark.parametrize(
    ("file", "header"),
    [
        ("shopify_orders_export_HEADER_ONLY.csv", SHOPIFY_HEADER),
        ("woocommerce_orders_HEADER_ONLY.csv", WOOCOMMERCE_HEADER),
    ],
)
def test_exports_have_the_columns_of_the_real_ones(file, header):
    with (HEADERS_OF_REAL_EXPORTS / file).open(newline="", encoding="utf-8") as text:
        assert tuple(next(csv.reader(text))) == header


def test_shopify_orders_add_up_and_carry_their_totals_once():
    orders = defaultdict(list)
    for row in records_of("shopify"):
        orders[row["Name"]].append(row)
    assert len(SHOPIFY_HEADER) == 79
    assert len(orders) == 1_534
    for first, *others in orders.values():
        assert first["Total"]
        assert {row["Total"] + row["Financial Status"] + row["Id"] for row in others} <= {""}
        assert {(row["Email"], row["Created at"]) for row in others} <= {
            (first["Email"], first["Created at"])
        }
        goods = sum(
            Decimal(row["Lineitem price"]) * int(row["Lineitem quantity"])
            for row in [first, *others]
        )
        assert goods == Decimal(first["Subtotal"])
        assert Decimal(first["Subtotal"]) + Decimal(first["Shipping"]) == Decimal(first["Total"])


def test_shopify_has_every_state_offset_and_awkward_cell():
    firsts = [row for row in records_of("shopify") if row["Financial Status"]]
    states = {row["Financial Status"] for row in firsts}
    assert states == {"paid", "pending", "refunded", "partially_refunded", "voided"}
    for row in firsts:
        total, refunded = Decimal(row["Total"]), Decimal(row["Refunded Amount"])
        match row["Financial Status"]:
            case "refunded":
                assert refunded == total
            case "partially_refunded":
                assert 0 < refunded < total
            case _:
                assert refunded == 0
        assert bool(row["Cancelled at"]) or row["Financial Status"] != "voided"
    assert {row["Created at"][-5:] for row in firsts} == {"+0100", "+0200"}
    notes = "".join(row["Notes"] for row in firsts)
    assert all(mark in notes for mark in ',"\n')
    assert '\n"#1001",' in sample_path("shopify").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2017-03-26T00:59:59", "2017-03-26 01:59:59 +0100"),
        ("2017-03-26T01:00:00", "2017-03-26 03:00:00 +0200"),
        ("2017-10-29T00:59:59", "2017-10-29 02:59:59 +0200"),
        ("2017-10-29T01:00:00", "2017-10-29 02:00:00 +0100"),
        ("2018-03-25T01:00:00", "2018-03-25 03:00:00 +0200"),
    ],
)
def test_german_summer_time(utc, local):
    assert berlin(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == local


def test_woocommerce_has_guests_and_every_state():
    rows = records_of("woocommerce")
    assert {row["order_status"] for row in rows} == {
        "completed", "processing", "cancelled", "refunded", "failed", "on-hold", "pending",
    }  # fmt: skip
    guests = {row["billing_email"] for row in rows if row["customer_id"] == "0"}
    registered = {row["billing_email"] for row in rows if row["customer_id"] != "0"}
    assert guests - registered
    assert guests & registered, "some people order as guests before they register"


@pytest.mark.parametrize("name", ["shopify", "woocommerce"])
def test_nobody_in_the_exports_is_real(name):
    text = sample_path(name).read_text(encoding="utf-8")
    assert set(re.findall(r"@([\w.]+)", text)) == {"example.com"}


def test_cdnow_is_the_log_that_lifetimes_ships(tmp_path):
    copy = shutil.copyfile(sample_path("cdnow"), tmp_path / "cdnow.txt")
    lines = copy.read_text(encoding="utf-8").splitlines()
    assert lines[1].split() == ["00001", "19970101", "1", "11.77"]
    assert len({line.split()[0] for line in lines[1:]}) == 23_570


def test_finding_cdnow_does_not_import_lifetimes():
    code = "import sys, clv.samples as s; s.sample_path('cdnow'); assert 'lifetimes' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_name_is_answered_with_the_closest_one():
    with pytest.raises(InputError, match=r'no sample "shopfy"\. Did you mean "shopify"\?'):
        sample_path("shopfy")


def test_a_missing_file_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr("clv.samples.DATA", tmp_path)
    with pytest.raises(FileError, match="make samples"):
        sample_path("transactions")
