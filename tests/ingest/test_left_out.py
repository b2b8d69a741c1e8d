"""More than a twentieth of the money left out is said at the top; and sums are exact to the cent."""

from tests.ingest.helpers import check

HEADER = "customer,order_id,date,amount\n"


def said(found):
    return [
        (
            d["code"],
            d["sentence"].replace("\xa0", " "),
            d["rows"],
            d["money"],
            [s["options"] for s in d["switches"]],
        )
        for d in found.report["decisions"]
        if d["weighty"]
    ]


def test_a_reason_that_takes_more_than_a_twentieth_of_the_money(tmp_path):
    rows = [f"c{i},{i},2017-01-01,10.10" for i in range(30)]
    rows += [",90,2017-01-02,20.20", "x,91,never,1.00"]
    found = check(tmp_path, HEADER + "\n".join(rows))
    assert said(found) == [
        (
            "missing_customer",
            (
                "Left out, no customer: 1 row with 20.20, 6.2 % of the money. Guest orders cannot be "
                "forecast; add an id."
            ),
            1,
            20.2,
            [],
        )
    ]
    assert found.report["revenue"] == 303.0


def test_a_rule_that_can_be_turned_round_names_its_option(tmp_path):
    rows = [f"c{i},{i},2017-01-01,10" for i in range(9)] + ["c0,0,2017-01-01,10"]
    found = check(tmp_path, HEADER + "\n".join(rows))
    assert [s[0] for s in said(found)] == ["duplicate"]
    assert said(found)[0][4] == [["--keep", "duplicate"]]


def test_rows_without_a_readable_amount_weigh_as_rows(tmp_path):
    rows = [f"c{i},{i},2017-01-01,10" for i in range(9)] + ["x,9,2017-01-01,ten"]
    (found,) = said(check(tmp_path, HEADER + "\n".join(rows)))
    assert found[1] == (
        "Left out, amount not readable: 1 row, 10 % of all rows. Write amounts as plain numbers."
    )


def test_many_small_reasons_are_weighed_together(tmp_path):
    rows = [f"c{i},{i},2017-01-01,10" for i in range(31)]
    rows += ["x,40,never,10", ",41,2017-01-01,10"]
    (found,) = said(check(tmp_path, HEADER + "\n".join(rows)))
    assert found[:4] == (
        "left_out",
        (
            "Left out for all reasons together: 2 rows with 20.00, 6.1 % of the money. The reasons are "
            "listed with their rows."
        ),
        2,
        20.0,
    )


def test_a_twentieth_is_not_more_than_one(tmp_path):
    rows = [f"c{i},{i},2017-01-01,10" for i in range(19)] + ["x,40,never,10"]
    assert said(check(tmp_path, HEADER + "\n".join(rows))) == []


def test_sums_are_exact_to_the_cent(tmp_path):
    rows = [f"c{i},{i // 3},2017-01-01,{i / 100:.2f}" for i in range(1000)]
    found = check(tmp_path, HEADER + "\n".join(rows), keep=frozenset({"zero_value"}))
    assert found.report["revenue"] == 4995.0
    rows = [f"c,{i},2017-01-0{i % 9 + 1},0.1" for i in range(91)]
    assert check(tmp_path, HEADER + "\n".join(rows)).report["revenue"] == 9.1


def test_a_product_of_price_and_quantity_is_exact_and_not_rounded_to_cents(tmp_path):
    text = "customer,order_id,date,quantity,unit_price\na,1,2017-01-01,3,13.745\na,2,2017-01-02,3,0.1\n"
    found = check(tmp_path, text)
    assert [r for *_, r, _ in found.orders] == [41.235, 0.3]
    assert found.report["revenue"] == 41.535
