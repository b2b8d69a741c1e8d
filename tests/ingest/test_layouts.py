"""Each known export, with and without header, and columns found by their names' meaning."""

from __future__ import annotations

import pytest

from clv.core.errors import LayoutError
from tests.ingest.helpers import check

LINES = "customer_id,order_id,order_item_id,num_items,revenue,created_at_date\n"
LINES_BODY = (
    "ab1,10,100,1,5.50,2017-01-01\nab1,10,101,2,7.25,2017-01-01\ncd2,11,102,1,3.00,2017-01-02\n"
)
LINES_ORDERS = [
    ("ab1", "10", "2017-01-01 00:00:00", 12.75, 3),
    ("cd2", "11", "2017-01-02 00:00:00", 3.0, 1),
]
LOG = "CustomerID,Timestamp,PurchaseValue\n"
LOG_BODY = "c7,2017-01-01T10:30:00Z,5.50\nc8,2017-01-02T00:00:00Z,7\n"
LOG_MONEY = [("c7", "2017-01-01 10:30:00", 5.5), ("c8", "2017-01-02 00:00:00", 7.0)]
UCI_BODY = (
    "536365,85123A,WHITE LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
    "536365,71053,METAL LANTERN,2,2010-12-01 08:26:00,3.39,17850,United Kingdom\n"
    "C536379,85123A,WHITE LANTERN,-2,2010-12-02 09:41:00,2.55,17850,United Kingdom\n"
)
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Refunded Amount,Id\n"
)
WOO = "order_id,order_date,order_status,customer_id,billing_email,order_total,order_currency\n"


def first_line(
    name, email="a@x.de", status="paid", total="20.00", created="2017-01-05 23:30:00 +0100", **more
):
    """One order's first line as Shopify writes it."""
    cells = {"quantity": "1", "cancelled": "", "refunded": "0.00", "currency": "EUR"} | more
    return (
        f"{name},{email},{status},2017-01-05 23:31:00 +0100,{cells['currency']},{total},0.00,0.00,"
        f"{total},{created},{cells['quantity']},Thing,{total},{cells['cancelled']},"
        f"{cells['refunded']},99\n"
    )


def further_line(name, email="a@x.de", quantity="2"):
    return f"{name},{email},,,,,,,,2017-01-05 23:30:00 +0100,{quantity},Other,5.00,,,\n"


@pytest.mark.parametrize("customer", ["customer_id", "client_id", "Client ID", "CustomerID"])
def test_order_lines_are_summed_per_order(tmp_path, customer):
    found = check(tmp_path, LINES.replace("customer_id", customer) + LINES_BODY)
    assert found.report["layout"] == "order-lines"
    assert found.orders == LINES_ORDERS
    assert found.rejects == []


def test_order_lines_without_header(tmp_path):
    found = check(tmp_path, LINES_BODY)
    assert found.report["layout"] == "order-lines"
    assert found.report["files"][0]["header"] is False
    assert found.orders == LINES_ORDERS
    assert found.report["rows_total"] == 3


def test_order_lines_take_columns_in_any_order(tmp_path):
    rows = [line.split(",")[::-1] for line in (LINES + LINES_BODY).splitlines()]
    found = check(tmp_path, "".join(",".join(row) + "\n" for row in rows))
    assert found.report["layout"] == "order-lines"
    assert found.orders == LINES_ORDERS


def test_transactions(tmp_path):
    found = check(tmp_path, LOG + LOG_BODY)
    assert found.report["layout"] == "transactions"
    assert found.money == LOG_MONEY
    assert [o[1] for o in found.orders] == ["c7@2017-01-01 10:30:00", "c8@2017-01-02 00:00:00"]


def test_transactions_without_header(tmp_path):
    found = check(tmp_path, LOG_BODY)
    assert found.report["layout"] == "transactions"
    assert found.money == LOG_MONEY


