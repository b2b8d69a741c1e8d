"""What new customers of each group are worth, drawn: for the page and for reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.core.formatting import symbol, with_unit
from clv.report.charts.assumptions import intervals_figure
from clv.report.words.first_year import by_name
from clv.report.words.segments import value_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from clv.insights.newcomers import Compared, Group


def groups_figure(
    found: Compared,
    shown: Sequence[Group],
    by: str,
    months: int,
    currency: str,
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw each group's worth with its range, beside that of everybody.

    Parameters
    ----------
    shown
        The groups to draw; those without a figure for so many months are left out.
    by, months
        What the groups differ in, and how long customers were watched.
    """
    known = [(group, group.newcomers.after(months)) for group in shown]
    rows = [
        {
            "label": value_name(group.newcomers),
            "value": after.mean,
            "low": after.low,
            "high": after.high,
        }
        for group, after in known
        if after is not None
    ]
    everyone = found.everyone.after(months)
    return intervals_figure(
        rows,
        across=by_name(by),
        up=with_unit("Worth of a customer", currency),
        reference=None if everyone is None else everyone.mean,
        reference_name="All customers",
        name="Mean, with 80\u00a0% range",
        share=False,
        prefix=symbol(currency),
        dark=dark,
    )
