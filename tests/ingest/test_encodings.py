"""Text in the encodings of the world, told by its letters."""

from __future__ import annotations

import pytest

from clv.ingest.files import encoding
from tests.ingest.helpers import check

TEXTS = {
    "cp1252": [
        "Müller,Straße,Größe,Köln",
        "Café,Noël,déjà,garçon,Élise",
        "Señor Muñoz,José,María,Núñez",
        "João,São Paulo,coração,Conceição",
        "Søren,Åse,Bjørn,Kærlighed",
        "Müller,José,François,Søren,Håkan,Peña,Günther,Öztürk",
        "Ü",
        "price in € only – “quoted”",
    ],
    "cp1250": ["Łódź,Gdańsk,zamówienie,Wałęsa,Kraków", "Dvořák,Nováková,Jiří,objednávka,Plzeň"],
    "cp1254": ["Ayşe Yılmaz,İstanbul,Çağlar,müşteri,sipariş"],
    "cp1251": ["Номер заказа,дата,клиент,сумма", "Иванов,Пётр,Москва"],
    "koi8_r": ["Номер заказа,дата,клиент,сумма", "Иванов,Пётр,Москва"],
    "cp1253": ["Αριθμός παραγγελίας,ημερομηνία,πελάτης,ποσό"],
    "cp932": ["注文番号,注文日,顧客ID,金額", "佐藤さくら,鈴木 太郎,カタカナ"],
    "euc_jp": ["注文番号,注文日,顧客ID,金額", "佐藤さくら,鈴木 太郎,カタカナ"],
    "gb18030": ["订单编号,订单日期,客户名称,金额", "张伟,王芳,上海市,已完成"],
    "big5": ["訂單編號,訂單日期,客戶名稱,金額", "陳雅婷,林志明,台北市,已完成"],
    "cp949": ["주문번호,주문일자,고객명,금액", "김민준,서울,배송완료"],
}


@pytest.mark.parametrize(
    ("codec", "text"), [(codec, text) for codec, texts in TEXTS.items() for text in texts]
)
def test_the_encoding_is_told_by_its_letters(codec, text):
    assert encoding.guess(text.encode(codec)) == codec


@pytest.mark.parametrize(
    "codec", [*TEXTS, "utf-32", "utf-32-le", "utf-32-be", "utf-16", "utf-16-be"]
)
def test_orders_in_every_encoding(tmp_path, codec):
    name = TEXTS.get(codec, ["Zoë"])[0].split(",")[0]
    rows = "".join(f"{name},2022-01-{i:02d},{i}.50\n" for i in range(1, 5))
    found = check(tmp_path, ("customer,date,total\n" + rows + "b,never,1\n").encode(codec))
    assert {c for c, *_ in found.money} == {name}
    assert found.report["encoding"] == codec
    assert found.texts == [(6, "unreadable_date", "b,never,1")]


def test_a_damaged_character_costs_no_row(tmp_path):
    rows = "顧客,date,total\n佐藤,2022-01-01,5\n".encode("cp932") + b"x\x81\x20,2022-01-02,6\n"
    found = check(tmp_path, rows, mapping={"customer_id": "顧客"})
    assert len(found.orders) == 2
