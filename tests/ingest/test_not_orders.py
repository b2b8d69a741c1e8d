"""Tables of something else than orders are recognised; tables of orders never are."""

import pytest

from clv.core.errors import NotOrdersError
from clv.core.settings import IngestOptions
from clv.ingest import preview
from clv.ingest.columns import not_orders
from clv.ingest.files import dialect
from clv.ingest.files.source import Source
from tests.ingest.helpers import check
from tests.ingest.test_containers import xlsx

OTHERS = {
    "rfm": (
        "is a summary: a row for each customer with “frequency”, “recency”, “T” and “monetary_value”",
        "customer_id,frequency,recency,T,monetary_value\n0,0,0.0,200.0,20.5\n1,1,30.0,201.0,21.5\n",
    ),
    "btyd": (
        "is a summary: a row for each customer with “x”, “t.x” and “T.cal”",
        "cust,x,t.x,T.cal\n1,2,30.43,38.86\n2,1,1.71,38.86\n",
    ),
    "scores": (
        "is a summary: a row for each customer with “R_Score”",
        "CustomerID,R_Score,F_Score,M_Score,RFM_Segment\n1,2,3,4,Loyal\n2,1,3,4,Lost\n",
    ),
    "wide": (
        "is a wide table: it has a column for each month",
        "customer_id,2022-01,2022-02,2022-03,2022-04\n0,,,0,0\n1,10,20,1,0\n",
    ),
    "wide dates": (
        "is a wide table: it has a column for each month",
        "customer_id,2022-01-01,2022-02-01,2022-03-01\na,,,0\nb,10,20,1\n",
    ),
    "wide names": (
        "is a wide table: it has a column for each month",
        "Kunde;Jan 22;Feb 22;Mrz 22;Apr 22\nA;;;0;3\nB;10;20;1;4\n",
    ),
    "wide names2": (
        "is a wide table: it has a column for each month",
        "client,janvier,février,mars,avril\nA,,,0,3\nB,10,20,1,4\n",
    ),
    "wide weeks": (
        "is a wide table: it has a column for each month",
        "id,W1,W2,W3,W4,W5\nA,,,0,3,4\nB,10,20,1,4,5\n",
    ),
    "wide prefix": (
        "is a wide table: it has a column for each month",
        "id,signup_date,revenue_2022_01,revenue_2022_02,revenue_2022_03\nA,2021-03-04,,0,3\nB,2021-03-07,10,20,1\n",
    ),
    "wide years": (
        "is a wide table: it has a column for each month",
        "customer,2019,2020,2021\nA,,0,3\nB,10,20,1\n",
    ),
    "wide m5": (
        "is a wide table: it has a column for each month",
        "id,item_id,d_1,d_2,d_3,d_4\nA,x,,0,3,4\nB,y,10,20,1,5\n",
    ),
    "instacart": (
        "how much time lies between orders (“days_since_prior_order”)",
        "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order\n1,1,prior,1,2,08,\n2,1,prior,2,3,07,15.0\n",
    ),
    "ipt": (
        "how much time lies between orders (“InterPurchaseTime”)",
        "customer,InterPurchaseTime,amount\na,12,30.5\na,30,20.5\nb,4,3.5\n",
    ),
    "dunn": (
        "“DAY” counts days (2 to 4",
        "household_key,BASKET_ID,DAY,PRODUCT_ID,QUANTITY,SALES_VALUE,STORE_ID,RETAIL_DISC,TRANS_TIME,WEEK_NO\n034,1078,2,1,1,72.02,364,0,1631,1\n026,1059,4,1,1,85.46,364,0,1631,1\n",
    ),
    "week": ("“week” counts weeks (1 to 7", "cust,week,spend\na,1,3.5\nb,2,4.5\na,7,3\n"),
    "shopify customers": (
        "summary of customers: a row for each with “Total Orders” and “Total Spent”",
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Total Spent,Total Orders,Note,Tags\n1,A,B,a@b.de,yes,Ulm,30.5,2,,\n2,A,C,a@c.de,yes,Ulm,10.5,1,,\n",
    ),
    "woo customers": (
        "with “Orders”, “Total Spend”, “Last Active” and “Sign Up”",
        "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV\nA B,ab,2022-03-04,2021-03-05,a@b.de,3,90.5,30.2\nA C,ac,2022-03-05,2021-03-06,a@c.de,1,90.5,90.5\n",
    ),
    "summary": (
        "with “total_orders”, “total_spent” and “last_order_date”",
        "customer_id,total_orders,total_spent,last_order_date\n1,3,90.5,2022-03-01\n2,1,10.5,2022-02-01\n",
    ),
    "api customers": (
        "with “orders_count” and “total_spent”",
        "id,email,created_at,orders_count,total_spent\n1,a@b.de,2022-03-01,3,90.5\n2,a@c.de,2022-03-02,1,10.5\n",
    ),
    "contacts": (
        "is a list of customers without their orders",
        "Email,First Name,Last Name,Phone\na@b.de,A,B,\na@c.de,A,C,\n",
    ),
    "daily": (
        "a row for each day or month with “Orders”, and no customers",
        "Day,Orders,Gross sales,Discounts,Net sales\n2022-01-01,5,100.5,0,100.5\n2022-01-02,6,130.5,0,130.5\n",
    ),
    "ga": (
        "with “Sessions” and “Conversion rate”",
        "Date,Sessions,Conversion rate,Revenue\n2022-01-01,500,2%,100.5\n2022-01-02,600,3%,130.5\n",
    ),
    "products": (
        "is a list of products",
        "Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\na,A,1,5,10.5\nb,B,2,6,11.5\n",
    ),
    "inventory": ("is a list of products", "sku,name,stock,price\n1,A,5,10.5\n2,B,6,11.5\n"),
    "rfm3": (
        "“Recency”, “Frequency” and “Monetary”",
        "CustomerID;Recency;Frequency;Monetary;Cluster\n1;3;4;50,5;A\n2;5;6;60,5;B\n",
    ),
    "rm": ("“recency” and “monetary_value”", "id,recency,monetary_value\n1,3,50.5\n2,5,60.5\n"),
    "lifetimes cal": (
        "“frequency_cal”, “recency_cal” and “T_cal”",
        "id,frequency_cal,recency_cal,T_cal,frequency_holdout,duration_holdout\n1,3,50,60,1,30\n2,5,60,70,2,30\n",
    ),
    "btydplus": (
        "“x”, “t.x” and “T.cal”",
        "cust,x,t.x,litt,sales,first,T.cal\n1,2,30.43,3.1,30.5,2005-01-02,38.86\n2,1,1.71,4.1,30.2,2005-01-03,38.86\n",
    ),
    "n orders": (
        "a row for each with “n_orders”",
        "customer,n_orders,days_since_last_order,avg_value\na,3,40,30.5\nb,1,50,20.5\n",
    ),
    "gap days": ("(“gap_days”)", "customer_id,gap_days,amount\na,4,30.5\na,6,20.5\nb,0,3.5\n"),
    "time delta": (
        "(“time_delta”)",
        "customer_id,time_delta,amount\na,4,30.5\na,6,20.5\nb,0,3.5\n",
    ),
    "trans day": (
        "“trans_day” counts days (1 to 6",
        "cust,trans_day,amount\na,4,30.5\na,6,20.5\nb,1,3.5\n",
    ),
    "t": ("“t” counts periods (1 to 6", "cust,t,amount\na,4,30.5\na,6,20.5\nb,1,3.5\n"),
    "month no": (
        "“month_no” counts months (1 to 6",
        "cust,month_no,amount\na,4,30.5\na,6,20.5\nb,1,3.5\n",
    ),
    "wide attrs": (
        "is a wide table: it has a column for each month",
        "customer_id,name,segment,country,city,plan,manager,Jan 2022,Feb 2022,Mar 2022\na,A,S,DE,Ulm,x,y,3,4,5\nb,B,S,DE,Ulm,x,y,3,4,5\n",
    ),
    "wide total": (
        "is a wide table: it has a column for each month",
        "Customer,Jan-22,Feb-22,Mar-22,Apr-22,Total\na,3,4,5,6,18\nb,3,4,5,6,18\n",
    ),
    "wide q": (
        "is a wide table: it has a column for each month",
        "Customer,2021 Q1,2021 Q2,2021 Q3,2021 Q4\na,3,4,5,6\nb,3,4,5,6\n",
    ),
    "wide q2": (
        "is a wide table: it has a column for each month",
        "Customer,Q1 2021,Q2 2021,Q3 2021,Q4 2021\na,3,4,5,6\nb,3,4,5,6\n",
    ),
    "wide q3": (
        "is a wide table: it has a column for each month",
        "Customer,Q1/21,Q2/21,Q3/21,Q4/21\na,3,4,5,6\nb,3,4,5,6\n",
    ),
    "wide ts": (
        "is a wide table: it has a column for each month",
        "Customer,2022-01-01 00:00:00,2022-02-01 00:00:00,2022-03-01 00:00:00\na,3,4,5\nb,3,4,5\n",
    ),
    "wide us": (
        "is a wide table: it has a column for each month",
        "Customer,1/1/2022,2/1/2022,3/1/2022\na,3,4,5\nb,3,4,5\n",
    ),
    "wide months order": (
        "is a wide table: it has a column for each month",
        "cliente;enero 2022;febrero 2022;marzo 2022;abril 2022\na;3;4;5;6\nb;3;4;5;6\n",
    ),
    "wide it": (
        "is a wide table: it has a column for each month",
        "cliente;gennaio;febbraio;marzo;aprile;maggio\na;3;4;5;6;7\nb;3;4;5;6;7\n",
    ),
    "wide pl": (
        "is a wide table: it has a column for each month",
        "klient;styczeń;luty;marzec;kwiecień\na;3;4;5;6\nb;3;4;5;6\n",
    ),
    "wide ru": (
        "is a wide table: it has a column for each month",
        "клиент;январь;февраль;март;апрель\na;3;4;5;6\nb;3;4;5;6\n",
    ),
    "wide spend month": (
        "is a wide table: it has a column for each month",
        "id,spend_m1,spend_m2,spend_m3,spend_m4\na,3,4,5,6\nb,3,4,5,6\n",
    ),
    "de kundenliste": (
        "“Anzahl Bestellungen”, “Gesamtumsatz” and “Letzte Bestellung”",
        "Kundennr;Vorname;Nachname;Ort;Anzahl Bestellungen;Gesamtumsatz;Letzte Bestellung\n1;A;B;Ulm;3;30,5;01.02.2022\n2;C;D;Ulm;4;40,5;03.02.2022\n",
    ),
    "cohort": (
        "a column for each month or other period (month_0 to month_3)",
        "cohort,month_0,month_1,month_2,month_3\n2021-01,100,20,10,5\n2021-02,100,30,10,5\n",
    ),
}
ORDERS = {
    "a spreadsheet's days": "email,first name,last name,date,total sales\na@b.de,A,B,44564.5,3\nb@b.de,C,D,44566,4\n",
    "recency col": "customer_id,order_date,amount,recency,frequency\n1,2022-01-01,3.5,4,1\n1,2022-01-05,3.5,4,2\n",
    "monthly": "customer_id,month,revenue,orders\nC034,2022-01-01,72.02,1\nC026,2022-01-01,85.46,2\n",
    "ymd": "customer,year,month,day,amount\na,2022,1,3,4.5\nb,2022,1,4,5.5\n",
    "epoch": "timestamp,visitorid,event,itemid,transactionid\n1641197100000,034,view,1078,\n1641197101000,034,view,1078,\n",
    "serial": "customer,date,amount\na,44564,3.5\nb,44566,3.7\n",
    "serial frac": "customer,date,amount\na,44564.337,3.5\nb,44566.55,3.7\n",
    "order total": "customer_id,order_id,order_date,order_total,total_spent\n1,1,2022-01-01,3.5,9\n2,2,2022-01-05,3.5,8\n",
    "since last": "customer,date,amount,days_since_last_order\n1,2022-01-01,3.5,0\n1,2022-01-05,3.5,4\n",
    "unheard": "cust, date\na,2022-01-01\nb,2022-01-03\n",
    "month only": "customer_id,order_id,order_date,amount\nC034,1078,2022-01,72.02\nC026,1059,2022-01,85.46\n",
    "last order by name, once": "email,last_name,ordered,amount\na@b,B,2022-01-01,3\na@c,C,2022-01-02,3\n",
    "german month": "Kunde;Datum;Betrag\nA;3. März 2022;3,50\nB;4. Mai 2022;4,50\n",
    "iso week": "customer,week,amount\na,2022-W01,3.5\nb,2022-W02,4.5\n",
    "q cols": "customer,order_date,q1,q2,q3,q4,amount\na,2022-01-01,1,2,3,4,5.5\nb,2022-01-02,1,2,3,4,5.5\n",
    "cjk": "客户,日期,金额\nA,2022年3月4日,30\nB,2022年3月5日,33\n",
    "items": "order,customer,date,item_1,item_2,item_3,price\n1,a,2022-01-01,x,y,z,3\n2,b,2022-01-02,x,y,z,3\n",
    "excel1904": "customer,date,amount\na,43102,3.5\nb,43103,3.7\n",
    "time only": "customer,date,time,amount\na,01/02/2022,10:30,3.5\nb,13/02/2022,11:30,3.7\n",
    "ampm": "customer,date,amount\na,1/2/2022 3:04PM,3.5\nb,13/2/2022 4:05AM,3.7\n",
    "micros": "user_pseudo_id,event_timestamp,event_value\na,1641197100000000,3.5\nb,1641197100000001,2\n",
    "headerless dates": "2022-01-01,2022-01-03,2022-01-05,C1,30.5\n2022-01-02,2022-01-04,2022-01-06,C2,30.5\n",
    "interval": "customer,date,interval,amount\na,2022-01-01,3,4.5\na,2022-01-04,3,4.5\n",
    "years": "customer,year,month,amount\na,2021,3,4.5\nb,2022,4,5.5\n",
    "x": "x,date,amount,monetary\na,2022-01-01,3,4\nb,2022-01-03,3,4\n",
    "sub months": "customer,start date,m1,m2,m3,m4,amount\na,2022-01-01,1,2,3,4,5\nb,2022-02-01,1,2,3,4,5\n",
    "ru": "клиент;дата;сумма\na;3 марта 2022;30,5\nb;4 мая 2022;30,5\n",
    "th": "ลูกค้า,วันที่,ยอด\na,3 มี.ค. 2565,30\nb,4 มี.ค. 2565,40\n",
    "hm": "customer,date,time,amount\na,20220103,1631,3.5\nb,20220104,1715,4.5\n",
    "short": "customer,date,amount\na,3.1.22,30\nb,4.1.22,40\n",
    "monday": "customer,day,amount\na,Mon 3 Jan 22,30\nb,Tue 4 Jan 22,40\n",
    "yyyymm": "customer,month,amount\na,202201,30\nb,202202,40\n",
    "serial2": "cust,day,amount\na,44562,30\nb,44563,40\n",
}


