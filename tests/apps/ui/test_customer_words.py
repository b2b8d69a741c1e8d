"""Every wording of one customer's page, word for word."""

from datetime import date

import pytest

from clv.insights.customer import Outlook, Peers, Standing
from clv.report.words import customer as words

SETTINGS = {
    "as_of": "2017-12-31",
    "horizon_months": 12,
    "currency": "EUR",
    "margin": 1.0,
    "discount_rate": 0.1,
}
CUSTOMER = {
    "orders": 6,
    "first_order": date(2017, 1, 3),
    "last_order": date(2017, 12, 1),
    "frequency": 5,
    "recency": 332,
    "T": 362,
    "monetary_value": 52.0,
    "p_alive": 0.96,
    "p_purchase": 0.73,
    "predicted_purchases": 2.3,
    "predicted_order_value": 61.0,
    "predicted_clv": 140.0,
    "predicted_clv_low": None,
    "predicted_clv_high": None,
    "next_order_date": date(2018, 2, 1),
    "segment": "loyal",
}
ONCE = CUSTOMER | {
    "orders": 1,
    "frequency": 0,
    "recency": 0,
    "first_order": date(2017, 9, 24),
    "last_order": date(2017, 9, 24),
    "T": 98,
    "monetary_value": 0.0,
    "p_purchase": 0.2,
}
BARE = dict.fromkeys(CUSTOMER) | {
    k: CUSTOMER[k] for k in ("orders", "first_order", "last_order", "frequency", "recency", "T")
}
AS_OF = date(2017, 12, 31)


def said(text):
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("where", "begins"),
    [
        (Standing.NEW, "New"),
        (Standing.PROMISING, "Likely to order again"),
        (Standing.ONCE, "A second order is less likely than not"),
        (Standing.GONE, "Probably gone"),
        (Standing.OVERDUE, "Overdue"),
        (Standing.LATE, "Later than usual"),
        (Standing.DOUBTFUL, "May well have left"),
        (Standing.ON_SCHEDULE, "On schedule"),
    ],
)
def test_answer(where, begins):
    assert said(words.customer_sentence(CUSTOMER, SETTINGS, where)) == (
        f"{begins}: the chance of at least one order in the next 12 months is 73 %, and the "
        "customer is worth €140 over that time."
    )


def test_answer_with_a_range_without_amounts_without_forecast():
    wide = CUSTOMER | {"predicted_clv_low": 40.0, "predicted_clv_high": 310.0}
    where = Standing.ON_SCHEDULE
    assert "(between €40 and €310)" in words.customer_sentence(wide, SETTINGS, where)
    unpriced = CUSTOMER | {"predicted_clv": None, "predicted_order_value": None}
    assert said(words.customer_sentence(unpriced, SETTINGS, where)) == (
        "On schedule: the chance of at least one order in the next 12 months is 73 %; 2.3 orders "
        "are expected."
    )
    one = unpriced | {"predicted_purchases": 1.0}
    assert words.customer_sentence(one, SETTINGS, where).endswith("; 1 order is expected.")
    assert words.customer_sentence(BARE, SETTINGS, None) == (
        "There is no forecast for this customer, only what happened so far."
    )


def why(customer=CUSTOMER, where=Standing.ON_SCHEDULE, **facts):
    found = words.reasons(customer | {"predicted_clv": None}, SETTINGS, where, **facts)
    assert len(found) == 1
    return said(found[0])


def gone(**changes):
    """Six orders about every three weeks, then fourteen weeks of silence."""
    return (
        CUSTOMER
        | {
            "first_order": date(2017, 6, 11),
            "last_order": date(2017, 9, 24),
            "recency": 105,
            "T": 203,
            "p_alive": 0.04,
        }
        | changes
    )


def test_on_schedule():
    assert why(p_silent=0.8) == (
        "Ordered 6 times, about every 9 weeks; silent for 4 weeks. That fits the rhythm, so the "
        "chance of still being active is 96 %."
    )


def test_on_schedule_since_the_last_day():
    today = CUSTOMER | {"last_order": AS_OF, "recency": 362}
    assert why(today, p_silent=1.0).startswith(
        "Ordered 6 times, about every 10 weeks; the last time on 31 Dec 2017. That fits"
    )


def test_heavy_buyer():
    heavy = CUSTOMER | {"orders": 260, "frequency": 249}
    assert why(heavy, p_silent=0.8) == (
        "Ordered 260 times on 250 days, nearly every day; silent for 4 weeks. That fits a rhythm "
        "well known from 250 order days, so the chance of still being active is 96 %."
    )


def test_two_orders():
    twice = CUSTOMER | {"orders": 2, "frequency": 1}
    assert why(twice, p_silent=0.8).startswith(
        "Ordered twice, 11 months apart; silent for 4 weeks."
    )
    three = twice | {"orders": 3}
    assert why(three, p_silent=0.8).startswith("Ordered 3 times on 2 days, 11 months apart;")


