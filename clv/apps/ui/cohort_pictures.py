"""What the cohorts page's charts draw, taken from its report. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core.formatting import count
from clv.insights.cohorts.triangle import FACT, FORECAST, KINDS, PARTIAL
from clv.report import charts
from clv.report.words import cohorts as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.insights.cohorts.calendar import Grain
    from clv.insights.cohorts.triangle import Measure, Triangle
    from clv.insights.cohorts.verdict import Verdict

#: The heatmap's rows and columns at most.
MOST_COHORTS: Final = 24
MOST_PERIODS: Final = 36


def cells(facts: Triangle, shown: Triangle, measure: Measure, currency: str) -> list[charts.Cell]:
    """Return the cells of the average and of the newest cohorts, oldest first."""
    grain, values, so_far = shown.grain, shown.values(measure), facts.values(measure)
    average = facts.average(measure)
    title = f"Average · {count(float(facts.customers.sum()))}"
    what = words.MEASURES[measure].lower()

    def cell(row: str, name: str, j: int, value: float, kind: int, also: str = "") -> charts.Cell:
        full = words.written(value, measure, currency)
        text = words.in_cell(value, measure) + ("*" if kind == PARTIAL else "")
        told = f"{name}, {grain} {j}<br><b>{full}</b> {what}{also}"
        return charts.Cell(row, j, value, KINDS[kind], text, told)

    found = [
        cell(title, "Average of all cohorts", j, float(v), FACT)
        for j, v in enumerate(average[:MOST_PERIODS])
        if np.isfinite(v)
    ]
    for i in range(max(len(shown.cohorts) - MOST_COHORTS, 0), len(shown.cohorts)):
        name = words.cohort_name(int(shown.cohorts[i]), grain)
        row = f"{name} · {count(float(shown.customers[i]))}"
        for j in range(min(shown.kind.shape[1], MOST_PERIODS)):
            kind, value = int(shown.kind[i, j]), float(values[i, j])
            if not np.isfinite(value):
                continue
            also = {PARTIAL: f"<br>so far; the {grain} is not over", FORECAST: "<br>forecast"}
            more = also.get(kind, "")
            if kind == FORECAST and j < facts.kind.shape[1] and facts.kind[i, j] == PARTIAL:
                more += f" for the whole {grain}, {words.written(so_far[i, j], measure, currency)} so far"
            found.append(cell(row, name, j, value, kind, more))
    return found


def typical(facts: Triangle, verdict: Verdict | None) -> list[int]:
    """Return cohorts worth a first look: best, worst, oldest, newest with two periods over."""
    seen = facts.cohorts[facts.observed() >= 2]
    wanted = [s.cohort for s in verdict.standings[:1] + verdict.standings[-1:]] if verdict else []
    wanted += [int(c) for c in (*seen[:1], *seen[-1:], *facts.cohorts[:1])]
    return list(dict.fromkeys(wanted))[:4]


def first_period(measure: Measure) -> int:
    """Return where curves start: in period 0 everybody ordered, which says nothing."""
    return 1 if measure == "retention" else 0


def average_curve(facts: Triangle, measure: Measure, currency: str) -> charts.CohortCurve | None:
    """Return the average's curve; None where nothing is over yet."""
    first = first_period(measure)
    average = facts.average(measure)[first:]
    known = average[np.isfinite(average)].tolist()
    if not known:
        return None
    texts = _texts("Average", known, first, measure, facts.grain, currency)
    return charts.CohortCurve("Average", known, [], texts, [])


def curves(
    facts: Triangle, shown: Triangle, measure: Measure, cohorts: Sequence[int], currency: str
) -> list[charts.CohortCurve]:
    """Return the cohorts' curves: periods that are over, then the forecast where it is shown."""
    grain, first = shown.grain, first_period(measure)
    values, observed = shown.values(measure), facts.observed()
    found = []
    for cohort in cohorts:
        i = int(np.flatnonzero(shown.cohorts == cohort)[0])
        name, end = words.cohort_name(cohort, grain), max(int(observed[i]), first)
        fact = values[i, first:end].tolist()
        ahead = values[i, end:][shown.kind[i, end:] == FORECAST]
        forecast = ahead[np.isfinite(ahead)].tolist()
        if fact or forecast:
            texts = _texts(name, [*fact, *forecast], first, measure, grain, currency)
            later = [f"{text}<br>forecast" for text in texts[len(fact) :]]
            found.append(charts.CohortCurve(name, fact, forecast, texts[: len(fact)], later))
    return found


def _texts(
    name: str, values: Sequence[float], first: int, measure: Measure, grain: Grain, currency: str
) -> list[str]:
    return [
        f"{name}, {grain} {first + k}<br><b>{words.written(v, measure, currency)}</b>"
        for k, v in enumerate(values)
    ]
