"""Which rows are sales, which are none, and which take one back: by status, delivery, kind and flags."""

from __future__ import annotations

import pytest

from tests.ingest import base_log
from tests.ingest.helpers import check

LOG = base_log.orders(number=40)
HEAD = ["Order", "Client", "Date", "Amount"]

#: Words for paid, delivered or done; cancelled; refunded; not paid yet. A language in each line.
WORDS = {
    "english": ("Completed", "Shipped", "Cancelled", "Refunded", "Awaiting payment"),
    "german": ("Bezahlt", "Versendet", "Storniert", "Erstattet", "Zahlung ausstehend"),
    "french": ("Payée", "Livrée", "Annulée", "Remboursée", "En attente de paiement"),
    "spanish": ("Pagado", "Entregado", "Cancelado", "Reembolsado", "Pendiente de pago"),
    "italian": ("Pagato", "Spedito", "Annullato", "Rimborsato", "In attesa di pagamento"),
    "portuguese": ("Pago", "Entregue", "Cancelado", "Reembolsado", "Aguardando pagamento"),
    "dutch": ("Betaald", "Verzonden", "Geannuleerd", "Terugbetaald", "In afwachting"),
    "swedish": ("Betald", "Levererad", "Avbruten", "Återbetald", "Obetald"),
    "danish": ("Betalt", "Sendt", "Annulleret", "Refunderet", "Afventer"),
    "polish": ("Opłacone", "Wysłane", "Anulowane", "Zwrócone", "Oczekuje na płatność"),
    "czech": ("Zaplaceno", "Odesláno", "Zrušeno", "Vráceno", "Čeká na platbu"),
    "turkish": ("Ödendi", "Teslim edildi", "İptal edildi", "İade edildi", "Ödeme bekleniyor"),
    "russian": ("Оплачен", "Доставлен", "Отменён", "Возврат", "Ожидает оплаты"),
    "japanese": ("入金済み", "発送済み", "キャンセル", "返金済み", "未入金"),
    "chinese": ("已付款", "已发货", "已取消", "已退款", "待付款"),
    "korean": ("결제완료", "배송완료", "주문취소", "환불완료", "입금대기"),
    "shouting": ("PAID", "DELIVERED", "CANCELED", "REFUNDED", "PENDING_PAYMENT"),
    "woocommerce": ("wc-completed", "wc-processing", "wc-cancelled", "wc-refunded", "wc-pending"),
}
CODES = (None, None, "cancelled", "refunded", "unpaid")


def head(o, amount=None):
    return [o.number, o.customer, o.day, f"{(o.cents if amount is None else amount) / 100:.2f}"]


def table(column, words, log=LOG):
    """The log with a column whose words take turns."""
    rows = [[*head(o), words[i % len(words)]] for i, o in enumerate(log)]
    return base_log.written([*HEAD, column], rows)


def orders_of(log):
    return sorted((o.customer, o.number, f"{o.day} 00:00:00", o.value, None) for o in log)


def decisions(found):
    return {d["code"]: d for d in found.report["decisions"]}


@pytest.mark.parametrize("column", ["Status", "Financial status", "Estado"])
@pytest.mark.parametrize("language", WORDS)
def test_statuses_in_many_languages(tmp_path, language, column):
    if column != "Status" and language not in {"english", "spanish"}:
        pytest.skip("one name of the column is enough")
    words = WORDS[language]
    found = check(tmp_path, table(column, words))
    assert found.orders == orders_of(o for i, o in enumerate(LOG) if i % 5 < 2)
    assert found.codes == [(i + 2, CODES[i % 5]) for i in range(len(LOG)) if CODES[i % 5]]
    assert {(s["word"], s["meaning"], s["known"]) for s in found.report["statuses"]} == {
        (words[0], "counts", True),
        (words[1], "counts", True),
        (words[2], "no", True),
        (words[3], "refund", True),
        (words[4], "no", True),
    }


