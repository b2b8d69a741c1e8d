"""The sections that rest on the test of the forecast: how good it is, what it does well, what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core import names
from clv.core.formatting import count, day, percent, plural, symbol, unit
from clv.forecast import receipts
from clv.insights import verdict as judgement
from clv.insights.assumptions import checked
from clv.report import charts, findings
from clv.report.analysis.figures import nothing
from clv.report.analysis.pieces import Grid, Section, answer, heading, items, note, picture, text
from clv.report.findings import health as health_words
from clv.report.tables import receipt as tables
from clv.report.words import receipt as words
from clv.report.words import verdict as verdict_words

if TYPE_CHECKING:
    from clv.core.schema import Receipt
    from clv.report.analysis.pieces import Piece
    from clv.runs import Run

#: Said where there is no test.
UNTESTED: Final = (
    "This forecast has not been tested on the file's own past: the history is too short for it, or the "
    "test was left out."
)


def evidence(run: Run) -> Section:
    """Tell what forecasts made on past dates would have said, and what came."""
    key, title = "evidence", "How good is the forecast?"
    found = run.receipt
    model = None if found is None else receipts.subject(found)
    if found is None or model is None:
        sentence = UNTESTED if found is None else words.sentence(found)
        return nothing(run, key, title, sentence)
    origin = receipts.origin_of(found)
    told = [words.closer(found), words.shorter(found), words.rivals(found)]
    pieces: list[Piece] = [answer(words.sentence(found)), text(*filter(None, told))]
    pieces.append(Grid(tables.leaderboard(found, receipts.leaderboard(found))))
    when = f"{names.title(model)}; {words.dates(origin)}"
    measures = origin["measures"][model]
    measure: charts.Measure = "revenue" if measures["value"] else "orders"
    what = f"Revenue in {unit(run.currency)}" if measure == "revenue" else "Orders"
    pieces.append(
        picture(
            charts.ranking_figure(
                measures["deciles"], measure=measure, symbol=symbol(run.currency)
            ),
            words.ranking_title(measures["deciles"]),
            f"{what} per customer, mean of each group, in {words.ahead(found)}. {when}; "
            f"{plural(origin['customers'], 'customer')}.",
        )
    )
    pieces.append(
        picture(
            charts.reliability_figure(measures["reliability"]),
            words.chance_title(measures["reliability"]),
            f"Share of customers who bought in {words.ahead(found)}, by forecast chance, with "
            f"95\u00a0% intervals; {words.within(measures['reliability'])}. {when}.",
        )
    )
    if origin["weeks"]:
        lines = {name: names.title(name) for name in words.compared(found, origin, model)}
        pieces.append(
            picture(
                charts.tracking_figure(origin["weeks"], lines),
                words.tracking_title(origin["weeks"], model),
                f"Orders since {day(origin['as_of'])} of the customers known on that day, in full "
                f"weeks up to {day(origin['end'])}.",
            )
        )
    pieces += _ranges(found)
    return Section(key, title, tuple(pieces))


def _ranges(found: Receipt) -> list[Piece]:
    """Tell how many outcomes lay within the ranges."""
    ranges = found["ranges"]
    measured = ranges["measured"]
    if measured is None:
        return []
    rows = measured["after"] or measured["before"]
    level = percent(ranges["level"])
    head = next((r for r in rows if r["group"] == "wider"), rows[0])
    return [
        heading("Do the ranges hold what they promise?"),
        text(
            f"Ranges that are meant to hold {level} of the customers held {percent(head['inside'])} of "
            f"them as of {day(measured['as_of'])}."
        ),
        Grid(tables.held(ranges["level"], measured)),
    ]


def verdict(run: Run) -> Section:
    """Tell what the forecast does well and what it does poorly on this file."""
    key, title = "verdict", "What works, and what doesn't"
    found = run.receipt
    if found is None or receipts.subject(found) is None:
        return nothing(run, key, title, UNTESTED if found is None else words.sentence(found))
    tested = run.tested()
    well, poorly = findings.does_well(found, tested), findings.does_poorly(found, tested)
    said = (
        f"{verdict_words.told(judgement.of_run(run))} Looked at one by one, "
        f"{plural(len(well), 'thing')} went well and {plural(len(poorly), 'thing')} poorly."
    )
    pieces: list[Piece] = [answer(said)]
    for kind, rows in (("well", well), ("poorly", poorly)):
        pieces.append(heading(health_words.HEADINGS[kind]))
        pieces.append(items(*health_words.sentences(rows, kind)))
    return Section(key, title, tuple(pieces))


def ideas(run: Run) -> Section:
    """Tell what would help against the weaknesses, and what each idea gained where it was tried."""
    key, title = "ideas", "What would help"
    found = run.receipt
    if found is None or receipts.subject(found) is None:
        return nothing(run, key, title, UNTESTED if found is None else words.sentence(found))
    rows = findings.would_help(found, checked(run))
    tried = sum("gain" in row.figures for row in rows)
    return Section(
        key,
        title,
        (
            answer(
                f"{plural(len(rows), 'idea')} for this file; {count(tried)} of them tried on its own past."
                if rows
                else "Nothing that was tried would help on this file, and no assumption is violated."
            ),
            *([items(*(row.sentence for row in rows))] if rows else []),
            note(
                "Gains are those of the test on the file's past; a change in the shop shows only "
                "afterwards."
            ),
        ),
    )
