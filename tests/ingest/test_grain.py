"""What an amount is for: the order, the row or one item; every figure is worked out apart, with pandas."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from tests.ingest import base_log
from tests.ingest.helpers import check

LOG = base_log.orders(number=60)
LINES = base_log.lines(LOG)
TOTALS = pd.Series([ln.cents for ln in LINES]).groupby([ln.order.number for ln in LINES]).sum()
HEAD = ["Order", "Client", "Date"]


def head(o):
    return [o.number, o.customer, o.day]


def frame(text):
    return pd.read_csv(io.StringIO(text), dtype={"Order": str})


def values(found):
    """Order → value, as it was read."""
    return pd.Series({number: row[2] for number, row in found.by_order.items()}).sort_index()


def same(found, expected):
    pd.testing.assert_series_equal(
        values(found), expected.sort_index(), check_names=False, check_index_type=False, atol=0.0051
    )
    assert found.report["revenue"] == pytest.approx(expected.sum(), abs=0.0051 * len(expected))


def decisions(found):
    return {d["code"]: d for d in found.report["decisions"]}


def by_line(columns, cells):
    """A table of lines: order, customer and day, then some more."""
    return base_log.written([*HEAD, *columns], [[*head(ln.order), *cells(ln)] for ln in LINES])


def first_lines():
    """The lines that are the first of their order."""
    seen = set()
    return {id(ln) for ln in LINES if not (ln.order.number in seen or seen.add(ln.order.number))}


FIRST = first_lines()


def money(cents):
    return f"{cents / 100:.2f}"


# -- the order's total ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Order total", "Total", "Gesamtsumme", "合計金額"])
def test_a_total_repeated_on_every_line_counts_once(tmp_path, name):
    text = by_line(["SKU", name], lambda ln: [ln.product, money(TOTALS[ln.order.number])])
    found = check(tmp_path, text)
    same(found, frame(text).groupby("Order")[name].first())
    assert found.report["grain"] == "order"
    assert found.report["rows_rejected"] == 0
    told = decisions(found)["order_total"]
    assert told["switches"] == [
        {"label": "It is the value of the row", "options": ["--amount", "line"]}
    ]


def test_a_total_on_the_first_line_only(tmp_path):
    text = by_line(
        ["Total", "Item"],
        lambda ln: [money(TOTALS[ln.order.number]) if id(ln) in FIRST else "", ln.product],
    )
    found = check(tmp_path, text)
    same(found, frame(text).groupby("Order")["Total"].sum())
    assert found.report["grain"] == "order"
    assert found.rejects == []


def test_a_head_on_the_first_line_only(tmp_path):
    rows = []
    for ln in LINES:
        first = id(ln) in FIRST
        number, customer, day = head(ln.order)
        total = money(TOTALS[number])
        shown = [number, customer, day, total] if first else [number, "", "", ""]
        rows.append([*shown, ln.product, ln.quantity])
    text = base_log.written([*HEAD, "Total", "Item", "Qty"], rows)
    found = check(tmp_path, text)
    table = frame(text)
    same(found, table.groupby("Order")["Total"].sum())
    items = {number: row[3] for number, row in found.by_order.items()}
    assert items == table.groupby("Order")["Qty"].sum().to_dict()


def test_totals_and_line_amounts_in_one_table(tmp_path):
    text = by_line(
        ["SKU", "Qty", "Unit price", "Line amount", "Order total"],
        lambda ln: [
            *(ln.product, ln.quantity, money(ln.price), money(ln.cents)),
            money(TOTALS[ln.order.number]),
        ],
    )
    found = check(tmp_path, text)
    table = frame(text)
    same(found, (table["Qty"] * table["Unit price"]).groupby(table["Order"]).sum())


# -- a price and a quantity ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "price"),
    [
        ("Qty", "Unit price"),
        ("Quantity", "Price"),
        ("Menge", "Einzelpreis"),
        ("Cantidad", "Precio"),
        ("Quantité", "Prix unitaire"),
        ("Количество", "Цена"),
        ("数量", "単価"),
    ],
)
def test_a_unit_price_is_multiplied(tmp_path, quantity, price):
    text = by_line(["SKU", quantity, price], lambda ln: [ln.product, ln.quantity, money(ln.price)])
    found = check(tmp_path, text)
    table = frame(text)
    same(found, (table[quantity] * table[price]).groupby(table["Order"]).sum())
    assert found.report["grain"] == "unit"
    assert decisions(found)["unit_price"]["switches"][0]["options"] == ["--amount", "line"]


def test_a_price_that_grows_with_the_quantity_is_the_lines(tmp_path):
    text = by_line(["SKU", "Qty", "Price"], lambda ln: [ln.product, ln.quantity, money(ln.cents)])
    found = check(tmp_path, text)
    same(found, frame(text).groupby("Order")["Price"].sum())
    assert found.report["grain"] == "line"


def test_quantity_times_price_names_the_amount(tmp_path):
    text = by_line(
        ["SKU", "Qty", "Price", "Extended"],
        lambda ln: [ln.product, ln.quantity, money(ln.price), money(ln.cents)],
    )
    found = check(tmp_path, text)
    table = frame(text)
    same(found, (table["Qty"] * table["Price"]).groupby(table["Order"]).sum())


def test_columns_without_names_are_told_by_arithmetic(tmp_path):
    header = ["c1", "c2", "c3", "c4", "c5", "c6", "c7"]
    rows = [
        [money(ln.price), *head(ln.order), money(ln.cents), ln.quantity, ln.product] for ln in LINES
    ]
    text = base_log.written(header, rows)
    found = check(tmp_path, text)
    table = pd.read_csv(io.StringIO(text), dtype={"c2": str})
    same(found, (table["c1"] * table["c6"]).groupby(table["c2"]).sum())
    assert found.report["mapping"] == {
        "customer_id": "c3",
        "ordered_at": "c4",
        "revenue": "c5",
        "order_id": "c2",
        "items": "c6",
    }


# -- the user's word -----------------------------------------------------------------------------------


def test_the_user_says_what_an_amount_is_for(tmp_path):
    text = by_line(["SKU", "Qty", "Amount"], lambda ln: [ln.product, ln.quantity, money(ln.price)])
    table = frame(text)
    line = table.groupby("Order")["Amount"].sum()
    unit = (table["Amount"] * table["Qty"]).groupby(table["Order"]).sum()
    order = table.groupby("Order")["Amount"].first()
    for grain, expected in (("line", line), ("unit", unit), ("order", order)):
        found = check(tmp_path, text, amount=grain)
        same(found, expected)
        assert found.report["grain"] == grain
        assert not {"unit_price", "order_total"} & decisions(found).keys()


def test_a_price_is_the_lines_where_the_user_says_so(tmp_path):
    text = by_line(
        ["SKU", "Qty", "Unit price"], lambda ln: [ln.product, ln.quantity, money(ln.price)]
    )
    found = check(tmp_path, text, amount="line")
    same(found, frame(text).groupby("Order")["Unit price"].sum())


# -- discounts -----------------------------------------------------------------------------------------

RATES = {ln.product: (0, 5, 10, 25)[i % 4] for i, ln in enumerate(LINES)}


@pytest.mark.parametrize(
    ("name", "cell", "rate"),
    [
        ("Discount", lambda p: f"{RATES[p] / 100:g}", 1),
        ("Discount %", lambda p: f"{RATES[p]}", 0.01),
        ("Rabatt", lambda p: f"{RATES[p]}%", 0.01),
        ("Remise", lambda p: f"{RATES[p]} %", 0.01),
    ],
)
def test_a_rate_of_discount_is_taken_off(tmp_path, name, cell, rate):
    text = by_line(
        ["SKU", "Qty", "Unit price", name],
        lambda ln: [ln.product, ln.quantity, money(ln.price), cell(ln.product)],
    )
    found = check(tmp_path, text)
    table = frame(text)
    off = table[name].astype(str).str.rstrip("% ").astype(float) * rate
    worth = table["Qty"] * table["Unit price"] * (1 - off)
    same(found, worth.groupby(table["Order"]).sum())
    told = decisions(found)["discount"]
    assert told["sentence"] == f"“{name}” is a share of the price, and is taken off the value."
    assert told["switches"][0]["options"] == ["--map", "discount="]


def test_a_discount_in_money_is_taken_off_the_line(tmp_path):
    text = by_line(
        ["SKU", "Qty", "Unit price", "Discount amount"],
        lambda ln: [ln.product, ln.quantity, money(ln.price), money(ln.cents // 7)],
    )
    found = check(tmp_path, text)
    table = frame(text)
    worth = table["Qty"] * table["Unit price"] - table["Discount amount"]
    same(found, worth.groupby(table["Order"]).sum())


def test_a_discount_that_is_off_already_stays_off(tmp_path):
    text = by_line(
        ["SKU", "Qty", "Unit price", "Discount", "Line total"],
        lambda ln: [
            *(ln.product, ln.quantity, money(ln.price), money(ln.cents // 7)),
            money(ln.cents - ln.cents // 7),
        ],
    )
    found = check(tmp_path, text)
    same(found, frame(text).groupby("Order")["Line total"].sum())
    assert "discount" not in decisions(found)


def test_a_line_total_before_the_discount(tmp_path):
    text = by_line(
        ["SKU", "Qty", "Unit price", "Discount", "Line total"],
        lambda ln: [
            *(ln.product, ln.quantity, money(ln.price), money(ln.cents // 7)),
            money(ln.cents),
        ],
    )
    found = check(tmp_path, text)
    table = frame(text)
    same(found, (table["Line total"] - table["Discount"]).groupby(table["Order"]).sum())
    kept = check(tmp_path, text, mapping={"discount": ""})
    same(kept, table.groupby("Order")["Line total"].sum())


# -- tax, shipping and tips ----------------------------------------------------------------------------


def parts(cents):
    """Net, tax, shipping and total of an order."""
    net, tax, shipping = cents, cents // 5, 490
    return [money(net), money(tax), money(shipping), money(net + tax + shipping)]


def test_what_a_total_includes_is_said(tmp_path):
    text = base_log.written(
        [*HEAD, "Subtotal", "Tax", "Shipping", "Total"],
        [[*head(o), *parts(o.cents)] for o in LOG],
    )
    found = check(tmp_path, text)
    table = frame(text).set_index("Order")
    same(found, table["Subtotal"] + table["Tax"] + table["Shipping"])
    told = decisions(found)["value_includes"]
    assert told["sentence"] == "“Total” includes “Tax” and “Shipping”."
    assert told["switches"] == [
        {"label": "Count “Subtotal” instead", "options": ["--map", "revenue=Subtotal"]}
    ]
    other = check(tmp_path, text, mapping={"revenue": "Subtotal"})
    same(other, table["Subtotal"])


def test_what_a_total_leaves_out_is_said(tmp_path):
    rows = [
        [*head(o), money(o.cents), money(o.cents // 5), money(300), money(o.cents * 6 // 5)]
        for o in LOG
    ]
    rows = [
        [*r[:3], r[3], r[4], money(300 + i), f"{float(r[3]) + float(r[4]):.2f}"]
        for i, r in enumerate(rows)
    ]
    text = base_log.written([*HEAD, "Net", "VAT", "Shipping", "Gross amount"], rows)
    found = check(tmp_path, text)
    table = frame(text).set_index("Order")
    same(found, table["Net"] + table["VAT"])
    told = decisions(found)["value_includes"]
    assert told["sentence"] == "“Gross amount” includes “VAT”, but not “Shipping”."


# -- money paid back -----------------------------------------------------------------------------------


def test_what_was_paid_back_is_taken_off(tmp_path):
    rows = [
        [*head(o), money(o.cents), money((0, 0, 0, o.cents // 3)[i % 4])] for i, o in enumerate(LOG)
    ]
    text = base_log.written([*HEAD, "Total", "Refunded amount"], rows)
    found = check(tmp_path, text)
    table = frame(text).set_index("Order")
    same(found, table["Total"] - table["Refunded amount"])
    assert decisions(found)["refunded"]["switches"][0]["options"] == ["--map", "refunded="]
    kept = check(tmp_path, text, mapping={"refunded": ""})
    same(kept, table["Total"])
