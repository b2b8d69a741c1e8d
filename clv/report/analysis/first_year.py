"""The sections on first-year value: what new customers bring, who of them will, what one may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from clv.core.formatting import count, money, percent, plural, symbol, with_unit
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
from clv.report.analysis.figures import currency_of
from clv.report.analysis.pieces import Section, Table, answer, note, picture, text
from clv.report.charts.newcomer_pictures import groups_figure
from clv.report.words import first_year as words
from clv.report.words.segments import between, first, too_few, value_name

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    lives, currency = lives_of(run, months), currency_of(run)
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
        Table(
            {
                "By the end of": [f"month {m.month}" for m in found],
                "Value in": [None if m.value is None else percent(m.value.mean) for m in found],
                "Returners back": [percent(m.returned) for m in found],
                "Best tenth known": [percent(m.recognised) for m in found],
            },
            frozenset({"By the end of"}),
        ),
    ]
    return Section("newcomers", "What a new customer brings", tuple(pieces))


def by_label(run: Run, by: str, months: int = 12) -> Section:
    """Tell what customers are worth by something known on the day of the first order."""
    currency = currency_of(run)
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
    pieces.append(
        Table(
            {
                words.by_name(by): [value_name(g.newcomers) for g in found.groups],
                "Customers": [count(g.newcomers.customers) for g in found.groups],
                "Worth": [
                    too_few(g.newcomers.customers)
                    if (a := g.newcomers.after(months)) is None
                    else money(a.mean, currency)
                    for g in found.groups
                ],
                "in 4 of 5 cases": [
                    between(g.newcomers.after(months), currency) for g in found.groups
                ],
                "Beside the others": [words.STANDINGS[g.standing] for g in found.groups],
            },
            frozenset({words.by_name(by), "Beside the others"}),
            "Each group against all the others; Holm's correction keeps the risk of naming any wrongly at "
            "5 %.",
        )
    )
    return Section("by_label", f"Worth by {words.by_name(by)}", tuple(pieces))


def second_orders(run: Run, label: str | None = None, months: int = 12) -> Section:
    """Tell what an early second order goes along with."""
    lives, currency = lives_of(run, months), currency_of(run)
    found = [s for d in SOON if (s := second_order(lives, d, label)) is not None]
    pieces: list[Piece] = [
        answer(f"{words.second_title(found, currency)}."),
        note(words.CORRELATION),
    ]
    if found:
        pieces.append(
            Table(
                {
                    "Second order": [f"within {s.days} days" for s in found],
                    "Customers": [
                        f"{count(s.early)} of {count(s.early + s.others)}" for s in found
                    ],
                    "That order itself": [money(s.itself, currency) for s in found],
                    "Later revenue, difference": [words.difference(s.raw, currency) for s in found],
                    "The same, among those alike": [
                        words.difference(s.matched, currency) for s in found
                    ],
                    "Compared": [
                        f"{count(s.matched_early)} with {count(s.matched_others)}" for s in found
                    ],
                },
                frozenset({"Second order"}),
                "Alike: the same fifth by value of the first day, quarter of the first order"
                + (f" and {label}. " if label else ". ")
                + "Intervals of 95 %.",
            )
        )
    return Section("second_orders", "What a second order goes along with", tuple(pieces))


def leaderboard(run: Run, kept: Kept) -> Section:
    """Tell which model forecasts customers' values best, on the whole and on what comes later."""
    currency, board = currency_of(run), kept.report["board"]
    rows, chosen = board["rows"], kept.report["choice"]["name"]
    means = words.means(board)
    columns: dict[str, Sequence[str | None]] = {
        "Forecast": [words.row_title(r["name"], chosen) for r in rows],
        with_unit("Error", currency): [f"{r['remaining']['mae']:,.2f}" for r in rows],
    }
    shorts: dict[ValuePart, str] = {"whole": "whole", "remaining": "later"}
    for part, short in shorts.items():
        columns |= {
            f"of {short}": [
                percent(r[part]["mae"] / means[part]) if means[part] > 0 else None for r in rows
            ],
            f"Best 10\u00a0%: of {short}": [percent(r[part]["top10"]) for r in rows],
            f"Total off: {short}": [percent(r[part]["bias"]) for r in rows],
        }
    told: list[Piece] = [
        answer(words.verdict(kept).replace("**", "")),
        text(words.design_title(kept)),
        Table(
            columns,
            frozenset({"Forecast"}),
            "Error: mean distance of forecast and outcome, also as a share of the mean value: of the "
            f"whole, and of what comes after {words.point(kept.wish.design)}.",
        ),
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
                    row[part]["deciles"], measure="revenue", symbol=symbol(currency_of(run))
                ),
                words.deciles_title(row[part]["deciles"], currency_of(run)),
                f"Mean revenue of each group of held-out customers, {words.parts(kept)[part].lower()}.",
            ),
        ),
    )


def looked_at(run: Run, kept: Kept) -> Section:
    """Tell which features the forecast rests on, and how it moves with the main ones."""
    design, currency = kept.wish.design, currency_of(run)
    found = [words.as_share(r) for r in kept.report["importance"][:_MOST_FEATURES]]
    pieces: list[Piece] = [
        answer(f"{words.importance_title(found, design)}."),
        Table(
            {
                "Feature": [words.feature(r["name"], design) for r in found],
                "Error grows by": [percent(r["share"]) for r in found],
            },
            frozenset({"Feature"}),
            "When the feature is shuffled among the held-out customers; mean of five shuffles.",
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
    months, currency = kept.wish.design.horizon_months, currency_of(run)
    part = f"{words.part(kept).capitalize()} by forecast"
    columns: dict[str, list[Any]] = {
        part: [f"{t.rank} (best)" if t.rank == 1 else str(t.rank) for t in kept.bids],
        "Customers": [count(t.came.customers) for t in kept.bids],
        "Forecast, each": [money(t.predicted, currency) for t in kept.bids],
        "Most you could pay": [
            too_few(t.came.customers)
            if (c := t.came.ceiling(margin, months)) is None
            else money(c.mean, currency)
            for t in kept.bids
        ],
        "in 4 of 5 cases": [between(t.came.ceiling(margin, months), currency) for t in kept.bids],
    }
    if cost is not None:
        columns["Earned back in month"] = [
            None if (m := t.came.payback(margin, cost)) is None else str(m) for t in kept.bids
        ]
    return Section(
        "bids",
        "What a customer may cost",
        (
            answer(f"{words.bids_title(kept, margin, months, currency)}."),
            Table(
                columns,
                frozenset({part}),
                f"Margin of {percent(margin)} × what held-out customers of that part brought in "
                f"{first(months)}, in fact."
                + ("" if cost is None else f" Earned back at {money(cost, currency)} for one."),
            ),
        ),
    )
