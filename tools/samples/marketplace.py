"""A marketplace's tables, invented: eight CSV files in one archive, with some dirt.

`first_year` tells what every customer is worth in truth (`tools.samples.market` documents how they
behave), to measure models by.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from clv.core.horizon import add_months
from tools.samples.logs import damage
from tools.samples.market import CATEGORIES, END, START, STATES, date_of, expected, simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tools.samples.market import Market

    Row = list[str]

#: The categories' names in the products table; the translation table has those of `CATEGORIES`.
LOCAL: Final = (
    *("cama_mesa_banho", "beleza_saude", "esporte_lazer", "moveis_decoracao"),
    *("utilidades_domesticas", "informatica_acessorios", "brinquedos", "pet_shop"),
    *("relogios_presentes", "papelaria"),
)
CITIES: Final = (
    *("sao paulo", "rio de janeiro", "belo horizonte", "porto alegre"),
    *("curitiba", "salvador", "florianopolis", "fortaleza"),
)
#: First two digits of a state's zip codes.
_ZIP: Final = (1, 20, 30, 90, 80, 40, 88, 60)
_PRODUCTS: Final = 400
_SELLERS: Final = 150
_PAYMENTS: Final = ("credit_card", "boleto", "voucher", "debit_card")
_UNDELIVERED: Final = ("canceled", "shipped", "unavailable", "processing", "invoiced")

#: What is wrong in the tables, and in how many rows.
DIRT: Final = {
    "undelivered_orders": 600,
    "customers_without_order": 8,
    "payments_of_unknown_orders": 10,
    "reviews_of_unknown_orders": 6,
    "repeated_items": 12,
    "unreadable_payments": 7,
    "short_reviews": 3,
}

HEADERS: Final = {
    "orders": "order_id customer_id order_status order_purchase_timestamp order_approved_at "
    "order_delivered_carrier_date order_delivered_customer_date order_estimated_delivery_date",
    "order_payments": "order_id payment_sequential payment_type payment_installments payment_value",
    "customers": "customer_id customer_unique_id customer_zip_code_prefix customer_city "
    "customer_state",
    "order_items": "order_id order_item_id product_id seller_id shipping_limit_date price "
    "freight_value",
    "order_reviews": "review_id order_id review_score review_comment_title review_comment_message "
    "review_creation_date review_answer_timestamp",
    "products": "product_id product_category_name product_photos_qty product_weight_g",
    "sellers": "seller_id seller_zip_code_prefix seller_city seller_state",
    "category_translation": "product_category_name product_category_name_english",
}


def marketplace(rng: np.random.Generator) -> bytes:
    """Return the archive with the tables."""
    found = tables(simulate(rng), rng)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in found.items():
            info = zipfile.ZipInfo(f"{name}.csv", (END.year, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text, compresslevel=9)
    return target.getvalue()


def first_year(rng: np.random.Generator, known_months: int, months: int = 12) -> pa.Table:
    """Return what each customer of `marketplace` is worth in truth.

    Parameters
    ----------
    rng
        As `marketplace` was given it: of the committed archive, ``default_rng(SEED)``.
    known_months
        Calendar months since the first order after which the question is asked, at least 1.
    months
        Calendar months since the first order at which the answer ends.

    Returns
    -------
    pyarrow.Table
        For customers whose known months ended with the data or before, sorted by ``customer_id``:
        ``known`` revenue of the known months; ``remaining`` expected from then to the end of the
        months, by everything that was known then; ``value`` their sum.

    Raises
    ------
    ValueError
        Less than a month is known.
    """
    market = simulate(rng)
    firsts = [date_of(int(d)) for d in market.first_day]
    known, until = (
        np.array([(add_months(d, m) - d).days for d in firsts]) for m in (known_months, months)
    )
    so_far, to_come = expected(market, known, until)
    whole = market.first_day + known <= (END - START).days
    ids = np.array(_ids(len(firsts), _PERSON))
    order = np.flatnonzero(whole)[np.argsort(ids[whole])]
    return pa.table(
        {
            "customer_id": pa.array(ids[order].tolist()),
            "known": so_far[order],
            "remaining": to_come[order],
            "value": (so_far + to_come)[order],
        }
    )


#: Odd factors: multiplied by one of them, running numbers become ids that look like nothing, each once.
_PERSON: Final = 0x9E3779B97F
_ORDER: Final = 0xC2B2AE3D27
_ADDRESS: Final = 0x165667B19F
_REVIEW: Final = 0x27D4EB2F17
_PRODUCT: Final = 0x85EBCA77C3
_SELLER: Final = 0xD6E8FEB867


def _ids(n: int, factor: int, first: int = 0) -> list[str]:
    """Return ``n`` ids of ten hexadecimal digits."""
    return [f"{(first + i + 1) * factor % (1 << 40):010x}" for i in range(n)]


def tables(market: Market, rng: np.random.Generator) -> dict[str, str]:
    """Return the tables of a marketplace as CSV text, by name."""
    orders = market.orders
    n, extra = len(orders.day), DIRT["undelivered_orders"]
    attempt = rng.choice(len(market.first_day), extra, replace=False)
    left = (END - START).days - market.first_day[attempt]
    days = np.concatenate([orders.day, market.first_day[attempt] + rng.integers(0, left)])
    who = np.concatenate([orders.customer, attempt])
    kind = np.concatenate([orders.category, rng.integers(0, len(CATEGORIES), extra)])
    value = np.concatenate([orders.value, np.round(80 * rng.lognormal(0, 0.6, extra), 2)])
    ids, addresses = _ids(n + extra, _ORDER), _ids(n + extra + 8, _ADDRESS)
    at = START.timestamp() + 86_400 * days + 3600 * rng.triangular(6, 19, 23.5, n + extra)
    wait = 60 * rng.integers(10, 1500, n + extra)
    carrier = (at + wait) // 3600 * 3600 + 3600 * rng.integers(1, 28, n + extra)
    arrived = START.timestamp() + 86_400 * (orders.day + orders.delivery_days)
    arrived += rng.integers(8 * 3600, 20 * 3600, n)
    slack = np.where(orders.late, -rng.integers(1, 3, n), rng.integers(1, 15, n))
    promised = np.concatenate(
        [orders.day + orders.delivery_days + slack, days[n:] + rng.integers(8, 25, extra)]
    )
    status = ["delivered"] * n + rng.choice(_UNDELIVERED, extra).tolist()
    gone = [""] * extra
    order_rows = _rows(
        ids,
        addresses[: n + extra],
        status,
        _times(at),
        _times(at + wait),
        [*_times(carrier[:n]), *gone],
        [*_times(np.maximum(arrived, carrier[:n])), *gone],
        [f"{date_of(int(d))} 00:00:00" for d in promised],
    )
    people = _ids(len(market.first_day) + 8, _PERSON)
    state = np.append(market.state[who], rng.integers(0, len(STATES), 8))
    codes = list(STATES)
    customer_rows = _rows(
        addresses,
        [*(people[i] for i in who), *people[-8:]],
        _zips(state, rng),
        [CITIES[s] for s in state],
        [codes[s] for s in state],
    )
    shuffled = rng.permutation(len(order_rows)).tolist()
    return {
        "orders": _csv("orders", (order_rows[i] for i in shuffled)),
        "order_payments": _csv("order_payments", _payments(ids, n, value, rng)),
        "customers": _csv(
            "customers", (customer_rows[i] for i in [*shuffled, *range(n + extra, n + extra + 8)])
        ),
        "order_items": _csv("order_items", _items(ids, at, kind, value, rng)),
        "order_reviews": _csv("order_reviews", _reviews(market, ids, rng)),
        "products": _csv("products", _products(rng)),
        "sellers": _csv("sellers", _sellers(rng)),
        "category_translation": "\ufeff"
        + _csv("category_translation", _rows(LOCAL, list(CATEGORIES))),
    }


def _payments(
    ids: Sequence[str], delivered: int, value: NDArray[np.float64], rng: np.random.Generator
) -> list[Row]:
    """Pay every order, one in twenty in two parts; the dirt is in orders that do not count."""
    n = len(ids)
    kinds = rng.choice(_PAYMENTS, n, p=(0.75, 0.19, 0.04, 0.02)).tolist()
    times = rng.integers(1, 11, n)
    parted = rng.random(n) < 0.05
    part = np.round(value * rng.uniform(0.2, 0.8, n), 2)
    made: list[Row] = []
    for i in range(n):
        often = str(times[i]) if kinds[i] == "credit_card" else "1"
        first = part[i] if parted[i] and part[i] < value[i] else value[i]
        made.append([ids[i], "1", kinds[i], often, f"{first:.2f}"])
        if first < value[i]:
            made.append([ids[i], "2", "voucher", "1", f"{value[i] - first:.2f}"])
    failed = set(ids[delivered : delivered + DIRT["unreadable_payments"]])
    for row in made:
        if row[0] in failed and row[1] == "1":
            row[4] = "N/A"
    unknown = _ids(DIRT["payments_of_unknown_orders"], _ORDER, len(ids))
    return made + [[order, "1", "boleto", "1", "19.90"] for order in unknown]


def _items(
    ids: Sequence[str],
    at: NDArray[np.float64],
    kind: NDArray[np.int64],
    value: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[Row]:
    """Fill every order with one to three pieces of one product; prices and freight make its value."""
    n = len(ids)
    pieces = rng.choice((1, 2, 3), n, p=(0.88, 0.09, 0.03))
    cents = np.round(100 * value).astype(int)
    pieces = np.where(cents < 300, 1, pieces)
    freight = np.minimum(np.round(100 * rng.gamma(4, 4, n)).astype(int), cents // 4) // pieces
    price, rest = np.divmod(cents - freight * pieces, pieces)
    products, sellers = _ids(_PRODUCTS, _PRODUCT), _ids(_SELLERS, _SELLER)
    # Product i is of category i modulo the number of categories; its seller is always the same one.
    chosen = kind + len(CATEGORIES) * rng.integers(0, _PRODUCTS // len(CATEGORIES), n)
    limits = _times(at // 86_400 * 86_400 + 5 * 86_400)
    made = [
        [
            *(
                ids[i],
                str(k + 1),
                products[chosen[i]],
                sellers[chosen[i] * 7 % _SELLERS],
                limits[i],
            ),
            *(f"{(price[i] + (rest[i] if k == 0 else 0)) / 100:.2f}", f"{freight[i] / 100:.2f}"),
        ]
        for i in range(n)
        for k in range(pieces[i])
    ]
    plan = {"repeat": DIRT["repeated_items"]}
    return damage(made, plan, {"repeat": lambda row, _: [row, row]}, rng)


def _reviews(market: Market, ids: Sequence[str], rng: np.random.Generator) -> list[Row]:
    orders = market.orders
    asked = np.flatnonzero(orders.score).tolist()
    number = _ids(len(asked) + DIRT["reviews_of_unknown_orders"], _REVIEW)
    sent = [f"{date_of(int(orders.day[i] + orders.delivery_days[i]))} 00:00:00" for i in asked]
    answered = START.timestamp() + 86_400 * (orders.day + orders.review_days)[asked]
    blank = [""] * len(asked)
    made = _rows(
        number[: len(asked)],
        [ids[i] for i in asked],
        [str(orders.score[i]) for i in asked],
        *(blank, blank, sent),
        _times(answered + rng.integers(7 * 3600, 22 * 3600, len(asked))),
    )
    unknown = _ids(DIRT["reviews_of_unknown_orders"], _ORDER, len(ids) + 100)
    lost = [
        [review, order, "3", "", "", "2023-05-02 00:00:00", "2023-05-03 12:00:00"]
        for review, order in zip(number[len(asked) :], unknown, strict=True)
    ]
    # Broken rows are copies under numbers of their own: no score that counts is lost.
    spare = _ids(DIRT["short_reviews"], _REVIEW, len(number))
    short = [[review, *row[1:5]] for review, row in zip(spare, made, strict=False)]
    return made + lost + short


def _products(rng: np.random.Generator) -> list[Row]:
    return _rows(
        _ids(_PRODUCTS, _PRODUCT),
        [LOCAL[i % len(LOCAL)] for i in range(_PRODUCTS)],
        rng.integers(1, 7, _PRODUCTS).astype(str).tolist(),
        (50 * rng.integers(1, 200, _PRODUCTS)).astype(str).tolist(),
    )


def _sellers(rng: np.random.Generator) -> list[Row]:
    state = rng.choice(len(STATES), _SELLERS, p=[share for share, _ in STATES.values()])
    codes = list(STATES)
    return _rows(
        _ids(_SELLERS, _SELLER),
        _zips(state, rng),
        [CITIES[s] for s in state],
        [codes[s] for s in state],
    )


def _zips(state: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """Return five digits each, the leading zero included."""
    return [
        f"{_ZIP[s]:02d}{k:03d}"
        for s, k in zip(state, rng.integers(0, 1000, len(state)), strict=True)
    ]


def _times(at: NDArray[Any]) -> list[str]:
    """Return Unix seconds as ``2023-05-02 12:00:00``."""
    moments = np.datetime_as_string(at.astype("int64").astype("datetime64[s]"))
    return [str(moment).replace("T", " ") for moment in moments]


def _rows(*columns: Sequence[str]) -> list[Row]:
    return [list(row) for row in zip(*columns, strict=True)]


def _csv(name: str, rows: Iterable[Row]) -> str:
    """Join cells that need no quotes under their header."""
    header = HEADERS[name].split()
    return "".join(",".join(cells) + "\n" for cells in [header, *rows])
