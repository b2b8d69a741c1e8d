"""Refunds and cancellations come off the order they belong to, or are rejected with that reason."""

from __future__ import annotations

import pytest

from tests.ingest.helpers import check

LINES = "customer_id,order_id,order_item_id,num_items,revenue,created_at_date\n"
OTHER = "9,99,999,1,1.00,2017-01-01\n"
OTHER_ORDER = ("9", "99", "2017-01-01 00:00:00", 1.0, 1)
UCI = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LOG = "CustomerID,Timestamp,PurchaseValue\n"


def test_a_returned_line_comes_off_its_own_order_whose_date_stays(tmp_path):
    rows = "1,10,100,1,5.50,2017-01-01\n1,10,101,2,7.00,2017-01-01\n1,10,102,-2,-7.00,2017-01-09\n"
    found = check(tmp_path, LINES + rows)
    assert found.orders == [("1", "10", "2017-01-01 00:00:00", 5.5, 1)]
    assert found.report["rows_netted"] == 1
    assert found.report["orders_cancelled"] == 0
    assert found.rejects == []


def test_an_order_returned_in_full_is_no_order_any_more(tmp_path):
    found = check(tmp_path, LINES + OTHER + "1,10,100,1,5,2017-01-01\n1,10,101,-1,-5,2017-01-05\n")
    assert found.orders == [OTHER_ORDER]
    assert found.report["orders_cancelled"] == 1
    assert found.report["rows_accepted"] == 3
    assert any("cancelled in full" in message for message in found.report["messages"])


def test_an_order_of_another_customer_with_the_same_number_is_left_alone(tmp_path):
    found = check(tmp_path, LINES + OTHER + "1,99,100,-1,-1.00,2017-01-05\n")
    assert found.codes == [(3, "negative_without_order")]
    assert found.orders == [OTHER_ORDER]


def test_a_refund_above_its_order_is_rejected(tmp_path):
    found = check(tmp_path, LINES + OTHER + "1,10,100,1,5,2017-01-01\n1,10,101,-1,-8,2017-01-05\n")
    assert found.texts == [(4, "negative_without_order", "1,10,101,-1,-8,2017-01-05")]
    assert found.orders == [("1", "10", "2017-01-01 00:00:00", 5.0, 1), OTHER_ORDER]


def test_a_negative_line_alone_is_rejected_with_its_value(tmp_path):
    found = check(tmp_path, LINES + OTHER + "1,10,100,-1,-5.25,2017-01-01\n")
    assert found.texts == [(3, "negative_without_order", "1,10,100,-1,-5.25,2017-01-01")]
    assert "-5.25" in found.rejects[0][3]


def test_a_cancelled_invoice_comes_off_the_same_product_at_the_same_price(tmp_path):
    rows = (
        "1,A,x,6,2010-12-01 08:00,2.50,7,UK\n"
        "1,B,y,1,2010-12-01 08:00,9.00,7,UK\n"
        "C2,A,x,-4,2010-12-02 08:00,2.50,7,UK\n"
    )
    found = check(tmp_path, UCI + rows)
    assert found.orders == [("7", "1", "2010-12-01 08:00:00", 14.0, 3)]
    assert (found.report["rows_netted"], found.rejects) == (1, [])


def test_a_cancellation_belongs_to_the_latest_purchase_before_it(tmp_path):
    rows = (
        "1,A,x,6,2010-12-01 08:00,2.50,7,UK\n"
        "2,A,x,6,2010-12-02 08:00,2.50,7,UK\n"
        "C3,A,x,-6,2010-12-03 08:00,2.50,7,UK\n"
        "4,A,x,6,2010-12-04 08:00,2.50,7,UK\n"
    )
    found = check(tmp_path, UCI + rows)
    assert [(o[1], o[3]) for o in found.orders] == [("1", 15.0), ("4", 15.0)]
    assert found.report["orders_cancelled"] == 1


def test_a_cancellation_goes_further_back_where_the_latest_purchase_is_too_small(tmp_path):
    rows = (
        "1,A,x,6,2010-12-01 08:00,2.50,7,UK\n"
        "2,A,x,2,2010-12-02 08:00,2.50,7,UK\n"
        "C3,A,x,-5,2010-12-03 08:00,2.50,7,UK\n"
    )
    found = check(tmp_path, UCI + rows)
    assert [(o[1], o[3], o[4]) for o in found.orders] == [("1", 2.5, 1), ("2", 5.0, 2)]


def test_one_purchase_takes_cancellations_until_it_is_used_up(tmp_path):
    rows = "1,A,x,6,2010-12-01 08:00,2.50,7,UK\n" + "".join(
        f"C{n},A,x,-2,2010-12-0{n} 08:00,2.50,7,UK\n" for n in (2, 3, 4, 5)
    )
    found = check(tmp_path, UCI + rows + "9,B,y,1,2010-12-09 08:00,1,7,UK\n")
    assert found.codes == [(6, "cancelled")]
    assert [(o[1], o[3]) for o in found.orders] == [("9", 1.0)]
    assert found.report["rows_netted"] == 3


def test_cancellations_that_match_nothing_are_rejected(tmp_path):
    rows = (
        "1,A,x,6,2010-12-01 08:00,2.50,7,UK\n"
        "C2,A,x,-6,2010-12-02 08:00,2.45,7,UK\n"  # another price
        "C3,B,x,-6,2010-12-02 08:00,2.50,7,UK\n"  # another product
        "C4,A,x,-6,2010-12-02 08:00,2.50,8,UK\n"  # another customer
        "C5,A,x,-6,2010-11-30 08:00,2.50,7,UK\n"  # before the purchase
        "C6,A,x,-7,2010-12-02 08:00,2.50,7,UK\n"  # more than was bought
        "C7,D,Discount,-1,2010-12-02 08:00,27.50,7,UK\n"
        "A8,B,Adjust bad debt,1,2011-08-12 08:00,-5.00,7,UK\n"
    )
    found = check(tmp_path, UCI + rows)
    assert found.codes == [
        *((line, "cancelled") for line in range(3, 9)),
        (9, "negative_without_order"),
    ]
    assert found.orders == [("7", "1", "2010-12-01 08:00:00", 15.0, 6)]


