"""Exports of three kinds, from upload to forecast: what was read is told, and can be changed."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from clv.runs import Store
from tests.ingest.test_containers import xlsx

#: Customers and days of their orders: some return often, most don't.
_ORDERS = sorted(
    (
        date(2021, 1, 4)
        + timedelta(days=who * 137 % 500 + 40 * again + (31 * who + 17 * again) % 25),
        f"c{who:03}",
    )
    for who in range(90)
    for again in range((1, 1, 1, 2, 3, 5)[who % 6])
)
_AMOUNTS = [20 + 5 * (i % 9) for i in range(len(_ORDERS))]


def stripe() -> bytes:
    """Payments as Stripe exports them: every tenth is refunded in full, every 15th failed."""
    lines = [
        (
            "id,Description,Seller Message,Created date (UTC),Amount,Amount Refunded,Currency,Fee,Status,"
            "Customer ID,Customer Email,Captured"
        )
    ]
    for i, ((day, who), amount) in enumerate(zip(_ORDERS, _AMOUNTS, strict=True)):
        status = "Refunded" if i % 10 == 3 else "Failed" if i % 15 == 5 else "Paid"
        back = amount if status == "Refunded" else 0
        lines.append(
            f"ch_{i:04},Charge,ok,{day} 09:{i % 60:02}:00,{amount}.00,{back}.00,usd,0.50,{status},"
            f"cus_{who},{who}@example.com,{str(status != 'Failed').lower()}"
        )
    return "\n".join([*lines, ""]).encode()


def workbook() -> bytes:
    """A workbook with a sheet for each year and a list of products."""
    sheets = {
        f"Orders {year}": [
            ["Order", "Customer", "Date", "Total"],
            *(
                [i, who, day.isoformat(), amount]
                for i, ((day, who), amount) in enumerate(zip(_ORDERS, _AMOUNTS, strict=True), 1001)
                if day.year == year
            ),
        ]
        for year in (2021, 2022)
    }
    return xlsx(**sheets, Products=[["SKU", "Name", "Stock"], ["a", "A", 4], ["b", "B", 5]])


def german() -> bytes:
    """A German export: statuses of which one is of the shop's own making."""
    lines = ["Bestellnr;Kundennr;Bestelldatum;Status;Gesamtbetrag"]
    for i, ((day, who), amount) in enumerate(zip(_ORDERS, _AMOUNTS, strict=True)):
        status = "storniert" if i % 10 == 3 else "Sonderweg" if i % 10 == 6 else "versendet"
        lines.append(f"{i};{who};{day:%d.%m.%Y};{status};{amount},50 €")
    return "\r\n".join([*lines, ""]).encode("cp1252")


def counted(orders, amount=0.0):
    """Return orders and revenue of the orders with these numbers."""
    kept = [_AMOUNTS[i] + amount for i in orders]
    return len(kept), sum(kept)


@pytest.fixture
def start(visit, store_root, tmp_path):
    """Upload a file in a new tab; return the tab, and what its draft's report says."""

    def upload(name, content, **options):
        (tmp_path / name).write_bytes(content)
        v = visit(**options)
        v.open()
        v.tab.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / name)
        v.shows("run_forecast")
        v.tab.get_by_test_id("stTable").first.wait_for()
        v.settle()

        def report():
            draft = re.search(r"draft=([0-9a-f]{32})", v.tab.url)[1]
            return Store(store_root).draft(draft).report

        return v, report

    return upload


def forecast(v):
    """Run the forecast, and look at it."""
    v.click("run_forecast")
    v.chart("history")
    v.settle()
    assert v.overflow() <= 0


def test_a_stripe_export(start):
    v, report = start("unified_payments.csv", stripe())
    everything = range(len(_ORDERS))
    paid = [i for i in everything if i % 10 != 3 and i % 15 != 5]
    assert (report()["orders"], report()["revenue"]) == counted(paid)
    said = v.text()
    assert "What was read as what" in said
    for column, role in (
        ("Created date (UTC)", "Order date"),
        ("Amount Refunded", "Refunded amount"),
    ):
        assert re.search(rf"{re.escape(column)}\s+{role}", said), said
    forecast(v)


def test_a_workbook_with_two_years(start):
    v, report = start("shop.xlsx", workbook(), width=390)
    assert (report()["orders"], report()["revenue"]) == counted(range(len(_ORDERS)))
    assert report()["first_order"][:4] == "2021"
    assert report()["last_order"][:4] == "2022"
    said = v.text()
    assert "shop.xlsx/Products is no table of orders and was not read." in said
    assert v.overflow() <= 0
    forecast(v)


def test_a_german_file_with_statuses(start):
    v, report = start("bestellungen.csv", german())
    everything = range(len(_ORDERS))
    shipped = [i for i in everything if i % 10 != 3]
    assert (report()["orders"], report()["revenue"]) == counted(shipped, 0.5)
    assert report()["currency"] == "EUR"
    said = v.text()
    assert "What “Sonderweg” in the column “Status” means isn't known" in said
    # What the shop's own word means is said with one choice, and taken back with one click.
    v.choose("status_Status_Sonderweg", "Doesn't count")
    v.tab.get_by_text("You chose: “Sonderweg” doesn't count.").wait_for()
    v.settle()
    ordinary = [i for i in shipped if i % 10 != 6]
    assert (report()["orders"], report()["revenue"]) == counted(ordinary, 0.5)
    v.click("undo_0")
    v.tab.get_by_text("“Sonderweg” in the column “Status” means isn't known").wait_for()
    v.settle()
    assert (report()["orders"], report()["revenue"]) == counted(shipped, 0.5)
    forecast(v)
