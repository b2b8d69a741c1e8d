"""Currencies as files write them: codes, signs and names, and which of them are the same.

A sign that several countries use (``$``, ``kr``, ``¥``) names the one of them that the file names
elsewhere; alone it names the best known, or none (``kr``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Codes of ISO 4217, and some that were withdrawn but stand in older exports.
CODES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
    LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG
    XOF XPF YER ZAR ZMW ZWG
    ANG ATS BEF BYR CUC DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LVL MRO NLG PTE ROL RUR SIT SKK SLL STD
    TRL VEF ZMK ZWL
    """.split()
)
#: Currencies whose amounts are written without cents: 45.000 is forty-five thousand.
NO_CENTS: Final = frozenset(
    """
    BIF CLP COP CRC DJF GNF HUF IDR IQD IRR ISK JPY KHR KMF KRW LAK LBP MGA MMK MNT PYG RWF SLL SYP TZS
    UGX UZS VND VUV XAF XOF XPF YER ITL
    """.split()
)
#: Currencies with a thousand parts: 1.250 is one and a quarter.
THREE_DECIMALS: Final = frozenset({"BHD", "JOD", "KWD", "LYD", "OMR", "TND"})

#: Signs, and short words that stand beside amounts → currencies that they can be; a sign alone is the
#: first of them, and none if that is empty.
_SIGNS: Final = """
＄ USD | ￡ GBP | ￥ JPY | ￦ KRW
$ USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP UYU DOP JMD TTD BND BSD BBD BZD FJD GYD LRD NAD SRD XCD KYD BMD
US$ USD | U$S USD | U$D USD | US-$ USD | $US USD | USD$ USD | CA$ CAD | C$ CAD NIO | Can$ CAD | CAD$ CAD
$CA CAD | AU$ AUD | A$ AUD | AUD$ AUD | NZ$ NZD | NZD$ NZD | HK$ HKD | HKD$ HKD | S$ SGD | SG$ SGD
SGD$ SGD | R$ BRL | MX$ MXN | Mex$ MXN | MXN$ MXN | NT$ TWD | NTD TWD | NT TWD | AR$ ARS | ARS$ ARS
CLP$ CLP | COL$ COP | COP$ COP | $U UYU | UY$ UYU | RD$ DOP | J$ JMD | TT$ TTD | B$ BND BSD | BZ$ BZD
Bds$ BBD | EC$ XCD | FJ$ FJD | N$ NAD | L$ LRD | GY$ GYD | CI$ KYD | BD$ BMD | MOP$ MOP | Z$ ZWL
€ EUR | £ GBP EGP GIP FKP SHP SSP SDG SYP | UK£ GBP | £E EGP | E£ EGP | LE EGP | L.E. EGP | ج.م EGP
¥ JPY CNY | 円 JPY | 圓 JPY TWD HKD | 元 CNY TWD HKD | 圆 CNY | RMB CNY | CNH CNY | CN¥ CNY | JP¥ JPY
₩ KRW KPW | 원 KRW | ₹ INR | ₨ INR PKR LKR NPR MUR SCR | Rs INR PKR LKR NPR MUR SCR | Re INR PKR NPR
₹s INR | रु INR NPR | Tk BDT | ৳ BDT | Rp IDR | RM MYR | ₫ VND | đ VND | vnđ VND | ฿ THB | บาท THB | ₱ PHP CUP
₭ LAK | ៛ KHR | ₮ MNT | ₸ KZT | тг KZT | ₾ GEL | ₼ AZN | ֏ AMD | сом KGS | сум UZS | so'm UZS
₽ RUB | руб RUB BYN | р RUB BYN | ₴ UAH | грн UAH | Br BYN ETB | лв BGN | lv BGN | ден MKD | дин RSD | din RSD
₺ TRY | TL TRY | YTL TRY | ₪ ILS | ש"ח ILS | NIS ILS | zł PLN | zl PLN | Kč CZK | Kc CZK | Kčs CZK
Ft HUF | lei RON MDL | leu RON MDL | kn HRK | KM BAM | Lek ALL | kr - SEK NOK DKK ISK EEK | ikr ISK | skr SEK
nkr NOK | dkr DKK | Fr CHF XAF XOF | SFr CHF | sFr CHF | Fr.S CHF | DM DEM
FCFA XOF XAF | CFA XOF XAF | F.CFA XOF XAF | ₦ NGN | GH₵ GHS | GH¢ GHS | ₵ GHS | KSh KES | Kshs KES | USh UGX
TSh TZS | Sh - KES UGX TZS SOS | R ZAR | MT MZN | Kz AOA | Ar MGA
S/ PEN | S/. PEN | Bs - VES BOB VED VEF | Bs.S VES | Bs.F VEF | Bs.D VED | B/. PAB | B/ PAB | Gs PYG | ₲ PYG | ₡ CRC
L HNL | Q GTQ | G HTG
د.إ AED | د.ا JOD | د.ك KWD | د.ب BHD | د.ت TND | د.ج DZD | دج DZD | د.م. MAD | د.م MAD | د.ع IQD | د.ل LYD
ل.ل LBP | ل.س SYP | ر.س SAR | ر.ق QAR | ر.ع OMR | ر.ع. OMR | ر.ي YER | ﷼ - IRR SAR QAR OMR YER | ریال IRR | تومان IRR
SR SAR | S.R SAR | QR QAR | KD KWD | K.D KWD | BD BHD | JD JOD | RO OMR | R.O OMR | Dh - AED MAD | Dhs - AED MAD
DH - AED MAD | DA DZD | DT TND
"""

