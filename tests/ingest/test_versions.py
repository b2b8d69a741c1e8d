"""One order told several times, one number for several orders, and equal rows of one order."""

from __future__ import annotations

from tests.ingest import base_log
from tests.ingest.helpers import check, check_files

LOG = base_log.orders(number=40)
HEAD = ["Order", "Client", "Date", "Amount"]


def head(o, cents=None):
    return [o.number, o.customer, o.day, f"{(o.cents if cents is None else cents) / 100:.2f}"]


def orders_of(log, items=None):
    return sorted((o.customer, o.number, f"{o.day} 00:00:00", o.value, items) for o in log)


def write(folder, name, header, rows):
    path = folder / name
    path.write_text(base_log.written(header, rows))
    return path


def told(found, code):
    return next(d for d in found.report["decisions"] if d["code"] == code)


def codes(found):
    return {d["code"] for d in found.report["decisions"]}


def worth(log):
    return round(sum(o.cents for o in log) / 100, 2)


# -- several files -------------------------------------------------------------------------------------


def test_equal_rows_of_overlapping_exports_count_once(tmp_path):
    first = write(tmp_path, "jan.csv", HEAD, map(head, LOG[:25]))
    second = write(tmp_path, "feb.csv", HEAD, map(head, LOG[15:]))
    found = check_files(first, second)
    assert found.orders == orders_of(LOG)
    assert found.reasons == {"duplicate": 10}
    assert check_files(second, first).orders == found.orders


def test_an_order_counts_by_its_latest_state(tmp_path):
    """Pending in the first export, and paid, cancelled or still pending in the second."""
    states = ("paid", "cancelled", "pending")
    header = [*HEAD, "Status"]
    first = [[*head(o), "paid" if i < 15 else "pending"] for i, o in enumerate(LOG[:25])]
    second = [[*head(o), states[i % 3] if i < 10 else "paid"] for i, o in enumerate(LOG[15:])]
    files = (
        write(tmp_path, "one.csv", header, first),
        write(tmp_path, "two.csv", header, second),
    )
    kept = LOG[:15] + LOG[15:25:3] + LOG[25:]
    # Four of the ten stand there as pending in both: the second time they repeat a row.
    for order in (files, files[::-1]):
        found = check_files(*order)
        assert found.orders == orders_of(kept)
        assert sum(found.reasons.values()) == 25 + 25 - len(kept)
        assert found.reasons["older_state"] == 7
        assert found.reasons["cancelled"] == 3
        moved = told(found, "overlap")
        assert moved["rows"] == 7
        assert moved["switches"] == [
            {"label": "Count every row", "options": ["--keep", "older_state"]}
        ]


def test_an_order_refunded_later(tmp_path):
    header = [*HEAD, "Refunded amount"]
    first = [[*head(o), "0.00"] for o in LOG[:30]]
    second = [
        [*head(o), f"{(o.cents if i == 0 else 200 if i < 4 else 0) / 100:.2f}"]
        for i, o in enumerate(LOG[20:])
    ]
    files = (
        write(tmp_path, "one.csv", header, first),
        write(tmp_path, "two.csv", header, second),
    )
    found = check_files(*files)
    expected = [
        (
            o.customer,
            o.number,
            f"{o.day} 00:00:00",
            (o.cents - 200 * (i in {21, 22, 23})) / 100,
            None,
        )
        for i, o in enumerate(LOG)
        if i != 20
    ]
    assert found.orders == sorted(expected)
    assert found.reasons == {"older_state": 4, "duplicate": 6, "refunded": 1}
    assert told(found, "overlap")["rows"] == 4


