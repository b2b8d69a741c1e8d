"""The row checks: codes, titles for people, and which of them a user may turn round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from clv.core.schema import Rule
    from clv.core.settings import IngestOptions


@dataclass(frozen=True)
class Check:
    """One reason for which a row is rejected, or kept and pointed out.

    Attributes
    ----------
    code
        Stable name, used in reports and options.
    title
        What it is, for people.
    remedy
        What the user can do about it.
    role
        The column it speaks of, if it speaks of one.
    loss
        What it leaves out could be a sale; not so lines such as totals, which are none.
    """

    code: str
    title: str
    remedy: str
    role: str = ""
    loss: bool = True


#: In the order in which they are tried: a row is rejected for the first that applies.
CHECKS: Final = (
    Check(
        "too_few_fields", "Too few fields", "Compare the row with the header; a field is missing."
    ),
    Check("too_many_fields", "Too many fields", "A field with the delimiter in it needs quotes."),
    Check("broken_quotes", "Quote not closed", "Close the quote, or write a quote inside as two."),
    Check(
        "no_record", "Not a row of the table", "Nothing to do: a note or a blank row.", loss=False
    ),
    Check(
        "repeated_header",
        "Header repeated",
        "Nothing to do: it names the columns once more.",
        loss=False,
    ),
    Check(
        "total_row",
        "Total of other rows",
        "Nothing to do: what it adds up counts already.",
        loss=False,
    ),
    Check(
        "missing_customer",
        "No customer",
        "Guest orders cannot be forecast; add an id.",
        "customer_id",
    ),
    Check("unreadable_date", "Date not readable", "Write all dates in one format.", "ordered_at"),
    Check("unreadable_number", "Amount not readable", "Write amounts as plain numbers.", "revenue"),
    Check(
        "future_date",
        "Date in the future",
        "Correct the date, or set a later as-of date.",
        "ordered_at",
    ),
    Check(
        "far_date",
        "Date far from all others",
        "Correct the date, or keep such rows.",
        "ordered_at",
    ),
    Check(
        "other_currency", "Another currency", "Export one currency, or convert first.", "currency"
    ),
    Check("test", "Test order", "No sale came of it.", "test", loss=False),
    Check(
        "event",
        "Not a purchase",
        "A visit, a transfer or a fee: only sales are orders.",
        "kind",
        loss=False,
    ),
    Check(
        "nobody",
        "Walk-in or guest, no customer",
        "Sales to nobody in particular cannot be forecast; keep them as one customer if they are one.",
        "customer_id",
    ),
    Check(
        "older_state",
        "Earlier state of an order",
        "The latest state of the order counts; keep the rows if they are orders of their own.",
        "order_id",
        loss=False,
    ),
    Check("unpaid", "Not paid", "Counts once the order is paid.", "status"),
    Check(
        "cancelled", "Cancelled", "No sale came of it, or the order it cancels is not in the file."
    ),
    Check("refunded", "Refunded in full", "Nothing was earned with this order."),
    Check(
        "negative_without_order",
        "Negative, no order to match",
        "Add the order it refunds.",
        "revenue",
    ),
    Check("duplicate", "Exact duplicate", "Repeats an earlier row."),
    Check("zero_value", "Value is zero", "Kept or dropped: the rule can be changed.", "revenue"),
)
#: What can be wrong with a row of related tables: those of a marketplace, and events.
TABLE_CHECKS: Final = (
    Check("missing_key", "A cell that is needed is empty", "Fill it in."),
    Check("not_delivered", "Order not delivered", "Counts once the order is delivered."),
    Check("repeated_key", "Same number as an earlier row", "The first row counts; give it once."),
    Check("unknown_customer", "Customer not found", "Add the customer's row, or the orders."),
    Check("no_payment", "Order without a payment", "Add the order's payments."),
    Check("unreadable_payment", "A payment of the order is not usable", "Correct the payment."),
    Check("unknown_order", "No such order", "Add the order, or leave the row out."),
    Check("unused_order", "Of an order that does not count", "See why the order does not count."),
    Check(
        "customer_without_order", "Customer without an order", "Nothing to do: no order, no row."
    ),
)
_ALL: Final = (*CHECKS, *TABLE_CHECKS)
NUMBER: Final = {check.code: i + 1 for i, check in enumerate(_ALL)}
TITLES: Final = {check.code: check.title for check in _ALL}


def known(*, related: bool) -> tuple[Check, ...]:
    """Return the checks that the rows of an upload went through.

    Parameters
    ----------
    related
        There are tables beside those of orders.
    """
    return _ALL if related else CHECKS


def rules(options: IngestOptions, *, has_order_id: bool) -> dict[str, Rule]:
    """Return the changeable rules in force.

    By default exact duplicates are dropped where rows carry an order number (the same line cannot
    stand twice) and kept in logs without one (two equal purchases on one day are real); zero values
    are kept, they are purchases; a total of other rows is dropped, for it would count them twice; dates decades away from all others are dropped, so that one typing
    error cannot move the as-of date.
    """
    result: dict[str, Rule] = {
        "duplicate": "drop" if has_order_id else "keep",
        "zero_value": "keep",
        "far_date": "drop",
        "total_row": "drop",
        "filled_down": "keep",
        "nobody": "drop",
        "older_state": "drop",
    }
    for codes, rule in ((options.keep, "keep"), (options.drop, "drop")):
        for code in codes:
            if code not in result:
                msg = f'"{code}" is not a rule that can be changed.{did_you_mean(code, result)}'
                raise SettingsError(msg, f"Possible: {', '.join(result)}.")
            result[code] = rule  # type: ignore[assignment]
    if both := options.keep & options.drop:
        msg = f"{', '.join(sorted(both))}: asked to be kept and dropped at once."
        raise SettingsError(msg)
    return result
