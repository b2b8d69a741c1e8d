"""Who a person is: spellings, e-mail addresses, guests and nobody; every merge is said with its size."""

from __future__ import annotations

import pytest

from clv.core.errors import LayoutError
from tests.ingest import base_log
from tests.ingest.helpers import check, check_files

LOG = base_log.orders(number=40)
HEAD = ["Order", "Customer", "Date", "Amount"]


def table(customers, header=HEAD, log=LOG):
    """The log with customers written in other ways, one for each order."""
    rows = [
        [o.number, *(c if isinstance(c, tuple) else (c,)), o.day, f"{o.value:.2f}"]
        for o, c in zip(log, customers, strict=True)
    ]
    return base_log.written(header, rows)


def orders_of(customers, log=LOG):
    return sorted(
        (c, o.number, f"{o.day} 00:00:00", o.value, None)
        for o, c in zip(log, customers, strict=True)
        if c
    )


def told(found, code):
    return next(d for d in found.report["decisions"] if d["code"] == code)


def worth(log):
    return round(sum(o.cents for o in log) / 100, 2)


def apart_is_offered(decision):
    return decision["switches"] == [{"label": "Keep them apart", "options": ["--apart"]}]


def mail(o):
    return f"{o.customer.lower()}@shop.example"


# -- spellings -----------------------------------------------------------------------------------------


def test_addresses_regardless_of_case_and_blanks(tmp_path):
    written = [(mail(o), mail(o).upper(), f" {mail(o)} ")[i % 3] for i, o in enumerate(LOG)]
    text = table(written, ["Order", "Email", "Date", "Amount"])
    found = check(tmp_path, text)
    assert found.orders == orders_of(map(mail, LOG))
    small = {mail(o) for i, o in enumerate(LOG) if i % 3 != 1}
    large = [o for o in LOG[1::3] if mail(o) in small]
    merged = told(found, "email_spelling")
    assert merged["rows"] == len(large)
    assert merged["money"] == worth(large)
    assert f"{len({o.customer for o in large})} spellings merged" in merged["sentence"]
    assert apart_is_offered(merged)
    separate = check(tmp_path, text, apart=True)
    assert separate.orders == orders_of([w.strip() for w in written])
    assert "email_spelling" not in {d["code"] for d in separate.report["decisions"]}


def number(o):
    return f"17{o.customer[1:]}"