def test_probably_gone():
    assert why(gone(), Standing.GONE, p_silent=0.01) == (
        "Ordered 6 times, about every 3 weeks; silent for 14 weeks; so probably gone: the chance "
        "of still being active is 4 %."
    )


def test_probably_gone_without_an_unusual_silence():
    assert why(gone(), Standing.GONE, p_silent=0.3).endswith(
        "silent for 14 weeks. That silence alone is no proof, but most customers with such a "
        "history have left: so probably gone, the chance of still being active is 4 %."
    )


def test_overdue_and_late():
    assert why(gone(p_alive=0.45), Standing.OVERDUE, p_silent=0.04).endswith(
        "silent for 14 weeks. An active customer of that rhythm would have ordered by now with a "
        "chance of 96 %, so overdue: the chance of still being active is 45 %."
    )
    assert why(gone(p_alive=0.63), Standing.LATE, p_silent=0.18).endswith(
        "would have ordered by now with a chance of 82 %, so this is later than usual: the chance "
        "of still being active is 63 %."
    )
    assert why(gone(p_alive=0.97), Standing.OVERDUE, p_silent=0.04).endswith(
        "so overdue: customers with such a history seldom leave, and the chance of still being "
        "active is 97 %."
    )


def test_doubtful():
    assert why(gone(p_alive=0.45), Standing.DOUBTFUL, p_silent=0.3).endswith(
        "silent for 14 weeks. That silence is not unusual, but many customers with such a history "
        "leave: the chance of still being active is 45 %."
    )


def test_one_order():
    assert why(ONCE, Standing.ONCE, p_silent=0.3) == (
        "Ordered once, 14 weeks before 31 Dec 2017. With one order day no rhythm is known; of "
        "customers in the same position, 20 % order again in the next 12 months."
    )
    likely = ONCE | {"p_purchase": 0.62}
    assert why(likely, Standing.PROMISING, p_silent=0.3).endswith(
        "62 % order again in the next 12 months: more likely than not."
    )


def test_several_orders_on_one_day():
    assert why(ONCE | {"orders": 3}, Standing.ONCE).startswith(
        "Ordered 3 times, all on one day, 14 weeks before 31 Dec 2017."
    )


def test_new():
    new = ONCE | {"first_order": AS_OF, "last_order": AS_OF, "T": 0}
    assert why(new, Standing.NEW, new_days=60) == (
        "Ordered once, on 31 Dec 2017. Customers usually take 9 weeks from one order to the next, "
        "so it is too early to miss a second one."
    )


def test_everybody_alike():
    same = (
        "There are too few customers to tell them apart: the forecast gives all the same average "
        "rate and assumes that nobody has left"
    )
    alike = gone(p_alive=1.0)
    for where, ends in (
        (Standing.ON_SCHEDULE, "."),
        (Standing.LATE, "; at that rate most silences are shorter, so later than usual."),
        (Standing.OVERDUE, "; at that rate so long a silence is rare, so overdue."),
    ):
        assert why(alike, where, p_silent=0.5, model="pooled-rate").endswith(f". {same}{ends}")
    assert why(ONCE, Standing.ONCE, model="pooled-rate").endswith(f". {same}.")


def test_history_only():
    assert [said(s) for s in words.reasons(BARE, SETTINGS, None)] == [
        "Ordered 6 times, about every 9 weeks; silent for 4 weeks."
    ]
    once = BARE | {"orders": 1, "frequency": 0, "recency": 0}
    assert [said(s) for s in words.reasons(once, SETTINGS, None)] == [
        "Ordered once, 4 weeks before 31 Dec 2017."
    ]


def test_value():
    value = said(words.reasons(CUSTOMER, SETTINGS, Standing.ON_SCHEDULE)[1])
    assert value == (
        "Worth €140: 2.3 orders are expected, of about €61.00 each (repeat orders so far brought "
        "€52.00 on average), discounted at 10 % a year."
    )
    twice_a_day = CUSTOMER | {"orders": CUSTOMER["frequency"] + 3}
    days = said(words.reasons(twice_a_day, SETTINGS, Standing.ON_SCHEDULE)[1])
    assert days.startswith(
        "Worth €140: 2.3 days with an order are expected, of about €61.00 each (repeat days with an "
        "order so far brought €52.00 on average)"
    )
    margin = said(words.reasons(ONCE, SETTINGS | {"margin": 0.35}, Standing.ONCE)[1])
    assert margin.endswith(
        "each (the average of all customers), discounted at 10 % a year and a margin of 35 % taken."
    )


def test_rhythm():
    assert [said(words.rhythm(d)) for d in (1, 13, 14, 98, 182, 183, 700, 900)] == [
        *("1 day", "13 days", "2 weeks", "14 weeks", "26 weeks", "6 months", "23 months"),
        "2 years",
    ]


def test_next_order():
    assert said(words.next_order(CUSTOMER, "2017-12-31")) == "1 Feb 2018"
    far = CUSTOMER | {"next_order_date": date(2028, 6, 1)}
    assert words.next_order(far, "2017-12-31") == "not expected"
    assert words.next_order(BARE, "2017-12-31") == "not expected"