def test_a_cancellation_of_nothing_is_rejected_even_at_price_zero(tmp_path):
    rows = "1,A,x,6,2010-12-01 08:00,2.50,7,UK\nC2,A,x,-1,2010-12-02 08:00,0,7,UK\n"
    assert check(tmp_path, UCI + rows).codes == [(3, "cancelled")]


def test_a_log_nets_a_refund_of_exactly_the_amount(tmp_path):
    rows = "a,2017-01-01,5.00\na,2017-01-02,7.00\na,2017-01-03,-7.00\nb,2017-01-02,7.00\n"
    found = check(tmp_path, LOG + rows)
    assert found.money == [("a", "2017-01-01 00:00:00", 5.0), ("b", "2017-01-02 00:00:00", 7.0)]
    assert (found.report["rows_netted"], found.report["orders_cancelled"]) == (1, 1)
    assert found.rejects == []


def test_a_log_nets_each_purchase_once(tmp_path):
    rows = "a,2017-01-01,5\na,2017-01-02,5\n" + "a,2017-01-03,-5\n" * 3 + "b,2017-01-01,1\n"
    found = check(tmp_path, LOG + rows)
    assert found.money == [("b", "2017-01-01 00:00:00", 1.0)]
    assert found.codes == [(6, "negative_without_order")]
    assert found.report["rows_netted"] == 2


def test_a_log_rejects_other_negative_amounts(tmp_path):
    rows = "a,2017-01-02,5\na,2017-01-03,-3\na,2017-01-01,-5\nb,2017-01-03,-5\n"
    found = check(tmp_path, LOG + rows)
    assert found.money == [("a", "2017-01-02 00:00:00", 5.0)]
    assert found.codes == [(line, "negative_without_order") for line in (3, 4, 5)]


def test_a_refund_with_a_number_of_its_own_comes_off_the_latest_order(tmp_path):
    rows = (
        "1,a,2022-01-01,sale,10,Mug\n1,a,2022-01-01,sale,4,Cap\n2,a,2022-02-01,sale,9,Mug\n"
        "3,a,2022-02-05,refund,-3,REFUND OF CHARGE\n4,a,2022-02-06,refund,-12,REFUND\n"
        "5,b,2022-01-01,sale,7,Mug\n"
    )
    found = check(tmp_path, "order_id,customer_id,date,type,amount,product\n" + rows)
    assert [(o[1], o[3]) for o in found.orders] == [("1", 2.0), ("2", 6.0), ("5", 7.0)]
    (part,) = [d for d in found.report["decisions"] if d["code"] == "refund_in_part"]
    assert (part["rows"], part["money"]) == (2, 15.0)


def test_a_refund_belongs_to_no_later_purchase_of_the_same_day(tmp_path):
    rows = "a,2017-01-02T19:30:00Z,5\na,2017-01-02T00:00:00Z,-5\nb,2017-01-02T00:00:00Z,1\n"
    found = check(tmp_path, LOG + rows)
    assert found.codes == [(3, "negative_without_order")]
    assert found.money == [("a", "2017-01-02 19:30:00", 5.0), ("b", "2017-01-02 00:00:00", 1.0)]


@pytest.mark.parametrize("name", ["Reference Txn ID", "Zugehöriger Code", "xyz"])
def test_a_refund_comes_off_the_order_that_it_refers_to(tmp_path, name):
    """The shop sends the money back: its own address stands in the customer's place."""
    rows = "".join(
        f"T{i},k{i % 4}@x.de,2022-01-{i:02d},sale,{10 * i}.00,\n" for i in range(1, 10)
    ) + (
        "R1,shop@y.de,2022-02-01,refund,-4.00,T1\nR2,shop@y.de,2022-02-02,refund,-5.00,T2\n"
        "R3,shop@y.de,2022-02-03,refund,-30.00,T3\n"
    )
    text = f"transaction_id,mail,date,type,amount,{name}\n{rows}"
    found = check(tmp_path, text)
    worth = {1: 6.0, 2: 15.0} | {i: 10.0 * i for i in range(4, 10)}
    assert found.by_order == {
        f"T{i}": (f"k{i % 4}@x.de", f"2022-01-{i:02d} 00:00:00", value, None)
        for i, value in worth.items()
    }
    assert (found.rejects, found.report["orders_cancelled"]) == ([], 1)
    (said,) = [d for d in found.report["decisions"] if d["code"] == "refund_refers"]
    assert (said["rows"], said["money"], said["weighty"]) == (3, 39.0, True)
    assert said["switches"][0]["options"] == ["--map", "reference="]


def test_a_number_of_another_order_beside_a_sale_changes_nothing(tmp_path):
    rows = "".join(
        f"{i},k{i % 4},2022-01-{i:02d},{i}.00,{i - 1 if i in {3, 5, 7, 9} else ''}\n"
        for i in range(1, 12)
    )
    found = check(tmp_path, f"order_id,customer_id,date,amount,exchange_of\n{rows}")
    assert [o[3] for o in sorted(found.orders, key=lambda o: int(o[1]))] == [
        float(i) for i in range(1, 12)
    ]
