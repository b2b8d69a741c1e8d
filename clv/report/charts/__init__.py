"""Charts: pure functions from a table to a Plotly figure; they know nothing of the screen.

One module a page; `clv.report.charts.base` holds what all share.
"""

from clv.report.charts.assumptions import intervals_figure, observed_expected_figure
from clv.report.charts.base import Measure
from clv.report.charts.cohorts import (
    Cell,
    CohortCurve,
    cohort_curves_figure,
    cohort_heatmap_figure,
    cohort_sizes_figure,
    heatmap_width,
)
from clv.report.charts.customer import (
    customer_monthly_figure,
    customer_path_figure,
    customer_timeline_figure,
)
from clv.report.charts.first_year import (
    Gain,
    NamedImportance,
    effect_figure,
    errors_figure,
    gain_figure,
    importance_figure,
    months_figure,
)
from clv.report.charts.receipt import (
    coverage_figure,
    ranking_figure,
    tracking_figure,
)
from clv.report.charts.reliability import reliabilities_figure, reliability_figure
from clv.report.charts.segments import Curve, groups_figure, likelihood_figure, newcomers_figure
from clv.report.charts.summary import concentration_figure, history_forecast_figure
from clv.report.charts.survival import alive_figure, lives_figure, purchases_figure

__all__ = [
    "Cell",
    "CohortCurve",
    "Curve",
    "Gain",
    "Measure",
    "NamedImportance",
    "alive_figure",
    "cohort_curves_figure",
    "cohort_heatmap_figure",
    "cohort_sizes_figure",
    "concentration_figure",
    "coverage_figure",
    "customer_monthly_figure",
    "customer_path_figure",
    "customer_timeline_figure",
    "effect_figure",
    "errors_figure",
    "gain_figure",
    "groups_figure",
    "heatmap_width",
    "history_forecast_figure",
    "importance_figure",
    "intervals_figure",
    "likelihood_figure",
    "lives_figure",
    "months_figure",
    "newcomers_figure",
    "observed_expected_figure",
    "purchases_figure",
    "ranking_figure",
    "reliabilities_figure",
    "reliability_figure",
    "tracking_figure",
]
