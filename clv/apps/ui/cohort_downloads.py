"""Every table behind the cohorts page as CSV."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from clv.apps.ui import parts
from clv.core.formatting import count
from clv.insights.cohorts.calendar import period_name
from clv.insights.cohorts.report import cohort_customers
from clv.insights.cohorts.triangle import FORECAST
from clv.runs import csv_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.insights.cohorts.report import CohortReport
    from clv.insights.cohorts.triangle import Measure, Triangle
    from clv.runs import Run


def show(
    run: Run,
    found: CohortReport,
    shown: Triangle,
    measure: Measure,
    chosen: Mapping[str, Sequence[str | None]],
) -> None:
    """Show the buttons; a file is made when it is asked for."""
    grain = found.facts.grain
    left, right = st.columns(2)
    with left:
        parts.download_made(
            "All cells, fact and forecast (CSV)",
            lambda: csv_of(long_rows(found)),
            f"cohorts_{grain}.csv",
            "download_cohorts",
        )
        parts.download_made(
            "Cohorts with second orders (CSV)",
            lambda: csv_of(cohort_rows(found)),
            f"cohorts_{grain}_summary.csv",
            "download_cohort_summary",
        )
    with right:
        parts.download_made(
            "The triangle as shown (CSV)",
            lambda: csv_of(triangle_rows(shown, measure)),
            f"cohorts_{grain}_{measure}.csv",
            "download_triangle",
        )

        def customers() -> bytes:
            out = io.BytesIO()
            cohort_customers(run, grain, chosen, out)
            return out.getvalue()

        parts.download_made(
            f"These {count(found.seconds[None].customers)} customers and their cohorts (CSV)",
            customers,
            f"customers_by_{grain}.csv",
            "download_cohort_customers",
        )


def long_rows(found: CohortReport) -> list[dict[str, Any]]:
    """Return one row per cell: facts and running periods, then what is forecast."""
    ahead = [r for r in found.continued.rows() if r["status"] == "forecast"]
    return found.facts.rows() + ahead


def triangle_rows(shown: Triangle, measure: Measure) -> list[dict[str, Any]]:
    """Return one row per cohort, one column per period; empty where nothing is known."""
    values = shown.values(measure)
    return [
        {
            "cohort": period_name(int(cohort), shown.grain),
            "customers": int(shown.customers[i]),
            "forecast_from": _first_forecast(shown, i),
        }
        | {f"{shown.grain}_{j}": _known(v) for j, v in enumerate(values[i])}
        for i, cohort in enumerate(shown.cohorts)
    ]


def _first_forecast(shown: Triangle, row: int) -> int | None:
    found = np.flatnonzero(shown.kind[row] == FORECAST)
    return int(found[0]) if len(found) else None


def cohort_rows(found: CohortReport) -> list[dict[str, Any]]:
    """Return one row per cohort: size, second orders, orders and revenue so far."""
    facts = found.facts
    rows = []
    for i, cohort in enumerate(facts.cohorts):
        seconds = found.seconds[int(cohort)]
        first, median, third = seconds.quartiles or (None, None, None)
        revenue = None if facts.revenue is None else float(np.nansum(facts.revenue[i]))
        rows.append(
            {
                "cohort": period_name(int(cohort), facts.grain),
                "customers": seconds.customers,
                "returned": seconds.returned,
                "returned_share": seconds.rate,
                "returned_within_90_days": seconds.soon,
                "days_to_second_25": first,
                "days_to_second_median": median,
                "days_to_second_75": third,
                "orders_per_customer": float(np.nansum(facts.orders[i])) / seconds.customers,
                "revenue_per_customer": None if revenue is None else revenue / seconds.customers,
            }
        )
    return rows


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
