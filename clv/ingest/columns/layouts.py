"""Known exports, one declarative entry each. A new one is a few lines in `LAYOUTS`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv.core.settings import Grain, StatusMeaning


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
    "category": Role("Category", "Category or department of the row: what customers buy."),
    "status": Role("Order status", "Paid, refunded, cancelled…"),
    "cancelled_at": Role("Cancelled at", "Filled when the order was cancelled."),
    "refunded": Role("Refunded amount", "Taken off the order's value."),
    "currency": Role("Currency", "Rows in another currency than most are set aside."),
    "email": Role("E-mail", "Tells that a guest and a later account are one person."),
    "time": Role("Time of day", "Where the date column has none."),
    "year": Role("Year", "Where year, month and day have columns of their own."),
    "month": Role("Month", "Where year, month and day have columns of their own."),
    "day": Role("Day", "Where year, month and day have columns of their own."),
    "discount": Role("Discount", "A share of the price or an amount; taken off the value."),
    "kind": Role("Kind of row", "Sale, refund, authorisation, view… Only sales and refunds count."),
    "fulfilment": Role(
        "Delivery status", "An order that was delivered is a sale, paid or not yet."
    ),
    "cancelled": Role("Cancelled?", "Yes or no, true or false, 1 or 0."),
    "test": Role("Test order?", "Yes or no, true or false, 1 or 0."),
    "updated_at": Role("Last changed", "Tells the latest state of an order from earlier ones."),
    "reference": Role("Refund of", "Number of the order that a refund takes back."),
    "customer_fallback": Role("Customer, if blank", "Used where the customer is blank or 0."),
}

#: Normalised names of a column that says which part of the range a row is from; the best first.
_CATEGORY: Final = (
    *("category", "productcategory", "categoryname", "productcategoryname", "itemcategory"),
    *("kategorie", "produktkategorie", "warengruppe", "department", "abteilung", "productgroup"),
    *("producttype", "productline", "categoria", "categorie", "rayon", "afdeling", "categoryid"),
    *("departmentname", "departmentid"),
)


@dataclass(frozen=True)
class Layout:
    """One known export.

    Attributes
    ----------
    columns
        Role → accepted column names, the best first; compared by `normalise`.
    required
        Roles that must be found for the layout to be recognised, beside the customer.
    marks
        Columns that must be there as well: they tell this export from others.
    headerless
        Kinds of the columns of a file without header, role by role in their order.
    grain
        What an amount is for: ``order`` where an order's total stands on its first row only (further
        rows repeat it or leave it blank). Empty: found out from the file.
    cancel_prefix
        Order numbers that begin with it are cancellations.
    statuses
        Status in lower case → what this export means by it, where that is not what the word says.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    marks: tuple[str, ...] = ()
    headerless: tuple[tuple[str, str], ...] = ()
    grain: Grain | None = None
    cancel_prefix: str = ""
    statuses: Mapping[str, StatusMeaning] = field(default_factory=dict)