def test_words_are_listed_with_rows_and_money(tmp_path):
    found = check(tmp_path, table("Status", ["paid", "paid", "void", "frobbed"]))
    sums = [round(sum(o.cents for o in LOG[i::4]) / 100, 2) for i in range(4)]
    words = {s["word"]: s for s in found.report["statuses"]}
    assert words["paid"] == {
        "column": "Status",
        "word": "paid",
        "rows": 20,
        "money": round(sums[0] + sums[1], 2),
        "meaning": "counts",
        "known": True,
    }
    assert words["void"]["meaning"] == "no"
    assert words["frobbed"] == {
        "column": "Status",
        "word": "frobbed",
        "rows": 10,
        "money": sums[3],
        "meaning": "counts",
        "known": False,
    }


def test_an_unknown_word_counts_and_is_pointed_out(tmp_path):
    text = table("Status", ["paid", "paid", "frobbed"])
    found = check(tmp_path, text)
    assert found.orders == orders_of(LOG)
    told = decisions(found)["unknown_status"]
    assert told["rows"] == 13
    assert told["money"] == round(sum(o.cents for o in LOG[2::3]) / 100, 2)
    assert told["weighty"]
    assert "“frobbed”" in told["sentence"]
    assert [s["options"] for s in told["switches"]] == [
        ["--status", "frobbed=no"],
        ["--status", "frobbed=refund"],
    ]


@pytest.mark.parametrize(("meaning", "code"), [("no", "cancelled"), ("refund", "refunded")])
def test_the_user_says_what_a_word_means(tmp_path, meaning, code):
    found = check(tmp_path, table("Status", ["paid", "frobbed"]), statuses={"Frobbed": meaning})
    assert found.orders == orders_of(LOG[::2])
    assert found.codes == [(i + 2, code) for i in range(1, len(LOG), 2)]
    assert "unknown_status" not in decisions(found)


@pytest.mark.parametrize("word", ["cancelled", "refunded", "pending"])
def test_the_users_word_goes_first(tmp_path, word):
    found = check(tmp_path, table("Status", ["paid", word]), statuses={word: "counts"})
    assert found.orders == orders_of(LOG)
    assert found.rejects == []


@pytest.mark.parametrize(
    "word", ["Partially refunded", "Teilweise erstattet", "Partiellement remboursée", "一部返金"]
)
def test_partly_refunded_is_a_sale(tmp_path, word):
    found = check(tmp_path, table("Status", ["paid", word]))
    assert found.orders == orders_of(LOG)


