"""A marketplace's tables on the home page: read together, changed, and what is missing."""

from __future__ import annotations

from tests.apps.ui.conftest import texts
from tests.ingest.test_marketplace import ALL


def upload(pages, *tables):
    at = pages.open()
    uploader = at.file_uploader(key="upload_0")
    for name in tables:
        uploader.upload(f"{name}.csv", ALL[name].encode(), "text/csv")
    return pages.settle(uploader.run())


def test_tables_are_read_together_and_customers_compared_by_what_they_know(pages):
    at = upload(pages, *ALL)
    assert not at.exception
    files = next(d.value for d in at.dataframe if "Why" in d.value.columns)
    assert files["Used"].tolist() == [3, 4, 3, 4, 4, 2, 2, 1]
    assert files["Why"].tolist()[0].startswith("Order not delivered (2), ")
    assert files["Why"].tolist()[4] == ""
    assert "Orders from" in texts(at)
    # The columns have their fixed names: only what customers are compared by can be chosen.
    assert not [box for box in at.selectbox if str(box.key).startswith("role_")]
    (labels,) = [box for box in at.multiselect if str(box.key).startswith("labels_")]
    assert labels.value == ["customer_state", "category", "seller_state"]
    labels.set_value(["customer_zip_code_prefix"])
    (again,) = [b for b in at.button if b.label == "Read the file this way"]
    at = pages.settle(again.click().run())
    assert not at.exception
    (labels,) = [box for box in at.multiselect if str(box.key).startswith("labels_")]
    assert labels.value == ["customer_zip_code_prefix"]


def test_what_is_missing_is_named(pages):
    at = upload(pages, "orders", "customers", "items")
    assert not at.exception
    said = texts(at).replace("\\_", "_")
    assert "These look like marketplace tables; missing: payments" in said
    assert "payment_value" in said
    assert at.button(key="start_over")