def test_transactions_without_header_in_another_order_of_columns(tmp_path):
    found = check(tmp_path, "2017-01-01,c7,5.50\n2017-01-02,c8,7.25\n")
    assert found.money == [
        ("c7", "2017-01-01 00:00:00", 5.5),
        ("c8", "2017-01-02 00:00:00", 7.25),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n",
    ],
)
def test_online_retail_in_both_editions(tmp_path, header):
    found = check(tmp_path, header + UCI_BODY)
    assert found.report["layout"] == "online-retail"
    assert found.orders == [("17850", "536365", "2010-12-01 08:26:00", 16.98, 6)]
    assert found.report["rows_netted"] == 1


def test_a_customer_number_that_excel_made_a_decimal_is_the_number(tmp_path):
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    found = check(tmp_path, header + "489434,85048,X,12,12/13/2009 7:45,6.95,13085.0,UK\n")
    assert found.orders == [("13085", "489434", "2009-12-13 07:45:00", 83.4, 12)]


@pytest.mark.parametrize("header", ["customer_id date number_of_cds dollar_value\r\n", ""])
def test_cdnow_text(tmp_path, header):
    body = " 00001 19970101  1   11.77\r\n 00002 19970112  12  77.00\r\n"
    found = check(tmp_path, header + body, name="log.txt")
    assert (found.report["layout"], found.report["delimiter"]) == ("cdnow", "spaces")
    assert found.orders == [
        ("00001", "00001@1997-01-01 00:00:00", "1997-01-01 00:00:00", 11.77, 1),
        ("00002", "00002@1997-01-12 00:00:00", "1997-01-12 00:00:00", 77.0, 12),
    ]


def test_shopify_counts_the_total_of_an_order_over_several_lines_once(tmp_path):
    found = check(
        tmp_path,
        SHOPIFY + first_line("#1") + further_line("#1") + first_line("#2", "b@x.de", total="9.00"),
    )
    assert found.report["layout"] == "shopify"
    assert found.report["currency"] == "EUR"
    assert found.orders == [
        ("a@x.de", "#1", "2017-01-05 23:30:00", 20.0, 3),
        ("b@x.de", "#2", "2017-01-05 23:30:00", 9.0, 1),
    ]
    assert found.report["rows_accepted"] == 3


def test_shopify_further_lines_may_lack_the_customer_and_the_date(tmp_path):
    further = "#1,,,,,,,,,,2,Other,5.00,,,\n"
    found = check(tmp_path, SHOPIFY + first_line("#1") + further)
    assert found.orders == [("a@x.de", "#1", "2017-01-05 23:30:00", 20.0, 3)]
    assert found.rejects == []


def test_shopify_unpaid_cancelled_and_refunded_orders_are_rejected_with_all_their_lines(tmp_path):
    found = check(
        tmp_path,
        SHOPIFY
        + first_line("#1")
        + first_line("#2", status="pending")
        + further_line("#2")
        + first_line("#3", status="refunded", refunded="20.00")
        + further_line("#3")
        + first_line("#4", status="voided", cancelled="2017-01-06 09:00:00 +0100")
        + first_line("#5", status="authorized")
        + first_line("#6", status="paid", cancelled="2017-01-06 09:00:00 +0100")
        + further_line("#6"),
    )
    assert found.codes == [
        (3, "unpaid"),
        (4, "unpaid"),
        (5, "refunded"),
        (6, "refunded"),
        (7, "cancelled"),
        (8, "unpaid"),
        (9, "cancelled"),
        (10, "cancelled"),
    ]
    assert [o[1] for o in found.orders] == ["#1"]


def test_shopify_partial_refund_is_taken_off_the_total(tmp_path):
    order = first_line("#1", status="partially_refunded", refunded="7.50") + further_line("#1")
    found = check(tmp_path, SHOPIFY + order)
    assert found.orders == [("a@x.de", "#1", "2017-01-05 23:30:00", 12.5, 3)]


@pytest.mark.parametrize("refunded", ["20.00", "25.00"])
def test_shopify_order_whose_refund_reaches_its_total_is_refunded(tmp_path, refunded):
    orders = first_line("#1") + first_line("#2", status="paid", refunded=refunded)
    found = check(tmp_path, SHOPIFY + orders)
    assert found.codes == [(3, "refunded")]
    assert [o[1] for o in found.orders] == ["#1"]


