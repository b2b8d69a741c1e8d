"""What was spent by channel: every way of writing, every row accounted for."""

from __future__ import annotations

import gzip

import pytest

from clv.core.errors import FileError, LayoutError
from clv.ingest import read_spend


def read(tmp_path, content, name="costs.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_spend(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("channel,spend\nads,1200.50\nmail,80\n", {"ads": 1200.5, "mail": 80}),
        ("Kanal;Kosten\nads;1.200,50\nmail;80,00\n", {"ads": 1200.5, "mail": 80}),
        ("month\tchannel\tcost\n1\tads\t10\n2\tads\t5\n1\tmail\t1\n", {"ads": 15, "mail": 1}),
        ('utm_source,Amount spent\nads,"€1,200.50"\nmail,€80\n', {"ads": 1200.5, "mail": 80}),
        ("where,what\nads,3\nmail,0\n", {"ads": 3, "mail": 0}),
    ],
    ids=["plain", "german", "by-month", "currency", "two-unknown-columns"],
)
def test_written_in_many_ways(tmp_path, content, expected):
    found = read(tmp_path, content)
    assert found.by_channel == expected
    assert found.rejects.num_rows == 0
    assert found.rows == content.count("\n") - 1
    packed = read(tmp_path, gzip.compress(content.encode()), "costs.csv.gz")
    assert packed.by_channel == expected


def test_every_row_counts_or_says_why_not(tmp_path):
    content = "channel,spend\nads,10\n,5\nmail,lots\nmail,\nads,-3\nads,1,2\nmail,7\nads,inf\n"
    found = read(tmp_path, content)
    assert found.by_channel == {"ads": 10, "mail": 7}
    assert found.rows == 8
    assert [
        (r["line"], r["code"], r["text"], r["reason"].partition(".")[0])
        for r in found.rejects.to_pylist()
    ] == [
        (3, "missing_channel", ",5", "`channel` is empty"),
        (4, "unreadable_spend", "mail,lots", "`spend` is 'lots', not an amount"),
        (5, "unreadable_spend", "mail,", "`spend` is empty"),
        (6, "negative_spend", "ads,-3", "`spend` is '-3', less than nothing"),
        (7, "too_many_fields", "ads,1,2", "Too many fields: 2 are expected"),
        (9, "unreadable_spend", "ads,inf", "`spend` is 'inf', not an amount"),
    ]
    assert found.read_as == "Read “channel” as the channel and “spend” as what was spent."


def test_what_is_no_table_of_costs_is_refused(tmp_path):
    with pytest.raises(LayoutError, match="has no column `spend`") as e:
        read(tmp_path, "channel,what,why\nads,1,2\n")
    assert e.value.missing == ("spend",)
    with pytest.raises(FileError, match="blank lines"):
        read(tmp_path, "\n\n")
