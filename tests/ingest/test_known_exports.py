"""A few rows of every known export, as the tool writes them."""

from __future__ import annotations

import pytest

from clv.ingest import LAYOUTS
from tests.ingest.helpers import check

#: Layout → its header, three rows (a sale, a line or a second sale, and one that is none), and the orders.
EXPORTS = {
    "shopify-transactions": (
        "Order,Customer ID,Created At,Kind,Gateway,Status,Amount,Currency",
        "#1,71,2022-01-05 10:00:00 +0100,authorization,stripe,success,20.00,EUR",
        "#1,71,2022-01-05 10:01:00 +0100,capture,stripe,success,20.00,EUR",
        "#1,71,2022-01-06 10:00:00 +0100,refund,stripe,success,5.00,EUR",
        [("71", "#1", "2022-01-05 10:01:00", 15.0)],
    ),
    "stripe": (
        "id,Created (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer ID,Customer Email",
        "ch_1,2022-01-05 10:00:00,20.00,0.00,eur,TRUE,Paid,cus_1,a@x.de",
        "ch_2,2022-01-06 10:00:00,30.00,4.50,eur,TRUE,Paid,cus_2,b@x.de",
        "ch_3,2022-01-07 10:00:00,40.00,0.00,eur,FALSE,Failed,cus_2,b@x.de",
        [
            ("cus_1", "ch_1", "2022-01-05 10:00:00", 20.0),
            ("cus_2", "ch_2", "2022-01-06 10:00:00", 25.5),
        ],
    ),
    "paypal": (
        "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,Transaction ID",
        "2022-01-05,10:00:00,CET,Ann,Express Checkout Payment,Completed,EUR,20.00,-0.90,19.10,a@x.de,T1",
        "2022-01-06,11:30:00,CET,Bo,Website Payment,Completed,EUR,30.00,-1.20,28.80,b@x.de,T2",
        "2022-01-07,12:00:00,CET,,General Withdrawal,Completed,EUR,-47.90,0.00,-47.90,shop@x.de,T3",
        [
            ("a@x.de", "T1", "2022-01-05 10:00:00", 20.0),
            ("b@x.de", "T2", "2022-01-06 11:30:00", 30.0),
        ],
    ),
    "square": (
        "Date,Time,Gross Sales,Net Sales,Tax,Total Collected,Event Type,Transaction ID,Customer ID",
        "2022-01-05,10:00:00,20.00,20.00,2.00,22.00,Payment,S1,C1",
        "2022-01-06,11:00:00,30.00,30.00,3.00,33.00,Payment,S2,C2",
        "2022-01-07,12:00:00,-30.00,-30.00,-3.00,-33.00,Refund,S2,C2",
        [("C1", "S1", "2022-01-05 10:00:00", 22.0)],
    ),
    "etsy": (
        "Sale Date,Order ID,Buyer User ID,Number of Items,Currency,Order Value,Shipping,Order Total,Status",
        "01/25/22,801,anna7,1,EUR,18.00,2.00,20.00,Completed",
        "01/26/22,802,bo,3,EUR,28.00,2.00,30.00,Completed",
        "01/27/22,803,bo,1,EUR,38.00,2.00,40.00,Canceled",
        [("anna7", "801", "2022-01-25 00:00:00", 20.0), ("bo", "802", "2022-01-26 00:00:00", 30.0)],
    ),
    "etsy-items": (
        "Sale Date,Item Name,Buyer,Quantity,Price,Item Total,Currency,Transaction ID,Order ID",
        "01/25/22,Mug,anna7,2,5.00,10.00,EUR,91,801",
        "01/25/22,Cup,anna7,1,7.00,7.00,EUR,92,801",
        "01/26/22,Mug,bo,1,5.00,5.00,EUR,93,802",
        [("anna7", "801", "2022-01-25 00:00:00", 17.0), ("bo", "802", "2022-01-26 00:00:00", 5.0)],
    ),
    "amazon": (
        "amazon-order-id,order-item-id,purchase-date,buyer-email,order-status,quantity,currency,item-price",
        "111-1,1,2022-01-05T10:00:00+00:00,a@m.example,Shipped,2,EUR,10.00",
        "111-1,2,2022-01-05T10:00:00+00:00,a@m.example,Shipped,1,EUR,7.00",
        "111-2,3,2022-01-06T10:00:00+00:00,b@m.example,Cancelled,1,EUR,5.00",
        [("a@m.example", "111-1", "2022-01-05 10:00:00", 17.0)],
    ),
    "ebay": (
        "Sales Record Number,Order Number,Buyer Username,Item Title,Quantity,Sold For,Total Price,Sale Date",
        "1,01-1,anna7,Mug,1,$18.00,$20.00,Jan-05-22",
        "2,01-2,bo,Mug,1,$28.00,$30.00,Jan-06-22",
        "3,01-3,anna7,Cup,1,$38.00,$40.00,Jan-07-22",
        [
            ("anna7", "01-1", "2022-01-05 00:00:00", 20.0),
            ("anna7", "01-3", "2022-01-07 00:00:00", 40.0),
            ("bo", "01-2", "2022-01-06 00:00:00", 30.0),
        ],
    ),
    "magento": (
        "ID,Purchase Date,Bill-to Name,Customer Email,Grand Total (Base),Grand Total (Purchased),Status",
        '000001,"Jan 5, 2022 10:00:00 AM",Ann,a@x.de,€20.00,€20.00,Complete',
        '000002,"Jan 6, 2022 1:30:00 PM",Bo,b@x.de,€30.00,€30.00,Processing',
        '000003,"Jan 7, 2022 1:30:00 PM",Bo,b@x.de,€40.00,€40.00,Closed',
        [
            ("a@x.de", "000001", "2022-01-05 10:00:00", 20.0),
            ("b@x.de", "000002", "2022-01-06 13:30:00", 30.0),
        ],
    ),
    "bigcommerce": (
        "Order ID,Customer ID,Customer Email,Order Date,Order Time,Order Status,Order Total (inc tax)",
        "101,5,a@x.de,2022-01-05,10:00:00,Completed,20.00",
        "102,6,b@x.de,2022-01-06,11:00:00,Awaiting Fulfillment,30.00",
        "103,6,b@x.de,2022-01-07,12:00:00,Incomplete,40.00",
        [("5", "101", "2022-01-05 10:00:00", 20.0), ("6", "102", "2022-01-06 11:00:00", 30.0)],
    ),
    "squarespace": (
        "Order ID,Email,Financial Status,Created at,Subtotal,Taxes,Amount Refunded,Total,Lineitem quantity",
        "00001,a@x.de,PAID,2022-01-05 10:00:00 -0500,18.00,2.00,0.00,20.00,1",
        "00001,,,,,,,,2",
        "00002,b@x.de,PAID,2022-01-06 23:00:00 -0500,28.00,2.00,5.00,30.00,1",
        [
            ("a@x.de", "00001", "2022-01-05 10:00:00", 20.0),
            ("b@x.de", "00002", "2022-01-06 23:00:00", 25.0),
        ],
    ),
    "wix": (
        "Order number,Date created,Time,Contact email,Total,Payment status,Fulfillment status,Currency",
        "10001,2022-01-05,10:00,a@x.de,20.00,Paid,Fulfilled,EUR",
        "10002,2022-01-06,11:00,b@x.de,30.00,Unpaid,Fulfilled,EUR",
        "10003,2022-01-07,12:00,b@x.de,40.00,Unpaid,Unfulfilled,EUR",
        [
            ("a@x.de", "10001", "2022-01-05 10:00:00", 20.0),
            ("b@x.de", "10002", "2022-01-06 11:00:00", 30.0),
        ],
    ),
    "prestashop": (
        "ID,Reference,New client,Delivery,Customer,Total,Payment,Status,Date",
        "1,QWERTYUIO,Yes,France,A. Lee,€20.00,Card,Payment accepted,2022-01-05 10:00:00",
        "2,ASDFGHJKL,No,France,A. Lee,€30.00,Card,Delivered,2022-01-06 10:00:00",
        "3,ZXCVBNMQW,No,France,B. Ray,€40.00,Card,Payment error,2022-01-07 10:00:00",
        [
            ("A. Lee", "ASDFGHJKL", "2022-01-06 10:00:00", 30.0),
            ("A. Lee", "QWERTYUIO", "2022-01-05 10:00:00", 20.0),
        ],
    ),
    "odoo": (
        "Order Reference,Creation Date,Customer,Salesperson,Total,Status",
        "S00001,2022-01-05 10:00:00,Azure Interior,Mitchell Admin,20.00,Sales Order",
        "S00002,2022-01-06 10:00:00,Deco Addict,Mitchell Admin,30.00,Sales Order",
        "S00003,2022-01-07 10:00:00,Deco Addict,Mitchell Admin,40.00,Quotation",
        [
            ("Azure Interior", "S00001", "2022-01-05 10:00:00", 20.0),
            ("Deco Addict", "S00002", "2022-01-06 10:00:00", 30.0),
        ],
    ),
    "salesforce": (
        "Opportunity ID,Account Name,Close Date,Stage,Amount",
        "006A,Acme,2022-01-05,Closed Won,20.00",
        "006B,Acme,2022-01-06,Closed Lost,30.00",
        "006C,Globex,2022-01-07,Closed Won,40.00",
        [
            ("Acme", "006A", "2022-01-05 00:00:00", 20.0),
            ("Globex", "006C", "2022-01-07 00:00:00", 40.0),
        ],
    ),
    "hubspot": (
        "Record ID,Deal Name,Deal Stage,Close Date,Amount,Associated Contact",
        "1,First,Closed Won,2022-01-05 10:00,20.00,Ann (ann@x.com)",
        "2,Second,Closed Lost,2022-01-06 10:00,30.00,Ann (ann@x.com)",
        "3,Third,Closed Won,2022-01-07 10:00,40.00,Bob (bob@x.com)",
        [
            ("Ann (ann@x.com)", "1", "2022-01-05 10:00:00", 20.0),
            ("Bob (bob@x.com)", "3", "2022-01-07 10:00:00", 40.0),
        ],
    ),
    "gumroad": (
        "Purchase ID,Item Name,Purchase Email,Purchase Date,Sale Price ($),Fees ($),Refunded?",
        "p1,Course,ann@x.com,2022-01-05,20.00,1.00,0",
        "p2,Course,bob@x.com,2022-01-06,30.00,1.00,1",
        "p3,Book,bob@x.com,2022-01-07,40.00,1.00,0",
        [
            ("ann@x.com", "p1", "2022-01-05 00:00:00", 20.0),
            ("bob@x.com", "p3", "2022-01-07 00:00:00", 40.0),
        ],
    ),
    "xero": (
        "ContactName,InvoiceNumber,InvoiceDate,Total,Quantity,UnitAmount,LineAmount,Type,Status",
        "Bay Club,INV-1,2022-01-05,17.00,2,5.00,10.00,Sales invoice,Paid",
        "Bay Club,INV-1,2022-01-05,17.00,1,7.00,7.00,Sales invoice,Paid",
        "City Ltd,INV-2,2022-01-06,30.00,1,30.00,30.00,Sales invoice,Voided",
        [("Bay Club", "INV-1", "2022-01-05 00:00:00", 17.0)],
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_a_known_export(tmp_path, name):
    *rows, orders = EXPORTS[name]
    found = check(tmp_path, "\n".join([*rows, ""]))
    assert found.report["layout"] == name
    assert [o[:4] for o in found.orders] == orders


def test_every_known_export_is_tried():
    elsewhere = {"shopify", "woocommerce", "online-retail", "order-lines", "transactions", "cdnow"}
    assert LAYOUTS.keys() - elsewhere == EXPORTS.keys()
