"""The summary of a finished run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from clv.apps.ui import page, parts, pretrained, report, reports, session
from clv.core import names
from clv.core.formatting import (
    count,
    day,
    dollars,
    expected,
    money,
    money_full,
    percent,
    period,
    plain,
    plural,
    short_count,
    symbol,
    to_date,
    unit,
)
from clv.forecast import receipts
from clv.report import charts, explained
from clv.report.tables import forecast as tables
from clv.report.words import ranges as range_words
from clv.report.words.run import (
    MODEL_TITLES,
    ORDER_DAYS,
    concentration_title,
    headline,
    history_title,
    horizon_end,
    next_months,
    span,
    summary_sentence,
)

if TYPE_CHECKING:
    from clv.core.schema import RunSettings, Summary
    from clv.runs import Run


def show(run: Run) -> None:
    """Show the answer, the figures, the pictures, the tables, and how it was computed."""
    summary, settings = run.summary, run.settings
    page.title("Summary", run)
    if run.only_value:
        page.answer(dollars(pretrained.sentence(run)))
    elif told := headline(summary, settings):
        page.answer(dollars(told))
        st.markdown(dollars(summary_sentence(summary, settings)))
    else:
        page.answer(summary_sentence(summary, settings))
    _next(run)
    _sureness(run)
    page.cards(_cards(run), "summary")
    page.notes(run)
    _history(run)
    _concentration(run)
    _months(run)
    _downloads(run)
    _rows(run)
    _settings(run)
    if run.only_value:
        parts.explain(explained.ready_made())
    else:
        parts.explain(explained.summary(run.settings))
    if st.button("Upload another file", icon=":material/upload_file:", key="start_over"):
        session.start_over()
        st.rerun()


def _next(run: Run) -> None:
    """Link to the three things to do now."""
    if run.summary.get("predicted_purchases") is None:
        return
    steps = [(page.TOP, "Whom to write to this week", ":material/mail:")]
    steps.append((page.SEGMENTS, "Who is slipping away", ":material/trending_down:"))
    if run.has_value:
        steps.append((page.FIRST_YEAR, "What a new customer may cost", ":material/person_add:"))
    with st.container(key="next-steps"):
        for column, (path, label, icon) in zip(st.columns(3), steps, strict=False):
            column.page_link(
                path, label=label, icon=icon, query_params={"run": run.id}, width="stretch"
            )


def _sureness(run: Run) -> None:
    """Say what the ranges lack, if anything, and why this model forecasts."""
    summary = run.summary
    if summary.get("predicted_purchases") is None:
        return
    found = run.receipt
    quiet = [range_words.missing(summary), receipts.why(found) if found else ""]
    if told := " ".join(filter(None, quiet)):
        st.caption(plain(told))
    st.page_link(
        page.HOW_GOOD,
        label="How good is it?" if found else "Test it on past dates",
        icon=":material/fact_check:",
        query_params={"run": run.id},
    )


def _cards(run: Run) -> list[page.Card]:
    summary, settings = run.summary, run.settings
    currency = settings["currency"]
    ahead = span(settings)
    dates = period(summary.get("first_order"), summary.get("last_order"))
    row = [
        page.Card(
            "Customers",
            short_count(summary["customers"]),
            f"{count(summary['customers'])} customers, orders from {dates}. "
            f"{percent(summary.get('one_time_share'))} of them ordered on one day only.",
        ),
        page.Card(
            "Orders so far",
            short_count(summary["orders"]),
            f"{count(summary['orders'])} orders, {dates}.",
        ),
    ]
    if run.has_value:
        row.append(
            page.Card(
                "Revenue so far",
                money(summary["revenue"], currency),
                f"{money_full(summary['revenue'], currency)}, {dates}, refunds deducted.",
            )
        )
    if summary.get("predicted_purchases") is not None:
        row.append(
            page.Card(
                f"Expected orders, {ahead}",
                expected(summary["predicted_purchases"]),
                f"{ORDER_DAYS}. Until {horizon_end(settings)}, from the customers in this file; "
                "customers you win later come on top. "
                f"{_buyers(summary)}",
            )
        )
    if summary.get("predicted_revenue") is not None:
        clv = money_full(summary.get("predicted_clv"), currency)
        row.append(
            page.Card(
                f"Expected revenue, {ahead}",
                money(summary["predicted_revenue"], currency),
                f"{money_full(summary['predicted_revenue'], currency)} until "
                f"{horizon_end(settings)}, before discounting and margin. Discounted and at your "
                f"margin, the customers' lifetime value is {clv}.",
            )
        )
    return [*row, pretrained.card(run)] if run.only_value else row


def _buyers(summary: Summary) -> str:
    buyers = summary.get("expected_buyers")
    return "" if buyers is None else f"About {count(buyers)} customers should order at least once."


def _history(run: Run) -> None:
    summary, settings = run.summary, run.settings
    history = summary.get("history_monthly") or []
    if not history:
        return
    choices: list[charts.Measure] = ["orders"]
    if run.has_value:
        choices = ["revenue", "orders"]
    measure = choices[0]
    if len(choices) > 1:
        measure = st.segmented_control(
            "Show",
            choices,
            default=choices[0],
            required=True,
            format_func=str.capitalize,
            key="history_measure",
            label_visibility="collapsed",
        )
    first, as_of = to_date(summary["first_order"]), to_date(settings["as_of"])
    if first is None or as_of is None:
        return
    currency = settings["currency"]
    forecast = summary.get("monthly") or []
    figure = charts.history_forecast_figure(
        history,
        forecast,
        measure=measure,
        first_order=first,
        as_of=as_of,
        symbol=symbol(currency),
        dark=page.dark(),
    )
    what = f"Revenue in {unit(currency)}" if measure == "revenue" else "Orders"
    caption = f"{what} by calendar month, as of {day(as_of)}."
    if forecast and summary.get("predicted_purchases") is not None:
        caption += (
            f" Solid: what happened. Hatched: expected until {horizon_end(settings)} from the "
            f"{plural(summary['customers'], 'customer')} in this file; new customers come on top."
        )
    parts.chart(figure, history_title(summary, settings, measure), caption, "history")


def _concentration(run: Run) -> None:
    if run.only_value:
        pretrained.concentration(run)
        return
    summary, settings = run.summary, run.settings
    points = summary.get("concentration") or []
    # A fifth of fewer than twenty customers is one, two or three of them: no picture of a spread.
    if not points or summary.get("top20_share") is None or summary["customers"] < 20:
        return
    currency = settings["currency"]
    left, right = st.columns([3, 2], gap="large")
    with left:
        parts.chart(
            charts.concentration_figure(points, dark=page.dark()),
            concentration_title(summary),
            f"Share of predicted lifetime value, {next_months(settings)} from {day(settings['as_of'])}.",
            "concentration",
        )
    with right:
        st.subheader("What one customer is worth", anchor=False)
        page.cards(
            [
                page.Card(
                    "Half are worth less than",
                    money(summary.get("median_clv"), currency),
                    f"Median lifetime value of {next_months(settings)}.",
                ),
                page.Card(
                    "Average",
                    money(summary.get("mean_clv"), currency),
                    f"Mean lifetime value of {next_months(settings)}.",
                ),
            ],
            "worth",
        )
        page.cards(
            [
                page.Card(
                    "All customers together",
                    money(summary.get("predicted_clv"), currency),
                    f"{money_full(summary.get('predicted_clv'), currency)}. "
                    f"{range_words.total(summary, settings)}",
                )
            ],
            "total",
        )
        st.caption(
            f"Lifetime value: expected revenue of {next_months(settings)}, discounted at "
            f"{percent(settings['discount_rate'])} a year, at a margin of "
            f"{percent(settings['margin'])}."
        )


def _months(run: Run) -> None:
    shown = tables.months(run)
    if not shown.rows or run.summary.get("predicted_purchases") is None:
        return
    st.subheader("The forecast month by month", anchor=False)
    parts.table(shown, "months", height="content" if len(shown.rows) <= 12 else "auto")


def _downloads(run: Run) -> None:
    st.subheader("Download", anchor=False)
    files = [
        ("predictions.csv", "All predictions (CSV)", "predictions", "One row per customer."),
        (
            "predictions_monthly.csv",
            "Month by month (CSV)",
            "monthly",
            "One row per customer and month.",
        ),
        (
            "model.json",
            "Model card (JSON)",
            "model",
            "Parameters and versions that reproduce every score.",
        ),
    ]
    if run.summary.get("predicted_clv") is not None or run.model.get("purchases"):
        files.append(
            ("verdict.json", "Verdict (JSON)", "verdict", "What the tables are fit for, and why.")
        )
    if run.summary.get("predicted_purchases") is None:
        files = [("predictions.csv", "All customers (CSV)", "predictions", "One row per customer.")]
    for column, (name, label, key, what) in zip(st.columns(4), files, strict=False):
        with column:
            parts.download_run(run, name, label, f"download_{key}")
            st.caption(what)
    reports.buttons(run)


def _rows(run: Run) -> None:
    with st.expander("What happened to every row of the file", icon=":material/fact_check:"):
        st.html('<div id="rows"></div>')
        report.table(run.report)
        left, right = st.columns(2)
        with left:
            if run.report["rows_rejected"]:
                parts.download_run(run, "rejects.csv", "Rows left out (CSV)", "download_rejects")
        with right:
            parts.download_run(run, "report.json", "Report (JSON)", "download_report")


def _settings(run: Run) -> None:
    settings = run.settings
    with st.expander("Settings of this forecast", icon=":material/tune:"):
        st.html('<div id="settings"></div>')
        st.markdown(
            f"- As of **{day(settings['as_of'])}**\n"
            f"- Horizon **{next_months(settings)}**, until {horizon_end(settings)}\n"
            f"- Discount rate **{percent(settings['discount_rate'])}** a year\n"
            f"- Margin **{percent(settings['margin'])}** of revenue\n"
            f"- Currency **{unit(settings['currency'])}**, never converted\n"
            f"- Model **{MODEL_TITLES.get(settings['model']) or names.title(settings['model'])}**\n"
            f"- {_tested(settings)}"
        )
        draft = session.draft_of_run(run)
        if draft is not None and st.button(
            "Change the settings", icon=":material/tune:", key="change_settings"
        ):
            session.open_draft(draft)
            st.rerun()


def _tested(settings: RunSettings) -> str:
    if not settings.get("backtest"):
        return "Made without a test on past dates"
    return f"Tested on past dates; {percent(settings['level'])} ranges"
