"""The sections on what the model takes for granted, and on what it says of 100 customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import count, day, duration, plural
from clv.insights import simulate
from clv.insights.assumptions import checked
from clv.report import charts
from clv.report.analysis.figures import nothing
from clv.report.analysis.pieces import Grid, Section, answer, heading, note, picture, text
from clv.report.charts import assumption_pictures as pictures
from clv.report.findings.health import by_weight
from clv.report.tables import Column, Table
from clv.report.tables import forecast as forecast_tables
from clv.report.words import assumptions as words
from clv.report.words import survival as survival_words

if TYPE_CHECKING:
    from clv.insights.assumptions import Check
    from clv.insights.simulate import Kind
    from clv.report.analysis.pieces import Piece
    from clv.runs import Run

#: Of the many runs that say how far one run may differ: the same ones every time.
_BAND_SEED: Final = 0


def assumptions(run: Run) -> Section:
    """Check the models' assumptions on the run's data: figure, verdict and meaning of each."""
    title, found = "Do the model's assumptions hold here?", checked(run)
    pieces: list[Piece] = [answer(words.summary(found))]
    if not found:
        return nothing(run, "assumptions", title, words.summary(found))
    columns = (
        Column(lambda check: words.WORDS[check.key].name, "Assumption", words=True),
        Column(words.label, "Verdict", words=True),
        Column(words.finding, "What was found", words=True),
    )
    pieces.append(Grid(Table(columns, found)))
    for check in by_weight(found):
        pieces += _check(check, run.currency)
    return Section("assumptions", title, tuple(pieces))


def _check(check: Check, currency: str) -> list[Piece]:
    told = [words.meaning(check), words.advice(check)]
    pieces: list[Piece] = [
        heading(f"{words.WORDS[check.key].question} · {words.label(check)}"),
        text(*filter(None, told)),
    ]
    figure = pictures.figure(check, currency)
    if figure is not None:
        pieces.append(picture(figure, words.finding(check), words.statistic(check)))
    else:
        pieces.append(note(words.statistic(check)))
    return pieces


def _customers(run: Run, kind: Kind, wanted: int) -> str:
    """Return how many customers a run follows: all, where there are fewer than wanted."""
    return plural(
        min(wanted, int(run.summary["customers"])) if kind == "yours" else wanted, "customer"
    )


def survival(
    run: Run, seed: int, kind: Kind = "yours", customers: int = simulate.CUSTOMERS
) -> Section:
    """Follow random customers for 100 years: how many are alive, and what they have ordered.

    Parameters
    ----------
    run
        Any; one without a forecast of orders can't be simulated, and the section says so.
    seed
        Of the one run that is shown in detail; the same seed, the same run.
    kind
        A sample of the run's own customers, or new ones.
    customers
        How many.
    """
    title = f"{_customers(run, kind, customers)} after 10 days, 1 year, 10 years and 100 years"
    if not run.model.get("purchases"):
        return nothing(
            run,
            "survival",
            title,
            "There is no forecast for this file, so nothing can be simulated.",
        )
    model = simulate.purchase_model(run)
    one = simulate.one_run(run, model, kind, customers=customers, seed=seed)
    ahead = simulate.outlook(run, model, kind, customers=customers, seed=_BAND_SEED)
    rows = simulate.table(one, ahead)
    since = survival_words.since(kind, run.settings["as_of"])
    days, lifetimes = simulate.GRID.tolist(), one.lifetime.tolist()
    told = f"This run has the seed {seed}; the band is that of {count(simulate.RUNS)} others."
    alive = charts.alive_figure(
        days,
        [duration(d) for d in days],
        mean=ahead.alive.mean.tolist(),
        low=ahead.alive.low.tolist(),
        high=ahead.alive.high.tolist(),
        lifetimes=lifetimes,
        since=since,
    )
    totals = one.purchases[:, -1].tolist()
    lives = charts.lives_figure(
        lifetimes,
        [""] * len(lifetimes),
        one.mark_customer.tolist(),
        one.mark_day.tolist(),
        since=since,
    )
    pieces: tuple[Piece, ...] = (
        answer(survival_words.sentence(rows, kind, ahead.customers, int(run.summary["customers"]))),
        Grid(
            forecast_tables.simulated(
                rows,
                f"Alive: would order again sooner or later, as the model has it. {told} The exact mean "
                "comes from the model's formula, without dice.",
            )
        ),
        picture(
            alive,
            survival_words.half_life(lifetimes, since),
            f"Customers alive, days since {since}. {told}",
        ),
        picture(
            lives,
            survival_words.lives_title(lifetimes, totals, kind),
            "One line a customer, a stroke for each day with an order, a cross where they leave.",
        ),
        note(
            f"Nobody has data on 100 years: beyond the length of the history before {day(run.settings['as_of'])} "
            "this is the fitted model carried on, as if neither shop nor customers ever changed."
        ),
    )
    return Section("survival", title, pieces)
