"""Real files, against the same rules written a second time in plain pandas and Python."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict

import pandas as pd
import pytest

from tests.ingest.helpers import check_files, checked
from tests.places import LIFETIMES, RETAIL, SHARED, needs_shared


def reconcile(path):
    """Apply the stated rules to Online Retail line by line.

    Rows without customer go; exact repeats go, the first stays; a cancellation or negative row
    comes off the latest earlier purchase of that customer, product and price with enough pieces
    left; cancellations are served in order of time; what is left at nothing was cancelled in full.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    reasons = defaultdict(int)
    reasons["missing_customer"] = int((table["CustomerID"].str.strip() == "").sum())
    table = table[table["CustomerID"].str.strip() != ""]
    repeated = table.duplicated(keep="first")
    reasons["duplicate"] = int(repeated.sum())
    table = table[~repeated].reset_index(drop=True)
    # Plain lists from here on: a pandas Series takes a hundred times as long to give one element.
    at = pd.to_datetime(table["InvoiceDate"], format="ISO8601").astype("int64").tolist()
    quantity = table["Quantity"].astype(float).tolist()
    price = table["UnitPrice"].astype(float)
    value = [q * p for q, p in zip(quantity, price.tolist(), strict=True)]
    cancel = table["InvoiceNo"].str.upper().str.startswith("C").tolist()
    prices = price.abs().round(4).tolist()
    key = list(zip(table["CustomerID"].tolist(), table["StockCode"].tolist(), prices, strict=True))
    invoice = table["InvoiceNo"].str.strip().tolist()
    customer = table["CustomerID"].str.strip().str.removesuffix(".0").tolist()

    stock = defaultdict(list)
    for i in sorted(range(len(table)), key=lambda i: (at[i], i)):
        if value[i] > 0 and not cancel[i]:
            stock[key[i]].append([at[i], i, quantity[i]])
    revenue, netted = defaultdict(float), defaultdict(bool)
    for i in range(len(table)):
        if not cancel[i] and value[i] >= 0:
            revenue[customer[i], invoice[i]] += value[i]
    taken = 0
    refunds = [i for i in range(len(table)) if cancel[i] or value[i] < 0]
    for i in sorted(refunds, key=lambda i: (at[i], i)):
        wanted = abs(quantity[i]) or 1.0
        for entry in reversed(stock.get(key[i], ())):
            if entry[0] <= at[i] and entry[2] >= wanted:
                entry[2] -= wanted
                bought = customer[entry[1]], invoice[entry[1]]
                revenue[bought] += value[i]
                netted[bought] = True
                taken += 1
                break
        else:
            reasons["cancelled" if cancel[i] else "negative_without_order"] += 1
    gone = {order for order in netted if revenue[order] < 0.005}
    kept = {order: v for order, v in revenue.items() if order not in gone}
    return {
        "reasons": {code: n for code, n in reasons.items() if n},
        "rows_netted": taken,
        "orders_cancelled": len(gone),
        "orders": len(kept),
        "customers": len({c for c, _ in kept}),
        "revenue": sum(kept.values()),
    }, kept


def test_online_retail_reconciles_with_a_second_computation(online_retail):
    run = online_retail
    found = checked(run.report, run.file("orders.parquet"), run.file("rejects.parquet"))
    report = found.report
    assert report["layout"] == "online-retail"
    assert report["rows_total"] == 541_909
    assert report["reasons"]["missing_customer"] == 135_080
    wanted, orders = reconcile(RETAIL)
    assert report["reasons"] == wanted["reasons"]
    for name in ("rows_netted", "orders_cancelled", "orders", "customers"):
        assert report[name] == wanted[name], name
    assert report["revenue"] == pytest.approx(wanted["revenue"], abs=0.01)
    ours = {(c, o): r for c, o, _, r, _ in found.orders}
    assert ours.keys() == orders.keys()
    assert max(abs(ours[o] - orders[o]) for o in orders) < 1e-6
    with gzip.open(RETAIL, "rt", encoding="utf-8") as handle:
        lines = handle.read().split("\n")
    texts = [text for *_, text in found.rejects]
    assert texts == [lines[line - 1] for _, line, *_ in found.rejects]
    customers = [row[6] for row in csv.reader(texts)]
    for (_, line, code, *_), customer in zip(found.rejects, customers, strict=True):
        assert (customer == "") == (code == "missing_customer"), line


def test_cdnow_master():
    found = check_files(LIFETIMES / "CDNOW_master.txt")
    report = found.report
    assert (report["layout"], report["delimiter"]) == ("cdnow", "spaces")
    assert (report["rows_total"], report["rows_rejected"]) == (69_659, 0)
    assert (report["orders"], report["customers"]) == (69_659, 23_570)
    assert (report["first_order"], report["last_order"]) == ("1997-01-01", "1998-06-30")
    assert report["noted"] == {"duplicate": 255, "zero_value": 80}
    assert report["revenue"] == pytest.approx(2_500_315.63, abs=0.001)


@needs_shared
def test_the_headerless_order_lines():
    found = check_files(SHARED / "lesara" / "orders_sample.csv")
    assert found.report["layout"] == "order-lines"
    assert found.report["rows_total"] == 20
    (order,) = found.orders
    assert order == (
        *("d951a5c5ceef8610d13534f41f7e083d", "4662857"),
        *("2017-09-02 00:00:00", 198.99, 21),
    )


@needs_shared
def test_the_apparel_log():
    found = check_files(SHARED / "apparel" / "apparelTrans.csv")
    report = found.report
    assert report["mapping"] == {"customer_id": "Id", "ordered_at": "Date", "revenue": "Price"}
    assert (report["rows_total"], report["orders"], report["customers"]) == (3187, 3187, 600)
    table = pd.read_csv(SHARED / "apparel" / "apparelTrans.csv")
    assert report["revenue"] == pytest.approx(table["Price"].sum())
    assert report["noted"]["zero_value"] == (table["Price"] == 0).sum()
