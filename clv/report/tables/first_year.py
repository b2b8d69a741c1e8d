"""What new customers are worth: groups, second orders, when the value comes, who forecasts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import count, money, percent, plural, with_unit
from clv.report.tables.base import Column, Table
from clv.report.words import first_year as words
from clv.report.words.segments import between, first, payback, too_few, value_name

if TYPE_CHECKING:
    from clv.core.schema import BoardRow
    from clv.insights.newcomers import Channel, Compared, Group, Lives, Mark, SecondOrder, Tenth
    from clv.insights.newcomers.training import Kept
    from clv.report.tables.base import Of

_SHORT: Final = {"whole": "whole", "remaining": "later"}
_CASES: Final = "in 4 of 5 cases"


def groups(found: Compared, by: str, months: int, currency: str) -> Table:
    """Return what customers are worth, by something known on the day of the first order."""

    def mean(group: Group) -> float | None:
        after = group.newcomers.after(months)
        return None if after is None else after.mean

    def worth(group: Group) -> str:
        few = too_few(group.newcomers.customers)
        return few if (value := mean(group)) is None else money(value, currency)

    def spread(group: Group) -> str:
        return between(group.newcomers.after(months), currency)

    def told(group: Group) -> str:
        return too_few(group.newcomers.customers) if mean(group) is None else spread(group)

    means = "80 % interval of that mean, from the spread between customers."
    name = with_unit(f"Worth in {plural(months, 'month')}", currency)
    columns = [
        Column(lambda g: value_name(g.newcomers), words.by_name(by), pinned=True, words=True),
        Column(lambda g: g.newcomers.customers, "Customers", "count"),
        Column(mean, name, "amount", on="page"),
        Column(worth, "Worth", on="paper"),
        Column(told, _CASES, help=means, on="page"),
        Column(spread, _CASES, on="paper"),
        Column(
            lambda g: words.STANDINGS[g.standing],
            "Beside the others",
            help="Each against all the others; among many some stand out by chance, so the risk "
            "of naming any wrongly is kept at 5 % (Holm).",
            words=True,
        ),
        Column(
            lambda g: g.newcomers.second,
            "Second order",
            "share",
            unit="%",
            help=f"On a second day within {first(months)}.",
            on="page",
        ),
    ]
    return Table(
        columns,
        found.groups,
        f"What customers are worth, {len(found.groups)} groups",
        "Each group against all the others; Holm's correction keeps the risk of naming any wrongly at "
        "5 %.",
    )


def second_orders(found: list[SecondOrder], label: str | None, currency: str) -> Table:
    """Return what an early second order goes along with."""

    def customers(one: SecondOrder) -> str:
        return f"{count(one.early)} of {count(one.early + one.others)}"

    def compared(one: SecondOrder) -> str:
        return f"{count(one.matched_early)} with {count(one.matched_others)}"

    columns = [
        Column(lambda one: f"within {one.days} days", "Second order", pinned=True, words=True),
        Column(customers, "Customers", help="With such a second order, of all."),
        Column(
            lambda one: money(one.itself, currency),
            "That order itself",
            help="Mean revenue between the first day and then; in neither difference.",
        ),
        Column(
            lambda one: words.difference(one.raw, currency),
            "Later revenue, difference",
            help="After those days until the end of the months, with a 95 % interval.",
        ),
        Column(
            lambda one: words.difference(one.matched, currency),
            "The same, among those alike",
            help="Matched on what was known on the first day, with a 95 % interval.",
        ),
        Column(
            compared,
            "Compared",
            help="Customers of either kind who have a counterpart that began alike.",
        ),
    ]
    return Table(
        columns,
        found,
        "What an early second order goes along with",
        "Alike: the same fifth by value of the first day, quarter of the first order"
        + (f" and {label}. " if label else ". ")
        + "Intervals of 95 %.",
    )


def marks(found: list[Mark], months: int) -> Table:
    """Return how much is decided by the end of some months."""

    def spread(mark: Mark) -> str:
        value = mark.value
        return "" if value is None else f"{percent(value.low)} to {percent(value.high)}"

    columns = [
        Column(lambda m: f"month {m.month}", "By the end of", pinned=True, words=True),
        Column(
            lambda m: percent(None if m.value is None else m.value.mean),
            "Value in",
            help=f"Share of the revenue of {first(months)}, the first order included.",
        ),
        Column(spread, _CASES, help="80 % interval from the spread between customers.", on="page"),
        Column(
            lambda m: percent(m.returned),
            "Returners back",
            help="Of those who come back within the months, who have done so by then.",
        ),
        Column(
            lambda m: percent(m.recognised),
            "Best tenth known",
            help="What the best tenth by revenue so far bring in all, as a share of what the true "
            "best tenth bring: 100 % where the best can be told already.",
        ),
    ]
    return Table(columns, found, "How much is decided by the end of some months")


def leaderboard(kept: Kept, currency: str) -> Table:
    """Return which model forecasts customers' values best, on the whole and on what comes later."""
    board, chosen = kept.report["board"], kept.report["choice"]["name"]
    offered, means = words.parts(kept), words.means(board)

    def error(row: BoardRow) -> float:
        return row["remaining"]["mae"]

    columns = [
        Column(lambda r: words.row_title(r["name"], chosen), "Forecast", pinned=True, words=True),
        Column(
            error,
            with_unit("Error", currency),
            "decimal",
            digits=2,
            help="Mean distance of forecast and outcome (MAE), per customer.",
        ),
    ]
    for part, mean in means.items():
        short = _SHORT[part]
        if part in offered:
            seen = short if len(offered) > 1 else "value"
            what = offered[part]
            columns += [
                Column(
                    _error(part, mean),
                    f"of {seen}",
                    "share",
                    digits=0,
                    unit="%",
                    help=f"The error as a share of the mean value. {what}.",
                    on="page",
                ),
                Column(
                    _measure(part, "top10"),
                    f"Best 10\u00a0%: of {seen}",
                    "share",
                    digits=0,
                    unit="%",
                    help=f"Share that the best tenth by forecast brought. {what}.",
                    on="page",
                ),
                Column(
                    _measure(part, "bias"),
                    f"Total off: {seen}",
                    "change",
                    digits=1,
                    unit="%",
                    help=f"Of all customers together; 0 is exact. {what}.",
                    on="page",
                ),
            ]
        columns += [
            Column(_error(part, mean), f"of {short}", "share", on="paper"),
            Column(_measure(part, "top10"), f"Best 10\u00a0%: of {short}", "share", on="paper"),
            Column(_measure(part, "bias"), f"Total off: {short}", "change", on="paper"),
        ]
    return Table(
        columns,
        board["rows"],
        f"{len(board['rows'])} forecasts of the same held-out customers",
        "Error: mean distance of forecast and outcome, also as a share of the mean value: of the "
        f"whole, and of what comes after {words.point(kept.wish.design)}.",
    )