def seen(window=(9.2, 31.5, 121.0), due=100.0):
    return Outlook((0.1, 0.2, 0.3), (0.1, 0.2, 0.4), window, due)


def test_window():
    assert said(words.window_sentence(seen(), AS_OF)) == (
        "If still active, the next order should come between 10 Jan 2018 and 1 May 2018 (8 times "
        "out of 10), as likely before 1 Feb 2018 as after it."
    )
    assert words.window_days(seen(), AS_OF) == (date(2018, 1, 10), date(2018, 5, 1))
    open_ended = seen((9.2, 31.5, 5000.0))
    assert "10 Jan 2018 and some day more than ten years ahead" in said(
        words.window_sentence(open_ended, AS_OF)
    )
    assert words.window_days(open_ended, AS_OF) is None
    assert words.window_sentence(seen((9.2, 5000.0, float("inf"))), AS_OF) == (
        "Even if still active, no order is to be expected within ten years."
    )


def test_due():
    def due(p_silent, days=100.0, customer=CUSTOMER):
        return said(words.due_sentence(customer, seen(due=days), p_silent, AS_OF))

    assert due(0.05, 20.0) == (
        "Overdue: 9 out of 10 such customers, if active, would have ordered by 21 Dec 2017."
    )
    assert (
        due(0.5) == "Not overdue: 9 out of 10 such customers, if active, will order by 11 Mar 2018."
    )
    assert due(0.5, 1e9) == "So irregular a customer is not overdue for years."
    assert due(0.05, customer=ONCE) == ""
    assert due(0.05, customer=CUSTOMER).startswith("Overdue")


def test_money_at_risk():
    assert said(words.risk_sentence(38.0, SETTINGS)) == (
        "Money at risk: €38.00 more would be expected in the next 12 months if they were known to "
        "be active."
    )
    assert words.risk_sentence(None, SETTINGS) == ""


def test_path_statement():
    assert said(words.path_statement(CUSTOMER | {"p_alive": 0.04}, 0.93, "mbg-nbd")) == (
        "Since the last order the chance of still being active has fallen from 93 % to 4 %"
    )
    assert said(words.path_statement(CUSTOMER, 0.96, "mbg-nbd")) == (
        "The chance of still being active is 96 %"
    )
    assert words.path_statement(ONCE, 1.0, "bg-nbd") == (
        "In this model customers leave only after a repeat order, so this one is still active"
    )
    assert said(words.path_statement(CUSTOMER, 0.96, "bg-nbd")).endswith("is 96 %")


def peers(customers, below, above, clv=1.0):
    names = ("orders", "revenue", "p_purchase", "predicted_clv")
    medians = dict.fromkeys(names, 1.0) | {"predicted_clv": clv}
    return Peers(customers, medians, dict.fromkeys(names, below), dict.fromkeys(names, above))


def compared(cohort, group, customer=CUSTOMER, valued=True):
    return said(words.peers_sentence(customer, cohort, group, valued=valued))


def test_comparison():
    assert compared(peers(1205, 0.83, 0.17), peers(50, 0.2, 0.8)) == (
        "83 % of the 1,204 others who first ordered in Jan 2017 have spent less. 80 % of the 49 "
        "others in the group “loyal” are worth more."
    )
    unpriced = CUSTOMER | {"predicted_clv": None, "revenue": None}
    assert compared(peers(1205, 0.83, 0.17), peers(50, 0, 1.0), unpriced, valued=False) == (
        "83 % of the 1,204 others who first ordered in Jan 2017 have ordered less often. All the "
        "49 others in the group “loyal” are more likely to order."
    )
    assert compared(peers(20, 0, 0), None) == (
        "All the 19 others who first ordered in Jan 2017 have spent the same."
    )


def test_too_few_to_compare_with():
    assert compared(peers(1, None, None), None) == (
        "Nobody else first ordered in Jan 2017: too few to compare with."
    )
    assert compared(peers(2, 1.0, 0.0), peers(10, 0.1, 0.9)) == (
        "Only 1 other customer first ordered in Jan 2017: too few to compare with."
    )
    assert compared(peers(10, 1.0, 0.0), None).startswith("Only 9 other customers first ordered")
    assert compared(peers(11, 1.0, 0.0), None).startswith("All the 10 others")


def test_rank():
    assert said(words.rank(peers(50, 0.2, 0.8), "orders")) == "80 % higher"
    assert said(words.rank(peers(50, 0.5, 0.5), "orders")) == "50 % lower"
    assert said(words.rank(peers(50, 0.0, 0.0), "orders")) == "all the same"
    # Exactly all is another thing than nearly all.
    assert said(words.rank(peers(50, 1.0, 0.0), "orders")) == "all lower"
    assert said(words.rank(peers(5000, 0.9998, 0.0), "orders")) == "over 99 % lower"
    assert words.rank(peers(50, None, None), "orders") == ""
