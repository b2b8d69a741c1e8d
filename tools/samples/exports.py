"""Two invented shop exports with the columns of the real ones; every person is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from tools.samples.histories import Purchases, Shop, day, moment, simulate
from tools.samples.logs import split_cents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np

SHOPIFY: Final = Shop(
    customers=570,
    start=day("2017-01-01"),
    end=day("2018-07-01"),
    last_arrival=day("2018-05-15"),
    r=0.6,
    alpha=55.0,
    v=60.0,
)
WOOCOMMERCE: Final = Shop(
    customers=600,
    start=day("2017-01-01"),
    end=day("2018-07-01"),
    last_arrival=day("2018-05-15"),
    r=0.7,
    alpha=55.0,
    v=48.0,
)

SHOPIFY_HEADER: Final = tuple(
    (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
        "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
        "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
        "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
        "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,"
        "Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,"
        "Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,"
        "Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,"
        "Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,"
        "Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,"
        "Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,"
        "Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,"
        "Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,"
        "Next Payment Due At,Payment References"
    ).split(",")
)
WOOCOMMERCE_HEADER: Final = tuple(
    (
        "order_id,order_date,order_status,customer_id,billing_first_name,billing_last_name,"
        "billing_email,billing_phone,billing_address_1,billing_city,billing_state,"
        "billing_postcode,billing_country,shipping_address_1,shipping_city,shipping_state,"
        "shipping_postcode,shipping_country,order_total,order_currency,payment_method"
    ).split(",")
)

#: Share of orders in each state; the rest is paid, or completed.
SHOPIFY_STATES: Final = {
    "pending": 0.03,
    "refunded": 0.03,
    "partially_refunded": 0.03,
    "voided": 0.02,
}
WOOCOMMERCE_STATES: Final = {
    "processing": 0.04,
    "cancelled": 0.04,
    "refunded": 0.03,
    "failed": 0.03,
    "on-hold": 0.02,
    "pending": 0.02,
}

FIRST_NAMES: Final = (
    "Ada Ben Chloé Dario Élise Finn Greta Hugo Ines Jonas Käthe Lars Mira Nils Olga Paul Quirin "
    "Rosa Søren Tilda Ursula Viktor Wanda Yusuf Zoë"
).split()
LAST_NAMES: Final = (
    "Adler Brandt Castell Dorn Ebner Falk Grün Hagen Immler Jansen Keller Lindqvist Müller Novak "
    "Oberhof Petit Quast Richter Sommer Thalberg Ulrich Vogel Weiß Yılmaz Zander"
).split()
PLACES: Final = (
    ("Altenbach", "01234", "SN"),
    ("Brückstadt", "20457", "HH"),
    ("Neu-Seeheim", "64342", "HE"),
    ("Oberlinden", "79100", "BW"),
    ("Sankt Florin", "06108", "ST"),
    ("Westerholz", "24977", "SH"),
)
STREETS: Final = ("Am Anger", "Birkenweg", "Hauptstraße", "Lindenallee", "Mühlgasse", "Ringstraße")
PRODUCTS: Final = (
    ("Coffee beans, 1 kg", "COF-1000"),
    ('Dripper "Cone"', "DRP-01"),
    ("Filter papers, 100 pieces", "FLT-100"),
    ("Hand grinder", "GRD-20"),
    ("Mug, blue", "MUG-B"),
    ("Tea sampler; 12 sorts", "TEA-12"),
)
NOTES: Final = (
    "Please ring twice, the bell is old",
    'He said "leave it at the door", so do',
    "Gift!\nCard: happy birthday, Mira",
    "Second floor;\nno lift",
)


class Person(NamedTuple):
    """One invented customer."""

    first: str
    last: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str
    region: str


def shopify(rng: np.random.Generator) -> str:
    """Return a Shopify-shaped orders export: an order spans several lines, newest order first.

    Only an order's first line carries its totals, states and addresses, as Shopify writes them.
    """
    bought = simulate(SHOPIFY, rng)
    people = _people(SHOPIFY.customers, rng)
    states = _states(len(bought), SHOPIFY_STATES, "paid", rng)
    orders = [
        _shopify_order(number, people[who], at, round(100 * value), state, rng)
        for number, (who, at, value, state) in enumerate(_rows(bought, states))
    ]
    lines = [line for order in reversed(orders) for line in order]
    return _csv(SHOPIFY_HEADER, lines, quoted={"Name", "Id"})


def _shopify_order(
    number: int, who: Person, at: int, cents: int, state: str, rng: np.random.Generator
) -> list[dict[str, str]]:
    shipping = 0 if cents >= 5_000 else 490
    taxes = round((cents + shipping) * 19 / 119)
    total = cents + shipping
    refunded = {
        "refunded": total,
        "partially_refunded": max(100, round(cents * rng.uniform(0.2, 0.7))),
    }.get(state, 0)
    created = moment(at)
    cancelled = state == "voided" or (state == "refunded" and rng.random() < 0.5)
    at_the_counter = rng.random() < 0.02
    # Sales at the counter often have no e-mail address.
    repeated = {
        "Name": f"#{1001 + number}",
        "Email": "" if at_the_counter else who.email,
        "Created at": berlin(created),
    }
    open_amount = total if state == "pending" else 0
    name = f"{who.first} {who.last}"
    order = {
        "Financial Status": state,
        "Paid at": "" if state in {"pending", "voided"} else berlin(created + timedelta(minutes=1)),
        "Fulfillment Status": "fulfilled" if state in {"paid", "partially_refunded"} else "pending",
        "Accepts Marketing": "yes" if rng.random() < 0.4 else "no",
        "Currency": "EUR",
        "Subtotal": _money(cents),
        "Shipping": _money(shipping),
        "Taxes": _money(taxes),
        "Total": _money(total),
        "Discount Amount": "0.00",
        "Shipping Method": "Standard",
        "Notes": str(rng.choice(NOTES)) if rng.random() < 0.08 else "",
        "Cancelled at": berlin(created + timedelta(hours=20)) if cancelled else "",
        "Payment Method": "Manual" if state == "pending" else "Shopify Payments",
        "Payment Reference": f"c{900_000_000 + 7 * number}.1",
        "Refunded Amount": _money(refunded),
        "Outstanding Balance": _money(open_amount),
        "Id": str(4_000_000_000 + 1_013 * number),
        "Risk Level": "Low",
        "Source": "pos" if at_the_counter else "web",
        "Tax 1 Name": "VAT 19%",
        "Tax 1 Value": _money(taxes),
        "Phone": who.phone,
    }
    for side in ("Billing", "Shipping"):
        order |= {
            f"{side} Name": name,
            f"{side} Street": who.street,
            f"{side} Address1": who.street,
            f"{side} City": who.city,
            f"{side} Zip": f"'{who.postcode}",  # Shopify's guard against spreadsheets
            f"{side} Province": who.region,
            f"{side} Country": "DE",
        }
    lines = []
    for price in split_cents(cents, 1 + int(rng.poisson(0.6)), rng):
        product, sku = PRODUCTS[int(rng.integers(len(PRODUCTS)))]
        pieces = 2 if price % 2 == 0 and rng.random() < 0.2 else 1
        lines.append(
            repeated
            | {
                "Lineitem quantity": str(pieces),
                "Lineitem name": product,
                "Lineitem price": _money(price // pieces),
                "Lineitem sku": sku,
                "Lineitem requires shipping": "true",
                "Lineitem taxable": "true",
                "Lineitem fulfillment status": order["Fulfillment Status"],
                "Lineitem discount": "0.00",
                "Vendor": "Invented Goods",
            }
        )
    lines[0] |= order
    return lines


def woocommerce(rng: np.random.Generator) -> str:
    """Return a WooCommerce-shaped orders export: one order a line; ``customer_id`` 0 is a guest.

    A third of the customers always order as guests, and some order once as a guest before they
    register: the e-mail address is what they keep.
    """
    bought = simulate(WOOCOMMERCE, rng)
    people = _people(WOOCOMMERCE.customers, rng)
    states = _states(len(bought), WOOCOMMERCE_STATES, "completed", rng)
    habits = rng.choice(
        ["guest", "late", "registered"], WOOCOMMERCE.customers, p=[0.33, 0.05, 0.62]
    )
    seen: set[int] = set()
    rows = []
    for number, (who, at, value, state) in enumerate(_rows(bought, states)):
        person = people[who]
        guest = habits[who] == "guest" or (habits[who] == "late" and who not in seen)
        seen.add(who)
        row = {
            "order_id": str(5_001 + 3 * number),
            "order_date": moment(at).strftime("%Y-%m-%d %H:%M:%S"),
            "order_status": state,
            "customer_id": "0" if guest else str(who + 1),
            "billing_first_name": person.first,
            "billing_last_name": person.last,
            "billing_email": person.email,
            "billing_phone": person.phone,
            "order_total": f"{value:.2f}",
            "order_currency": "EUR",
            "payment_method": str(rng.choice(["paypal", "stripe", "bacs"], p=[0.4, 0.45, 0.15])),
        }
        for side in ("billing", "shipping"):
            row |= {
                f"{side}_address_1": person.street,
                f"{side}_city": person.city,
                f"{side}_state": person.region,
                f"{side}_postcode": person.postcode,
                f"{side}_country": "DE",
            }
        rows.append(row)
    return _csv(WOOCOMMERCE_HEADER, rows)


def berlin(at: datetime) -> str:
    """Write a moment in UTC as a German shop's clock shows it, summer time included."""
    begin, end = (_last_sunday(at.year, month) + timedelta(hours=1) for month in (3, 10))
    hours = 2 if begin <= at < end else 1
    return f"{at + timedelta(hours=hours):%Y-%m-%d %H:%M:%S} +0{hours}00"


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)