def _error(part: str, mean: float) -> Of:
    return lambda row: row[part]["mae"] / mean if mean > 0 else None


def _measure(part: str, name: str) -> Of:
    return lambda row: row[part][name]


def bids(kept: Kept, margin: float, price: float | None, currency: str) -> Table:
    """Return what a customer may cost, by part of the forecast."""
    months = kept.wish.design.horizon_months

    def most(part: Tenth) -> str:
        ceiling = part.came.ceiling(margin, months)
        return too_few(part.came.customers) if ceiling is None else money(ceiling.mean, currency)

    def month(part: Tenth) -> str | None:
        back = None if price is None else part.came.payback(margin, price)
        return None if back is None else str(back)

    each = "Forecast, each"
    columns = [
        Column(
            lambda t: f"{t.rank} (best)" if t.rank == 1 else str(t.rank),
            f"{words.part(kept).capitalize()} by forecast",
            pinned=True,
            words=True,
        ),
        Column(lambda t: t.came.customers, "Customers", "count"),
        Column(lambda t: t.predicted, with_unit(each, currency), "amount", on="page"),
        Column(lambda t: money(t.predicted, currency), each, on="paper"),
        Column(
            lambda t: float(t.came.brought[-1]),
            with_unit("Actual, each", currency),
            "amount",
            on="page",
        ),
        Column(
            most,
            "Most you could pay",
            help=f"Margin × what came in {first(months)} (CAC ceiling).",
        ),
        Column(lambda t: between(t.came.ceiling(margin, months), currency), _CASES),
    ]
    told = (
        f"Margin of {percent(margin)} × what held-out customers of that part brought in "
        f"{first(months)}, in fact."
    )
    if price is not None:
        said = money(price, currency)
        columns += [
            Column(
                lambda t: payback(t.came, margin, price),
                "Earned back in",
                help=f"At {said} for one customer.",
                on="page",
            ),
            Column(month, "Earned back in month", on="paper"),
        ]
        told += f" Earned back at {said} for one."
    return Table(columns, kept.bids, "What customers may cost, by forecast", told)


def channels(found: list[Channel], lives: Lives, currency: str) -> Table:
    """Return what was spent on channels beside what their customers bring."""
    months = plural(lives.months, "month")

    def margin(channel: Channel) -> str:
        return money(None if channel.ceiling is None else channel.ceiling.mean, currency)

    def back(channel: Channel) -> str:
        return f"month {channel.payback}" if channel.payback else f"not within {months}"

    columns = [
        Column(lambda c: c.name, "Channel", pinned=True),
        Column(lambda c: c.spend, with_unit("Spent", currency), "amount"),
        Column(lambda c: c.won, "Customers won", "count"),
        Column(
            lambda c: money(c.cost, currency),
            "Cost of one",
            help="Spent ÷ customers won (CAC).",
        ),
        Column(margin, f"Margin in {months}"),
        Column(lambda c: between(c.ceiling, currency), _CASES),
        Column(lambda c: words.VERDICTS[c.verdict], "Verdict"),
        Column(back, "Earned back in"),
    ]
    return Table(columns, found, "Costs and worth by channel")
