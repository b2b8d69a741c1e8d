"""The page on monitoring: is this upload as usual, and did earlier forecasts come true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs, page, parts, session
from clv.core.formatting import day, dollars, percent, plain, plural, symbol
from clv.insights import monitor
from clv.report import explained
from clv.report.charts import monitoring as charts
from clv.report.charts.receipt import ranking_figure
from clv.report.charts.reliability import reliability_figure
from clv.report.tables import monitoring as tables
from clv.report.words import monitor as words
from clv.runs import csv_of

if TYPE_CHECKING:
    from clv.core.schema import EarlierRun, MonitoringFindings, TrackedForecast, TrackedMeasure
    from clv.report.charts.base import Measure
    from clv.runs import Run

TITLE: Final = "Monitoring"
_VIEWS: Final = ("By month", "By segment", "Chances of buying", "Best customers")


def show(run: Run) -> None:
    """Show the answer, the cards, earlier forecasts beside what came, and the upload's checks."""
    page.title(TITLE, run)
    store = session.store()
    found = monitor.observed(store, run)
    if found is None:
        page.answer("Earlier runs are being looked for, and held against this one.")
        jobs.do(
            f"monitor:{run.id}",
            lambda progress: monitor.observe(store, run, progress=progress),
            again="Look again",
        )
        return
    page.answer(plain(words.sentence(found)))
    if damaged := len(store.damaged()):
        # Not their ids: whoever knows one may read the run.
        st.caption(
            f"{plural(damaged, 'stored forecast')} can't be read and {'is' if damaged == 1 else 'are'} "
            "left out here: a file is damaged. `python -m clv runs list` names them to whoever runs this "
            "server."
        )
    if found["against"] is None:
        _alone(run)
        return
    page.cards([page.Card(*card) for card in words.cards(found)], "monitoring")
    short, long = words.advice(found)
    st.markdown(f"**What to do: {short[0].lower()}{short[1:]}.** {long}")
    if found["tracked"]:
        _tracked(found)
    _upload(found, found["against"])
    _history(found)
    _downloads(found)
    parts.explain(explained.monitoring())


def _alone(run: Run) -> None:
    """Say what there will be, and why other runs are no use here."""
    others = sum(other.id != run.id and other.as_of < run.as_of for other in session.store().runs())
    if others:
        st.caption(
            "Forecasts from other files can't be compared with this one: less than half of their "
            "orders are in this file."
        )
    end = day(run.settings["months"][0]["end"]) if run.settings.get("months") else ""
    st.markdown(
        "- **New upload**: rows, orders, missing values, order values and gaps beside those of the "
        "last file.\n"
        "- **Earlier forecasts**: expected and come by month, by segment and by chance of buying"
        + (f"; of this one from {end} on.\n" if end else ".\n")
        + "- **Model**: its parameters run by run.\n"
        "- **What to do**: go on, use the newer forecast, ask for another model, look at the file."
    )
    st.page_link(page.HOME, label="Upload a later file", icon=":material/upload_file:")
    parts.explain(explained.monitoring())


def _tracked(found: MonitoringFindings) -> None:
    """Show one earlier forecast, chosen by its day, in the ways one may ask of it."""
    tracked = found["tracked"]
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        chosen = st.selectbox(
            "Forecast of",
            range(len(tracked)),
            format_func=lambda i: day(tracked[i]["as_of"]),
            key="monitor_forecast",
        )
    one = tracked[chosen or 0]
    with right:
        view = st.segmented_control(
            "Compare",
            _VIEWS,
            default=_VIEWS[0],
            required=True,
            key="monitor_view",
            label_visibility="collapsed",
        )
    gone = (
        f" {plural(one['gone'], 'customer')} of that time are not in the new file: they count as "
        "having bought nothing."
        if one["gone"]
        else ""
    )
    over = (
        f"{plural(one['customers'], 'customer')} known on {day(one['as_of'])}; "
        f"{plural(one['months'], 'month')} of {one['horizon']}, to {day(one['until'])}.{gone}"
    )
    {
        _VIEWS[0]: _by_month,
        _VIEWS[1]: _by_segment,
        _VIEWS[2]: _by_chance,
        _VIEWS[3]: _by_rank,
    }[view or _VIEWS[0]](one, found["currency"], over)