def test_shopify_order_given_away_is_a_zero_value_and_kept(tmp_path):
    found = check(tmp_path, SHOPIFY + first_line("#1") + first_line("#2", total="0.00"))
    assert found.report["noted"] == {"zero_value": 1}
    assert [(o[1], o[3]) for o in found.orders] == [("#1", 20.0), ("#2", 0.0)]


def test_shopify_order_without_customer_is_rejected_with_all_its_lines(tmp_path):
    found = check(
        tmp_path, SHOPIFY + first_line("#1") + first_line("#2", "") + further_line("#2", "")
    )
    assert found.codes == [(3, "missing_customer"), (4, "missing_customer")]


def test_shopify_order_with_an_unreadable_total_is_rejected_with_all_its_lines(tmp_path):
    found = check(
        tmp_path, SHOPIFY + first_line("#1") + first_line("#2", total="x") + further_line("#2")
    )
    assert found.codes == [(3, "unreadable_number"), (4, "unreadable_number")]


def test_orders_in_another_currency_than_most_are_set_aside(tmp_path):
    orders = first_line("#1") + first_line("#2") + first_line("#3", currency="USD")
    found = check(tmp_path, SHOPIFY + orders)
    assert found.codes == [(4, "other_currency")]
    assert "USD" in found.rejects[0][3]


def test_woocommerce_guests_are_told_apart_by_their_address(tmp_path):
    found = check(
        tmp_path,
        WOO
        + "1,2017-01-01 10:00:00,completed,7,a@x.de,10.00,EUR\n"
        + "2,2017-01-02 10:00:00,wc-processing,0,b@x.de,11.00,EUR\n"
        + "3,2017-01-03 10:00:00,completed,0,c@x.de,12.00,EUR\n"
        + "4,2017-01-04 10:00:00,completed,0,b@x.de,13.00,EUR\n"
        + "5,2017-01-05 10:00:00,completed,,d@x.de,14.00,EUR\n"
        + "6,2017-01-06 10:00:00,completed,0,,15.00,EUR\n",
    )
    assert found.report["layout"] == "woocommerce"
    assert [(o[0], o[1], o[3]) for o in found.orders] == [
        ("7", "1", 10.0),
        ("b@x.de", "2", 11.0),
        ("b@x.de", "4", 13.0),
        ("c@x.de", "3", 12.0),
        ("d@x.de", "5", 14.0),
    ]
    assert found.codes == [(7, "missing_customer")]


def test_woocommerce_states(tmp_path):
    states = {
        "completed": None,
        "processing": None,
        "wc-completed": None,
        "cancelled": "cancelled",
        "failed": "cancelled",
        "trash": "cancelled",
        "wc-cancelled": "cancelled",
        "refunded": "refunded",
        "wc-refunded": "refunded",
        "on-hold": "unpaid",
        "wc-on-hold": "unpaid",
        "pending": "unpaid",
        "Pending payment": "unpaid",
        "checkout-draft": "unpaid",
    }
    rows = [f"{i},2017-01-01,{s},7,a@x.de,{i}.00,EUR\n" for i, s in enumerate(states, start=1)]
    found = check(tmp_path, WOO + "".join(rows))
    wanted = [(i + 1, code) for i, code in enumerate(states.values(), start=1) if code]
    assert found.codes == wanted
    assert [o[1] for o in found.orders] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "header",
    [
        "Email,order date,total",
        "E-Mail,Order Date,Total",
        "Kundennr,Bestelldatum,Umsatz",
        "Kunden-Nr.,Datum,Betrag",
        "KUNDENNUMMER,Auftragsdatum,Gesamtbetrag",
        "Customer Email,Processed At,Total Price",
        "customer_unique_id,order_purchase_timestamp,payment_value",
        "user_id,purchase_date,Amount",
        "Client,Date,Montant",
        "Cliente,Fecha,Importe",
        "Id,Date,Price",
    ],
)
def test_columns_are_found_by_what_their_names_mean(tmp_path, header):
    found = check(tmp_path, header + "\nq,2017-01-01,5.5\nr,2017-01-02,6.5\n")
    customer, day, value = header.split(",")
    assert found.report["layout"] == "mapped"
    assert found.report["mapping"] == {
        "customer_id": customer,
        "ordered_at": day,
        "revenue": value,
    }
    assert found.money == [("q", "2017-01-01 00:00:00", 5.5), ("r", "2017-01-02 00:00:00", 6.5)]


