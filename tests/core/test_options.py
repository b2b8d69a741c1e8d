"""Options of reading as the command line, the report and a page's switch spell them."""

from __future__ import annotations

import pytest

from clv.core import options
from clv.core.errors import SettingsError
from clv.core.settings import IngestOptions


def test_a_switch_adds_to_what_was_set():
    start = IngestOptions(mapping={"revenue": "Total"}, drop=frozenset({"duplicate"}))
    words = ["--amount", "line", "--keep", "duplicate", "--map", "refunded=Refund", "--apart"]
    words += ["--decimal", ","]
    assert options.switched(start, [*words, "--status", "a=b=refund"]) == IngestOptions(
        mapping={"revenue": "Total", "refunded": "Refund"},
        keep=frozenset({"duplicate"}),
        amount="line",
        statuses={"a=b": "refund"},
        apart=True,
        decimal=",",
    )


@pytest.mark.parametrize("entry", ["pending", "=counts", "pending=maybe", " =no"])
def test_a_meaning_that_is_none_is_refused(entry):
    with pytest.raises(SettingsError, match="is not WORD=counts"):
        options.meanings([entry])


def test_a_switch_of_nothing_is_refused():
    with pytest.raises(SettingsError, match="--model is not an option of reading"):
        options.switched(IngestOptions(), ["--model", "bg-nbd"])
