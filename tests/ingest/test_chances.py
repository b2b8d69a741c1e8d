"""Chances from outside: every row counted, ids as text, percentages only where the column says so."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from clv.core.errors import FileError, LayoutError
from clv.ingest import read_chances

KNOWN = pa.array(["00012", "a", "b", "=x", "Zoë", "12"])
HEAD = "customer_id,probability\n"


@pytest.fixture
def read(tmp_path):
    def reader(content, name="mine.csv"):
        path = tmp_path / "upload"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_chances(path, KNOWN, name)
        assert found.rows == len(found.place) + found.rejects.num_rows
        assert sum(found.reasons.values()) == found.rejects.num_rows
        assert list(found.place) == sorted(set(found.place))
        assert ((found.chance >= 0) & (found.chance <= 1)).all()
        return found

    return reader


def given(found):
    ids = KNOWN.to_pylist()
    return dict(zip([ids[i] for i in found.place], found.chance.tolist(), strict=True))


def test_every_row_is_accounted_for(read):
    found = read(
        HEAD
        + "00012,0.5\na,73 %\nb,\n,0.3\nzz,.4\na,0.2\na,0.3\nb,1.5\nb,-0.1\nb,nan\nb,1.2.3\n"
        + '"b,0.3\nb,1,2\n\nb\n12,1e-3\n'
    )
    assert given(found) == {"00012": 0.5, "a": 0.2, "12": 0.001}
    assert found.rows == 15
    unknown = "`customer_id` is 'zz', nobody among those tested. "
    unknown += "Compare with the list of tested customers; spreadsheets drop leading zeros."
    comma = "A field with the delimiter in it, such as a decimal comma, needs quotes."
    about = "Write a number such as 0.73 or 73 %."
    outside = "outside 0 to 1. Correct it; if all are percentages, write percent signs."
    assert [tuple(r.values()) for r in found.rejects.to_pylist()] == [
        ("mine.csv", *row)
        for row in [
            (
                3,
                "unclear_unit",
                "`probability` is '73 %', most others are without one. Write all chances alike.",
                "a,73 %",
            ),
            (4, "unreadable_probability", f"`probability` is empty. {about}", "b,"),
            (5, "missing_customer", "`customer_id` is empty. Give every row its customer.", ",0.3"),
            (
                6,
                "unknown_customer",
                unknown,
                "zz,.4",
            ),
            (
                8,
                "duplicate_customer",
                "`customer_id` is 'a', as in line 7, which counts. Give every customer one chance.",
                "a,0.3",
            ),
            (9, "outside_range", f"`probability` is '1.5', {outside}", "b,1.5"),
            (10, "outside_range", f"`probability` is '-0.1', {outside}", "b,-0.1"),
            (
                11,
                "unreadable_probability",
                f"`probability` is 'nan', not a chance. {about}",
                "b,nan",
            ),
            (
                12,
                "unreadable_probability",
                f"`probability` is '1.2.3', not a chance. {about}",
                "b,1.2.3",
            ),
            (
                13,
                "broken_quotes",
                "A quote is not closed. Close it, or write a quote inside as two.",
                '"b,0.3',
            ),
            (
                14,
                "too_many_fields",
                f"Too many fields: 2 are expected. {comma}",
                "b,1,2",
            ),
            (16, "too_few_fields", "Too few fields: 2 are expected. A field is missing.", "b"),
        ]
    ]


@pytest.mark.parametrize(
    ("content", "expected", "unit"),
    [
        ("customer_id;probability\n00012;0,5\na;,25\nb;1\n", [0.5, 0.25, 1], "from 0 to 1."),
        ('customer_id,probability\n00012,"0,5"\na,"0,25"\nb,1\n', [0.5, 0.25, 1], "from 0 to 1."),
        ("customer_id\tprobability\n00012\t50%\na\t25 %\nb\t100%\n", [0.5, 0.25, 1], "in percent."),
        ("Kunde;Chance\n00012;73,5 %\na;0,4%\nb;99 %\n", [0.735, 0.004, 0.99], "in percent."),
        (
            "id|score\n00012|73\na|0.5\nb|99\n",
            [0.73, 0.005, 0.99],
            "in percent: 2 of 3 values lie above 1.",
        ),
        (
            "customer_id,probability (%)\n00012,0.4\na,0.25\nb,3\n",
            [0.004, 0.0025, 0.03],
            "in percent, as its name says.",
        ),
        ("00012,0.5\na,0.25\nb,1\n", [0.5, 0.25, 1], "from 0 to 1."),
        ("a;25 %\n00012;50 %\nb;100 %\n", [0.5, 0.25, 1], "in percent."),
        ("customer_id probability\n00012 0.5\na 0.25\nb 1\n", [0.5, 0.25, 1], "from 0 to 1."),
        ("sep=;\ncustomer_id;probability\n00012;0.5\na;0.25\nb;1\n", [0.5, 0.25, 1], "0 to 1."),
        (",customer_id,probability\n0,00012,0.5\n1,a,0.25\n2,b,1\n", [0.5, 0.25, 1], "0 to 1."),
        (
            "T,probability,frequency,customer_id\n9,0.5,1,00012\n8,0.25,2,a\n7,1,0,b\n",
            [0.5, 0.25, 1],
            "from 0 to 1.",
        ),
    ],
)
def test_ways_of_writing(read, content, expected, unit):
    found = read(content)
    assert given(found) == pytest.approx(dict(zip(["00012", "a", "b"], expected, strict=True)))
    assert found.rejects.num_rows == 0
    assert found.read_as.endswith(unit)


def test_one_percentage_among_shares_stays_outside(read):
    found = read(HEAD + "00012,0.5\na,0.25\nb,73\n")
    assert given(found) == {"00012": 0.5, "a": 0.25}
    assert found.reasons == {"outside_range": 1}
    found = read(HEAD + "00012,50%\na,25%\nb,0.73\n12,130%\n")
    assert given(found) == {"00012": 0.5, "a": 0.25}
    assert found.reasons == {"unclear_unit": 1, "outside_range": 1}
    assert "outside 0 % to 100 %." in found.rejects["reason"].to_pylist()[1]


def test_leading_zeros_make_another_customer(read):
    assert given(read(HEAD + "12,0.1\n00012,0.2\n0012,0.3\n")) == {"00012": 0.2, "12": 0.1}


def test_the_apostrophe_of_a_safe_download_is_taken_off(read):
    found = read(HEAD + "'=x,0.5\n=x,0.6\n'a,0.7\n")
    assert given(found) == {"=x": 0.5}
    assert found.reasons == {"duplicate_customer": 1, "unknown_customer": 1}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_encodings(read, encoding):
    found = read("customer_id,probability\r\nZoë,0.5\r\n".encode(encoding))
    assert given(found) == {"Zoë": 0.5}


def test_containers(read, tmp_path):
    plain = (HEAD + "a,0.5\n").encode()
    assert given(read(gzip.compress(plain))) == {"a": 0.5}
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("one.csv", plain)
    assert given(read(archive.read_bytes())) == {"a": 0.5}
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr("two.csv", plain)
    with pytest.raises(FileError, match=r"two\.zip holds 2 tables"):
        read(archive.read_bytes(), "two.zip")


@pytest.mark.parametrize(
    ("content", "kind", "what"),
    [
        ("", FileError, r"mine\.csv is empty"),
        ("\n\n", FileError, "holds no rows"),
        (b"%PDF-1.4\n", FileError, "is a PDF document"),
        ("customer_id\na\n", LayoutError, "has one column only, `customer_id`"),
        ("a,b,c\n1,2,3\n", LayoutError, "has no column `customer_id` and `probability`"),
        ("customer_id,b,c\n1,2,3\n", LayoutError, "has no column `probability`"),
        (HEAD + "a,0,73\nb,0,5\n", LayoutError, "names 2 columns, but its rows have 3 fields"),
    ],
)
def test_what_is_no_table_of_chances(read, content, kind, what):
    with pytest.raises(kind, match=what) as caught:
        read(content)
    assert "orders" not in caught.value.hint
    assert caught.value.hint


def test_nobody_known(read):
    found = read(HEAD + "12.0,0.1\n")
    assert found.advice.startswith("Line 2: `customer_id` is '12.0', nobody among those tested.")
    assert len(read(HEAD).place) == 0
    assert read(HEAD).advice.startswith("Write a table with two columns")


def test_many_rows(tmp_path):
    rng = np.random.default_rng(2)
    ids = [f"{i:06d}" for i in range(30_000)]
    chance = rng.random(30_000).round(4)
    path = tmp_path / "many.csv"
    path.write_text(HEAD + "".join(f"{i},{p}\n" for i, p in zip(ids, chance, strict=True)))
    known = pa.array(ids[5000:15_000][::-1])
    found = read_chances(path, known)
    assert np.array_equal(found.place, np.arange(10_000))
    assert np.array_equal(found.chance, chance[5000:15_000][::-1])
    assert found.reasons == {"unknown_customer": 20_000}
    assert found.rejects["line"].to_pylist() == [*range(2, 5002), *range(15_002, 30_002)]
