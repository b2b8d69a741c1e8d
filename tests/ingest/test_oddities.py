"""What looks odd about the orders is said in sentences with figures, and nothing is changed for it."""

from datetime import date, timedelta

import pytest

from tests.ingest.helpers import check


def day(i, start=date(2022, 1, 3)):
    return (start + timedelta(days=i)).isoformat()


def log(rows, header="customer,order_no,date,amount"):
    """Return a file: rows of (customer, day, amount), numbered."""
    return "\n".join([header, *(f"{c},{i},{d},{a}" for i, (c, d, a) in enumerate(rows, 1)), ""])


def shop(orders=120, customers=30):
    """Return an unsuspicious shop: its customers come back, one order every three days."""
    return [(f"c{i % customers}", day(3 * i), 20 + i % 7) for i in range(orders)]


def odd(folder, rows, **options):
    found = check(folder, log(rows) if isinstance(rows, list) else rows, **options).report
    return [one.replace("\u00a0", " ") for one in found["oddities"]]


def test_nothing_is_odd_about_a_usual_shop(tmp_path):
    assert odd(tmp_path, shop()) == []


def test_an_account_that_many_share(tmp_path):
    rows = [
        ("Main account", d, a) if i % 3 == 0 else (c, d, a) for i, (c, d, a) in enumerate(shop())
    ]
    assert odd(tmp_path, rows) == [
        (
            "One customer, “Main account”, has 40 of 120 orders (33 %). Is it one person, or an account that many "
            "share, such as walk-in or guest sales?"
        )
    ]


def test_a_customer_with_much_of_the_money(tmp_path):
    rows = [(c, d, 300 if c == "c7" else a) for c, d, a in shop()]
    assert odd(tmp_path, rows) == []  # 31 % is not a third.
    rows = [(c, d, 400 if c == "c7" else a) for c, d, a in shop()]
    assert odd(tmp_path, rows)[0].startswith(
        "One customer, “c7”, spent 1,600: 38 % of all revenue."
    )


def test_nobody_returns(tmp_path):
    rows = [(f"c{i}", d, a) for i, (_, d, a) in enumerate(shop())]
    assert odd(tmp_path, rows) == [
        (
            "Nobody ordered twice: 120 orders of as many customers. Is “customer” really the customer, and "
            "not the order or the row? Without customers who return there is nothing to forecast from."
        )
    ]
    rows[1] = ("c0", *rows[1][1:])
    assert odd(tmp_path, rows)[0].startswith(
        "Hardly anybody ordered twice: 1 of 119 customers (0.8 %). Is “customer” really"
    )


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (
            100,
            (
                "A typical order was worth 23.00 in Jun 2022 and 2,300 in Jul 2022: more by a factor of about "
                "100. Did the currency, the unit or the decimal mark change?"
            ),
        ),
        (
            0.1,
            (
                "A typical order was worth 23.00 in Jun 2022 and 2.30 in Jul 2022: less by a factor of about "
                "10. Did the currency, the unit or the decimal mark change?"
            ),
        ),
    ],
)
def test_values_jump(tmp_path, factor, said):
    rows = [(f"c{i % 30}", day(i), 20 + i % 7) for i in range(360)]
    rows = [(c, d, a if d < "2022-07" else round(a * factor, 2)) for c, d, a in rows]
    assert odd(tmp_path, rows) == [said]


def test_months_without_an_order(tmp_path):
    rows = [r for r in shop() if r[1][:7] not in {"2022-04", "2022-06", "2022-07"}]
    assert odd(tmp_path, rows) == [
        (
            "Months without a single order: Apr 2022, Jun 2022 to Jul 2022. There are orders before and "
            "after; is a file missing?"
        )
    ]


def test_an_export_that_breaks_off(tmp_path):
    rows = [(f"c{i % 60}", day(i // 2), 20 + i % 7) for i in range(300)]
    rows = [r for r in rows if r[1] < "2022-05"] + [
        ("c1", "2022-05-03", 9),
        ("c2", "2022-05-28", 9),
    ]
    assert odd(tmp_path, rows) == [
        (
            "Orders nearly stop: 2 in May 2022 up to 28 May 2022, where the three months before make one "
            "expect 54. Does the export end too early?"
        )
    ]


def test_one_value_and_one_huge_order(tmp_path):
    assert odd(tmp_path, [(c, d, 10) for c, d, _ in shop()]) == [
        "Every order is worth 10.00. Is “amount” really the order's value?"
    ]
    rows = shop()
    rows[50] = ("c20", rows[50][1], 900)
    assert odd(tmp_path, rows) == [
        "One order, “51”, is worth 900: 25 % of all revenue. The other 119 are worth 22.99 on average."
    ]


def test_days_and_times(tmp_path):
    said = "Every order is of the first of a month: the file seems to know months, not days."
    rows = [(c, d[:8] + "01", a) for c, d, a in shop()]
    assert odd(tmp_path, rows)[0].startswith(said)
    rows = [(c, "2022-01-03" if i < 60 else d, a) for i, (c, d, a) in enumerate(shop())]
    found = odd(tmp_path, rows)
    assert "60 of 120 orders are of one day, 3 Jan 2022. Was it the day of an import?" in found
    assert odd(tmp_path, [(c, d + " 08:05", a) for c, d, a in shop()]) == [
        "Every order was placed at 08:05: “date” hardly tells the time of day."
    ]
    assert odd(tmp_path, [(c, "2022-01-03", a) for c, _, a in shop()]) == [
        "Every order is of one day, 3 Jan 2022. Is “date” the order's date?"
    ]


def test_columns_of_money_that_were_not_used(tmp_path):
    rows = "".join(
        f"c{i % 9},{i},{day(i)},{10 + i % 5},{i % 5 + 0.5},{i},{i % 3}.25\n" for i in range(30)
    )
    found = odd(tmp_path, "customer,order_no,date,total,Shipping,loyalty points,Weight\n" + rows)
    assert found == [
        (
            "Columns that look like money and were not used: “Shipping” (75.00, 21 % of “total”); sums of "
            "all 30 rows."
        )
    ]


def test_unused_money_is_added_up_over_the_whole_file(tmp_path):
    lines = "".join(
        f"k{i % 40},{i},2022-03-{i % 28 + 1:02d},2.50,{'0.25' if i < 600 else '1.75'}\n"
        for i in range(1200)
    )
    found = check(tmp_path, "customer_id,order_id,order_date,total,Shipping\n" + lines)
    (said,) = [one for one in found.report["oddities"] if "not used" in one]
    assert said.replace("\N{NO-BREAK SPACE}", " ") == (
        "Columns that look like money and were not used: “Shipping” (1,200, 40 % of “total”); sums of all 1,200 rows."
    )
