"""The tables of a marketplace, read together: tiny ones by hand, the real excerpt against pandas."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date

import pandas as pd
import pytest

from clv import ingest
from clv.core.errors import FileError, LayoutError, NoRowsError
from clv.core.orders import ATTRIBUTES, LINES
from clv.core.settings import IngestOptions, Settings
from clv.core.types import quiet
from clv.forecast import pipeline
from clv.runs import Store
from tests.ingest.helpers import check_files
from tests.places import SHARED

EXCERPT = SHARED / "olist_excerpt"

ORDERS = """\
order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,\
order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
o1,c1,delivered,2017-01-05 10:00:00,,,2017-01-12 09:00:00,2017-01-10 00:00:00
o2,c2,delivered,2017-02-01 11:00:00,,,2017-02-03 08:00:00,2017-02-20 00:00:00
o3,c3,shipped,2017-02-02 11:00:00,,,,2017-02-20 00:00:00
o4,c4,canceled,2017-02-03 11:00:00,,,,2017-02-20 00:00:00
o5,c5,delivered,2017-02-04 11:00:00,,,,2017-02-20 00:00:00
o6,c6,delivered,2017-02-05 11:00:00,,,2017-02-09 08:00:00,
o7,c9,delivered,2017-02-06 11:00:00,,,2017-02-09 08:00:00,2017-02-20 00:00:00
o8,c8,delivered,2017-13-06 11:00:00,,,2017-02-09 08:00:00,2017-02-20 00:00:00
o1,c1,delivered,2017-01-05 10:00:00,,,2017-01-12 09:00:00,2017-01-10 00:00:00
,c7,delivered,2017-02-07 11:00:00,,,2017-02-09 08:00:00,2017-02-20 00:00:00
oA,cA,delivered,2017-03-01 00:00:00,,,not yet,2017-03-20 00:00:00
"""
PAYMENTS = """\
order_id,payment_sequential,payment_type,payment_installments,payment_value
o1,1,credit_card,3,50.10
o1,2,voucher,1,9.90
o2,1,boleto,1,20.00
o2,1,boleto,1,20.00
o3,1,boleto,1,7.00
o6,1,boleto,1,5.00
o6,2,voucher,1,five
o7,1,boleto,1,5.00
zz,1,boleto,1,5.00
o8,1,boleto,1,5.00
oA,1,debit_card,,0.00
"""
CUSTOMERS = """\
customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state
c1,ann,01151,sao paulo,SP
c2,ann,01151,sao paulo,SP
c3,bob,8775,rio,RJ
c4,bob,8775,rio,RJ
c5,eve,20000,rio,RJ
c6,fay,20000,rio,RJ
c8,gus,20000,rio,RJ
cA,hal,20000,rio,RJ
cX,ida,20000,rio,RJ
c1,zoe,99999,sao paulo,SP
cY,,20000,rio,RJ
"""
ITEMS = """\
order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
o1,1,p1,s2,2017-01-07 00:00:00,10.00,5.00
o1,2,p2,s1,2017-01-07 00:00:00,20.00,2.50
o1,3,p1,s2,2017-01-07 00:00:00,15.00,
o2,1,p3,s1,2017-01-07 00:00:00,18.00,2.00
o3,1,p1,s1,2017-01-07 00:00:00,5.00,2.00
zz,1,p1,s1,2017-01-07 00:00:00,5.00,2.00
o2,2,p9,s9,2017-01-07 00:00:00,free,2.00
"""
PRODUCTS = """\
"product_id","product_category_name","product_photos_qty"
"p1",brinquedos,1
"p2",casa,2
"p3",,1
"p4",casa,1
"""
SELLERS = """\
seller_id,seller_zip_code_prefix,seller_city,seller_state
s1,01000,sao paulo,SP
s2,20000,rio,RJ
"""
REVIEWS = """\
review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,\
review_answer_timestamp
r1,o1,2,,"late,
very late",2017-01-13 00:00:00,2017-01-15 10:00:00
r2,o1,5,,,2017-01-12 00:00:00,2017-01-20 10:00:00
r3,o3,5,,,2017-01-12 00:00:00,2017-01-20 10:00:00
"""
TRANSLATION = "\ufeffproduct_category_name,product_category_name_english\nbrinquedos,toys\n"

ALL = {
    "orders": ORDERS,
    "payments": PAYMENTS,
    "customers": CUSTOMERS,
    "items": ITEMS,
    "products": PRODUCTS,
    "sellers": SELLERS,
    "reviews": REVIEWS,
    "translation": TRANSLATION,
}
PEOPLE = "customers (customer_id, customer_unique_id)."
REQUIRED = ("orders", "payments", "customers")


def write(folder, tables=ALL, **changed):
    """Write tables under names that say nothing."""
    texts = {name: ALL[name] for name in tables} | changed
    paths = [folder / f"table{i}-{name[:2]}.csv" for i, name in enumerate(texts)]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def read(paths, *tables, **options):
    with ingest.read(paths, IngestOptions(**options), None, quiet) as (con, report):
        return report, [con.sql(f"SELECT * FROM {t}").fetchall() for t in tables]


def by_table(report):
    return {f["table"]: f["reasons"] for f in report["files"]}


def test_orders_are_delivered_ones_with_the_sum_of_their_payments(tmp_path):
    found = check_files(*write(tmp_path))
    assert found.orders == [
        ("ann", "o1", "2017-01-05 10:00:00", 60.0, 3),
        ("ann", "o2", "2017-02-01 11:00:00", 20.0, 1),
        ("hal", "oA", "2017-03-01 00:00:00", 0.0, None),
    ]
    report = found.report
    assert (report["layout"], report["mapping"]["customer_id"]) == (
        "marketplace",
        "customer_unique_id",
    )
    assert (report["orders"], report["customers"], report["revenue"]) == (3, 2, 80.0)
    assert report["noted"] == {"zero_value": 1}
    assert report["tables"] == ["lines", "attributes"]


def test_every_row_of_every_file_has_its_reason(tmp_path):
    found = check_files(*write(tmp_path))
    files = {f["table"]: f for f in found.report["files"]}
    name = {f["name"]: f["table"] for f in found.report["files"]}
    assert {t: (f["rows_accepted"], f["rows_rejected"]) for t, f in files.items()} == {
        "orders": (3, 8),
        "payments": (4, 7),
        "customers": (3, 8),
        "items": (4, 3),
        "products": (4, 0),
        "sellers": (2, 0),
        "reviews": (2, 1),
        "translation": (1, 0),
    }
    assert [(name[f], line, code) for f, line, code, *_ in found.rejects] == [
        ("orders", 4, "not_delivered"),
        ("orders", 5, "not_delivered"),
        ("orders", 6, "no_payment"),
        ("orders", 7, "unreadable_payment"),
        ("orders", 8, "unknown_customer"),
        ("orders", 9, "unreadable_date"),
        ("orders", 10, "repeated_key"),
        ("orders", 11, "missing_key"),
        ("payments", 5, "repeated_key"),
        ("payments", 6, "unused_order"),
        ("payments", 7, "unused_order"),
        ("payments", 8, "unreadable_number"),
        ("payments", 9, "unused_order"),
        ("payments", 10, "unknown_order"),
        ("payments", 11, "unused_order"),
        ("customers", 4, "unused_order"),
        ("customers", 5, "unused_order"),
        ("customers", 6, "unused_order"),
        ("customers", 7, "unused_order"),
        ("customers", 8, "unused_order"),
        ("customers", 10, "customer_without_order"),
        ("customers", 11, "repeated_key"),
        ("customers", 12, "missing_customer"),
        ("items", 6, "unused_order"),
        ("items", 7, "unknown_order"),
        ("items", 8, "unreadable_number"),
        ("reviews", 5, "unused_order"),
    ]
    assert files["orders"]["not_delivered"] == {"canceled": 1, "shipped": 1}
    assert (files["products"]["not_needed"], files["sellers"]["not_needed"]) == (1, 0)
    assert found.report["reasons"]["unused_order"] == 11


def test_reasons_in_words(tmp_path):
    found = check_files(*write(tmp_path))
    said = {(code, text): reason for *_, code, reason, text in found.rejects}
    assert {reason for (code, _), reason in said.items() if code != "unused_order"} == {
        "The order is 'shipped'. Only delivered orders count.",
        "The order is 'canceled'. Only delivered orders count.",
        "Order without a payment. Add the order's payments.",
        "A payment of the order is not usable. Correct the payment.",
        "No usable row has the customer 'c9'.",
        "`order_purchase_timestamp` is '2017-13-06 11:00:00', not a date. Write all dates in one format.",
        "An earlier row has order_id o1 as well. The first one counts.",
        "`order_id` is empty. Fill it in.",
        "An earlier row has order_id o2, payment_sequential 1 as well. The first one counts.",
        "`payment_value` is 'five', not a number. Write amounts as plain numbers.",
        "No order has the number 'zz'.",
        "No order is of the customer 'cX'.",
        "An earlier row has customer_id c1 as well. The first one counts.",
        "`customer_unique_id` is empty. Guest orders cannot be forecast; add an id.",
        "`price` is 'free', not a number. Write amounts as plain numbers.",
    }
    assert said["unused_order", "o3,1,boleto,1,7.00"] == (
        "The order 'o3' does not count: see its own reason."
    )


def test_lines_attributes_and_labels(tmp_path):
    report, (lines, labels) = read(write(tmp_path), "order_lines", "labels")
    assert sorted(lines, key=str) == [
        ("o1", "casa", 20.0, 1),
        ("o1", "toys", 25.0, 2),
        ("o2", None, 18.0, 1),
    ]
    assert (
        report["labels"]
        == ["customer_state", "category", "seller_state"][:1] + report["labels"][1:]
    )
    assert labels[0][:2] == ("ann", "SP")
    with ingest.read(write(tmp_path), IngestOptions(), None, quiet) as (con, _):
        attributes = con.sql("SELECT * FROM attributes")
        assert attributes.columns == list(ATTRIBUTES)
        assert [str(kind) for kind in attributes.types] == list(ATTRIBUTES.values())
        assert con.sql("SELECT * FROM order_lines").columns == list(LINES)
        assert [str(k) for k in con.sql("SELECT * FROM order_lines").types] == list(LINES.values())
        assert attributes.fetchall() == [
            # The first item's seller, the larger payment, the category with more revenue, the review
            # that was answered first; delivered two days after the promise.
            ("o1", "RJ", "credit_card", "toys", 3.0, 7.5, 3.0, 2.0, 10.0, 7.0, 2.0),
            ("o2", "SP", "boleto", None, 1.0, 2.0, 1.0, None, None, 2.0, -17.0),
            ("oA", None, "debit_card", None, None, None, None, None, None, None, None),
        ]
    assert "Cells that could not be read and count as unknown: 1." in report["messages"]


def test_what_is_not_there_is_not_made_up(tmp_path):
    report, (attributes,) = read(write(tmp_path, REQUIRED), "attributes")
    assert report["tables"] == ["attributes"]
    assert attributes[0] == ("o1", "credit_card", 3.0, 7.0, 2.0)
    assert report["labels"] == ["customer_state"]
    found = check_files(*write(tmp_path, REQUIRED))
    assert [o[4] for o in found.orders] == [None, None, None]
    report, _ = read(write(tmp_path, (*REQUIRED, "items", "reviews")))
    assert report["tables"] == ["attributes"]


def test_any_order_of_files_one_archive_and_packed_files_are_the_same(tmp_path):
    paths = write(tmp_path)
    expected = check_files(*paths)
    assert check_files(*reversed(paths)).orders == expected.orders
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in paths:
            out.write(path, f"export/{path.name}")
        out.writestr("export/README.txt", "What lies here.")
    packed = check_files(archive)
    assert packed.orders == expected.orders
    assert by_table(packed.report) == by_table(expected.report)
    gz = []
    for path in paths:
        gz.append(path.with_suffix(".csv.gz"))
        gz[-1].write_bytes(gzip.compress(path.read_bytes()))
    assert check_files(*gz).orders == expected.orders


def test_zip_codes_keep_their_zeros_and_labels_can_be_chosen(tmp_path):
    wanted = ("Customer zip code prefix", "payment_type")
    report, (labels,) = read(write(tmp_path), "labels", labels=wanted)
    assert report["labels"] == ["customer_zip_code_prefix", "payment_type"]
    assert labels == [("ann", "01151", "credit_card"), ("hal", "20000", "debit_card")]
    with pytest.raises(LayoutError, match='The upload has no column "review_score"') as error:
        read(write(tmp_path), labels=("review_score",))
    assert "customer_city" in error.value.hint


def test_a_preview_says_what_the_tables_are(tmp_path):
    found = ingest.detect(write(tmp_path), IngestOptions())
    assert (found.layout, found.fixed, found.problems) == ("marketplace", True, ())
    assert found.mapping["customer_id"] == "customer_unique_id"
    assert found.labels == ("customer_state", "category", "seller_state")
    assert found.groupings[:3] == (
        *("customer_state", "customer_city", "customer_zip_code_prefix"),
    )


@pytest.mark.parametrize(
    ("tables", "missing"),
    [
        (
            ("payments",),
            f"orders (order_id, customer_id, order_status, order_purchase_timestamp); {PEOPLE}",
        ),
        (
            ("orders", "customers", "items", "sellers"),
            "payments (order_id, payment_sequential, payment_type, payment_value).",
        ),
        (
            ("orders",),
            f"payments (order_id, payment_sequential, payment_type, payment_value); {PEOPLE}",
        ),
    ],
)
def test_missing_tables_are_named(tmp_path, tables, missing):
    paths = write(tmp_path, tables)
    for look in (lambda: read(paths), lambda: ingest.detect(paths, IngestOptions())):
        with pytest.raises(LayoutError) as error:
            look()
        assert error.value.message == (f"These look like marketplace tables; missing: {missing}")
        assert paths[0].name in error.value.hint


def test_a_file_that_is_no_table_of_theirs_is_named(tmp_path):
    other = tmp_path / "log.csv"
    other.write_text("customer,date,amount\nA,2020-01-01,9\n")
    with pytest.raises(LayoutError, match=r"^log\.csv: none of the marketplace's tables"):
        read([*write(tmp_path), other])


def test_a_table_in_two_parts_and_a_row_in_both(tmp_path):
    head, *rows = ORDERS.splitlines(keepends=True)
    parts = {"orders": head + "".join(rows[:4]), "more": head + "".join(rows[1:])}
    found = check_files(*write(tmp_path, ALL, **parts))
    assert found.orders == check_files(*write(tmp_path)).orders
    orders = [f for f in found.report["files"] if f["table"] == "orders"]
    assert [f["rows_total"] for f in orders] == [4, 10]
    # Twice shipped is twice not delivered; what counted already is a repetition.
    assert orders[1]["reasons"]["repeated_key"] == 2
    assert [f["not_delivered"] for f in orders] == [{"canceled": 1, "shipped": 1}] * 2
    assert [f["reasons"]["not_delivered"] for f in orders] == [2, 2]


def test_the_same_table_twice(tmp_path):
    paths = write(tmp_path)
    twin = tmp_path / "again.csv"
    twin.write_bytes(paths[1].read_bytes())
    with pytest.raises(FileError, match="have the same content"):
        read([*paths, twin])
    # In an archive, and with another line end, it is found row by row.
    twin.write_text(PAYMENTS + "\n", encoding="utf-8")
    found = check_files(*paths, twin)
    assert found.report["revenue"] == 80.0
    again = next(f for f in found.report["files"] if f["name"] == "again.csv")
    assert again["rows_accepted"] == 0


def test_amounts_and_dates_as_other_programs_write_them(tmp_path):
    payments = (
        "order_id;payment_sequential;payment_type;payment_installments;payment_value\n"
        "o1;1;credit_card;3;R$ 1.050,10\no1;2;voucher;1;R$ 9,90\no2;1;boleto;1;R$ 20,00\n"
    )
    orders = (
        "order_id;customer_id;order_status;order_purchase_timestamp;"
        "order_delivered_customer_date;order_estimated_delivery_date\n"
        "o1;c1;Delivered;25/01/2017 10:00;05/02/2017;10/02/2017\n"
        "o2;c2;delivered;01/02/2017 11:00;03/02/2017;01/02/2017\n"
    )
    paths = write(tmp_path, REQUIRED, payments=payments, orders=orders)
    found = check_files(*paths)
    assert found.money == [
        ("ann", "2017-01-25 10:00:00", 1060.0),
        ("ann", "2017-02-01 11:00:00", 20.0),
    ]
    assert (found.report["currency"], found.report["decimal"]) == ("BRL", ",")
    _, (attributes,) = read(paths, "attributes")
    # Dates that tell nothing by themselves are read as those of the orders are.
    assert [a[3:] for a in attributes] == [(11.0, -5.0), (2.0, 2.0)]


def test_empty_optional_tables_are_no_trouble(tmp_path):
    heads = {n: ALL[n].splitlines(keepends=True)[0] for n in ("items", "products", "sellers")}
    reviews = REVIEWS[: REVIEWS.index("r1,")]
    report, (attributes,) = read(write(tmp_path, ALL, **heads, reviews=reviews), "attributes")
    assert report["tables"] == ["attributes"]
    assert report["orders"] == 3
    assert attributes[0] == ("o1", None, "credit_card", None, None, None, 3.0, None, None, 7.0, 2.0)


def test_not_one_delivered_order(tmp_path):
    paths = write(tmp_path, orders=ORDERS.replace("delivered,", "shipped,"))
    with pytest.raises(NoRowsError, match="not one order can be made of the 50 rows") as error:
        check_files(*paths)
    assert "order not delivered: 9" in error.value.message
    report, (lines,) = read(paths, "order_lines")
    assert (report["rows_accepted"], report["orders"], lines) == (7, 0, [])


def test_orders_after_the_as_of_date_do_not_count(tmp_path):
    found = check_files(*write(tmp_path), as_of=date(2017, 1, 31))
    assert [o[1] for o in found.orders] == ["o1"]
    assert found.report["reasons"]["future_date"] == 5


def test_a_date_far_from_all_others_and_a_value_of_zero_follow_the_rules(tmp_path):
    more = range(20)
    orders = ORDERS.replace("oA,cA,delivered,2017", "oA,cA,delivered,1971") + "".join(
        f"x{i},x{i},delivered,2017-01-{i + 1:02d},,,,\n" for i in more
    )
    payments = PAYMENTS + "".join(f"x{i},1,boleto,1,9\n" for i in more)
    customers = CUSTOMERS + "".join(f"x{i},x{i},1,x,SP\n" for i in more)
    found = check_files(*write(tmp_path, orders=orders, payments=payments, customers=customers))
    assert [o[1] for o in found.orders if o[0] in {"ann", "hal"}] == ["o1", "o2"]
    assert by_table(found.report)["orders"]["far_date"] == 1
    # What was paid for the order does not count either.
    assert by_table(found.report)["payments"]["unused_order"] == 5
    found = check_files(*write(tmp_path), drop=frozenset({"zero_value"}))
    assert [o[1] for o in found.orders] == ["o1", "o2"]
    assert by_table(found.report)["orders"]["zero_value"] == 1


def test_money_that_went_back(tmp_path):
    payments = PAYMENTS.replace("o2,1,boleto,1,20.00", "o2,1,boleto,1,-20.00")
    found = check_files(*write(tmp_path, payments=payments))
    assert [o[1] for o in found.orders] == ["o1", "oA"]
    assert by_table(found.report)["orders"]["negative_without_order"] == 1


def test_places_on_the_map_are_passed_over(tmp_path):
    places = tmp_path / "geo.csv"
    places.write_text(
        "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,geolocation_city\n1,2,3,x\n"
    )
    found = check_files(*write(tmp_path), places)
    assert "geo.csv is not needed and was not read." in found.report["messages"]
    assert len(found.report["files"]) == 8


def test_a_joined_table_of_orders_is_a_file_of_orders(tmp_path):
    path = tmp_path / "joined.csv"
    path.write_text(
        "order_id,customer_unique_id,order_status,order_purchase_timestamp,payment_value\n"
        "o1,ann,delivered,2017-01-05,50\no2,bob,canceled,2017-01-06,9\n"
    )
    found = check_files(path)
    assert found.report["layout"] == "mapped"
    assert found.money == [("ann", "2017-01-05 00:00:00", 50.0)]


def test_a_run_keeps_the_tables(tmp_path):
    store = Store(tmp_path / "store")
    settings = Settings(model="mbg-nbd", backtest=False)
    run = pipeline.run(store, store.new_draft(), write(tmp_path), IngestOptions(), settings)
    assert run.tables[-3:] == ("labels", "lines", "attributes")
    assert run.query("SELECT sum(revenue) AS r FROM lines").to_pylist() == [{"r": 63.0}]
    (row,) = run.query("SELECT * FROM attributes WHERE order_id = 'o2'").to_pylist()
    assert (row["payment_type"], row["delivery_delay_days"]) == ("boleto", -17.0)
    draft = store.new_draft()
    pipeline.check(draft, write(tmp_path), IngestOptions())
    assert draft.optional("lines").exists()
    pipeline.check(draft, write(tmp_path, REQUIRED), IngestOptions())
    assert not draft.optional("lines").exists()
    assert pipeline.forecast(store, draft, settings).tables[-2:] == ("labels", "attributes")


@pytest.mark.skipif(not EXCERPT.is_dir(), reason="the excerpt is not here")
def test_the_real_excerpt_against_pandas():
    def table(name):
        path = EXCERPT / f"{name}.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")

    names = {
        "orders": "olist_orders_dataset",
        "payments": "olist_order_payments_dataset",
        "customers": "olist_customers_dataset",
        "items": "olist_order_items_dataset",
        "products": "olist_products_dataset",
        "sellers": "olist_sellers_dataset",
        "reviews": "olist_order_reviews_dataset",
        "translation": "product_category_name_translation",
    }
    t = {kind: table(name) for kind, name in names.items()}
    delivered = t["orders"][t["orders"]["order_status"] == "delivered"]
    paid = t["payments"].assign(v=t["payments"]["payment_value"].astype(float))
    paid = paid.groupby("order_id")["v"].sum().rename("revenue").reset_index()
    pieces = t["items"].groupby("order_id").size().rename("items").reset_index()
    joined = (
        delivered.merge(paid, on="order_id")
        .merge(t["customers"], on="customer_id")
        .merge(pieces, on="order_id", how="left")
    )
    used = {
        kind: t[kind]["order_id"].isin(joined["order_id"])
        for kind in ("payments", "items", "reviews")
    }
    used["orders"] = t["orders"]["order_id"].isin(joined["order_id"])
    used["customers"] = t["customers"]["customer_id"].isin(joined["customer_id"])

    found = check_files(*EXCERPT.glob("*.csv"))
    report = found.report
    assert (report["orders"], report["customers"]) == (5172, 5092)
    assert (len(joined), joined["customer_unique_id"].nunique()) == (5172, 5092)
    assert report["revenue"] == pytest.approx(joined["revenue"].sum(), abs=1e-6)
    assert found.orders == sorted(
        (c, o, at, round(r, 6), None if pd.isna(n) else int(n))
        for c, o, at, r, n in joined[
            ["customer_unique_id", "order_id", "order_purchase_timestamp", "revenue", "items"]
        ].itertuples(index=False)
    )
    files = {f["table"]: f for f in report["files"]}
    for kind, rows in t.items():
        assert files[kind]["rows_total"] == len(rows)
        kept = int(used[kind].sum()) if kind in used else len(rows)
        assert files[kind]["rows_accepted"] == kept, kind
    status = t["orders"]["order_status"].value_counts().drop("delivered")
    assert files["orders"]["not_delivered"] == status.to_dict()
    assert by_table(report) == {
        "orders": {"not_delivered": 2963},
        "payments": {"unused_order": 3130},
        "customers": {"unused_order": 2963},
        "items": {"unused_order": 2453},
        "reviews": {"unused_order": 2985},
        **{kind: {} for kind in ("products", "sellers", "translation")},
    }
    needed = t["items"][used["items"]]
    assert (
        files["products"]["not_needed"]
        == (~t["products"]["product_id"].isin(needed["product_id"])).sum()
    )
    _, (attributes, lines) = read(sorted(EXCERPT.glob("*.csv")), "attributes", "order_lines")
    assert len(attributes) == 5172
    assert sum(r[2] for r in lines) == pytest.approx(needed["price"].astype(float).sum(), abs=1e-6)
    english = t["translation"].set_index("product_category_name")["product_category_name_english"]
    category = t["products"].set_index("product_id")["product_category_name"]
    local = needed["product_id"].map(category)
    value = (
        needed["price"]
        .astype(float)
        .groupby(local.map(english).fillna(local).replace("", None), dropna=False)
        .sum()
    )
    mine = (
        pd.DataFrame(lines, columns=list(LINES)).groupby("category", dropna=False)["revenue"].sum()
    )
    pd.testing.assert_series_equal(
        mine.sort_index(), value.sort_index(), check_names=False, check_index_type=False
    )
