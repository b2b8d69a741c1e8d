"""Charts: pure functions from a table to a Plotly figure; they know nothing of the screen.

One module a page; `clv.charts.base` holds what all share.
"""

from clv.charts.assumptions import intervals_figure, observed_expected_figure
from clv.charts.base import Measure
from clv.charts.cohorts import (
    Cell,
    CohortCurve,
    cohort_curves_figure,
    cohort_heatmap_figure,
    cohort_sizes_figure,
    heatmap_width,
)
from clv.charts.customer import (
    customer_monthly_figure,
    customer_path_figure,
    customer_timeline_figure,
)
from clv.charts.first_year import (
    Gain,
    effect_figure,
    errors_figure,
    gain_figure,
    importance_figure,
    months_figure,
)
from clv.charts.proof import (
    coverage_figure,
    ranking_figure,
    reliability_figure,
    tracking_figure,
)
from clv.charts.segments import Curve, groups_figure, likelihood_figure, newcomers_figure
from clv.charts.summary import concentration_figure, history_forecast_figure
from clv.charts.survival import alive_figure, lives_figure, purchases_figure

__all__ = [
    "Cell",
    "CohortCurve",
    "Curve",
    "Gain",
    "Measure",
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
    "reliability_figure",
    "tracking_figure",
]