#: Names → the same.
_NAMES: Final = """
dollar $ | dollars $ | dólar $ | dólares $ | dolar $ | dollari $ | dollaro $ | доллар $ | долларов $ | ドル $
us dollar USD | us dollars USD | u.s. dollar USD | u.s. dollars USD | american dollar USD | american dollars USD
united states dollar USD | united states dollars USD | dollar us USD | dollars us USD | dollar américain USD
dollars américains USD | dólar americano USD | dólar estadounidense USD | dólares estadounidenses USD
dollaro usa USD | dollaro statunitense USD | dolar amerykański USD | amerikaanse dollar USD | amerikansk dollar USD
amerikanischer dollar USD | доллар сша USD | 米ドル USD | 美元 USD | 美金 USD
canadian dollar CAD | canadian dollars CAD | kanadischer dollar CAD | dollar canadien CAD | dollars canadiens CAD
australian dollar AUD | australian dollars AUD | aussie dollar AUD | australischer dollar AUD | new zealand dollar NZD
new zealand dollars NZD | hong kong dollar HKD | hong kong dollars HKD | 港币 HKD | 港元 HKD | singapore dollar SGD
singapore dollars SGD | taiwan dollar TWD | new taiwan dollar TWD | 新台币 TWD | 台币 TWD | 新臺幣 TWD
euro EUR | euros EUR | eur. EUR | евро EUR | євро EUR | ευρώ EUR | ユーロ EUR | 欧元 EUR | 유로 EUR | يورو EUR
pound GBP EGP | pounds GBP EGP | pound sterling GBP | pounds sterling GBP | sterling GBP | british pound GBP
british pounds GBP | british pound sterling GBP | gb pound GBP | uk pound GBP | great british pound GBP | stg GBP
pfund GBP | britisches pfund GBP | pfund sterling GBP | livre sterling GBP | livres sterling GBP
libra esterlina GBP | libras esterlinas GBP | sterlina GBP | sterline GBP | lira sterlina GBP | 英镑 GBP | ポンド GBP
egyptian pound EGP | yen JPY | yens JPY | japanese yen JPY | 日本円 JPY | 日元 JPY | yuan CNY | renminbi CNY
chinese yuan CNY | yuan renminbi CNY | 人民币 CNY | 人民元 CNY | 人民幣 CNY | won KRW | south korean won KRW | korean won KRW
rupee Rs | rupees Rs | indian rupee INR | indian rupees INR | रुपये INR NPR | रुपया INR NPR
pakistani rupee PKR | sri lankan rupee LKR | nepalese rupee NPR | mauritian rupee MUR
rupiah IDR | indonesian rupiah IDR | ringgit MYR | malaysian ringgit MYR | baht THB | thai baht THB
dong VND | đồng VND | vietnamese dong VND | peso - MXN ARS CLP COP PHP UYU DOP CUP | pesos - MXN ARS CLP COP PHP UYU DOP CUP
mexican peso MXN | peso mexicano MXN | pesos mexicanos MXN | argentine peso ARS | peso argentino ARS
pesos argentinos ARS | chilean peso CLP | peso chileno CLP | pesos chilenos CLP | colombian peso COP
peso colombiano COP | pesos colombianos COP | philippine peso PHP | m.n. MXN
real BRL | reais BRL | brazilian real BRL | real brasileiro BRL | sol PEN | soles PEN | nuevo sol PEN
bolívar VES | boliviano BOB | guaraní PYG | guaraníes PYG | colón CRC | colones CRC | quetzal GTQ | lempira HNL
franc Fr | francs Fr | franken CHF | schweizer franken CHF | swiss franc CHF | swiss francs CHF
franc suisse CHF | francs suisses CHF | franco svizzero CHF | franchi svizzeri CHF | sfr. CHF | cfa franc XOF XAF
krona kr | kronor kr | krone kr | kroner kr | krónur ISK | swedish krona SEK | swedish kronor SEK | svenska kronor SEK
norwegian krone NOK | norwegian kroner NOK | norske kroner NOK | danish krone DKK | danish kroner DKK
danske kroner DKK | icelandic krona ISK | zloty PLN | złoty PLN | złotych PLN | złote PLN | polish zloty PLN
koruna CZK | korun CZK | koruny CZK | koruna česká CZK | czech koruna CZK | forint HUF | hungarian forint HUF
romanian leu RON | lev BGN | bulgarian lev BGN | лева BGN | lira TRY | liras TRY | türk lirası TRY | lirası TRY
turkish lira TRY | ruble RUB BYN | rubles RUB BYN | rouble RUB BYN | roubles RUB BYN | russian ruble RUB
рубль RUB BYN | рублей RUB BYN | рубля RUB BYN | российский рубль RUB | hryvnia UAH | hryvnias UAH | гривня UAH
гривень UAH | ukrainian hryvnia UAH | tenge KZT | тенге KZT | lari GEL | манат AZN | manat AZN | dram AMD
shekel ILS | shekels ILS | new israeli shekel ILS | israeli shekel ILS | ש״ח ILS
rand ZAR | south african rand ZAR | naira NGN | nigerian naira NGN | cedi GHS | cedis GHS | ghana cedi GHS
shilling Sh | shillings Sh | kenyan shilling KES | kenya shilling KES | birr ETB | taka BDT | kyat MMK
dirham Dh | dirhams Dh | uae dirham AED | emirati dirham AED | moroccan dirham MAD | درهم AED MAD
riyal - SAR QAR YER | saudi riyal SAR | qatari riyal QAR | ريال SAR QAR YER | dinar - KWD BHD JOD IQD TND DZD RSD LYD
kuwaiti dinar KWD | bahraini dinar BHD | jordanian dinar JOD | tunisian dinar TND | algerian dinar DZD
serbian dinar RSD | kuna HRK | kune HRK | d-mark DEM | deutsche mark DEM | lek ALL
"""
#: Codes that are words as well: beside an amount they count in capitals only.
_WORDS: Final = frozenset("ALL AMD BAM BOB COP CUP GEL LAK MAD MOP PEN RON SOS TOP TRY".split())
#: Signs of two letters that count in small ones as well.
_LOOSE: Final = frozenset("fr ft kc kr rm rp rs tl zl".split())


