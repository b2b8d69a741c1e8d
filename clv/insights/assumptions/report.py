"""All checks that apply to a run; made once, and kept beside its exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.schema import KeptAssumptions
from clv.core.types import quiet
from clv.insights.assumptions.base import Check
from clv.insights.assumptions.calendar import cohorts, season
from clv.insights.assumptions.counts import first_repeat, frequencies
from clv.insights.assumptions.dropout import dropout
from clv.insights.assumptions.outliers import outliers
from clv.insights.assumptions.people import people
from clv.insights.assumptions.spend import frequency_value, spend_shape, spend_spread
from clv.insights.assumptions.timing import timing

if TYPE_CHECKING:
    from clv.core.types import Progress
    from clv.runs import Run


_ALL: Final = (
    *(timing, season, cohorts, dropout, frequencies, first_repeat),
    *(frequency_value, spend_shape, spend_spread, outliers),
)
#: Of the stored form: checks of another form are made anew.
_NAME: Final = "assumptions-1"


def checks(run: Run, progress: Progress = quiet) -> list[Check]:
    """Check the models' assumptions on a run's data.

    Parameters
    ----------
    run
        Any. Without a forecast, only what needs no model is checked; without amounts, nothing about
        them.
    progress
        Told how many checks of all are done.

    Returns
    -------
    list of Check
        In the order in which they are best read: when, how often and how long customers buy, then
        what they spend, then whether a few decide it all.
    """
    with run.connect() as con:
        group = people(con, run)
        found = []
        for i, check in enumerate(_ALL):
            progress("Checking the assumptions", i, len(_ALL))
            found.append(check(group))
    return [check for check in found if check is not None]


def stored(run: Run) -> list[Check] | None:
    """Return the run's checks if they have been made."""
    found = run.derived(_NAME, KeptAssumptions)
    return None if found is None else [Check.from_dict(each) for each in found["checks"]]


def checked(run: Run, progress: Progress = quiet) -> list[Check]:
    """Return the run's checks, making them on first use; see `checks`."""
    run.derived(
        _NAME, KeptAssumptions, lambda: {"checks": [c.as_dict() for c in checks(run, progress)]}
    )
    return stored(run) or []