LAYOUTS: Final[dict[str, Layout]] = {
    layout.name: layout
    for layout in (
        Layout(
            "squarespace",
            "Squarespace orders export",
            {
                "customer_id": ("Email",),
                "ordered_at": ("Created at", "Paid at"),
                "revenue": ("Total",),
                "order_id": ("Order ID",),
                "items": ("Lineitem quantity",),
                "status": ("Financial Status",),
                "fulfilment": ("Fulfillment Status",),
                "cancelled_at": ("Cancelled at",),
                "refunded": ("Amount Refunded",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Subtotal", "Taxes", "Amount Refunded"),
            grain="order",
        ),
        Layout(
            "shopify",
            "Shopify orders export",
            {
                "customer_id": ("Email", "Customer Email", "Customer ID"),
                "ordered_at": ("Created at", "Paid at"),
                "revenue": ("Total",),
                "order_id": ("Name", "Id"),
                "items": ("Lineitem quantity",),
                "status": ("Financial Status",),
                "fulfilment": ("Fulfillment Status",),
                "cancelled_at": ("Cancelled at",),
                "refunded": ("Refunded Amount",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Subtotal", "Taxes"),
            grain="order",
        ),
        Layout(
            "shopify-transactions",
            "Shopify transactions export",
            {
                "customer_id": ("Customer ID", "Customer Email", "Email"),
                "ordered_at": ("Created At", "Processed At"),
                "revenue": ("Amount",),
                "order_id": ("Order", "Order ID", "Name"),
                "kind": ("Kind",),
                "status": ("Status",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue", "kind"),
            marks=("Kind", "Gateway"),
        ),
        Layout(
            "stripe",
            "Stripe payments export",
            {
                "customer_id": ("Customer ID", "Customer Email"),
                "email": ("Customer Email",),
                "ordered_at": ("Created (UTC)", "Created date (UTC)", "Created"),
                "revenue": ("Amount",),
                "order_id": ("id", "PaymentIntent ID"),
                "status": ("Status",),
                "refunded": ("Amount Refunded",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue", "refunded"),
            marks=("Amount Refunded", "Captured"),
        ),
        Layout(
            "etsy",
            "Etsy orders export",
            {
                "customer_id": ("Buyer User ID", "Buyer"),
                "ordered_at": ("Sale Date",),
                "revenue": ("Order Total",),
                "order_id": ("Order ID",),
                "items": ("Number of Items",),
                "status": ("Status",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Sale Date", "Order Value", "Order Total"),
            grain="order",
        ),
        Layout(
            "etsy-items",
            "Etsy order items export",
            {
                "customer_id": ("Buyer User ID", "Buyer"),
                "ordered_at": ("Sale Date",),
                "revenue": ("Item Total",),
                "order_id": ("Order ID",),
                "items": ("Quantity",),
                "product": ("SKU", "Listing ID", "Item Name"),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Sale Date", "Item Total", "Transaction ID"),
            grain="line",
        ),
        Layout(
            "amazon",
            "Amazon orders report",
            {
                "customer_id": ("buyer-email", "buyer-name"),
                "ordered_at": ("purchase-date",),
                "revenue": ("item-price",),
                "order_id": ("order-id", "amazon-order-id"),
                "items": ("quantity", "quantity-purchased"),
                "product": ("order-item-id", "sku", "asin"),
                "status": ("order-status",),
                "currency": ("currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("purchase-date", "item-price"),
            grain="line",
        ),
        Layout(
            "ebay",
            "eBay orders report",
            {
                "customer_id": ("Buyer Username", "Buyer User Id", "Buyer Email"),
                "ordered_at": ("Sale Date", "Order creation date", "Paid On Date"),
                "revenue": ("Total Price", "Order total"),
                "order_id": ("Order Number", "Sales Record Number"),
                "items": ("Quantity",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Sale Date", "Total Price", "Buyer Username"),
            grain="order",
        ),
        Layout(
            "paypal",
            "PayPal activity report",
            {
                "customer_id": ("From Email Address", "Payer ID", "Name"),
                "ordered_at": ("Date",),
                "time": ("Time",),
                "revenue": ("Gross",),
                "order_id": ("Transaction ID",),
                "reference": ("Reference Txn ID",),
                "kind": ("Type",),
                "status": ("Status",),
                "currency": ("Currency",),
            },
            required=("ordered_at", "revenue", "kind"),
            marks=("Gross", "Fee", "Net", "Transaction ID"),
        ),
        Layout(
            "square",
            "Square transactions export",
            {
                "customer_id": ("Customer ID", "Customer Reference ID", "Customer Name"),
                "ordered_at": ("Date",),
                "time": ("Time",),
                "revenue": ("Total Collected", "Net Sales", "Gross Sales"),
                "order_id": ("Transaction ID", "Payment ID"),
                "items": ("Qty",),
                "product": ("Item",),
                "kind": ("Event Type",),
            },
            required=("ordered_at", "revenue", "order_id", "kind"),
            marks=("Gross Sales", "Net Sales", "Transaction ID"),
        ),
        Layout(
            "salesforce",
            "Salesforce opportunities",
            {
                "customer_id": ("Account ID", "Account Name"),
                "ordered_at": ("Close Date",),
                "revenue": ("Amount",),
                "order_id": ("Opportunity ID", "Opportunity Name"),
                "status": ("Stage",),
                "currency": ("Amount Currency", "Opportunity Currency"),
            },
            required=("ordered_at", "revenue", "order_id", "status"),
            marks=("Stage", "Close Date"),
        ),
        Layout(
            "hubspot",
            "HubSpot deals",
            {
                "customer_id": (
                    *("Associated Contact IDs", "Associated Contact", "Associated Company IDs"),
                    "Associated Company",
                ),
                "ordered_at": ("Close Date",),
                "revenue": ("Amount",),
                "order_id": ("Record ID", "Deal ID", "Deal Name"),
                "status": ("Deal Stage",),
                "currency": ("Currency",),
            },
            required=("ordered_at", "revenue", "order_id", "status"),
            marks=("Deal Stage", "Close Date"),
        ),
        Layout(
            "gumroad",
            "Gumroad sales export",
            {
                "customer_id": ("Purchase Email", "Buyer Email"),
                "ordered_at": ("Purchase Date",),
                "revenue": ("Sale Price ($)", "Item Price ($)"),
                "order_id": ("Purchase ID",),
                "product": ("Item Name",),
                "cancelled": ("Fully Refunded?", "Refunded?"),
                "refunded": ("Partial Refund ($)",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Purchase Email", "Fees ($)"),
        ),
        Layout(
            "magento",
            "Magento orders grid",
            {
                "customer_id": ("Customer Email", "Customer Name", "Bill-to Name"),
                "ordered_at": ("Purchase Date",),
                "revenue": ("Grand Total (Purchased)", "Grand Total (Base)"),
                "order_id": ("ID", "Increment ID", "Order #"),
                "status": ("Status",),
                "refunded": ("Total Refunded",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Purchase Date", "Grand Total (Base)"),
            grain="order",
            statuses={"closed": "refund"},
        ),
        Layout(
            "bigcommerce",
            "BigCommerce orders export",
            {
                "customer_id": ("Customer ID", "Customer Email"),
                "email": ("Customer Email",),
                "ordered_at": ("Order Date",),
                "time": ("Order Time",),
                "revenue": ("Order Total (inc tax)", "Order Total (ex tax)"),
                "order_id": ("Order ID",),
                "items": ("Total Quantity",),
                "status": ("Order Status",),
                "refunded": ("Refund Amount",),
                "currency": ("Order Currency Code",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Order Status", "Order Total (inc tax)"),
            grain="order",
        ),
        Layout(
            "prestashop",
            "PrestaShop orders export",
            {
                "customer_id": ("Customer", "id_customer"),
                "ordered_at": ("Date", "date_add"),
                "revenue": ("Total", "total_paid", "total_paid_tax_incl"),
                "order_id": ("Reference", "id_order", "ID"),
                "status": ("Status", "osname"),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Reference", "New client", "Payment"),
            grain="order",
        ),
        Layout(
            "odoo",
            "Odoo sales orders",
            {
                "customer_id": ("Customer", "partner_id"),
                "ordered_at": ("Order Date", "date_order", "Creation Date"),
                "revenue": ("Total", "amount_total"),
                "order_id": ("Order Reference", "name"),
                "status": ("Status", "state"),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Order Reference", "Customer", "Total"),
            grain="order",
            statuses={"sales order": "counts", "sale": "counts", "quotation sent": "no"},
        ),
        Layout(
            "xero",
            "Xero invoices export",
            {
                "customer_id": ("EmailAddress", "ContactName"),
                "ordered_at": ("InvoiceDate",),
                "revenue": ("Total",),
                "order_id": ("InvoiceNumber",),
                "items": ("Quantity",),
                "product": ("InventoryItemCode",),
                "kind": ("Type",),
                "status": ("Status",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("ContactName", "InvoiceNumber", "LineAmount"),
            grain="order",
            statuses={"authorised": "counts", "awaiting payment": "counts", "submitted": "no"},
        ),
        Layout(
            "wix",
            "Wix orders export",
            {
                "customer_id": ("Contact email", "Buyer email", "Billing name"),
                "ordered_at": ("Date created", "Date"),
                "time": ("Time",),
                "revenue": ("Total", "Total order price"),
                "order_id": ("Order number", "Order #"),
                "status": ("Payment status",),
                "fulfilment": ("Fulfillment status",),
                "refunded": ("Refunded amount",),
                "currency": ("Currency",),
            },
            required=("order_id", "ordered_at", "revenue"),
            marks=("Payment status", "Fulfillment status", "Total"),
            grain="order",
        ),
        Layout(
            "woocommerce",
            "WooCommerce orders export",
            {
                "customer_id": (
                    "Customer ID",
                    "customer_user",
                    "customer",
                    "billing_email",
                    "Email (Billing)",
                ),
                "customer_fallback": ("billing_email", "Email (Billing)", "Customer Email"),
                "ordered_at": ("order_date", "date", "date_created", "paid_date"),
                "revenue": ("order_total", "Order Total Amount", "Total"),
                "order_id": ("order_id", "order_number", "Id"),
                "status": ("order_status", "status"),
                "refunded": ("Order Refund Amount", "refunded_total", "total_refunded"),
                "currency": ("order_currency", "Currency"),
            },
            required=("order_id", "ordered_at", "revenue", "status"),
            grain="order",
        ),
        Layout(
            "online-retail",
            "Online Retail invoice lines",
            {
                "customer_id": ("Customer ID",),
                "ordered_at": ("InvoiceDate",),
                "order_id": ("InvoiceNo", "Invoice"),
                "items": ("Quantity",),
                "unit_price": ("UnitPrice", "Price"),
                "product": ("StockCode",),
                "category": _CATEGORY,
            },
            required=("order_id", "ordered_at", "items", "unit_price"),
            cancel_prefix="C",
        ),
        Layout(
            "order-lines",
            "Order lines",
            {
                "customer_id": ("Customer ID", "client_id"),
                "ordered_at": ("created_at_date", "Created at"),
                "revenue": ("revenue",),
                "order_id": ("order_id",),
                "items": ("num_items",),
                "product": ("order_item_id",),
                "category": _CATEGORY,
            },
            required=("order_id", "ordered_at", "revenue", "items"),
            grain="line",
            headerless=(
                *(("customer_id", "id"), ("order_id", "id"), ("product", "id")),
                *(("items", "int"), ("revenue", "number"), ("ordered_at", "date")),
            ),
        ),
        Layout(
            "transactions",
            "Transactions",
            {
                "customer_id": ("Customer ID",),
                "ordered_at": ("Timestamp",),
                "revenue": ("PurchaseValue",),
                "order_id": ("order_id", "order_number", "transaction_id", "InvoiceNo"),
            },
            required=("ordered_at", "revenue"),
            headerless=(("customer_id", "id"), ("ordered_at", "date"), ("revenue", "number")),
        ),
        Layout(
            "cdnow",
            "CDNOW purchase log",
            {
                "customer_id": ("Customer ID",),
                "ordered_at": ("date",),
                "revenue": ("dollar_value",),
                "items": ("number_of_cds",),
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

#: Role → normalised names by which files of events and side tables are known; the best first.
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
        *("spend", "turnover", "importe", "montant", "chiffreaffaires", "omzet", "bedrag"),
        *("transactionamount", "saleamount", "subtotal", "nettoumsatz", "bruttoumsatz", "valor"),
    ),
    "order_id": (
        *("orderid", "orderno", "ordernumber", "order", "invoiceno", "invoiceid", "invoicenumber"),
        *("invoice", "transactionid", "bestellnr", "bestellnummer", "auftragsnummer", "auftragsnr"),
        *("rechnungsnummer", "receiptid", "receiptno", "basketid", "pedido", "numcommande"),
    ),
    "items": ("quantity", "qty", "numitems", "items", "itemcount", "menge", "anzahl", "units"),
    "unit_price": ("unitprice", "itemprice", "einzelpreis", "preisprostueck", "price", "preis"),
}
