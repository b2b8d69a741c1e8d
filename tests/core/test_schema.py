"""Shapes of what is kept as JSON: as it is written, and what is said where it isn't so."""

from __future__ import annotations

from copy import deepcopy

import pytest
from typing_extensions import get_type_hints

from clv.core import schema
from clv.core.orders import FORECASTS
from tests.shops import make_run, new_store, shop

#: What only some of several related tables say.
OF_RELATED_TABLES = {"table", "not_delivered", "not_needed"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(new_store(tmp_path_factory.mktemp("store")), shop(60) + ",2017-01-01,3\n")


def keys(kind):
    return set(get_type_hints(kind))


def test_what_a_run_writes_is_what_its_shapes_say(run):
    assert set(run.report) == keys(schema.Report)
    assert set(run.report["options"]) == keys(schema.OptionsRecord)
    assert set(run.report["inputs"][0]) == keys(schema.InputFile)
    assert set(run.report["examples"][0]) == keys(schema.RejectedRow)
    assert set(run.report["files"][0]) == keys(schema.FileReport) - OF_RELATED_TABLES
    assert set(run.settings) == keys(schema.RunSettings)
    assert set(run.settings["months"][0]) == keys(schema.MonthSpan)
    assert set(run.summary) == keys(schema.Summary)
    assert set(run.summary["monthly"][0]) == keys(schema.MonthForecast)
    assert set(run.summary["history_monthly"][0]) == keys(schema.PastMonth)
    assert set(run.summary["concentration"][0]) == keys(schema.CurvePoint)
    assert set(run.summary["cuts"]) == keys(schema.CutsRecord)
    for kind, content in (
        (schema.Report, run.report),
        (schema.RunSettings, run.settings),
        (schema.Summary, run.summary),
    ):
        assert schema.fault(kind, content) == ""


def test_a_customer_has_the_columns_of_the_forecasts(run):
    assert list(get_type_hints(schema.CustomerForecast)) == list(FORECASTS)
    assert list(run.customer("c0001")) == list(FORECASTS)


def test_a_fault_says_where_it_is(run):
    content = deepcopy(run.settings)
    content["months"][3]["discount"] = "0.97"
    assert schema.fault(schema.RunSettings, content) == 'no usable "months.3.discount"'
    with pytest.raises(ValueError, match=r"months\.3\.discount"):
        schema.checked(schema.RunSettings, content)


def test_what_a_later_version_says_more_is_let_pass(run):
    assert schema.fault(schema.Summary, run.summary | {"mood": "fair"}) == ""


def test_what_an_earlier_version_did_not_say_is_not_missed():
    assert schema.fault(schema.Report, {}) == ""
    assert schema.fault(schema.Summary, {"customers": 3}) == ""