def meanings(spelling: str) -> tuple[str, ...]:
    """Return the codes that a spelling can stand for, the likeliest first.

    Empty for one that is not known; where no one is likelier than the others, the first is empty.
    """
    known = _known()
    plain = _plain(spelling)
    return known.get(plain) or known.get(_bare(plain), ())


def same(spellings: Iterable[str]) -> dict[str, str]:
    """Return the currency that each spelling of a file stands for.

    Parameters
    ----------
    spellings
        All that the file has, the most frequent first: a sign that several countries use is the
        currency that another spelling names for certain.

    Returns
    -------
    dict
        Spelling → ISO code; one that names no single currency stands for itself.
    """
    found = {one: meanings(one) for one in spellings}
    certain = list(dict.fromkeys(codes[0] for codes in found.values() if len(codes) == 1))
    result: dict[str, str] = {}
    for one, codes in found.items():
        named = [code for code in certain if code in codes]
        likely = codes[0] if codes else ""
        chosen = likely if likely in named or not named else named[0]
        family = next((s for s in result if found[s] == codes and codes), one)
        result[one] = chosen or (result.get(family, _plain(family)) if codes else one.strip())
    return result


@cache
def beside() -> str:
    """Return the regular expression of what stands beside an amount, for Python and the engine."""
    signs = set(_entries(_SIGNS))
    names = {name for name in _entries(_NAMES) if not re.search(r"[\s-]", name)}
    short = {
        s for s in signs if len(s) < 3 and s.isascii() and s.isalpha() and s.lower() not in _LOOSE
    }
    exact = short | (CODES & _WORDS)
    loose = (signs | names | CODES) - exact - _WORDS

    def listed(texts: Iterable[str]) -> str:
        ordered = sorted(texts, key=lambda t: (-len(t), t))
        return "|".join(literal(t) + (r"\.?" if t[-1].isalpha() else "") for t in ordered)

    return f"(?:(?i:{listed(loose)})|{listed(exact)})"