def test_lines_of_an_order_split_over_two_files_all_count(tmp_path):
    lines = base_log.lines(LOG)
    header = [*HEAD, "SKU"]
    rows = [[*head(ln.order, ln.cents), ln.product] for ln in lines]
    # The cut goes through the middle of an order.
    cut = next(
        i
        for i in range(len(lines) // 2, len(lines))
        if lines[i - 1].order.number == lines[i].order.number
    )
    found = check_files(
        write(tmp_path, "one.csv", header, rows[:cut]),
        write(tmp_path, "two.csv", header, rows[cut:]),
    )
    sums = {o.number: 0 for o in LOG}
    for ln in lines:
        sums[ln.order.number] += ln.cents
    assert found.orders == sorted(
        (o.customer, o.number, f"{o.day} 00:00:00", sums[o.number] / 100, None) for o in LOG
    )
    assert found.rejects == []


def test_every_state_counts_where_the_user_says_so(tmp_path):
    header = [*HEAD, "Refunded amount"]
    first = write(tmp_path, "one.csv", header, [[*head(o), "0.00"] for o in LOG[:20]])
    second = write(tmp_path, "two.csv", header, [[*head(o), "1.00"] for o in LOG[15:]])
    found = check_files(first, second, keep=frozenset({"older_state"}))
    assert found.report["rows_rejected"] == 0
    assert told(found, "overlap")["switches"] == [
        {"label": "Count the latest only", "options": ["--drop", "older_state"]}
    ]


# -- states of one order in one file -------------------------------------------------------------------


def test_a_history_of_states_counts_once(tmp_path):
    rows = [
        [*head(o), state]
        for i, o in enumerate(LOG)
        for state in ("pending", "paid", "cancelled" if i % 8 == 0 else "shipped")
    ]
    found = check(tmp_path, base_log.written([*HEAD, "Status"], rows))
    assert found.orders == orders_of(o for i, o in enumerate(LOG) if i % 8)
    assert found.reasons == {"older_state": 80, "cancelled": 5}
    assert told(found, "history")["rows"] == 80


def test_the_latest_state_by_its_time_not_by_its_place(tmp_path):
    rows = []
    for o in LOG:
        rows.append([*head(o), "shipped", f"{o.day} 15:00:00"])
        rows.append([*head(o), "pending", f"{o.day} 09:00:00"])
    found = check(tmp_path, base_log.written([*HEAD, "Status", "Updated at"], rows))
    assert found.orders == orders_of(LOG)
    assert found.codes == [(i, "older_state") for i in range(3, 82, 2)]


# -- numbers that recur --------------------------------------------------------------------------------


def test_numbers_of_two_shops_in_one_file(tmp_path):
    """Both shops number their orders from 1001 on."""
    rows = [
        [str(1001 + i // 2), f"{'AB'[i % 2]}-{o.customer}", o.day, f"{o.value:.2f}"]
        for i, o in enumerate(LOG)
    ]
    found = check(tmp_path, base_log.written(HEAD, rows))
    assert sorted(found.money) == sorted(
        (f"{'AB'[i % 2]}-{o.customer}", f"{o.day} 00:00:00", o.value) for i, o in enumerate(LOG)
    )
    assert found.rejects == []
    numbers = [o[1] for o in found.orders]
    assert len(set(numbers)) == 40
    assert set(numbers) == {f"{1001 + i}{again}" for i in range(20) for again in ("", " (2)")}
    recur = told(found, "numbers_recur")
    assert recur["rows"] == 40
    assert recur["money"] == worth(LOG)
    assert "20 order numbers recur" in recur["sentence"]


def test_numbers_that_begin_anew_every_month(tmp_path):
    seen, rows = {}, []
    for o in LOG:
        month = o.day[:7]
        seen[month] = seen.get(month, 0) + 1
        rows.append([f"R-{seen[month]}", o.customer, o.day, f"{o.value:.2f}"])
    found = check(tmp_path, base_log.written(HEAD, rows))
    assert sorted(found.money) == sorted((o.customer, f"{o.day} 00:00:00", o.value) for o in LOG)
    assert found.rejects == []


# -- rows that are equal -------------------------------------------------------------------------------


def test_scans_of_equal_items_each_count(tmp_path):
    """A till writes a row for every item, so that three of one article are three equal rows."""
    lines = base_log.lines(LOG)
    rows = [[*head(ln.order, ln.price), ln.product] for ln in lines for _ in range(ln.quantity)]
    text = base_log.written([*HEAD, "Article"], rows)
    found = check(tmp_path, text)
    sums = {o.number: 0 for o in LOG}
    for ln in lines:
        sums[ln.order.number] += ln.cents
    assert {n: row[2] for n, row in found.by_order.items()} == {n: c / 100 for n, c in sums.items()}
    assert found.rejects == []
    again = told(found, "equal_items")
    assert again["rows"] == sum(ln.quantity - 1 for ln in lines)
    assert again["money"] == round(sum((ln.quantity - 1) * ln.price for ln in lines) / 100, 2)
    assert again["switches"] == [
        {"label": "Leave the repeats out", "options": ["--drop", "duplicate"]}
    ]
    once = check(tmp_path, text, drop=frozenset({"duplicate"}))
    assert once.reasons == {"duplicate": again["rows"]}


def test_equal_rows_with_a_quantity_are_a_repeat(tmp_path):
    lines = base_log.lines(LOG)
    rows = [[*head(ln.order, ln.cents), ln.product, ln.quantity] for ln in lines]
    found = check(tmp_path, base_log.written([*HEAD, "Article", "Quantity"], rows + rows[:7]))
    assert found.codes == [(len(rows) + 2 + i, "duplicate") for i in range(7)]
    assert "equal_items" not in codes(found)
    assert found.report["revenue"] == round(sum(ln.cents for ln in lines) / 100, 2)


def test_a_row_number_is_no_order_number(tmp_path):
    lines = base_log.lines(LOG)
    rows = [[i + 1, *head(ln.order, ln.cents), ln.product] for i, ln in enumerate(lines)]
    found = check(tmp_path, base_log.written(["Row ID", *HEAD, "Article"], rows))
    assert found.report["mapping"]["order_id"] == "Order"
    assert found.report["orders"] == 40
    bare = check(
        tmp_path,
        base_log.written(["#", *HEAD[1:]], [[i + 1, *head(o)[1:]] for i, o in enumerate(LOG)]),
    )
    assert bare.report["customers"] == len({o.customer for o in LOG})
    assert sorted(bare.money) == sorted((o.customer, f"{o.day} 00:00:00", o.value) for o in LOG)
