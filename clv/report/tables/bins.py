"""Two forecasts of who buys, side by side: bins, disagreements, scores."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from clv.core.formatting import count, percent, with_unit
from clv.core.scores import NAMES
from clv.core.segments import Thresholds
from clv.insights.bins import SIDES
from clv.report.tables.base import Column, Table
from clv.report.words import bins as words
from clv.report.words.segments import chances

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv.core.schema import BinsReport, ScoreName, Side
    from clv.report.tables.base import Of


def _bin(row: Any) -> str:  # noqa: ANN401 - a row
    return str(row["bin"]).capitalize()


def _money(found: BinsReport, currency: str) -> list[Column]:
    if found["bins"]["first"][0]["value"] is None:
        return []
    each = with_unit("Revenue each", currency)
    return [
        Column("value", with_unit("Revenue", currency), "money"),
        Column("value_each", each, "decimal", digits=2, on="page"),
        Column("value_each", each, "money", on="paper"),
    ]


def both(found: BinsReport, limits: Thresholds) -> Table:
    """Return the bins of both forecasts, one below the other."""
    rows = [{"side": side} | dict(found["bins"][side][i]) for i in range(4) for side in SIDES]
    columns = [
        Column(_bin, "An order is", pinned=True),
        Column(lambda row: words.label(found, row["side"]), "Forecast"),
        Column(lambda row: chances(str(row["bin"]), limits), "Chance"),
        Column("customers", "Customers", "count"),
        Column("predicted", "Mean chance", "share", unit="%"),
        Column("actual", "Bought", "share", unit="%"),
        Column(lambda row: words.interval(row) or None, "95\u00a0% interval"),
        *_money(found, found["currency"]),
    ]
    return Table(columns, rows, "Four bins of two forecasts")


def one(found: BinsReport, side: Side, currency: str) -> Table:
    """Return the bins of one forecast: for the report, which shows them apart."""
    limits = Thresholds(**found["limits"])

    def end(which: int) -> Of:
        return lambda row: limits.span(str(row["bin"]))[which]

    columns = [
        Column(_bin, "Likely to buy", words=True),
        Column(end(0), "Chance from", "share"),
        Column(end(1), "to", "share"),
        Column("customers", "Customers", "count"),
        Column("predicted", "Chance, mean", "share"),
        Column("actual", "Bought", "share"),
        Column(lambda row: words.interval(row) or None, "Surely between"),
        *_money(found, currency),
    ]
    return Table(columns, found["bins"][side])


def split(found: BinsReport) -> Table:
    """Return the customers whom the two forecasts put in different bins."""
    names = {side: words.label(found, side) for side in SIDES}
    columns = [
        Column(lambda row: str(row["first"]).capitalize(), f"By {names['first']}", pinned=True),
        Column(lambda row: str(row["second"]).capitalize(), f"By {names['second']}"),
        Column("customers", "Customers", "count"),
        Column("actual", "Bought", "share", unit="%"),
        Column(words.interval, "95\u00a0% interval"),
        *(
            Column(f"predicted_{side}", f"{names[side]}: mean chance", "share", unit="%")
            for side in SIDES
        ),
    ]
    apart = [dict(r) for r in found["cells"] if r["customers"] and r["first"] != r["second"]]
    apart.sort(key=itemgetter("customers"), reverse=True)
    rows = [{"first": "All of them", "second": ""} | dict(found["disagreement"]), *apart]
    return Table(columns, rows, "Customers whom the two forecasts put in different bins")


def cells(found: BinsReport) -> Table:
    """Return who is in which bin of either forecast: customers, and how many of them bought."""
    names = [str(r["bin"]) for r in found["bins"]["first"]]
    cell = {(c["first"], c["second"]): c for c in found["cells"]}

    def of(theirs: str) -> Of:
        def written(mine: str) -> str | None:
            here = cell[mine, theirs]
            return (
                f"{count(here['customers'])} ({percent(here['actual'])})"
                if here["customers"]
                else None
            )

        return written

    columns = [
        Column(str.capitalize, words.label(found, "first"), words=True),
        *(Column(of(theirs), theirs.capitalize()) for theirs in names),
    ]
    caption = f"Across: {words.label(found, 'second')}. Customers, and in brackets how many of them bought."
    return Table(columns, names, caption=caption)


def scores(found: BinsReport, shown: Sequence[ScoreName] = NAMES) -> Table:
    """Return scores of both forecasts and their difference; a row is a score's name."""
    measures, differences = found["measures"], found["differences"]

    def of(side: Side) -> Callable[[ScoreName], str | None]:
        return lambda name: words.score(name, measures[side][name]) or None

    def apart(name: ScoreName) -> str | None:
        return words.apart(name, differences[name]) or None

    first, second = (words.label(found, side) for side in SIDES)
    columns = [
        Column(lambda name: words.SCORES[name][0], "Score", pinned=True, words=True),
        Column(of("first"), first),
        Column(of("second"), f"{second} (second)" if first == second else second),
        Column(
            apart,
            "Difference (95\u00a0% interval)",
            help="First less second, over the same customers.",
            paper="Difference",
        ),
        Column(lambda name: words.closer(found, name) or None, "Better", words=True),
    ]
    told = " ".join(": ".join(words.SCORES[name]) for name in shown)
    return Table(columns, shown, "Scores of both forecasts and their differences", told)
