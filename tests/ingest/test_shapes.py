"""Shapes of exports: what a customer was charged, and which rows are sales."""

from __future__ import annotations

from tests.ingest.helpers import check


def decisions(found):
    return {d["code"]: (d["rows"], d["money"]) for d in found.report["decisions"]}


def sums(found):
    return [(o[0], o[1], o[3]) for o in found.orders]


def test_what_is_left_after_fees_is_not_what_was_charged(tmp_path):
    rows = "1,a,2022-01-01,10.00,-1.00,9.00\n2,a,2022-02-01,20.00,-2.00,18.00\n3,b,2022-03-01,30.00,-3.00,27.00\n"
    found = check(tmp_path, "order_id,customer_id,date,Sale price,Fees,Net total\n" + rows)
    assert sums(found) == [("a", "1", 10.0), ("a", "2", 20.0), ("b", "3", 30.0)]


def test_the_total_with_tax_and_shipping_counts_whatever_it_is_called(tmp_path):
    rows = "1,a,2022-01-01,10,1,2,13\n2,a,2022-02-01,20,2,3,25\n3,b,2022-03-01,30,3,4,37\n"
    found = check(
        tmp_path, "SalesOrderID,CustomerID,OrderDate,SubTotal,TaxAmt,Freight,TotalDue\n" + rows
    )
    assert sums(found) == [("a", "1", 13.0), ("a", "2", 25.0), ("b", "3", 37.0)]


def test_refunds_that_are_off_the_total_already_are_taken_off_once(tmp_path):
    rows = (
        "1,a,2022-01-01,10,-4,6.0,1.5,7.5\n2,a,2022-02-01,20,-5,15.0,2.5,17.5\n"
        "3,b,2022-03-01,30,-6,24.0,3.5,27.5\n4,b,2022-04-01,30,0,30.0,3.5,33.5\n"
    )
    header = "order_id,customer_id,day,gross_sales,returns,net_sales,taxes,total_sales\n"
    assert sums(check(tmp_path, header + rows)) == [
        *(("a", "1", 7.5), ("a", "2", 17.5), ("b", "3", 27.5), ("b", "4", 33.5)),
    ]


def test_a_flag_of_refunds_is_no_amount(tmp_path):
    rows = "1,a,2022-01-01,10.5,0\n2,a,2022-02-01,20.5,1\n3,b,2022-03-01,30.5,0\n"
    found = check(tmp_path, "order_id,customer_id,date,total,refunded\n" + rows)
    assert sums(found) == [("a", "1", 10.5), ("b", "3", 30.5)]
    assert found.codes == [(3, "cancelled")]


def test_a_guest_whose_order_was_cancelled_bought_nothing(tmp_path):
    rows = (
        "1,7,a@x.example,2022-01-01,10.5,complete\n2,,b@x.example,2022-02-01,20.5,canceled\n"
        "3,,c@x.example,2022-03-01,30.5,complete\n4,7,a@x.example,2022-03-02,1.5,complete\n"
    )
    found = check(tmp_path, "order_id,customer_id,email,date,total,status\n" + rows)
    assert sums(found) == [("7", "1", 10.5), ("7", "4", 1.5), ("c@x.example", "3", 30.5)]


def test_the_state_of_the_payment_and_that_of_the_order_both_count(tmp_path):
    rows = (
        "1,a,2022-01-01,10.5,Bezahlt,Komplett ausgeliefert\n2,a,2022-02-01,20.5,Bezahlt,Storniert\n"
        "3,b,2022-03-01,30.5,Offen,Komplett ausgeliefert\n4,b,2022-03-05,40.5,Offen,Storniert\n"
    )
    header = "orderId,customerId,orderTime,invoiceAmount,paymentStatusDescription,orderStatusDescription\n"
    found = check(tmp_path, header + rows)
    assert sums(found) == [("a", "1", 10.5), ("b", "3", 30.5)]
    assert [code for _, code in found.codes] == ["cancelled", "unpaid"]