def refuse(folder, content, **options):
    path = folder / "t.csv"
    path.write_text(content)
    found = dialect.detect(path, "t.csv")
    not_orders.refuse(Source("t.csv", path, "utf-8"), found, IngestOptions(**options))


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_none_is_told_what_it_is(tmp_path, case):
    said, content = OTHERS[case]
    with pytest.raises(NotOrdersError) as error:
        refuse(tmp_path, content)
    assert error.value.message.startswith("t.csv ")
    assert said in error.value.message
    assert "Export the orders themselves" in error.value.hint or "calendar date" in error.value.hint


@pytest.mark.parametrize("case", ORDERS)
def test_orders_are_never_refused(tmp_path, case):
    refuse(tmp_path, ORDERS[case])


def test_whoever_says_what_a_column_is_is_believed(tmp_path):
    mapping = {"customer_id": "customer_id", "ordered_at": "last_order_date"}
    refuse(tmp_path, OTHERS["summary"][1], mapping=mapping)


def test_a_check_refuses_it_and_a_preview_says_it(tmp_path):
    said, content = OTHERS["wide"]
    with pytest.raises(NotOrdersError, match=said) as error:
        check(tmp_path, content)
    assert 'frame.melt("customer_id"' in error.value.hint
    found = preview.detect([tmp_path / "orders.csv"], IngestOptions())
    assert found.no_orders
    assert [said in problem for problem in found.problems] == [True]


def test_a_sheet_of_totals_beside_the_orders_is_not_read(tmp_path):
    totals = [
        ["customer", "total_orders", "total_spent", "last_order_date"],
        ["a", 2, 30, "2022-01-02"],
        ["b", 1, 15, "2022-01-03"],
    ]
    orders = [
        ["customer", "order_no", "date", "total"],
        ["a", 1, "2022-01-01", 10],
        ["a", 2, "2022-01-02", 20],
        ["b", 3, "2022-01-03", 15],
    ]
    found = check(tmp_path, xlsx(Customers=totals, Orders=orders), name="book.xlsx")
    assert found.by_order == {
        "1": ("a", "2022-01-01 00:00:00", 10, None),
        "2": ("a", "2022-01-02 00:00:00", 20, None),
        "3": ("b", "2022-01-03 00:00:00", 15, None),
    }
    assert found.report["skipped"] == ["book.xlsx/Customers"]
