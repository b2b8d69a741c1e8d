"""In which encoding text is, where it is not UTF-8: told by the letters that it would hold.

Every candidate that can decode a sample is asked how much of it would be letters that its languages
use all the time. Whatever is chosen, no row is lost for it: only names can look odd.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

#: What a file is in if nothing speaks for another.
USUAL: Final = "cp1252"
SAMPLE: Final = 256 << 10

_WESTERN: Final = (
    *("äöüß", "éèêàâçôûùîïëœæ", "áéíóúñü", "ãõáéíóúâêôàç", "àèéìòù", "æøåé", "åäöé", "ëïéèöü"),
    "àéèíïóòúüç",
)
_CENTRAL: Final = (
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž"),
)
_TURKISH: Final = ("çğıöşüâîû", "çğıöşüâîûİ")
_JAPANESE: Final = (
    "注文番号日付金額顧客名前氏商品数量単価合計小税送料支払方法状態会員電話住所郵便都道府県市区町村年月"
    "時分円個様東京大阪山田中村佐藤鈴木高橋渡辺伊林本小川原野島松井上藤石青森池北南西新長株式社済発送完了未取消"
)
_SIMPLIFIED: Final = (
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
    "订单编号日期金额客户名称姓商品数量价格总计合状态支付方式电话地址省市区县元件已完成取消退款发货张王李刘陈杨"
    "赵黄周吴徐孙胡朱高林何郭马罗伟芳娜秀英敏静丽强磊军洋勇艳杰明"
)
_TRADITIONAL: Final = (
    "的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她里後"
    "訂單編號日期金額客戶名稱姓商品數量價格總計合狀態支付方式電話地址縣市區元件已完成取消退款出貨張王李劉陳楊"
    "趙黃周吳徐孫胡朱高林何郭馬羅雅婷怡君淑芬美玲志明俊傑家豪台北新竹中南"
)
_KOREAN: Final = (
    "이다의는에을가고를은한지하사로기도인수일시자리주문번호날짜고객명금액상품수량가격합계상태결제배송완료취소환불"
    "서울부산대구광주전화소원김박최정강조윤장임오신권황안송유홍민영준지현서연우진성미경희은혜수아선나라마바어여부해"
)
#: Encoding → characters that its languages use all the time.
_COMMON: Final = {
    "cp932": frozenset(_JAPANESE) | {chr(c) for c in range(0x3041, 0x30FF)},
    "euc_jp": frozenset(_JAPANESE) | {chr(c) for c in range(0x3041, 0x30FF)},
    "gb18030": frozenset(_SIMPLIFIED),
    "big5": frozenset(_TRADITIONAL),
    "cp949": frozenset(_KOREAN),
    "cp1251": frozenset("оеаинтсрвлі"),
    "koi8_r": frozenset("оеаинтсрвлі"),
    "cp1253": frozenset("αοιετσςνηυρόίά"),
}
_LEAST: Final = 0.2
_CLEAR: Final = 0.2
#: Words of an alphabet of its own are runs of bytes above ASCII; accents stand alone.
_WORDS: Final = 0.5
_ALL: Final = 0.9


def wide(start: bytes) -> str | None:
    """Return the two- or four-byte encoding of some bytes: by their mark, or where their zeros lie."""
    if start[:4] in {codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE}:
        return "utf-32"
    if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    zeros = [start[i::4].count(0) / max(len(start) // 4, 1) for i in range(4)]
    many = [share > 0.4 for share in zeros]
    few = [share < 0.05 for share in zeros]
    for name, pattern in {
        "utf-32-le": (False, True, True, True),
        "utf-32-be": (True, True, True, False),
        "utf-16-le": (False, True, False, True),
        "utf-16-be": (True, False, True, False),
    }.items():
        if all(m if p else f for m, f, p in zip(many, few, pattern, strict=True)):
            return name
    return None


def lines_of(chunk: bytes) -> bytes:
    """Return the lines of some bytes that hold more than ASCII."""
    return b"\n".join(re.findall(rb"[^\r\n]*[\x80-\xff][^\r\n]*", chunk))


def guess(sample: bytes) -> str:
    """Return the encoding of lines that are not UTF-8.

    Parameters
    ----------
    sample
        Whole lines, each with a byte that is not ASCII.
    """
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
    words = sum(n > 2 for n in runs) / max(len(runs), 1)
    scores = {name: _share(sample, name, common) for name, common in _COMMON.items()}
    if words <= _WORDS:
        scores |= dict.fromkeys(("cp1251", "koi8_r", "cp1253"), 0.0)
    pounds = re.sub(rb"(?<![A-Za-z])\xa3(?![A-Za-z])", b"", sample)
    western = _languages(pounds, "cp1252", _WESTERN)
    central = _languages(pounds, "cp1250", _CENTRAL)
    turkish = _languages(pounds, "cp1254", _TURKISH)
    best = max(scores, key=lambda name: scores[name])
    least = 0.0 if words > _WORDS else max(western, central, turkish)
    if scores[best] > max(_LEAST, least):
        return best
    latin, share = ("cp1250", central) if central >= turkish else ("cp1254", turkish)
    return latin if share >= _ALL and share > western + _CLEAR else USUAL


def _languages(sample: bytes, encoding: str, languages: tuple[str, ...]) -> float:
    return max(_share(sample, encoding, frozenset(letters)) for letters in languages)


def _share(sample: bytes, encoding: str, common: frozenset[str]) -> float:
    """Return which share of what isn't ASCII would be common letters; -1 if it can't be decoded."""
    text = sample.decode(encoding, "replace")
    found = [c for c in text if c > "\x7f" and c not in _SIGNS]
    broken = found.count("\ufffd")
    if encoding not in _LATIN and broken > max(1, _BROKEN * len(found)):
        return -1.0
    return sum(c in common or c.lower() in common for c in found) / len(found) if found else 0.0


#: So many damaged characters a text may have.
_BROKEN: Final = 0.005
_LATIN: Final = ("cp1252", "cp1250", "cp1254")
#: Signs that stand in texts of every language.
_SIGNS: Final = "\xa0€£°–—’“”„…®©"