def test_only_deals_that_were_won_are_sales_on_the_day_they_were_closed(tmp_path):
    rows = (
        "D1,Ann,2022-01-01,2022-01-20,10.5,Closed Won\nD2,Ann,2022-02-01,2022-02-20,20.5,Prospecting\n"
        "D3,Bob,2022-03-01,2022-03-20,30.5,Closed Lost\nD4,Bob,2022-03-05,2022-03-25,40.5,Closed Won\n"
    )
    found = check(
        tmp_path, "Deal Name,Associated Contact,Create Date,Close Date,Amount,Deal Stage\n" + rows
    )
    assert found.money == [
        ("Ann", "2022-01-20 00:00:00", 10.5),
        ("Bob", "2022-03-25 00:00:00", 40.5),
    ]


def test_payments_of_invoices_and_lines_of_sales_tell_the_same_money(tmp_path):
    rows = "".join(
        f"{n},{c},2022-0{n}-01,Sale,{n}2\n{n},{c},2022-0{n}-01,Sale Line,{n}0\n"
        f"{n},{c},2022-0{n}-01,Sale Line,2\n{n},{c},2022-0{n}-01,Payment,{n}2\n"
        for n, c in ((1, "a"), (2, "a"), (3, "b"))
    )
    found = check(tmp_path, "Receipt,Customer,Date,Line type,Total\n" + rows)
    assert sums(found) == [("a", "1", 12.0), ("a", "2", 22.0), ("b", "3", 32.0)]
    assert [
        (d["rows"], d["money"], d["switches"][0]["options"])
        for d in found.report["decisions"]
        if d["code"] == "told_again"
    ] == [(6, 66.0, ["--status", "Sale Line=counts"]), (3, 66.0, ["--status", "Payment=counts"])]


def test_a_credit_note_of_a_ledger_is_a_refund_by_its_code(tmp_path):
    rows = (
        "SI,C1,2022-01-01,1,20.5\nSI,C1,2022-02-01,2,30.5\nSC,C1,2022-02-05,CR2,10.25\n"
        "SI,C2,2022-02-01,3,7.5\n"
    )
    found = check(tmp_path, "Type,Account Reference,Date,Reference,Gross Amount\n" + rows)
    assert sums(found) == [("C1", "1", 20.5), ("C1", "2", 20.25), ("C2", "3", 7.5)]


def test_purchases_of_one_session_are_one_order(tmp_path):
    rows = (
        "2022-01-01 10:00:00 UTC,view,m,9.5,1,s1\n2022-01-01 10:01:00 UTC,purchase,m,9.5,1,s1\n"
        "2022-01-01 10:01:00 UTC,purchase,c,5.5,1,s1\n2022-02-01 10:01:00 UTC,purchase,c,5.5,1,s2\n"
        "2022-02-02 10:01:00 UTC,purchase,c,5.5,2,s3\n"
    )
    found = check(tmp_path, "event_time,event_type,product_id,price,user_id,user_session\n" + rows)
    assert sums(found) == [("1", "s1", 15.0), ("1", "s2", 5.5), ("2", "s3", 5.5)]


def test_an_amount_of_pieces_is_no_money(tmp_path):
    rows = "".join(f"1/{n + 1}/2022,{n % 7},P{n},{n % 3 + 1},{100 + n}\n" for n in range(25))
    found = check(tmp_path, "TRANSACTION_DT,CUSTOMER_ID,PRODUCT_ID,AMOUNT,SALES_PRICE\n" + rows)
    assert found.report["revenue"] == sum(range(100, 125))


def test_what_a_buyer_owes_names_no_buyer(tmp_path):
    rows = "1,甲,6.50,10.50,0.00,2022-01-01\n2,甲,6.50,20.50,0.00,2022-02-01\n3,乙,6.50,30.50,0.00,2022-03-01\n"
    found = check(
        tmp_path, "订单编号,买家会员名,买家应付货款,总金额,优惠总金额,订单创建时间\n" + rows
    )
    assert sums(found) == [("乙", "3", 30.5), ("甲", "1", 10.5), ("甲", "2", 20.5)]
