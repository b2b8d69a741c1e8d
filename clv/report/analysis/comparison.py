"""The section that compares two forecasts of who will buy, in four bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.backtest.choose_model import RULES
from clv.core.formatting import count, day, money, percent, with_unit
from clv.core.segments import Thresholds
from clv.forecast import receipts
from clv.insights import bins
from clv.report.analysis.figures import currency_of, nothing
from clv.report.analysis.pieces import Section, Table, answer, heading, note, picture, text
from clv.report.analysis.receipt import UNTESTED
from clv.report.charts.reliability import reliabilities_figure
from clv.report.words import bins as words
from clv.report.words import receipt as receipt_words

if TYPE_CHECKING:
    from clv.core.schema import BinsReport, Receipt, Side
    from clv.report.analysis.pieces import Piece
    from clv.runs import Run


def four_bins(run: Run, first: str = "", second: str = "") -> Section:
    """Compare two forecasts of who will buy, on customers whose outcome is known.

    Parameters
    ----------
    run
        Any; one without a test can't be compared, and the section says so.
    first, second
        Names of forecasts that were tested; by default the run's own and the best rule of thumb.

    Raises
    ------
    InputError
        No forecast of that name was tested.
    """
    key, title = "four_bins", "Who is likely to buy: two models compared"
    receipt, tested = run.receipt, run.tested()
    own = None if receipt is None else receipts.subject(receipt)
    if receipt is None or own is None or tested is None:
        said = UNTESTED if receipt is None else receipt_words.sentence(receipt)
        return nothing(run, key, title, said)
    first = first or own
    found = bins.report(receipt, tested, first, second or _rival(receipt, first))
    pieces: list[Piece] = [answer(words.verdict(found))]
    if useless := words.useless(found):
        pieces.append(text(useless))
    for side in bins.SIDES:
        pieces += [heading(words.label(found, side)), _bins(found, side, currency_of(run))]
    pieces += [heading(words.cells_title(found)), _cells(found)]
    pieces += [heading(words.right_title(found)), _scores(found)]
    sides = {words.label(found, side): found["reliability"][side] for side in bins.SIDES}
    pieces.append(
        picture(
            reliabilities_figure(sides),
            words.reliability_title(found),
            f"Share of customers who bought in {words.ahead(found)}, by forecast chance, with "
            "95\u00a0% intervals.",
        )
    )
    pieces.append(
        note(
            f"Chances of buying in {words.ahead(found)}, made on {day(found['as_of'])} without anything "
            f"later, beside what {count(found['customers'])} customers did until {day(found['end'])}. "
            "Ranges are 95\u00a0% intervals."
        )
    )
    return Section(key, title, tuple(pieces))


def _rival(receipt: Receipt, name: str) -> str:
    """Return the best rule of thumb, beside one of them the best model."""
    order = [row["contender"] for row in receipts.leaderboard(receipt)]
    others = [n for n in order if n.partition("+")[0] != name.partition("+")[0]]
    kind = [n for n in others if (n in RULES) != (name in RULES)]
    return (kind or others or [name])[0]


def _bins(found: BinsReport, side: Side, currency: str) -> Table:
    limits, rows = Thresholds(**found["limits"]), found["bins"][side]
    spans = [limits.span(r["bin"]) for r in rows]
    columns: dict[str, list[str | None]] = {
        "Likely to buy": [r["bin"].capitalize() for r in rows],
        "Chance from": [percent(low) for low, _ in spans],
        "to": [percent(high) for _, high in spans],
        "Customers": [count(r["customers"]) for r in rows],
        "Chance, mean": [percent(r["predicted"]) for r in rows],
        "Bought": [percent(r["actual"]) for r in rows],
        "Surely between": [words.interval(r) or None for r in rows],
    }
    if rows[0]["value"] is not None:
        columns[with_unit("Revenue", currency)] = [money(r["value"]) for r in rows]
        columns[with_unit("Revenue each", currency)] = [money(r["value_each"]) for r in rows]
    return Table(columns, frozenset({"Likely to buy"}))


def _cells(found: BinsReport) -> Table:
    """Return who is in which bin of either forecast: customers, and how many of them bought."""
    names = [r["bin"] for r in found["bins"]["first"]]
    cell = {(c["first"], c["second"]): c for c in found["cells"]}

    def written(mine: str, theirs: str) -> str | None:
        one = cell[mine, theirs]
        return f"{count(one['customers'])} ({percent(one['actual'])})" if one["customers"] else None

    head = words.label(found, "first")
    columns: dict[str, list[str | None]] = {head: [n.capitalize() for n in names]}
    for theirs in names:
        columns[theirs.capitalize()] = [written(mine, theirs) for mine in names]
    return Table(
        columns,
        frozenset({head}),
        f"Across: {words.label(found, 'second')}. Customers, and in brackets how many of them bought.",
    )


def _scores(found: BinsReport) -> Table:
    """Return every score of both forecasts and their difference."""
    shown = [s for s in words.SCORES if found["measures"]["first"].get(s) is not None]
    columns: dict[str, list[str | None]] = {"Score": [words.SCORES[s][0] for s in shown]}
    for side in bins.SIDES:
        name = words.label(found, side)
        name = f"{name} (second)" if name in columns else name
        columns[name] = [words.score(s, found["measures"][side][s]) for s in shown]
    columns["Difference"] = [words.apart(s, found["differences"][s]) or None for s in shown]
    columns["Better"] = [words.closer(found, s) or None for s in shown]
    caption = " ".join(f"{words.SCORES[s][0]}: {words.SCORES[s][1]}" for s in shown)
    return Table(columns, frozenset({"Score", "Better"}), caption)
