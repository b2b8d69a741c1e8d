"""Known exports, one declarative entry each. A new one is a few lines in `LAYOUTS`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from clv.errors import LayoutError, did_you_mean
from clv.ingest import values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Role:
    """What a column can mean to us."""

    title: str
    help: str
    required: bool = False


ROLES: Final[dict[str, Role]] = {
    "customer_id": Role("Customer", "Number or e-mail that names the customer.", required=True),
    "ordered_at": Role("Order date", "When the order was placed.", required=True),
    "revenue": Role("Value", "Amount of the order or of the line. Without it: purchases only."),
    "order_id": Role("Order number", "Rows with the same number are one order."),
    "items": Role("Quantity", "Number of items in the row."),
    "unit_price": Role("Unit price", "Value = quantity × unit price where no value is given."),
    "product": Role("Product or line", "Finds the purchase that a cancellation belongs to."),
    "status": Role("Order status", "Paid, refunded, cancelled…"),
    "cancelled_at": Role("Cancelled at", "Filled when the order was cancelled."),
    "refunded": Role("Refunded amount", "Taken off the order's value."),
    "currency": Role("Currency", "Rows in another currency than most are set aside."),
    "customer_fallback": Role("Customer, if blank", "Used where the customer is blank or 0."),
}

#: Normalised status → what it means for the order; anything else is accepted.
UNPAID: Final = (
    "pending",
    "authorized",
    "unpaid",
    "expired",
    "onhold",
    "pendingpayment",
    "draft",
    "checkoutdraft",
)
CANCELLED: Final = ("voided", "cancelled", "canceled", "failed", "trash")
REFUNDED: Final = ("refunded",)


@dataclass(frozen=True)
class Layout:
    """One known export.

    Attributes
    ----------
    columns
        Role → accepted column names, normalised (see `normalise`), the best first.
    required
        Roles that must be found for the layout to be recognised, beside the customer.
    marks
        Normalised names that must be there as well: they tell this export from others.
    headerless
        Kinds of the columns of a file without header, role by role in their order.
    one_total
        An order's total stands on its first row only (further rows repeat or leave it blank).
    cancel_prefix
        Order numbers that begin with it are cancellations.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    marks: tuple[str, ...] = ()
    headerless: tuple[tuple[str, str], ...] = ()
    one_total: bool = False
    cancel_prefix: str = ""


