"""Every way to write a date, and the one case in which nobody can know."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clv.core.errors import (
    AmbiguousDateError,
    FileError,
    InputError,
    NoRowsError,
    SettingsError,
)
from clv.ingest.files.dates import date_format
from tests.ingest.helpers import check

HEADER = "CustomerID;Timestamp;PurchaseValue\n"
DAY = "2017-01-13 00:00:00"


def one(folder, cell, **options):
    found = check(folder, f"{HEADER}a;{cell};5\n", **options)
    return found.report["date_format"], found.orders[0][2]


@pytest.mark.parametrize(
    ("cell", "written", "moment"),
    [
        ("2017-01-13", "YYYY-MM-DD", DAY),
        ("2017/01/13", "YYYY/MM/DD", DAY),
        ("2017.01.13", "YYYY.MM.DD", DAY),
        ("2017-1-3", "YYYY-MM-DD", "2017-01-03 00:00:00"),
        ("2017-01-13 23:30", "YYYY-MM-DD", "2017-01-13 23:30:00"),
        ("2017-01-13T23:30:15Z", "YYYY-MM-DD", "2017-01-13 23:30:15"),
        ("2017-01-13T23:30:15.250Z", "YYYY-MM-DD", "2017-01-13 23:30:15.250000"),
        ("2017-01-13 23:30:15 UTC", "YYYY-MM-DD", "2017-01-13 23:30:15"),
        ("2017-01-13 23:30:15 GMT", "YYYY-MM-DD", "2017-01-13 23:30:15"),
        ("2017-01-13 23:30:15 +0000", "YYYY-MM-DD", "2017-01-13 23:30:15"),
        ("2017-01-13T05:30:15+1100", "YYYY-MM-DD", "2017-01-13 05:30:15"),
        ("2017-01-13 05:30:15 +11:00", "YYYY-MM-DD", "2017-01-13 05:30:15"),
        ("2017-01-13T23:30:15-03", "YYYY-MM-DD", "2017-01-13 23:30:15"),
        ("2017-01-13T23:30:15-03:30", "YYYY-MM-DD", "2017-01-13 23:30:15"),
        ("2017-01-13T23:30:15.5-0330", "YYYY-MM-DD", "2017-01-13 23:30:15.500000"),
        ("2017-01-13T23:30+02", "YYYY-MM-DD", "2017-01-13 23:30:00"),
        ("20170113", "YYYYMMDD", DAY),
        ("13.01.2017", "DD.MM.YYYY", DAY),
        ("13.1.2017", "DD.MM.YYYY", DAY),
        ("13.01.17", "DD.MM.YY", DAY),
        ("13.01.2017 14:05", "DD.MM.YYYY", "2017-01-13 14:05:00"),
        ("13.01.2017, 14:05:06", "DD.MM.YYYY", "2017-01-13 14:05:06"),
        ("13/01/2017", "DD/MM/YYYY", DAY),
        ("13-01-2017", "DD-MM-YYYY", DAY),
        ("13/01/2017 23:30:00 +0100", "DD/MM/YYYY", "2017-01-13 23:30:00"),
        ("13/01/2017 02:05 PM", "DD/MM/YYYY", "2017-01-13 14:05:00"),
        ("01/13/2017", "MM/DD/YYYY", DAY),
        ("1/13/17 9:05", "MM/DD/YY", "2017-01-13 09:05:00"),
        ("01/13/2017 12:05:06 AM", "MM/DD/YYYY", "2017-01-13 00:05:06"),
        ("13 Jan 2017", "month names", DAY),
        ("13-Jan-2017 10:00:00", "month names", "2017-01-13 10:00:00"),
        ("Jan 13, 2017", "month names", DAY),
        ("January 13, 2017 5:05 PM", "month names", "2017-01-13 17:05:00"),
        ("1484265600", "Unix seconds", DAY),
        ("1484265600.5", "Unix seconds", "2017-01-13 00:00:00.500000"),
        ("1484265600000", "Unix milliseconds", DAY),
        ("1484265600250", "Unix milliseconds", "2017-01-13 00:00:00.250000"),
    ],
)
def test_each_way_to_write_a_date(tmp_path, cell, written, moment):
    assert one(tmp_path, cell) == (written, moment)


#: 3 January 2022, in as many ways as shops write it.
THIRD = """
2022-01-03 | 2022/01/03 | 2022.01.03 | 2022. 01. 03. | 2022. 1. 3. | 2022-1-3 | 20220103
2022年1月3日 | ２０２２年０１月０３日 | 2022年1月3日(月) | 2022년 1월 3일 | 令和4年1月3日 | R4.1.3 | 2022-W01-1 | 2022W011
٢٠٢٢/٠١/٠٣ | ۲۰۲۲-۰۱-۰۳ | 2022-01-03Z | 2022-01-03+01:00
03.01.2022 | 3. 1. 2022 | 3.1.22 | 03.01.2022 г. | Mo, 03.01.2022 | Montag, 3. Januar 2022
3 January 2022 | 3rd January 2022 | 3rd of January, 2022 | Jan 3, 2022 | January 3rd, 2022 | Jan. 3 2022
03-Jan-22 | 03-JAN-2022 | 3/Jan/2022 | 03Jan2022 | 2022-Jan-03 | Mon, 03 Jan 2022 | Monday, January 3, 2022
Jan-03-2022 | 3 Jan '22 | January 03 2022
3. Januar 2022 | 3. Jänner 2022 | 3 Jan. 2022
3 janvier 2022 | 3 janv. 2022 | lundi 3 janvier 2022
3 de enero de 2022 | 3 de enero del 2022 | 3 ene 2022 | lunes, 3 de enero de 2022
3 gennaio 2022 | 3 gen 2022 | lun 3 gen 2022
3 de janeiro de 2022 | 03/jan/2022 | segunda-feira, 3 de janeiro de 2022
3 januari 2022 | 3 jan. 2022 | maandag 3 januari 2022 | måndag 3 januari 2022
3. januar 2022 | 3. tammikuuta 2022 | 3 stycznia 2022 | 3 sty 2022 | 3. ledna 2022 | 3. led 2022
2022. január 3. | 2022. jan. 3. | 3 ianuarie 2022 | 3 Ocak 2022 | 3 Oca 2022 Pzt
3 января 2022 г. | 3 янв. 2022 | понедельник, 3 января 2022 г. | 3 січня 2022 р.
3 Ιανουαρίου 2022 | 3 Ιαν 2022 | 3 ΙΑΝΟΥΑΡΙΟΥ 2022 | 3 Januari 2022
44564 | 44564.0
"""
#: Five past eight in the evening of that day.
EVENING = """
2022-01-03 20:05 | 2022-01-03T20:05:00 | 2022-01-03 20:05:00.000 | 2022-01-03T20:05:00.000000000Z
2022-01-03 08:05:00 PM | 2022-01-03 8:05 pm | 2022-01-03 8:05PM | 2022-01-03 8:05:00 p.m. | 2022-01-03 8:05 P
2022/01/03 8:05:00 p. m. | 2022-01-03 20:05:00 EST | 2022-01-03 20:05:00 PST | 2022-01-03 20:05:00 CET
2022-01-03 20:05:00 -0500 | 2022-01-03 20:05:00+05:30 | 2022-01-03T20:05:00.000-03 | 2022-01-03 20:05:00 UTC+2
2022-01-03 20:05 Europe/Berlin | 2022-01-03T20:05:00+01:00[Europe/Berlin] | 2022-01-03 at 20:05 | 2022-01-03, 20:05
20220103200500 | 20220103T200500Z | 20220103 20:05 | 202201032005
2022年1月3日 20:05 | 2022年1月3日下午8:05 | 2022/1/3 下午 08:05:00 | 2022年1月3日 20時05分00秒 | 2022. 1. 3. 오후 8:05
3.1.2022 klo 20.05 | 03.01.2022 20:05 Uhr | 03.01.2022, 20.05 | 3.1.2022 20h05 | 3 janvier 2022 à 20h05
3. Januar 2022 um 20:05 Uhr | Jan 3, 2022 8:05:00 PM | Jan 3, 2022, 8:05:00 PM | Jan 3, 2022 8:05 PM
Mon, 03 Jan 2022 20:05:00 +0000 | Mon, 03 Jan 2022 20:05:00 GMT | Monday, January 3, 2022 8:05 PM
Mon Jan  3 20:05:00 2022 | Mon Jan 03 20:05:00 UTC 2022 | 03JAN2022:20:05:00.000 | 03/Jan/2022:20:05:00 +0000
Mon Jan 03 2022 20:05:00 GMT+0100 (Central European Standard Time) | 3 Ιαν 2022 8:05 μ.μ.
Jan 3, 2022 20:05:00 PST | 03-Jan-22 08.05.00.000000 PM | 44564.83681 | 44564,836806
1641240300 | 1641240300.0 | 1641240300000 | 1641240300000000 | 1641240300000000000
/Date(1641240300000)/ | /Date(1641222300000+0500)/
"""


def ways(text):
    return [cell.strip() for line in text.strip().splitlines() for cell in line.split(" | ")]


@pytest.mark.parametrize(
    ("text", "moment"), [(THIRD, "2022-01-03 00:00:00"), (EVENING, "2022-01-03 20:05:00")]
)
def test_every_cell_is_read_by_the_writing_it_has(tmp_path, text, moment):
    cells = ways(text)
    lines = "".join(f"c{i:03};{cell};1\n" for i, cell in enumerate(cells))
    found = check(tmp_path, HEADER + lines, as_of=date(2022, 2, 1))
    assert [(cells[line - 2], code) for line, code in found.codes] == []
    read = {int(c[1:]): t for c, t, _ in found.money}
    assert {cells[i]: t for i, t in read.items() if t != moment} == {}


@pytest.mark.parametrize("text", [THIRD, EVENING])
def test_a_column_may_be_written_in_any_of_these_ways_alone(text):
    assert [cell for cell in ways(text) if date_format([cell] * 3) is None] == []


def test_a_day_is_the_shops_own_whatever_the_offset_of_a_row(tmp_path):
    rows = "a;2017-03-26 01:59:59 +0100;1\nb;2017-03-26 03:00:00 +0200;2\nc;2017-03-26 01:00:00;3\n"
    assert check(tmp_path, HEADER + rows).money == [
        ("a", "2017-03-26 01:59:59", 1.0),
        ("b", "2017-03-26 03:00:00", 2.0),
        ("c", "2017-03-26 01:00:00", 3.0),
    ]


AMBIGUOUS = HEADER + "a;03/04/2017;1\nb;05/06/2017;7\n"


def test_where_nothing_tells_day_from_month_it_asks_and_names_the_option(tmp_path):
    with pytest.raises(AmbiguousDateError) as caught:
        check(tmp_path, AMBIGUOUS)
    assert "orders.csv" in caught.value.message
    assert "`Timestamp`" in caught.value.message
    assert "03/04/2017" in caught.value.message
    assert "--date-order dmy" in caught.value.option
    assert "--date-order mdy" in caught.value.option


@pytest.mark.parametrize(
    ("order", "days"),
    [
        ("dmy", ["2017-04-03 00:00:00", "2017-06-05 00:00:00"]),
        ("mdy", ["2017-03-04 00:00:00", "2017-05-06 00:00:00"]),
    ],
)
def test_the_option_decides(tmp_path, order, days):
    found = check(tmp_path, AMBIGUOUS, date_order=order)
    assert [t for _, t, _ in found.money] == days


def test_year_first_with_two_digits_is_read_when_asked_for(tmp_path):
    found = check(tmp_path, HEADER + "a;17/04/03;1\nb;17/06/05;7\n", date_order="ymd")
    assert [t for _, t, _ in found.money] == ["2017-04-03 00:00:00", "2017-06-05 00:00:00"]


def test_year_first_is_refused_for_dates_that_end_with_the_year(tmp_path):
    with pytest.raises((AmbiguousDateError, SettingsError, FileError)):
        check(tmp_path, AMBIGUOUS, date_order="ymd")


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(
    ("last", "first_day"),
    [("28/05/2017", "2017-02-01 00:00:00"), ("05/28/2017", "2017-01-02 00:00:00")],
)
def test_one_day_above_twelve_far_down_in_the_file_decides(tmp_path, last, first_day, quote):
    rows = [f"{quote}c{i}{quote};01/02/2017;1\n" for i in range(3000)]
    found = check(tmp_path, HEADER + "".join(rows) + f"z;{last};3\n")
    assert found.rejects == []
    assert {t for c, t, _ in found.money if c != "z"} == {first_day}
    assert ("z", "2017-05-28 00:00:00", 3.0) in found.money


def test_dates_with_equal_day_and_month_need_no_question(tmp_path):
    found = check(tmp_path, HEADER + "a;03/03/2017;1\nb;05/05/2017;7\n")
    assert [t for _, t, _ in found.money] == ["2017-03-03 00:00:00", "2017-05-05 00:00:00"]


def test_points_mean_day_first(tmp_path):
    found = check(tmp_path, HEADER + "a;03.04.2017;1\n")
    assert found.orders[0][2] == "2017-04-03 00:00:00"


@pytest.mark.parametrize(
    "cell", ["2017-13-02", "2017-02-30", "unknown", "0000-00-00", "", "#REF!", "13.13.2017", "2017"]
)
def test_a_cell_that_is_no_date_costs_its_row(tmp_path, cell):
    found = check(tmp_path, f"{HEADER}a;2017-01-01;1\nb;{cell};2\nc;2017-01-03;3\n")
    assert found.texts == [(3, "unreadable_date", f"b;{cell};2")]
    reason = f"is '{cell}', not a date" if cell else "is empty"
    assert found.rejects[0][3] == f"`Timestamp` {reason}. Expected YYYY-MM-DD."


def test_a_column_without_any_date_is_refused_with_its_first_value(tmp_path):
    with pytest.raises(FileError) as caught:
        check(tmp_path, HEADER + "a;soon;1\n")
    assert "'soon'" in caught.value.message
    assert "--map ordered_at=COLUMN" in caught.value.option


def test_a_date_after_today_is_in_the_future(tmp_path):
    found = check(tmp_path, HEADER + "a;2017-01-01;1\nb;2107-01-02;2\n")
    assert found.texts == [(3, "future_date", "b;2107-01-02;2")]
    assert found.report["last_order"] == found.report["as_of"] == "2017-01-01"


def test_a_date_in_the_far_future_is_still_a_date_in_the_future(tmp_path):
    found = check(tmp_path, HEADER + "a;2017-01-01;1\nb;2999-12-31;2\n")
    assert found.codes == [(3, "future_date")]


def test_the_as_of_day_counts_to_its_end(tmp_path):
    rows = "a;2017-01-02 00:00:00;1\nb;2017-01-02 23:59:59;2\nc;2017-01-03 00:00:00;3\n"
    found = check(tmp_path, HEADER + rows, as_of=date(2017, 1, 2))
    assert found.codes == [(4, "future_date")]
    assert found.report["as_of"] == "2017-01-02"


def test_an_as_of_day_after_the_last_order_is_kept(tmp_path):
    found = check(tmp_path, HEADER + "a;2017-01-02;1\n", as_of=date(2017, 10, 17))
    assert (found.report["last_order"], found.report["as_of"]) == ("2017-01-02", "2017-10-17")


MANY = "".join(f"c{i};2017-01-{i % 28 + 1:02d};5\n" for i in range(200))


def test_one_typing_error_decades_away_cannot_move_the_period(tmp_path):
    found = check(tmp_path, f"{HEADER}{MANY}x;1971-01-01;5\n")
    assert found.texts == [(202, "far_date", "x;1971-01-01;5")]
    assert found.report["far_dates"] == ["1971-01-01"]
    assert found.report["first_order"] == "2017-01-01"
    assert any("1971-01-01" in message for message in found.report["messages"])


def test_far_dates_are_kept_when_asked_for_and_still_pointed_out(tmp_path):
    found = check(tmp_path, f"{HEADER}{MANY}x;1971-01-01;5\n", keep=frozenset({"far_date"}))
    assert found.rejects == []
    assert found.report["noted"] == {"far_date": 1}
    assert found.report["first_order"] == "1971-01-01"
    assert any("1971-01-01" in message for message in found.report["messages"])


def test_a_history_of_twenty_years_is_not_far(tmp_path):
    rows = "".join(f"c;{year}-05-05;5\n" for year in range(1990, 2017) for _ in range(9))
    assert check(tmp_path, HEADER + rows).rejects == []


def test_no_readable_date_at_all(tmp_path):
    with pytest.raises(NoRowsError) as caught:
        check(tmp_path, HEADER + "a;2017-02-30;1\nb;2017-02-31;1\n")
    assert "date not readable: 2" in caught.value.message
    assert "line 2" in caught.value.hint


PARTS = {"customer_id": "who", "revenue": "sum"}


def test_a_time_of_day_may_have_a_column_of_its_own(tmp_path):
    clocks = ["08:05", "8:05 PM", "1631", "163105", "0.336806", "1899-12-31 08:05:00", "7", "", "?"]
    rows = "".join(f"c{i};2022-01-03;{clock};1\n" for i, clock in enumerate(clocks))
    mapping = {**PARTS, "ordered_at": "day", "time": "hour"}
    found = check(tmp_path, f"who;day;hour;sum\n{rows}", mapping=mapping)
    times = ["08:05:00", "20:05:00", "16:31:00", "16:31:05", "08:05:00", "08:05:00", "07:00:00"]
    assert [t for _, t, _ in found.money] == [f"2022-01-03 {t}" for t in [*times, "00:00:00"]]
    assert found.rejects[0][3:] == (
        "`day` is '2022-01-03 ?', not a date. Expected YYYY-MM-DD.",
        "c8;2022-01-03;?;1",
    )


def test_a_spreadsheet_gives_days_beside_times_a_midnight(tmp_path):
    rows = "a;2022-01-03 00:00:00;08:05:00;1\nb;1/4/2022 12:00:00 AM;20:05;1\nc;31.1.2022;9:05;1\n"
    mapping = {**PARTS, "ordered_at": "day", "time": "hour"}
    found = check(tmp_path, f"who;day;hour;sum\n{rows}", mapping=mapping, date_order="mdy")
    assert [t for _, t, _ in found.money][:2] == ["2022-01-03 08:05:00", "2022-01-04 20:05:00"]


@pytest.mark.parametrize(("month", "year"), [("1", "2022"), ("Jan", "22"), ("janvier", "2022.0")])
def test_year_month_and_day_may_have_columns_of_their_own(tmp_path, month, year):
    rows = f"a;{year};{month};3;1\nb;{year};{month};31;2\nc;{year};{month};32;3\n"
    mapping = {**PARTS, "year": "J", "month": "M", "day": "T"}
    found = check(tmp_path, f"who;J;M;T;sum\n{rows}", mapping=mapping)
    assert found.money == [("a", "2022-01-03 00:00:00", 1.0), ("b", "2022-01-31 00:00:00", 2.0)]
    assert found.codes == [(4, "unreadable_date")]


def test_year_and_month_are_enough(tmp_path):
    mapping = {**PARTS, "year": "J", "month": "M"}
    found = check(tmp_path, "who;J;M;sum\na;2022;1;1\nb;2022;12;2\n", mapping=mapping)
    assert [t for _, t, _ in found.money] == ["2022-01-01 00:00:00", "2022-12-01 00:00:00"]


@pytest.mark.parametrize("cells", [["2", "4", "711"], ["2021", "2022", "2022"]])
def test_day_numbers_and_years_are_no_dates(tmp_path, cells):
    rows = "".join(f"a;{cell};1.5\n" for cell in cells)
    mapping = {**PARTS, "ordered_at": "Tag"}
    with pytest.raises(InputError, match="no calendar dates"):
        check(tmp_path, f"who;Tag;sum\n{rows}", mapping=mapping)


def decided(found):
    return {d["code"]: d for d in found.report["decisions"]}


def test_columns_may_have_the_names_that_the_query_uses(tmp_path):
    rows = "a;3.1.2022;9;1\nb;4.1.2022;10;2\n"
    mapping = {"customer_id": "c", "ordered_at": "g", "time": "d", "revenue": "t"}
    found = check(tmp_path, f"c;g;d;t\n{rows}", mapping=mapping)
    assert found.money == [("a", "2022-01-03 09:00:00", 1.0), ("b", "2022-01-04 10:00:00", 2.0)]


def test_text_dates_among_real_ones_are_read_row_by_row(tmp_path):
    rows = "a;2022-01-25;1\nb;3.2.2022;2\nc;4 March 2022;3\nd;44564;4\ne;25/05/2022;5\nf;06/07/2022;6\n"
    found = check(tmp_path, HEADER + rows)
    days = ["01-25", "02-03", "03-04", "01-03", "05-25", "07-06"]
    assert [t for _, t, _ in found.money] == [f"2022-{day} 00:00:00" for day in days]
    assert found.report["date_format"] == "DD/MM/YYYY"


STYLES = HEADER + "".join(
    f"a{d};{d:02}/03/2022 14:05;1\nb{d};03/{d:02}/2022 2:05 PM;1\n" for d in range(1, 29)
)


MOMENTS = [
    datetime(2019 + i % 4, i % 12 + 1, i % 28 + 1, i * 7 % 24, i * 11 % 60, tzinfo=UTC)
    for i in range(60)
]
TABLE = [f"{at:%Y-%m-%d %H:%M:%S}" for at in MOMENTS]
WRITINGS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S -0500",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%y %I:%M%p",
    "%d-%b-%y %H:%M",
    "%B %d, %Y at %I:%M %p",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
    "%Y年%m月%d日 %H:%M",
    "%G-W%V-%uT%H:%M",
]


@pytest.mark.parametrize("writing", WRITINGS)
def test_the_same_moments_in_each_writing_are_the_same_table(tmp_path, writing):
    rows = "".join(f'c{i:02};"{at.strftime(writing)}";1\n' for i, at in enumerate(MOMENTS))
    assert [t for _, t, _ in check(tmp_path, HEADER + rows).money] == TABLE


@pytest.mark.parametrize("digits", [10, 13, 16, 19])
def test_the_same_moments_as_counts_are_the_same_table(tmp_path, digits):
    counts = [int(at.timestamp()) * 10 ** (digits - 10) for at in MOMENTS]
    rows = "".join(f"c{i:02};{count};1\n" for i, count in enumerate(counts))
    assert [t for _, t, _ in check(tmp_path, HEADER + rows).money] == TABLE


def test_the_same_moments_each_in_a_writing_of_its_own_are_the_same_table(tmp_path):
    cells = [at.strftime(WRITINGS[i % len(WRITINGS)]) for i, at in enumerate(MOMENTS)]
    rows = "".join(f'c{i:02};"{cell}";1\n' for i, cell in enumerate(cells))
    assert [t for _, t, _ in check(tmp_path, HEADER + rows).money] == TABLE


def test_two_authors_are_told_apart_by_their_clocks(tmp_path):
    found = check(tmp_path, STYLES)
    assert found.rejects == []
    assert {(c[1:], t) for c, t, _ in found.money} == {
        (f"{d}", f"2022-03-{d:02} 14:05:00") for d in range(1, 29)
    }
    assert "told apart" in decided(found)["date_writings"]["sentence"]


def test_two_authors_with_one_style_are_asked_about(tmp_path):
    rows = "".join(f"a;{d:02}/03/2022;1\nb;03/{d:02}/2022;1\n" for d in range(1, 29))
    with pytest.raises(AmbiguousDateError, match="has the day first"):
        check(tmp_path, HEADER + rows)


def test_another_author_far_down_in_the_file_is_asked_about(tmp_path):
    first = "".join(f"a{i};{i % 28 + 1:02}/03/2022;1\n" for i in range(600))
    last = "".join(f"b{i};03/{i % 28 + 1:02}/2022;1\n" for i in range(100))
    with pytest.raises(AmbiguousDateError, match=r"most are DD/MM/YYYY, which '03/13/2022' is not"):
        check(tmp_path, HEADER + first + last)
    assert check(tmp_path, HEADER + first + last, date_order="dmy").reasons == {
        "unreadable_date": 52
    }


def test_a_year_of_two_digits_that_comes_first_is_found_by_what_comes_last(tmp_path):
    found = check(tmp_path, HEADER + "".join(f"c{d};21/05/{d:02};1\n" for d in range(10, 32)))
    assert [t[:10] for _, t, _ in found.money] == [f"2021-05-{d:02}" for d in range(10, 32)]


def test_a_spreadsheet_that_exchanged_day_and_month_is_pointed_out(tmp_path):
    cells = [
        f"2022-{d:02}-{m:02}" if d <= 12 else f"{d:02}/{m:02}/2022"
        for d in range(1, 29)
        for m in (3, 4, 5)
    ]
    found = check(tmp_path, HEADER + "".join(f"a;{cell};1\n" for cell in cells))
    assert decided(found)["dates_exchanged"]["weighty"]


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2022-01", "2022-12"], ["01-01", "12-01"]),
        (["01/2022", "12/2022"], ["01-01", "12-01"]),
        (["202201", "202212"], ["01-01", "12-01"]),
        (["Jan 2022", "Dezember 2022"], ["01-01", "12-01"]),
        (["Jan-22", "Dec-22"], ["01-01", "12-01"]),
        (["2022年1月", "2022年12月"], ["01-01", "12-01"]),
        (["2022-W01", "2022-W52"], ["01-03", "12-26"]),
        (["KW 1/2022", "KW 52/2022"], ["01-03", "12-26"]),
    ],
)
def test_months_and_weeks_are_read_and_said(tmp_path, cells, days):
    found = check(tmp_path, HEADER + f"a;{cells[0]};1\nb;{cells[1]};2\nc;2022;3\n")
    assert [t for _, t, _ in found.money] == [f"2022-{day} 00:00:00" for day in days]
    assert decided(found)["months_only"]["weighty"]
    assert found.codes == [(4, "unreadable_date")]


def test_buddhist_years_are_read_and_said(tmp_path):
    found = check(tmp_path, HEADER + "a;03/01/2565;1\nb;๒๕/๐๑/๒๕๖๕;2\n")
    assert [t[:10] for _, t, _ in found.money] == ["2022-01-03", "2022-01-25"]
    assert "2565 is 2022" in decided(found)["buddhist_years"]["sentence"]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2022-01-04T02:05:00Z", "2022-01-03 21:05:00"),
        ("2022-07-04 02:05:00 UTC", "2022-07-03 22:05:00"),
        ("2022-01-04 02:05:00", "2022-01-03 21:05:00"),
        ("2022-01-04 02:05:00 +0000", "2022-01-03 21:05:00"),
        ("2022-01-04 03:05:00 +0100", "2022-01-03 21:05:00"),
        ("2022-01-03 21:05:00 -0500", "2022-01-03 21:05:00"),
        ("2022-01-03 21:05:00 EST", "2022-01-03 21:05:00"),
        ("04.01.2022 02:05", "2022-01-03 21:05:00"),
        ("1641261900", "2022-01-03 21:05:00"),
        ("/Date(1641261900000+0100)/", "2022-01-03 21:05:00"),
        ("2022-01-04", "2022-01-04 00:00:00"),
        ("2022-01-04 00:00:00", "2022-01-04 00:00:00"),
        ("44565", "2022-01-04 00:00:00"),
        ("44565.0868056", "2022-01-03 21:05:00"),
    ],
)
def test_a_zone_takes_times_to_the_shops_own_clock(tmp_path, cell, moment):
    assert one(tmp_path, cell, timezone="america/new_york")[1] == moment


def test_a_zone_that_there_is_not(tmp_path):
    with pytest.raises(SettingsError, match='Did you mean "Europe/Berlin"'):
        check(tmp_path, HEADER + "a;2022-01-04;1\n", timezone="Europe/Berlim")


def night(shift, mark="Z"):
    """Return orders of a shop that sleeps from one to seven, by a clock that many hours ahead."""
    hours = [h for h in range(24) for _ in range(2 if 1 <= h < 7 else 40)]
    return HEADER + "".join(
        f"c{i};2022-01-{i % 27 + 2:02}T{(h + shift) % 24:02}:30:00{mark};1\n"
        for i, h in enumerate(hours)
    )


def test_a_night_by_day_proposes_a_zone(tmp_path):
    made = decided(check(tmp_path, night(5)))["utc_times"]
    assert "UTC-5" in made["sentence"]
    assert [s["options"] for s in made["switches"]] == [
        ["--timezone", "America/New_York"],
        ["--timezone", "America/Bogota"],
        ["--timezone", "Etc/GMT+5"],
    ]
    assert made["rows"] == 5 * 40


@pytest.mark.parametrize(("shift", "mark"), [(0, "Z"), (2, "Z"), (5, ""), (5, "-0500")])
def test_no_zone_is_proposed(tmp_path, shift, mark):
    assert "utc_times" not in decided(check(tmp_path, night(shift, mark)))