def _by_month(one: TrackedForecast, currency: str, over: str) -> None:
    key: TrackedMeasure = "revenue" if "revenue" in one["total"] else "purchases"
    figure = charts.months_figure(
        one["by_month"],
        measure="revenue" if key == "revenue" else "orders",
        symbol=symbol(currency),
        dark=page.dark(),
    )
    mean = one["mape"][key]
    told = f" A single month was missed by {percent(mean)} on average." if mean is not None else ""
    parts.chart(figure, words.tracking_title(one), f"{over}{told}", "monitor_months")


def _by_segment(one: TrackedForecast, currency: str, over: str) -> None:
    key: TrackedMeasure = "revenue" if "revenue" in one["total"] else "purchases"
    mean = one["mape_segments"][key]
    told = f": {percent(mean)} a group on average" if mean is not None else ""
    st.subheader(f"By the segment of that day{told}", anchor=False)
    parts.table(tables.segments(one, currency), "monitor_segments")
    st.caption(dollars(over))


def _by_chance(one: TrackedForecast, _currency: str, over: str) -> None:
    figure = reliability_figure(one["reliability"], dark=page.dark())
    off = one["chances"]["ece"] * 100
    parts.chart(
        figure,
        f"Chances of buying were off by {off:.1f} points on average",
        over,
        "monitor_chances",
    )


def _by_rank(one: TrackedForecast, currency: str, over: str) -> None:
    ranking = one["ranking"]
    measure: Measure = "revenue" if ranking["measure"] == "revenue" else "orders"
    figure = ranking_figure(
        ranking["deciles"], measure=measure, symbol=symbol(currency), dark=page.dark()
    )
    top = ranking["top10"]
    said = (
        f"The 10\u00a0% ranked highest brought {percent(top)} of the {measure}: "
        f"{ranking['lift']:.1f} times as much as any 10\u00a0%"
        if top is not None
        else "Nothing came"
    )
    parts.chart(figure, said, over, "monitor_ranking")


def _upload(found: MonitoringFindings, against: EarlierRun) -> None:
    st.subheader(f"The new file beside that of {day(against['as_of'])}", anchor=False)
    rows = words.check_rows([*found["data"], *found["model"]], found["currency"])
    for row in rows:
        if row["remedy"]:
            figures = words.beside(row["before"], row["now"])
            said = " ".join(filter(None, [row["finding"], row["remedy"]]))
            st.markdown(
                f"- **{row['verdict']}: {plain(row['check'])}**{plain(figures)}. {plain(said)}"
            )
    parts.table(tables.checks(found), "monitor_checks")


def _history(found: MonitoringFindings) -> None:
    """Show every run of these customers, and what became of its forecast."""
    drawn = [row for one in reversed(found["tracked"]) if (row := _share(one)) is not None]
    if drawn:
        parts.chart(
            charts.history_figure(drawn, dark=page.dark()),
            words.history_title(found["tracked"]),
            f"Total of the months that are over by {day(found['as_of'])}. The grey range is the one "
            "that the forecast gave, for as many months.",
            "monitor_history",
        )
    parts.table(tables.history(found), "monitor_runs")
    _parameters(found)


def _share(one: TrackedForecast) -> charts.ForecastShare | None:
    """Return what came as a share of what was forecast, if that was anything."""
    total, value = one["value"] or one["total"]["purchases"], one["value"]
    said = total["predicted"]
    if not said > 0:
        return None
    low, high = (None, None) if value is None else (value["low"], value["high"])
    return {
        "as_of": one["as_of"],
        "share": total["actual"] / said,
        "months": one["months"],
        "low": None if low is None else low / said,
        "high": None if high is None else high / said,
    }


def _parameters(found: MonitoringFindings) -> None:
    if not found["moved"]:
        return
    with st.expander("The model's parameters, with their intervals", icon=":material/tune:"):
        parts.table(tables.parameters(found), "monitor_parameters")
        st.caption(
            "95\u00a0% intervals. Parameters of one model move together: judge by what a new customer "
            "is expected to do, in the table above."
        )


def _downloads(found: MonitoringFindings) -> None:
    left, right = st.columns(2)
    with left:
        parts.download_made(
            "Every figure (CSV)",
            lambda: csv_of(monitor.table(found)),
            "monitoring.csv",
            "download_monitor_csv",
        )
    with right:
        parts.download_made(
            "Everything (JSON)",
            lambda: json.dumps(found, indent=2, ensure_ascii=False).encode(),
            "monitoring.json",
            "download_monitor_json",
        )
