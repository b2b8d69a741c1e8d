"""The section that compares two forecasts of who will buy, in four bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.backtest.choose_model import RULES
from clv.core.formatting import count, day
from clv.forecast import receipts
from clv.insights import bins
from clv.report.analysis.figures import nothing
from clv.report.analysis.pieces import Grid, Section, answer, heading, note, picture, text
from clv.report.analysis.receipt import UNTESTED
from clv.report.charts.reliability import reliabilities_figure
from clv.report.tables import bins as tables
from clv.report.words import bins as words
from clv.report.words import receipt as receipt_words

if TYPE_CHECKING:
    from clv.core.schema import Receipt
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
        pieces += [heading(words.label(found, side)), Grid(tables.one(found, side, run.currency))]
    pieces += [heading(words.cells_title(found)), Grid(tables.cells(found))]
    scored = [name for name in words.SCORES if found["measures"]["first"].get(name) is not None]
    pieces += [heading(words.right_title(found)), Grid(tables.scores(found, scored))]
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