def test_a_file_without_a_value_column_gives_orders_without_revenue(tmp_path):
    found = check(tmp_path, "customer,date\nq,2017-01-01\n")
    assert found.orders == [("q", "q@2017-01-01 00:00:00", "2017-01-01 00:00:00", None, None)]
    assert found.report["has_revenue"] is False
    assert any("No column of values" in m for m in found.report["messages"])


def test_quantity_times_unit_price_is_the_value_where_none_is_given(tmp_path):
    found = check(
        tmp_path,
        "customer,order no,date,quantity,unit price\nq,1,2017-01-01,2,5.5\nq,1,2017-01-01,1,2\n",
    )
    assert found.orders == [("q", "1", "2017-01-01 00:00:00", 13.0, 3)]


def test_a_mapping_names_the_columns_whatever_their_case(tmp_path):
    text = "Wer;Wann;Wie viel\nq;2017-01-01;5.5\n"
    mapping = {"customer_id": "wer", "ordered_at": "WANN", "revenue": "Wie viel"}
    found = check(tmp_path, text, mapping=mapping)
    assert found.money == [("q", "2017-01-01 00:00:00", 5.5)]


def test_a_mapping_reaches_columns_of_a_file_without_header_by_number(tmp_path):
    mapping = {"customer_id": "column_4", "ordered_at": "column_1", "revenue": "column_2"}
    found = check(tmp_path, "2017-01-01,5,x,q\n2017-01-02,6,y,r\n", mapping=mapping)
    assert found.money == [("q", "2017-01-01 00:00:00", 5.0), ("r", "2017-01-02 00:00:00", 6.0)]


def test_one_column_cannot_be_two_things(tmp_path):
    mapping = {"customer_id": "a", "ordered_at": "a"}
    with pytest.raises(LayoutError, match="a"):
        check(tmp_path, "a,b\n2017-01-01,5\n", mapping=mapping)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mapping": {"customer_id": "Custmer"}}, 'Did you mean "CustomerID"?'),
        ({"mapping": {"custmer_id": "CustomerID"}}, 'Did you mean "customer_id"?'),
        ({"layout": "transaction"}, 'Did you mean "transactions"?'),
    ],
)
def test_a_misspelt_name_is_answered_with_the_closest_one(tmp_path, options, message):
    with pytest.raises(LayoutError) as caught:
        check(tmp_path, LOG + LOG_BODY, **options)
    assert message in str(caught.value)


def test_a_forced_layout_that_does_not_fit_says_what_is_missing(tmp_path):
    with pytest.raises(LayoutError) as caught:
        check(tmp_path, LOG + LOG_BODY, layout="cdnow")
    assert caught.value.missing == ("ordered_at", "revenue", "items")
    assert "CustomerID, Timestamp, PurchaseValue" in caught.value.hint


@pytest.mark.parametrize(
    ("header", "row", "missing"),
    [
        ("foo,date,total", "q,2017-01-01,5", "customer_id"),
        ("customer,when exactly,total", "q,last week,5", "ordered_at"),
    ],
)
def test_a_missing_column_is_named_with_the_option_that_helps(tmp_path, header, row, missing):
    with pytest.raises(LayoutError) as caught:
        check(tmp_path, f"{header}\n{row}\n")
    assert caught.value.missing == (missing,)
    assert f"--map {missing}=COLUMN" in caught.value.option
    for column in header.split(","):
        assert column in caught.value.hint


def test_a_date_is_found_by_what_its_column_holds(tmp_path):
    found = check(tmp_path, "customer,when exactly,total\nq,2017-01-01,5\n")
    assert found.report["mapping"]["ordered_at"] == "when exactly"