def test_numbers_of_a_column_with_gaps(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(table(map(number, LOG[:20]), log=LOG[:20]))
    second.write_text(table([f"{number(o)}.0" for o in LOG[20:]], log=LOG[20:]))
    found = check_files(first, second)
    assert found.orders == orders_of(map(number, LOG))
    known = {o.customer for o in LOG[:20]}
    again = [o for o in LOG[20:] if o.customer in known]
    merged = told(found, "number_spelling")
    assert (merged["rows"], merged["money"]) == (len(again), worth(again))
    assert apart_is_offered(merged)
    separate = check_files(first, second, apart=True)
    assert separate.report["customers"] == len(known) + len({o.customer for o in LOG[20:]})


def test_zeros_that_a_spreadsheet_ate(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(table([f"000{number(o)}" for o in LOG[:20]], log=LOG[:20]))
    second.write_text(table([number(o) for o in LOG[20:]], log=LOG[20:]))
    found = check_files(first, second)
    known = {o.customer for o in LOG[:20]}
    full = [f"000{number(o)}" if o.customer in known else number(o) for o in LOG]
    assert found.orders == orders_of(full)
    again = [o for o in LOG[20:] if o.customer in known]
    merged = told(found, "lost_zeros")
    assert (merged["rows"], merged["money"]) == (len(again), worth(again))
    assert apart_is_offered(merged)


def test_two_numbers_with_zeros_are_two_customers(tmp_path):
    found = check(tmp_path, table([("007", "07", "7", "8")[i % 4] for i in range(40)]))
    assert found.report["customers"] == 4
    assert found.report["decisions"] == []


def test_names_regardless_of_case_and_blanks(tmp_path):
    names = [f"Ann {o.customer.replace('K', 'Lee')}" for o in LOG]
    written = [n.upper().replace(" ", "  ") if i % 4 == 3 else n for i, n in enumerate(names)]
    found = check(tmp_path, table(written, ["Order", "Customer name", "Date", "Amount"]))
    assert found.report["customers"] == len(set(names))
    both = [
        (written.count(name), written.count(other))
        for name in set(names)
        if (other := name.upper().replace(" ", "  ")) in written and name in written
    ]
    assert told(found, "name_spelling")["rows"] == sum(map(min, both))
    assert f"{len(both)} spellings merged" in told(found, "name_spelling")["sentence"]


# -- one address, several ids --------------------------------------------------------------------------

MAILED = ["Order", "Customer ID", "Email", "Date", "Amount"]


def test_a_guest_who_later_has_an_account(tmp_path):
    later = {}  # Every customer's first order was a guest's.
    rows = []
    for o in LOG:
        rows.append(((number(o) if o.customer in later else ""), mail(o)))
        later[o.customer] = later.get(o.customer, 0) + 1
    found = check(tmp_path, table(rows, MAILED))
    who = {o.customer: number(o) if later[o.customer] > 1 else mail(o) for o in LOG}
    assert found.orders == orders_of(who[o.customer] for o in LOG)
    assert found.rejects == []
    firsts = [next(o for o in LOG if o.customer == c) for c in later if later[c] > 1]
    merged = told(found, "one_email")
    assert (merged["rows"], merged["money"]) == (len(firsts), worth(firsts))
    assert apart_is_offered(merged)


def test_a_new_id_for_every_order_of_a_guest(tmp_path):
    rows = [(str(7000 + i), mail(o)) for i, o in enumerate(LOG)]
    found = check(tmp_path, table(rows, MAILED))
    groups = {}
    for o, c in zip(LOG, (row[0] for row in sorted(found.orders, key=lambda r: r[1])), strict=True):
        groups.setdefault(o.customer, set()).add(c)
    assert all(len(ids) == 1 for ids in groups.values())
    assert found.report["customers"] == len(groups) == len({o.customer for o in LOG})


def test_a_person_with_two_ids_and_two_addresses(tmp_path):
    rows = [("1", "a@x.de"), ("2", "a@x.de"), ("2", "b@x.de"), ("3", "b@x.de"), ("4", "c@x.de")]
    found = check(tmp_path, table(rows * 8, MAILED))
    assert found.report["customers"] == 2
    assert {o[0] for o in found.orders} == {"2", "4"}
    merged = told(found, "one_email")
    assert merged["rows"] == 16
    assert "2 spellings merged" in merged["sentence"]
    separate = check(tmp_path, table(rows * 8, MAILED), apart=True)
    assert {o[0] for o in separate.orders} == {"1", "2", "3", "4"}


# -- ids that are lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["6.1E+12", "6,12E+12", "5.57E+09", "6e+15"])
def test_ids_cut_by_a_spreadsheet_are_refused(tmp_path, cut):
    text = table([cut if i % 2 else number(o) for i, o in enumerate(LOG)])
    with pytest.raises(LayoutError) as refused:
        check(tmp_path, text)
    assert f"20 rows have a customer such as '{cut}' in `Customer`" in refused.value.message
    assert "don't open the file in Excel" in refused.value.hint
    assert refused.value.option == "--map customer_id=COLUMN"


# -- nobody --------------------------------------------------------------------------------------------

NOBODY = [
    *("Walk-in Customer", "walk in customer", "Guest", "GUEST", "unknown", "Anonymous", "-", "?"),
    *("Laufkunde", "Gast", "client comptoir", "público general", "ospite", "consumidor final"),
    *("onbekend", "Gäst", "nieznany", "неизвестно", "misafir", "ゲスト", "散客", "비회원"),
]


@pytest.mark.parametrize("nobody", NOBODY)
def test_nobody_is_no_customer(tmp_path, nobody):
    written = [nobody if i % 4 == 0 else o.customer for i, o in enumerate(LOG)]
    text = table(written)
    found = check(tmp_path, text)
    named = [o for i, o in enumerate(LOG) if i % 4]
    assert found.orders == orders_of([o.customer for o in named], named)
    code = dict(found.codes)
    assert sorted(code) == [i + 2 for i in range(0, 40, 4)]
    assert set(code.values()) <= {"nobody", "missing_customer"}
    if nobody != "-":
        said = told(found, "nobody")
        assert (said["rows"], said["money"]) == (10, worth(LOG[::4]))
        assert said["weighty"]
        assert (
            f"“{nobody}” in “Customer” is no customer one could name: 10 rows" in said["sentence"]
        )
        assert said["switches"] == [
            {"label": "Count them as one customer", "options": ["--keep", "nobody"]}
        ]
        kept = check(tmp_path, text, keep=frozenset({"nobody"}))
        assert kept.orders == orders_of(written)
        assert told(kept, "nobody")["switches"] == [
            {"label": "Leave them out", "options": ["--drop", "nobody"]}
        ]


def test_a_zero_with_far_too_many_rows_is_nobody(tmp_path):
    written = ["0" if i % 2 else number(o) for i, o in enumerate(LOG)]
    found = check(tmp_path, table(written))
    assert found.orders == orders_of([number(o) for o in LOG[::2]], LOG[::2])
    assert found.codes == [(i + 2, "nobody") for i in range(1, 40, 2)]


def test_a_zero_with_an_order_of_its_own_is_a_number(tmp_path):
    written = ["0", *(number(o) for o in LOG[1:])]
    assert check(tmp_path, table(written)).orders == orders_of(written)


def test_people_whose_names_only_begin_so(tmp_path):
    written = [
        ("Guest House Ltd", "Cash & Carry", "Unknown Pleasures", "Ann")[i % 4] for i in range(40)
    ]
    found = check(tmp_path, table(written))
    assert found.orders == orders_of(written)
    assert found.rejects == []


def test_nobody_with_an_address_is_somebody(tmp_path):
    rows = [("Guest" if i % 2 else number(o), mail(o)) for i, o in enumerate(LOG)]
    found = check(tmp_path, table(rows, MAILED))
    assert found.rejects == []
    assert found.report["customers"] == len({o.customer for o in LOG})