def _people(count: int, rng: np.random.Generator) -> list[Person]:
    people = []
    for number in range(count):
        first, last = str(rng.choice(FIRST_NAMES)), str(rng.choice(LAST_NAMES))
        city, postcode, region = PLACES[int(rng.integers(len(PLACES)))]
        people.append(
            Person(
                first=first,
                last=last,
                email=f"buyer{number + 1:04d}@example.com",
                phone=f"+49 30 23125 {number:03d}",
                street=f"{rng.choice(STREETS)} {rng.integers(1, 120)}",
                city=city,
                postcode=postcode,
                region=region,
            )
        )
    return people


def _states(
    count: int, shares: Mapping[str, float], usual: str, rng: np.random.Generator
) -> list[str]:
    """Draw each order's state: the named shares, and `usual` for the rest."""
    rest = 1 - sum(shares.values())
    return rng.choice([*shares, usual], count, p=[*shares.values(), rest]).tolist()  # type: ignore[no-any-return]


def _rows(bought: Purchases, states: list[str]) -> list[tuple[int, int, float, str]]:
    return list(
        zip(
            bought.customer.tolist(),
            bought.at.tolist(),
            bought.value.tolist(),
            states,
            strict=True,
        )
    )


def _money(cents: int) -> str:
    return f"{cents / 100:.2f}"


def _csv(header: Sequence[str], rows: list[dict[str, str]], quoted: Collection[str] = ()) -> str:
    """Write rows as CSV: cells of the `quoted` columns always in quotes, others where needed."""

    def cell(column: str, text: str) -> str:
        if text and (column in quoted or any(mark in text for mark in ',"\n')):
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = [",".join(header)]
    lines += [",".join(cell(column, row.get(column, "")) for column in header) for row in rows]
    return "\n".join(lines) + "\n"
