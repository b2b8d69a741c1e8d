"""Which sections an analysis has, in which order, and how a notebook calls each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.report.analysis import comparison, figures, health, receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.report.analysis.pieces import Section
    from clv.runs import Run

#: Of the simulated run that files show; whoever executes the notebook may take another.
SEED: Final = 1997
#: Rows of the tables of customers: all a page can hold, all that were asked for.
PRINTED: Final = 20
LISTED: Final = 100


@dataclass(frozen=True)
class Step:
    """One section of the files.

    Attributes
    ----------
    code
        What a notebook's cell says: an expression of ``run``, with `clv.report.analysis` at hand.
    make
        The same for a notebook.
    printed
        The section for the report.
    """

    code: str
    make: Callable[[Run], Section]
    printed: Callable[[Run], Section]


def _step(
    code: str, make: Callable[[Run], Section], printed: Callable[[Run], Section] | None = None
) -> Step:
    return Step(code, make, printed or make)


STEPS: Final = (
    _step("analysis.data(run)", figures.data),
    _step("analysis.fit(run)", figures.fit),
    _step("analysis.outlook(run)", figures.outlook),
    _step(
        f"analysis.top_buyers(run, {LISTED})",
        lambda run: figures.top_buyers(run, LISTED),
        lambda run: figures.top_buyers(run, PRINTED),
    ),
    _step(
        f"analysis.top_spenders(run, {LISTED})",
        lambda run: figures.top_spenders(run, LISTED),
        lambda run: figures.top_spenders(run, PRINTED),
    ),
    _step("analysis.assumptions(run)", health.assumptions),
    _step(f"analysis.survival(run, seed={SEED})", lambda run: health.survival(run, SEED)),
    _step("analysis.evidence(run)", receipt.evidence),
    _step("analysis.verdict(run)", receipt.verdict),
    _step("analysis.ideas(run)", receipt.ideas),
    _step("analysis.four_bins(run)", comparison.four_bins),
)