LAYOUTS: Final[dict[str, Layout]] = {
    layout.name: layout
    for layout in (
        Layout(
            "shopify",
            "Shopify orders export",
            {
                "customer_id": ("email", "customeremail", "customerid"),
                "ordered_at": ("createdat", "paidat"),
                "revenue": ("total",),
                "order_id": ("name", "id"),
                "items": ("lineitemquantity",),
                "status": ("financialstatus",),
                "cancelled_at": ("cancelledat",),
                "refunded": ("refundedamount",),
                "currency": ("currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("subtotal", "taxes"),
            one_total=True,
        ),
        Layout(
            "woocommerce",
            "WooCommerce orders export",
            {
                "customer_id": (
                    "customerid",
                    "customeruser",
                    "customer",
                    "billingemail",
                    "emailbilling",
                ),
                "customer_fallback": ("billingemail", "emailbilling", "customeremail"),
                "ordered_at": ("orderdate", "date", "datecreated", "paiddate"),
                "revenue": ("ordertotal", "ordertotalamount", "total"),
                "order_id": ("orderid", "ordernumber", "id"),
                "status": ("orderstatus", "status"),
                "refunded": ("orderrefundamount", "refundedtotal", "totalrefunded"),
                "currency": ("ordercurrency", "currency"),
            },
            required=("order_id", "ordered_at", "revenue", "status"),
            one_total=True,
        ),
        Layout(
            "online-retail",
            "Online Retail invoice lines",
            {
                "customer_id": ("customerid",),
                "ordered_at": ("invoicedate",),
                "order_id": ("invoiceno", "invoice"),
                "items": ("quantity",),
                "unit_price": ("unitprice", "price"),
                "product": ("stockcode",),
            },
            required=("order_id", "ordered_at", "items", "unit_price"),
            cancel_prefix="C",
        ),
        Layout(
            "order-lines",
            "Order lines",
            {
                "customer_id": ("customerid", "clientid"),
                "ordered_at": ("createdatdate", "createdat"),
                "revenue": ("revenue",),
                "order_id": ("orderid",),
                "items": ("numitems",),
                "product": ("orderitemid",),
            },
            required=("order_id", "ordered_at", "revenue", "items"),
            headerless=(
                *(("customer_id", "id"), ("order_id", "id"), ("product", "id")),
                *(("items", "int"), ("revenue", "number"), ("ordered_at", "date")),
            ),
        ),
        Layout(
            "transactions",
            "Transactions",
            {
                "customer_id": ("customerid",),
                "ordered_at": ("timestamp",),
                "revenue": ("purchasevalue",),
            },
            required=("ordered_at", "revenue"),
            headerless=(("customer_id", "id"), ("ordered_at", "date"), ("revenue", "number")),
        ),
        Layout(
            "cdnow",
            "CDNOW purchase log",
            {
                "customer_id": ("customerid",),
                "ordered_at": ("date",),
                "revenue": ("dollarvalue",),
                "items": ("numberofcds",),
            },
            required=("ordered_at", "revenue", "items"),
            headerless=(
                *(("customer_id", "id"), ("ordered_at", "date")),
                *(("items", "int"), ("revenue", "number")),
            ),
        ),
    )
}

MAPPED: Final = Layout("mapped", "Columns chosen by name", {}, required=("ordered_at",))

#: Role → normalised names that mean it in exports we have no entry for; the best first.
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "customer_id": (
        *("customerid", "customeruniqueid", "clientid", "customerno", "customernumber", "customer"),
        *("custid", "custno", "client", "kundennr", "kundennummer", "kundenid", "kunde", "userid"),
        *("user", "buyerid", "buyer", "memberid", "accountid", "account", "contactid", "shopperid"),
        *("clienteid", "cliente", "idcliente", "idclient", "numclient", "klantnummer", "klantid"),
        *("customeremail", "billingemail", "emailaddress", "email", "mail", "emailadresse"),
        *("codigocliente", "visitorid", "id"),
    ),
    "ordered_at": (
        *("orderdate", "orderedat", "purchasedate", "createdat", "createdatdate", "orderdatetime"),
        *(
            "ordertimestamp",
            "orderpurchasetimestamp",
            "transactiondate",
            "invoicedate",
            "timestamp",
        ),
        *("datetime", "date", "paidat", "bestelldatum", "auftragsdatum", "rechnungsdatum", "datum"),
        *("kaufdatum", "orderplaced", "created", "saledate", "purchasedat", "time", "day", "fecha"),
        *("fechapedido", "datecommande", "dateachat", "besteldatum", "data", "processedat"),
    ),
    "revenue": (
        *("revenue", "ordervalue", "purchasevalue", "ordertotal", "total", "totalprice", "amount"),
        *("totalamount", "netrevenue", "netamount", "sales", "value", "dollarvalue", "umsatz"),
        *("bestellwert", "betrag", "gesamtbetrag", "gesamt", "summe", "grandtotal", "paymentvalue"),
        *("price", "spend", "turnover", "importe", "montant", "chiffreaffaires", "omzet", "bedrag"),
        *("transactionamount", "saleamount", "subtotal", "nettoumsatz", "bruttoumsatz", "valor"),
    ),
    "order_id": (
        *("orderid", "orderno", "ordernumber", "order", "invoiceno", "invoiceid", "invoicenumber"),
        *("invoice", "transactionid", "bestellnr", "bestellnummer", "auftragsnummer", "auftragsnr"),
        *("rechnungsnummer", "receiptid", "receiptno", "basketid", "pedido", "numcommande"),
    ),
    "items": ("quantity", "qty", "numitems", "items", "itemcount", "menge", "anzahl", "units"),
    "unit_price": ("unitprice", "itemprice", "einzelpreis", "preisprostueck"),
    "product": (
        "productid",
        "sku",
        "stockcode",
        "orderitemid",
        "articleid",
        "artikelnummer",
        "product",
    ),
    "status": ("orderstatus", "status", "financialstatus", "bestellstatus"),
    "currency": ("currency", "ordercurrency", "currencycode", "waehrung"),
}


@dataclass(frozen=True)
class Match:
    """A layout found in a file, and which column plays which role."""

    layout: Layout
    mapping: dict[str, str]
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def normalise(name: str) -> str:
    """Fold case, accents, blanks and punctuation: ``Kunden-Nr.`` → ``kundennr``."""
    folded = name.lower().replace("ß", "ss")
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        folded = folded.replace(umlaut, plain)
    ascii_only = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", ascii_only)


def match(
    name: str,
    columns: Sequence[str],
    head: Sequence[Sequence[str]],
    *,
    header: bool,
    layout: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Match:
    """Find the layout of one file.

    Parameters
    ----------
    name
        The file's name, for messages.
    columns, head
        Its columns and first rows.
    header
        Whether the columns' names come from the file.
    layout, mapping
        The user's choice; a mapped role overrides what was found.

    Returns
    -------
    Match
        ``missing`` lists the required roles without a column; nothing is raised for them.

    Raises
    ------
    LayoutError
        An unknown layout, role or column was asked for.
    """
    chosen = _checked(name, columns, mapping or {})
    if layout is not None:
        if layout not in LAYOUTS:
            known = ", ".join(LAYOUTS)
            msg = f'There is no layout "{layout}".{did_you_mean(layout, LAYOUTS)}'
            raise LayoutError(msg, f"Known layouts: {known}.")
        found = _with(LAYOUTS[layout], columns, head, header=header)
    elif not header:
        found = _headerless(columns, head)
    else:
        found = _by_names(columns)
    roles = {role: column for role, column in found[1].items() if column not in chosen.values()}
    roles |= chosen
    if "revenue" in chosen:
        roles.pop("unit_price", None) if "unit_price" not in chosen else None
    required = ["customer_id", *(r for r in found[0].required if r not in chosen)]
    missing = tuple(dict.fromkeys(r for r in [*required, "ordered_at"] if r not in roles))
    if chosen and found[0] is not MAPPED and missing and layout is None:
        # The user's mapping leads away from the layout that was recognised: it alone counts.
        found = (MAPPED, roles)
        missing = tuple(r for r in ("customer_id", "ordered_at") if r not in roles)
    return Match(found[0], {r: roles[r] for r in ROLES if r in roles}, missing)


def _checked(name: str, columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Check the user's mapping; roles may be given by their common other names."""
    result = {}
    for role, column in mapping.items():
        canonical = {"date": "ordered_at", "value": "revenue", "customer": "customer_id"}.get(
            role, role
        )
        if canonical not in ROLES:
            msg = f'"{role}" is nothing a column can be mapped to.{did_you_mean(role, ROLES)}'
            raise LayoutError(msg, f"Possible: {', '.join(ROLES)}.")
        if column not in columns:
            same = [c for c in columns if normalise(c) == normalise(column)]
            if len(same) != 1:
                msg = f'{name} has no column "{column}".{did_you_mean(column, columns)}'
                raise LayoutError(msg, f"Its columns: {', '.join(columns)}.")
            column = same[0]  # noqa: PLW2901
        result[canonical] = column
    return result


def _with(
    layout: Layout, columns: Sequence[str], head: Sequence[Sequence[str]], *, header: bool
) -> tuple[Layout, dict[str, str]]:
    if not header:
        if len(layout.headerless) == len(columns):
            return layout, {
                role: column for (role, _), column in zip(layout.headerless, columns, strict=True)
            }
        return layout, _headerless(columns, head)[1]
    return layout, _roles(layout.columns, columns)


def _roles(wanted: Mapping[str, tuple[str, ...]], columns: Sequence[str]) -> dict[str, str]:
    by_name = {normalise(c): c for c in reversed(columns)}
    found: dict[str, str] = {}
    for role, names in wanted.items():
        for alias in names:
            if alias in by_name and (
                role == "customer_fallback" or by_name[alias] not in found.values()
            ):
                found[role] = by_name[alias]
                break
    if found.get("customer_fallback") == found.get("customer_id"):
        found.pop("customer_fallback", None)
    return found


def _by_names(columns: Sequence[str]) -> tuple[Layout, dict[str, str]]:
    names = {normalise(c) for c in columns}
    for layout in LAYOUTS.values():
        roles = _roles(layout.columns, columns)
        if (
            all(role in roles for role in layout.required)
            and ("customer_id" in roles or layout.marks)
            and all(mark in names for mark in layout.marks)
        ):
            return layout, roles
    return MAPPED, _by_synonyms(columns)


def _by_synonyms(columns: Sequence[str]) -> dict[str, str]:
    roles = _roles(SYNONYMS, columns)
    if "unit_price" in roles and "revenue" in roles and normalise(roles["revenue"]) == "price":
        roles.pop("revenue")
    if "items" not in roles or "revenue" in roles:
        roles.pop("unit_price", None)
    return roles


def _headerless(
    columns: Sequence[str], head: Sequence[Sequence[str]]
) -> tuple[Layout, dict[str, str]]:
    """Match columns without names by what they hold."""
    kinds = [_kind([row[i] for row in head if i < len(row)]) for i in range(len(columns))]
    for layout in LAYOUTS.values():
        wanted = [kind for _, kind in layout.headerless]
        if len(wanted) == len(kinds) and all(map(_fits, kinds, wanted)):
            roles = [role for role, _ in layout.headerless]
            return layout, dict(zip(roles, columns, strict=True))
    dates = [i for i, kind in enumerate(kinds) if kind == "date"]
    decimals = [i for i, kind in enumerate(kinds) if kind == "number"]
    rest = [i for i, kind in enumerate(kinds) if kind in {"text", "int"}]
    if len(columns) == 3 and len(dates) == 1 and len(decimals) == 1 and len(rest) == 1:
        found = {"customer_id": rest[0], "ordered_at": dates[0], "revenue": decimals[0]}
        return LAYOUTS["transactions"], {role: columns[i] for role, i in found.items()}
    return MAPPED, {"ordered_at": columns[dates[0]]} if len(dates) == 1 else {}


def _kind(cells: list[str]) -> str:
    filled = [c.strip() for c in cells if c.strip()]
    if not filled:
        return "empty"
    dates = values.date_format(filled)
    share = sum(values.looks_like_date(c) for c in filled) / len(filled)
    if dates and dates.kind not in {"seconds", "millis"} and share > 0.8:
        return "date"
    numeric = [c for c in filled if values.looks_numeric(c)]
    if len(numeric) > 0.8 * len(filled):
        return "number" if any("." in c or "," in c for c in numeric) else "int"
    return "text"


def _fits(kind: str, wanted: str) -> bool:
    if wanted == "id":
        return kind in {"text", "int"}
    if wanted == "number":
        return kind in {"number", "int"}
    return kind == wanted


def explain_missing(
    name: str, found: Match, columns: Sequence[str], *, header: bool
) -> LayoutError:
    """Return the error for required roles without a column: what, where, and what to do."""
    titles = [ROLES[r].title.lower() for r in found.missing]
    what = " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)
    if found.layout is MAPPED:
        start = f"{name}: no column for the {what}"
        start += " could be found." if header else " could be told (the file has no header)."
    else:
        expected = "; ".join(
            f"{ROLES[r].title.lower()}: {', '.join(_readable(found.layout, r))}"
            for r in found.missing
        )
        start = f"{name} looks like a {found.layout.title}, but has no column for the {what}"
        start += f" (expected {expected})."
    guesses = [f"--map {role}=COLUMN" for role in found.missing]
    hint = (
        f"Its columns: {', '.join(columns)}. "
        f"Export the file with that column, or say which one it is: {' '.join(guesses)}"
    )
    return LayoutError(start, hint, missing=found.missing)


def _readable(layout: Layout, role: str) -> list[str]:
    return [f'"{alias}"' for alias in layout.columns.get(role, ())[:2]] or [f'"{role}"']


def as_dict(match_: Match) -> dict[str, Any]:
    """Return plain JSON types for the report."""
    return {"layout": match_.layout.name, "title": match_.layout.title, "mapping": match_.mapping}
