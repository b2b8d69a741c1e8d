"""The sections on first-year value: what new customers bring, who of them will, what one may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import count, plural, symbol
from clv.insights.newcomers import (
    SOON,
    compare,
    lives_of,
    marks,
    newcomers_of,
    second_order,
    training,
)
from clv.learn.artefact import load
from clv.learn.plans import Design
from clv.learn.scoring import to_score
from clv.learn.work import Work
from clv.report import charts
from clv.report.analysis.pieces import Grid, Section, answer, note, picture, text
from clv.report.charts.newcomer_pictures import groups_figure
from clv.report.tables import Column, Table
from clv.report.tables import first_year as tables
from clv.report.words import first_year as words
from clv.report.words.segments import first

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from clv.core.schema import ValuePart
    from clv.insights.newcomers.training import Kept
    from clv.learn.model import Model
    from clv.report.analysis.pieces import Piece
    from clv.runs import Run

__all__ = [
    "Design",
    "bids",
    "by_label",
    "gain",
    "leaderboard",
    "load",
    "looked_at",
    "newcomers",
    "scores",
    "second_orders",
    "train",
]

_MOST_SHOWN: Final = 12
_MOST_FEATURES: Final = 10


def train(run: Run, design: Design) -> Kept:
    """Train on the orders of a run and keep the model beside it; made once for equal designs."""
    wish = training.Wish(design, tuple(run.labels))
    return training.stored(run, wish.key) or training.make(run, wish, Work())


def scores(
    run: Run, model: Model, as_of: date | None = None, since: date | None = None
) -> pa.Table:
    """Say what a trained model expects of the customers of a run, one row per customer.

    Parameters
    ----------
    as_of, since
        See `clv.learn.scoring.to_score`.
    """
    with run.connect() as con:
        return model.table(to_score(con, model, as_of, since))


def newcomers(run: Run, months: int = 12) -> Section:
    """Tell what a new customer brings, and when it comes."""
    lives, currency = lives_of(run, months), run.currency
    everyone, found = newcomers_of(lives), marks(lives)
    curve = charts.Curve("All customers", [float(v) for v in everyone.brought])
    pieces: list[Piece] = [
        answer(words.sentence(everyone, months, None, currency)),
        note(
            f"{plural(len(lives), 'customer')} have lived through {first(months)}; {count(lives.waiting)} "
            "are younger and left out. Revenue before margin, not discounted."
        ),
        picture(
            charts.newcomers_figure(
                [curve], cost=None, axis="Revenue per new customer", symbol=symbol(currency)
            ),
            words.marks_title(found, months),
            "Revenue per customer since the first order, which is in it.",
        ),
        text(words.onboarding(found)),
        Grid(tables.marks(found, months)),
    ]
    return Section("newcomers", "What a new customer brings", tuple(pieces))


def by_label(run: Run, by: str, months: int = 12) -> Section:
    """Tell what customers are worth by something known on the day of the first order."""
    currency = run.currency
    found = compare(lives_of(run, months), by)
    shown = [g for g in found.groups if g.newcomers.after(months) is not None][:_MOST_SHOWN]
    pieces: list[Piece] = [answer(f"{words.groups_title(found, by, months, currency)}.")]
    if shown:
        pieces.append(
            picture(
                groups_figure(found, shown, by, months, currency),
                f"Worth in {first(months)}, by “{words.by_name(by)}”",
                "Revenue per customer, before margin, of customers watched for all of the months.",
            )
        )
    pieces.append(Grid(tables.groups(found, by, months, currency)))
    return Section("by_label", f"Worth by {words.by_name(by)}", tuple(pieces))


def second_orders(run: Run, label: str | None = None, months: int = 12) -> Section:
    """Tell what an early second order goes along with."""
    lives, currency = lives_of(run, months), run.currency
    found = [s for d in SOON if (s := second_order(lives, d, label)) is not None]
    pieces: list[Piece] = [
        answer(f"{words.second_title(found, currency)}."),
        note(words.CORRELATION),
    ]
    if found:
        pieces.append(Grid(tables.second_orders(found, label, currency)))
    return Section("second_orders", "What a second order goes along with", tuple(pieces))


def leaderboard(run: Run, kept: Kept) -> Section:
    """Tell which model forecasts customers' values best, on the whole and on what comes later."""
    told: list[Piece] = [
        answer(words.verdict(kept).replace("**", "")),
        text(words.design_title(kept)),
        Grid(tables.leaderboard(kept, run.currency)),
        text(*filter(None, (words.tuning(kept), words.ranges(kept)))),
    ]
    return Section("leaderboard", "Who forecasts best", tuple(told))


def gain(run: Run, kept: Kept, part: ValuePart = "remaining") -> Section:
    """Tell which share of the value the best customers by forecast brought."""
    board, row, rival = kept.report["board"], words.chosen_row(kept), words.rival_row(kept)
    lines = [charts.Gain(r["title"], r[part]["gain"]) for r in (row, rival) if r is not None]
    return Section(
        "gain",
        "Are the best found?",
        (
            answer(f"{words.gain_title(kept, part)}."),
            picture(
                charts.gain_figure(lines, board["perfect"][part], marks=(0.1, 0.2)),
                "Share of the value that the best customers by forecast brought",
                f"{words.parts(kept)[part]}, of {count(board['customers'])} held-out customers.",
            ),
            picture(
                charts.ranking_figure(
                    row[part]["deciles"], measure="revenue", symbol=symbol(run.currency)
                ),
                words.deciles_title(row[part]["deciles"], run.currency),
                f"Mean revenue of each group of held-out customers, {words.parts(kept)[part].lower()}.",
            ),
        ),
    )


def looked_at(run: Run, kept: Kept) -> Section:
    """Tell which features the forecast rests on, and how it moves with the main ones."""
    design, currency = kept.wish.design, run.currency
    found = [words.as_share(r) for r in kept.report["importance"][:_MOST_FEATURES]]
    pieces: list[Piece] = [
        answer(f"{words.importance_title(found, design)}."),
        Grid(
            Table(
                (
                    Column(lambda row: words.feature(row["name"], design), "Feature", words=True),
                    Column("share", "Error grows by", "share"),
                ),
                found,
                caption="When the feature is shuffled among the held-out customers; mean of five "
                "shuffles.",
            )
        ),
    ]
    for effect in kept.report["effects"][:2]:
        label = words.feature(effect["name"], design)
        pieces.append(
            picture(
                charts.effect_figure(
                    words.points(effect)[:_MOST_SHOWN],
                    words=effect["kind"] != "number",
                    across=label,
                    symbol=symbol(currency),
                ),
                f"What is expected, by: {label[0].lower()}{label[1:]}",
                "What the model has learned (accumulated local effects); not what a change would do.",
            )
        )
    return Section("looked_at", "What the forecast looks at", tuple(pieces))


def bids(run: Run, kept: Kept, margin: float = 1.0, cost: float | None = None) -> Section:
    """Tell what a customer may cost, by tenth of the forecast."""
    months, currency = kept.wish.design.horizon_months, run.currency
    return Section(
        "bids",
        "What a customer may cost",
        (
            answer(f"{words.bids_title(kept, margin, months, currency)}."),
            Grid(tables.bids(kept, margin, cost, currency)),
        ),
    )
