"""The canonical tables: names, types and meanings of every column. Others import names from here.

orders
    One row per order, sorted by nothing in particular.
forecasts
    One row per customer, sorted by ``customer_id``; the CSV has the same names in the same order.
profiles
    One row per distinct (frequency, recency, T): what depends on nothing else.
scored
    One row per customer, ``forecasts`` beside what its profile says of the same customer: the months'
    ``purchases``, ``p_silent``, ``discounted_if_active``, ``variance``, corrected where the forecast is;
    ``for_chance, for_orders`` what the plain model's chance and orders of somebody active are to be
    multiplied with: ``p_alive`` without a correction.
monthly
    One row per customer and calendar month from the as-of date.
labels
    One row per customer: ``customer_id`` and, as text under their own names, the file's labels
    (country, channel, category…) of the customer's first order.
lines, attributes
    One row per order and category, and one per order: what orders are made of, and what is known of
    them beside their value.
events
    One row per event of a customer who has orders: visits, logins…
refunds
    One row per moment at which something of an order was taken back, on a later day than it was
    bought; also of orders of which nothing is left, and which ``orders`` doesn't have.
rejects
    One row per data row of the input that did not become (part of) an order.

The tables ``labels``, ``lines``, ``attributes``, ``events`` and ``refunds`` are there only if the files have what
they are made of.
"""

from __future__ import annotations

from typing import Final

#: column → DuckDB type. ``ordered_at`` is the shop's own clock; ``revenue`` is in currency units,
#: net of the order's own refunds, and null where the input has no value column.
ORDERS: Final = {
    "customer_id": "VARCHAR",
    "order_id": "VARCHAR",
    "ordered_at": "TIMESTAMP",
    "revenue": "DOUBLE",
    "items": "BIGINT",
}

#: ``category`` as the files name it, null where they do not; ``revenue`` of the rows of that category,
#: in currency units, net of refunds (of a marketplace: prices, without freight); ``items`` null
#: where unknown. An order number that several customers share has no lines.
LINES: Final = {
    "order_id": "VARCHAR",
    "category": "VARCHAR",
    "revenue": "DOUBLE",
    "items": "BIGINT",
}

#: What is known of an order beside its value; a run has the columns its files tell, in this order.
#: ``seller_state`` of the first item; ``payment_type`` and ``installments`` of the largest payment;
#: ``category`` with the largest revenue; ``items`` and ``freight`` in all; ``review_score`` of the
#: first review. Calendar days from the purchase: ``delivery_days`` to the delivery, ``review_days`` to
#: the first review; before these, neither that nor what follows from it is known.
#: ``delivery_delay_days`` after the day it was promised for (negative: early). Null where unknown.
ATTRIBUTES: Final = {
    "order_id": "VARCHAR",
    "seller_state": "VARCHAR",
    "payment_type": "VARCHAR",
    "category": "VARCHAR",
    "items": "DOUBLE",
    "freight": "DOUBLE",
    "installments": "DOUBLE",
    "review_score": "DOUBLE",
    "review_days": "DOUBLE",
    "delivery_days": "DOUBLE",
    "delivery_delay_days": "DOUBLE",
}

#: ``at`` is the shop's own clock; every customer has orders.
EVENTS: Final = {
    "customer_id": "VARCHAR",
    "at": "TIMESTAMP",
    "event": "VARCHAR",
}

#: ``ordered_at`` of the order, ``refunded_at`` later than that day; ``revenue`` and ``items`` that
#: the order had before, and has no longer.
REFUNDS: Final = {
    "customer_id": "VARCHAR",
    "order_id": "VARCHAR",
    "ordered_at": "TIMESTAMP",
    "refunded_at": "TIMESTAMP",
    "revenue": "DOUBLE",
    "items": "BIGINT",
}

#: Tables that a run has only if its files have what they are made of.
EXTRAS: Final = ("labels", "lines", "attributes", "events", "refunds")

#: ``line`` counts physical lines of the file (header = 1); ``text`` is the row as it stood there.
REJECTS: Final = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "code": "VARCHAR",
    "reason": "VARCHAR",
    "text": "VARCHAR",
}

#: Field-standard names. ``frequency`` repeat purchase days; ``recency`` age in days at the last
#: purchase; ``T`` age in days at the as-of date; ``monetary_value`` mean value of the repeat
#: purchase days (0 when there are none).
RFM: Final = ("frequency", "recency", "T", "monetary_value")

#: ``p_alive`` still active at the as-of date; ``p_purchase`` at least one purchase within the
#: horizon; ``predicted_purchases`` expected purchase days within the horizon;
#: ``predicted_order_value`` expected value of one of them (currency, before margin);
#: ``predicted_clv`` discounted value of the horizon × margin; ``next_order_date`` as-of date plus
#: the median wait of a customer who is still active.
FORECASTS: Final = {
    "customer_id": "VARCHAR",
    "orders": "BIGINT",
    "revenue": "DOUBLE",
    "first_order": "DATE",
    "last_order": "DATE",
    "frequency": "BIGINT",
    "recency": "BIGINT",
    "T": "BIGINT",
    "monetary_value": "DOUBLE",
    "p_alive": "DOUBLE",
    "p_purchase": "DOUBLE",
    "predicted_purchases": "DOUBLE",
    "predicted_order_value": "DOUBLE",
    "predicted_clv": "DOUBLE",
    "predicted_clv_low": "DOUBLE",
    "predicted_clv_high": "DOUBLE",
    "next_order_date": "DATE",
    "segment": "VARCHAR",
}

#: What the forecast says without a correction. ``purchases`` expected month by month; ``plain_alive,
#: plain_chance, plain_purchases`` what ``forecasts`` calls ``p_alive, p_purchase, predicted_purchases``;
#: ``plain_discounted`` discounted purchases of the horizon; ``p_silent`` chance that a customer who stayed active after
#: the last order has bought nothing since; ``discounted_if_active`` discounted expected purchases of
#: the horizon, were the customer known to be active; ``variance`` of the discounted outcome in order
#: values, by chance alone (null without ranges).
PROFILES: Final = {
    "frequency": "BIGINT",
    "recency": "BIGINT",
    "T": "BIGINT",
    "purchases": "DOUBLE[]",
    "plain_alive": "DOUBLE",
    "plain_chance": "DOUBLE",
    "plain_purchases": "DOUBLE",
    "plain_discounted": "DOUBLE",
    "p_silent": "DOUBLE",
    "discounted_if_active": "DOUBLE",
    "variance": "DOUBLE",
}

#: ``month`` 1…horizon; the month covers (``month_start``, ``month_end``]; ``predicted_revenue`` is
#: undiscounted and before margin, ``predicted_clv`` discounted and after margin.
MONTHLY: Final = {
    "customer_id": "VARCHAR",
    "month": "INTEGER",
    "month_start": "DATE",
    "month_end": "DATE",
    "predicted_purchases": "DOUBLE",
    "predicted_revenue": "DOUBLE",
    "predicted_clv": "DOUBLE",
}
