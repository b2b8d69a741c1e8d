"""All checks that apply to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.assumptions.calendar import cohorts, season
from clv.assumptions.counts import first_repeat, frequencies
from clv.assumptions.dropout import dropout
from clv.assumptions.outliers import outliers
from clv.assumptions.people import people
from clv.assumptions.spend import frequency_value, spend_shape, spend_spread
from clv.assumptions.timing import timing

if TYPE_CHECKING:
    from clv.assumptions.base import Check
    from clv.runs import Run


def checks(run: Run) -> list[Check]:
    """Check the models' assumptions on a run's data.

    Parameters
    ----------
    run
        Any. Without a forecast, only what needs no model is checked; without amounts, nothing about
        them.

    Returns
    -------
    list of Check
        In the order in which they are best read: when, how often and how long customers buy, then
        what they spend, then whether a few decide it all.
    """
    with run.connect() as con:
        group = people(con, run)
        found = [
            check(group)
            for check in (
                *(timing, season, cohorts, dropout, frequencies, first_repeat),
                *(frequency_value, spend_shape, spend_spread, outliers),
            )
        ]
    return [check for check in found if check is not None]
