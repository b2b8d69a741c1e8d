"""One log under many names and in many forms: the same orders come out, or the program asks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.core.errors import InputError, LayoutError
from tests.ingest import base_log
from tests.ingest.helpers import check

LOG = base_log.orders()
EXPECTED = sorted((o.customer, o.number, f"{o.at:%Y-%m-%d %H:%M}:00", o.value) for o in LOG)
DAYS = sorted((o.customer, o.number, f"{o.day} 00:00:00", o.value) for o in LOG)

#: Customer, order, date and value as shops of many countries head them.
NAMES = {
    "english": ("Customer ID", "Order number", "Order date", "Total"),
    "shouting": ("CUST_NO", "ORD_ID", "ORD_DATE", "ORD_AMT"),
    "camel": ("clientId", "basketId", "purchaseTimestamp", "salesValue"),
    "german": ("Kundennummer", "Bestellnummer", "Bestelldatum", "Gesamtbetrag"),
    "german short": ("Kd-Nr.", "Auftrags-Nr.", "Datum", "Umsatz"),
    "french": ("N° client", "N° commande", "Date de commande", "Montant total"),
    "spanish": ("ID de cliente", "Número de pedido", "Fecha de pedido", "Importe"),
    "italian": ("Codice cliente", "Numero ordine", "Data ordine", "Totale"),
    "portuguese": ("Cliente", "Pedido", "Data da compra", "Valor total"),
    "dutch": ("Klantnummer", "Bestelnummer", "Besteldatum", "Totaalbedrag"),
    "swedish": ("Kundnummer", "Ordernummer", "Orderdatum", "Summa"),
    "danish": ("Kundenr", "Ordrenr", "Dato", "Beløb"),
    "norwegian": ("Kunde", "Bestilling", "Dato", "Beløp"),
    "finnish": ("Asiakasnumero", "Tilausnumero", "Päivämäärä", "Summa"),
    "polish": ("Klient", "Numer zamówienia", "Data zamówienia", "Kwota"),
    "czech": ("Zákazník", "Číslo objednávky", "Datum", "Částka"),
    "hungarian": ("Vevő", "Rendelés azonosító", "Dátum", "Összeg"),
    "romanian": ("Client", "Număr comandă", "Data", "Suma"),
    "turkish": ("Müşteri", "Sipariş No", "Tarih", "Tutar"),
    "russian": ("Покупатель", "Номер заказа", "Дата", "Сумма"),
    "ukrainian": ("Клієнт", "Замовлення", "Дата", "Сума"),
    "greek": ("Πελάτης", "Παραγγελία", "Ημερομηνία", "Ποσό"),
    "japanese": ("顧客コード", "注文番号", "注文日", "金額"),
    "chinese": ("会员编号", "订单编号", "下单日期", "订单金额"),
    "korean": ("고객 ID", "주문 번호", "주문 일시", "금액"),
    "indonesian": ("Pelanggan", "Nomor pesanan", "Tanggal", "Jumlah"),
    "vietnamese": ("Khách hàng", "Mã đơn hàng", "Ngày", "Số tiền"),
    "thai": ("ลูกค้า", "เลขที่คำสั่งซื้อ", "วันที่", "ยอดขาย"),
    "arabic": ("العميل", "رقم الطلب", "التاريخ", "المبلغ"),
    "hebrew": ("לקוח", "מספר הזמנה", "תאריך", "סכום"),
    "hindi": ("ग्राहक", "आदेश क्रमांक", "दिनांक", "राशि"),
}
#: Names that say nothing: only what the columns hold can tell.
NONSENSE = {
    "made up": ("zork", "blub", "quux", "frobnitz"),
    "numbered": ("f1", "f2", "f3", "f4"),
    "letters": ("A", "B", "C", "D"),
}


def table(names, rows):
    return base_log.written(names, rows)


def plain(o):
    return [o.customer, o.number, f"{o.at:%Y-%m-%d %H:%M}:00", f"{o.value:.2f}"]


@pytest.mark.parametrize("language", NAMES)
def test_names_in_many_languages(tmp_path, language):
    found = check(tmp_path, table(NAMES[language], map(plain, LOG)))
    assert found.orders == [(*order, None) for order in EXPECTED]
    assert found.rejects == []
    mapped = found.report["mapping"]
    wanted = ("customer_id", "order_id", "ordered_at", "revenue")
    assert mapped == dict(zip(wanted, NAMES[language], strict=True))


@pytest.mark.parametrize("names", NONSENSE)
def test_names_that_say_nothing(tmp_path, names):
    found = check(tmp_path, table(NONSENSE[names], map(plain, LOG)))
    assert found.orders == [(*order, None) for order in EXPECTED]


@pytest.mark.parametrize("names", NONSENSE)
def test_two_amounts_without_a_name_are_asked_about(tmp_path, names):
    rows = [[*plain(o), f"{(o.cents * 7) % 9973 / 100:.2f}"] for o in LOG]
    with pytest.raises(LayoutError) as asked:
        check(tmp_path, table([*NONSENSE[names], "E"], rows))
    assert asked.value.missing == ("revenue",)
    assert [c["options"] for c in asked.value.choices] == [
        ["--map", f"revenue={NONSENSE[names][3]}"],
        ["--map", "revenue=E"],
        ["--map", "revenue="],
    ]
    assert LOG[0].value == float(asked.value.choices[0]["label"].split(": ")[1].split(",")[0])


DATES = {
    "iso": lambda at: f"{at:%Y-%m-%d %H:%M}:00",
    "T": lambda at: f"{at:%Y-%m-%dT%H:%M}:00",
    "points": lambda at: f"{at:%d.%m.%Y %H:%M}",
    "american": lambda at: f"{at:%m/%d/%Y %I:%M %p}",
    "named": lambda at: f"{at:%d %b %Y %H:%M}",
    "day": lambda at: f"{at:%Y-%m-%d}",
    "compact": lambda at: f"{at:%Y%m%d}",
}
AMOUNTS = {
    "plain": lambda cents: f"{cents / 100:.2f}",
    "short": lambda cents: f"{cents / 100:g}",
    "thousands": lambda cents: f"{cents / 100:,.2f}",
    "comma": lambda cents: f"{cents / 100:.2f}".replace(".", ","),
    "continental": lambda cents: f"{cents / 100:,.2f}".translate(str.maketrans(",.", ".,")),
    "swiss": lambda cents: f"CHF {cents / 100:,.2f}".replace(",", "'"),
    "dollar": lambda cents: f"${cents / 100:,.2f}",
    "euro": lambda cents: f"{cents / 100:.2f} €".replace(".", ","),
}
#: Columns that play no role, in this or any other table.
UNUSED = {
    "Note": lambda i: "" if i % 5 else 'says "hi", twice',
    "Country": lambda i: ("DE", "AT", "CH")[i % 3],
    "Sales rep": lambda i: f"rep {i % 4}",
    "ZIP": lambda i: f"{10_000 + i % 9}",
    "Delivery date": lambda i: f"2023-0{1 + i % 9}-11",
    "Empty": lambda i: "",
    "Version": lambda i: "1",
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")


@settings(
    max_examples=24,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    names=st.sampled_from(sorted({**NAMES, **NONSENSE})),
    order=st.permutations(range(4)),
    more=st.lists(st.sampled_from(sorted(UNUSED)), unique=True, max_size=4),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
    date=st.sampled_from(sorted(DATES)),
    amount=st.sampled_from(sorted(AMOUNTS)),
    data=st.data(),
)
def test_the_same_orders_come_out_or_it_asks(
    names, order, more, delimiter, encoding, date, amount, data
):
    rows = [
        [o.customer, o.number, DATES[date](o.at), AMOUNTS[amount](o.cents)]
        + [UNUSED[column](i) for column in more]
        for i, o in enumerate(LOG)
    ]
    places = data.draw(st.permutations([*order, *range(4, 4 + len(more))]))
    header = [*({**NAMES, **NONSENSE})[names], *more]
    text = base_log.written(
        [header[p] for p in places], [[row[p] for p in places] for row in rows], delimiter
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = check(Path(folder), text.encode(encoding))
        except InputError as asked:
            assert names in NONSENSE, (asked.message, header)  # noqa: PT017 - either way is right
            assert asked.choices, (asked.message, header)  # noqa: PT017 - either way is right
            return
    expected = DAYS if date in {"day", "compact"} else EXPECTED
    assert found.orders == [(*one, None) for one in expected]
    assert found.rejects == []


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(NAMES)),
    st.permutations(range(5)),
    st.integers(0, 10_000),
    st.sampled_from(("cp1252", "latin-1", "utf-8")),
)
def test_lines_are_summed_whatever_they_are_called(names, places, seed, encoding):
    header = [*NAMES[names], "SKU"]
    try:
        ",".join(header).encode(encoding)
    except UnicodeEncodeError:
        encoding = "utf-8"
    lines = base_log.lines(LOG, seed)
    cells = [
        [ln.order.customer, ln.order.number, ln.order.day, f"{ln.cents / 100:.2f}", ln.product]
        for ln in lines
    ]
    text = base_log.written([header[p] for p in places], [[c[p] for p in places] for c in cells])
    with tempfile.TemporaryDirectory() as folder:
        found = check(Path(folder), text.encode(encoding))
    sums = {o.number: 0 for o in LOG}
    for ln in lines:
        sums[ln.order.number] += ln.cents
    assert sorted(found.money) == sorted(
        (o.customer, f"{o.day} 00:00:00", sums[o.number] / 100) for o in LOG
    )


@pytest.mark.parametrize("name", ["month", "Order month", "Monat"])
@pytest.mark.parametrize("written", ["%Y-%m", "%b %Y", "%Y%m"])
def test_months_may_stand_under_their_own_name(tmp_path, name, written):
    rows = [[o.customer, f"{o.at:{written}}", f"{o.value:.2f}"] for o in LOG]
    found = check(tmp_path, table(["customer", name, "amount"], rows))
    assert sorted(found.money) == sorted(
        (o.customer, f"{o.at:%Y-%m}-01 00:00:00", o.value) for o in LOG
    )
