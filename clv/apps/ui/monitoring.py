"""The page on monitoring: is this upload as usual, and did earlier forecasts come true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs, page, parts, session
from clv.core.formatting import day, dollars, percent, plain, plural, symbol, to_date, with_unit
from clv.insights import monitor
from clv.insights.monitor.base import said_and_came
from clv.report import explained
from clv.report.charts import monitoring as charts
from clv.report.charts.receipt import ranking_figure
from clv.report.charts.reliability import reliability_figure
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
    rows = one["segments"]
    pairs = [said_and_came(row, key) for row in rows]
    said, came = ([value or 0.0 for value in values] for values in zip(*pairs, strict=True))
    mean = one["mape_segments"][key]
    told = f": {percent(mean)} a group on average" if mean is not None else ""
    st.subheader(f"By the segment of that day{told}", anchor=False)
    title = with_unit("revenue", currency) if key == "revenue" else "orders"
    number = st.column_config.NumberColumn(format="localized")
    parts.table(
        {
            "Segment": ([r["segment"] for r in rows], st.column_config.TextColumn(pinned=True)),
            "Customers": ([r["customers"] for r in rows], number),
            f"Forecast {title}": ([round(v) for v in said], number),
            f"Came {title}": ([round(v) for v in came], number),
            "Forecast off by (%)": (
                [100 * (s / c - 1) if c > 0 else None for s, c in zip(said, came, strict=True)],
                st.column_config.NumberColumn(
                    format="%+.0f", help="Above 0: more was forecast than came."
                ),
            ),
        },
        "monitor_segments",
        f"{len(rows)} segments with forecast and outcome",
    )
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
    text = st.column_config.TextColumn
    parts.table(
        {
            "Verdict": ([r["verdict"] for r in rows], text(pinned=True)),
            "Check": ([r["check"] for r in rows], text()),
            "Last file": ([r["before"] for r in rows], text()),
            "This file": ([r["now"] for r in rows], text()),
            "Judged by": ([r["finding"] for r in rows], text()),
        },
        "monitor_checks",
        f"{len(rows)} checks of the upload and the model",
    )


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
    rows = words.history_rows(found)
    currency = found["currency"]
    number = st.column_config.NumberColumn
    parts.table(
        {
            "As of": (
                [to_date(r["as_of"]) for r in rows],
                st.column_config.DateColumn(format="D MMM YYYY", pinned=True),
            ),
            "Published": (
                [r["published"] for r in rows],
                st.column_config.CheckboxColumn(help="Whether it has ever been the published one."),
            ),
            "Model": ([r["model"] for r in rows], st.column_config.TextColumn()),
            "Customers": ([r["customers"] for r in rows], number(format="localized")),
            "Months over": ([r["months"] for r in rows], number()),
            "Total": ([r["missed"] or None for r in rows], st.column_config.TextColumn()),
            "A month off by (%)": (
                [None if r["mape"] is None else r["mape"] * 100 for r in rows],
                number(format="%.0f", help="Mean over the months, more or less (MAPE)."),
            ),
            "Range": ([r["range"] or None for r in rows], st.column_config.TextColumn()),
            "Orders of a new customer": (
                [r["orders"] for r in rows],
                number(format="%.2f", help="Expected by the model in the first year."),
            ),
            with_unit("Value of an order", currency): (
                [r["order_value"] for r in rows],
                number(format="%.2f", help="Expected by the model of somebody unknown."),
            ),
        },
        "monitor_runs",
        f"{len(rows)} runs of these customers",
    )
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
    rows = found["moved"]
    if not rows:
        return
    words_of = {True: "apart", False: "overlap", None: "not known"}
    number = st.column_config.NumberColumn
    with st.expander("The model's parameters, with their intervals", icon=":material/tune:"):
        parts.table(
            {
                "Model": ([r["model"] for r in rows], st.column_config.TextColumn()),
                "Parameter": ([r["parameter"] for r in rows], st.column_config.TextColumn()),
                "Last run": ([r["before"] for r in rows], number(format="%.4g")),
                "from": ([r["before_low"] for r in rows], number(format="%.4g")),
                "to": ([r["before_high"] for r in rows], number(format="%.4g")),
                "This run": ([r["now"] for r in rows], number(format="%.4g")),
                "from ": ([r["now_low"] for r in rows], number(format="%.4g")),
                "to ": ([r["now_high"] for r in rows], number(format="%.4g")),
                "Intervals": ([words_of[r["apart"]] for r in rows], st.column_config.TextColumn()),
            },
            "monitor_parameters",
            f"{len(rows)} parameters of two runs",
        )
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