def literal(spelling: str) -> str:
    """Return the regular expression of a spelling itself, for Python and the engine."""
    return re.sub(r"([.$/\\+*?()|\[\]{}^])", r"\\\1", spelling)


def in_name(column: str) -> str:
    """Return the currency that a column's name tells, such as ``Total (EUR)``; empty for none."""
    words = re.split(r"[\s()\[\]{}_:;,/-]+", column)
    upper = [w for w in words if w in CODES]
    lower = [w.upper() for w in words if w.islower() and w.upper() in CODES - _WORDS]
    signs = [c[0] for w in words if not w.isascii() or "$" in w if (c := meanings(w)) and c[0]]
    return next(iter([*upper, *lower, *signs]), "")


def _entries(table: str) -> dict[str, list[str]]:
    """Return spelling → what follows it, of a table of this module."""
    found: dict[str, list[str]] = {}
    for entry in re.split(r"[|\n]", table):
        words = entry.split()
        codes: list[str] = []
        while words and (words[-1] in CODES or words[-1] == "-"):
            codes.insert(0, words.pop())
        if not codes and words:
            codes = [words.pop()]  # The sign of a family.
        if codes:
            found[" ".join(words)] = ["" if code == "-" else code for code in codes]
    return found


@cache
def _known() -> dict[str, tuple[str, ...]]:
    signs = {_plain(sign): tuple(codes) for sign, codes in _entries(_SIGNS).items()}
    found = {code.lower(): (code,) for code in CODES} | signs
    for name, codes in _entries(_NAMES).items():
        found[_plain(name)] = signs.get(_plain(codes[0]), tuple(codes))
    return {_bare(key): codes for key, codes in found.items() if _bare(key)} | found


def _plain(spelling: str) -> str:
    """Fold case, width and blanks."""
    return " ".join(unicodedata.normalize("NFKC", spelling).casefold().split())


def _bare(plain: str) -> str:
    """Leave out accents, points, hyphens and blanks: ``US-Dollar`` is ``us dollar``."""
    letters = unicodedata.normalize("NFD", plain)
    return re.sub(r"[\s.\-\u0300-\u036f]", "", letters)