def test_partly_refunded_less_what_went_back(tmp_path):
    rows = [
        [*head(o), *(("partially_refunded", f"{o.cents // 4 / 100:.2f}") if i % 2 else ("paid", 0))]
        for i, o in enumerate(LOG)
    ]
    found = check(tmp_path, base_log.written([*HEAD, "Status", "Refunded amount"], rows))
    expected = [
        (o.customer, f"{o.day} 00:00:00", (o.cents - (o.cents // 4 if i % 2 else 0)) / 100)
        for i, o in enumerate(LOG)
    ]
    assert sorted(found.money) == sorted(expected)


# -- cash on delivery ----------------------------------------------------------------------------------


def test_pending_but_delivered_is_a_sale(tmp_path):
    states = [("paid", "fulfilled"), ("pending", "fulfilled"), ("pending", "unfulfilled")]
    rows = [[*head(o), *states[i % 3]] for i, o in enumerate(LOG)]
    text = base_log.written([*HEAD, "Financial status", "Fulfillment status"], rows)
    found = check(tmp_path, text)
    assert found.orders == orders_of(o for i, o in enumerate(LOG) if i % 3 < 2)
    assert found.codes == [(i + 2, "unpaid") for i in range(2, len(LOG), 3)]
    told = decisions(found)["delivered_unpaid"]
    assert told["rows"] == len(LOG[1::3])
    assert told["money"] == round(sum(o.cents for o in LOG[1::3]) / 100, 2)
    assert told["switches"] == [
        {"label": "They don't count", "options": ["--status", "pending=no"]}
    ]
    strict = check(tmp_path, text, statuses={"pending": "no"})
    assert strict.orders == orders_of(LOG[::3])


def test_not_paid_is_said_with_its_size(tmp_path):
    found = check(tmp_path, table("Status", ["paid", "paid", "paid", "pending"]))
    told = decisions(found)["unpaid"]
    share = f"{100 * sum(o.cents for o in LOG[3::4]) / sum(o.cents for o in LOG):.0f}"
    assert told["sentence"] == (
        "“pending” in the column “Status” means not paid. Left out: 10 rows with "
        f"{share}\N{NO-BREAK SPACE}% of the money."
    )
    assert told["rows"] == 10
    assert told["money"] == round(sum(o.cents for o in LOG[3::4]) / 100, 2)
    assert told["switches"] == [{"label": "They count", "options": ["--status", "pending=counts"]}]


# -- kinds of rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sale", "refund", "nothing"),
    [
        ("Sale", "Refund", "Authorization"),
        ("capture", "refund", "void"),
        ("Payment", "Payment Refund", "Payout"),
        ("Verkauf", "Rückerstattung", "Auszahlung"),
        ("Vente", "Remboursement", "Virement"),
        ("purchase", "return", "add_to_cart"),
    ],
)
def test_kinds_of_transaction(tmp_path, sale, refund, nothing):
    rows, kept = [], []
    for i, o in enumerate(LOG):
        rows += [[*head(o), nothing], [*head(o), sale]]
        if i % 4 == 0:  # Back in full.
            rows.append([*head(o), refund])
        elif i % 4 == 1:  # Back in part.
            rows.append([*head(o, 100), refund])
            kept.append((o.customer, f"{o.day} 00:00:00", (o.cents - 100) / 100))
        else:
            kept.append((o.customer, f"{o.day} 00:00:00", o.value))
    found = check(tmp_path, base_log.written([*HEAD, "Type"], rows))
    assert sorted(found.money) == sorted(kept)
    assert found.reasons == {"event": len(LOG)}
    assert found.report["orders_cancelled"] == 10
    assert found.report["rows_netted"] == 20


def test_refunds_with_a_minus_are_taken_off_once(tmp_path):
    rows = []
    for i, o in enumerate(LOG):
        rows.append([*head(o), "Sale"])
        if i % 4 == 0:
            rows.append([*head(o, -150), "Refund"])
    found = check(tmp_path, base_log.written([*HEAD, "Transaction type"], rows))
    expected = [
        (o.customer, f"{o.day} 00:00:00", (o.cents - (0 if i % 4 else 150)) / 100)
        for i, o in enumerate(LOG)
    ]
    assert sorted(found.money) == sorted(expected)


def test_a_refund_that_failed_took_nothing_back(tmp_path):
    rows = []
    for i, o in enumerate(LOG):
        rows.append([*head(o), "sale", "success"])
        if i % 4 == 0:
            rows.append([*head(o), "refund", "failure"])
    found = check(tmp_path, base_log.written([*HEAD, "Kind", "Status"], rows))
    assert found.orders == orders_of(LOG)
    assert found.reasons == {"cancelled": 10}


@pytest.mark.parametrize("buying", ["purchase", "transaction", "order_completed"])
def test_only_purchases_of_a_log_of_events_are_orders(tmp_path, buying):
    rows = []
    for o in LOG:
        rows += [
            [o.customer, f"{o.day} 10:00:00", event, "", "9.90" if "cart" in event else ""]
            for event in ("page_view", "view_item", "add_to_cart", "begin_checkout")
        ]
        rows.append([o.customer, f"{o.day} 10:05:00", buying, o.number, f"{o.value:.2f}"])
    header = ["visitor_id", "event_time", "event_name", "transaction_id", "revenue"]
    found = check(tmp_path, base_log.written(header, rows))
    expected = sorted((o.customer, f"{o.day} 10:05:00", o.value) for o in LOG)
    assert sorted(found.money) == expected
    assert found.reasons == {"event": 4 * len(LOG)}


def test_what_leads_to_an_order_is_no_order(tmp_path):
    """A tool for newsletters tells everything a visitor does, with the value of what was looked at."""
    before = ("Viewed Product", "Added to Cart", "Started Checkout", "Checkout Initiated")
    rows = []
    for o in LOG:
        rows += [[o.customer, f"{o.day} 10:00:00", event, "9.90"] for event in before]
        rows.append([o.customer, f"{o.day} 10:05:00", "Placed Order", f"{o.value:.2f}"])
    found = check(tmp_path, base_log.written(["User", "When", "Event", "Value"], rows))
    assert sorted(found.money) == sorted((o.customer, f"{o.day} 10:05:00", o.value) for o in LOG)
    assert found.reasons == {"event": 4 * len(LOG)}


@pytest.mark.parametrize("word", ["Uncaptured", "Not paid", "No pagado", "Nicht bezahlt", "unpaid"])
def test_what_has_not_happened_is_no_sale(tmp_path, word):
    found = check(tmp_path, table("Status", ["paid", word]))
    assert found.orders == orders_of(LOG[::2])
    assert found.reasons == {"unpaid": 20}


def test_events_without_amounts(tmp_path):
    rows = [
        [f"{o.day} 08:00:0{i}", o.customer, event]
        for o in LOG
        for i, event in enumerate(("view", "addtocart", "transaction"))
    ]
    found = check(tmp_path, base_log.written(["timestamp", "visitorid", "event"], rows))
    assert [(c, t) for c, t, _ in found.money] == sorted(
        (o.customer, f"{o.day} 08:00:02") for o in LOG
    )
    assert found.reasons == {"event": 2 * len(LOG)}
    assert found.report["has_revenue"] is False


def test_a_column_of_kinds_without_a_sale_says_nothing(tmp_path):
    found = check(tmp_path, table("Type", ["web", "phone"]))
    assert found.orders == orders_of(LOG)
    assert found.rejects == []


# -- flags and days ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yes", "no"), [("true", "false"), ("1", "0"), ("Yes", "No"), ("ja", "nein"), ("TRUE", "")]
)
@pytest.mark.parametrize(
    ("column", "code"), [("is_cancelled", "cancelled"), ("test", "test"), ("Test order", "test")]
)
def test_flags(tmp_path, column, code, yes, no):
    found = check(tmp_path, table(column, [no, no, no, yes]))
    assert found.orders == orders_of(o for i, o in enumerate(LOG) if i % 4 < 3)
    assert found.codes == [(i + 2, code) for i in range(3, len(LOG), 4)]


@pytest.mark.parametrize("column", ["Cancelled at", "cancel_date", "Storniert am"])
def test_a_day_of_cancellation(tmp_path, column):
    found = check(tmp_path, table(column, ["", "", "2022-12-30"]))
    assert found.orders == orders_of(o for i, o in enumerate(LOG) if i % 3 < 2)
    assert found.codes == [(i + 2, "cancelled") for i in range(2, len(LOG), 3)]


def test_refunded_in_full_by_amount(tmp_path):
    rows = [[*head(o), f"{(o.cents if i % 5 == 0 else 0) / 100:.2f}"] for i, o in enumerate(LOG)]
    found = check(tmp_path, base_log.written([*HEAD, "Amount refunded"], rows))
    assert found.orders == orders_of(o for i, o in enumerate(LOG) if i % 5)
    assert found.codes == [(i + 2, "refunded") for i in range(0, len(LOG), 5)]
