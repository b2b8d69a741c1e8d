"""Forecast settings, and the button that starts the forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from clv.apps.ui import jobs, pretrained, session
from clv.core import names
from clv.core.choice import PURCHASES
from clv.core.formatting import day, symbol, to_date
from clv.core.settings import AUTO, Settings
from clv.forecast import pipeline
from clv.report.words.run import MODEL_TITLES
from clv.runs import new_id

if TYPE_CHECKING:
    from clv.core.schema import Report
    from clv.core.settings import IngestOptions
    from clv.core.types import Progress
    from clv.runs import Draft, Run

_CURRENCIES: Final = (
    "",
    "EUR",
    "USD",
    "GBP",
    "CHF",
    "BRL",
    "CAD",
    "AUD",
    "JPY",
    "SEK",
    "DKK",
    "PLN",
)


def show(draft: Draft, report: Report, options: IngestOptions) -> None:
    """Show the settings with their defaults; start the forecast on request."""
    st.header("Forecast settings", anchor="forecast-settings")
    first, last = to_date(report["first_order"]), to_date(report["last_order"])
    standing = to_date(report.get("as_of")) or last
    # Who comes back to change one setting finds the others as they left them.
    last_time: Settings = st.session_state.get(f"clv_settings_{draft.id}") or Settings()
    with st.form("forecast", border=True):
        left, middle, right = st.columns(3)
        horizon = left.number_input(
            "Months to look ahead",
            min_value=1,
            max_value=60,
            value=last_time.horizon_months,
            step=1,
            key="horizon_months",
            help="Calendar months from the as-of date: 12 reaches to the same day next year.",
        )
        as_of = middle.date_input(
            "As of",
            value=standing,
            min_value=first,
            key="as_of",
            format="YYYY-MM-DD",
            help=f"The day on which the forecast stands. The last order is of {day(last)}.",
        )
        known = last_time.currency or report["currency"]
        choices = list(_CURRENCIES) if known in _CURRENCIES else [known, *_CURRENCIES]
        currency = right.selectbox(
            "Currency",
            choices,
            index=choices.index(known),
            format_func=_currency,
            accept_new_options=True,
            key="currency",
            help="Only for display: amounts are never converted.",
        )
        with st.expander("Discounting, margin and model", icon=":material/tune:"):
            one, two = st.columns(2)
            rate = one.number_input(
                "Discount rate, % a year",
                min_value=0.0,
                max_value=100.0,
                value=round(last_time.discount_rate * 100, 4),
                step=1.0,
                format="%.1f",
                key="discount_rate",
                help="What money a year from now is worth less today.",
            )
            margin = two.number_input(
                "Margin, % of revenue",
                min_value=1.0,
                max_value=100.0,
                value=round(last_time.margin * 100, 4),
                step=1.0,
                format="%.0f",
                key="margin",
                help="100 % values a customer by revenue; your margin, by contribution.",
            )
            choices = [AUTO, *PURCHASES, *pretrained.choices()]
            model = one.selectbox(
                "Model",
                choices if last_time.model in choices else [*choices, last_time.model],
                index=choices.index(last_time.model)
                if last_time.model in choices
                else len(choices),
                format_func=lambda m: MODEL_TITLES.get(m) or names.title(m),
                key="model",
                help="The tests on past dates compare all of them, whichever you choose.",
            )
            level = two.number_input(
                "Ranges hold, % of customers",
                min_value=50,
                max_value=95,
                value=round(last_time.level * 100),
                step=5,
                key="level",
                help="A customer's value is to lie within its range for so many customers.",
            )
        go = st.form_submit_button(
            "Run the forecast", type="primary", icon=":material/play_arrow:", key="run_forecast"
        )
    if go:
        settings = Settings(
            as_of=to_date(as_of),
            horizon_months=int(horizon),
            discount_rate=round(rate / 100, 6),
            margin=round(margin / 100, 6),
            model=model,
            level=level / 100,
            currency=(currency or "").strip(),
        )
        _start(draft, report, options, settings)


def _start(draft: Draft, report: Report, options: IngestOptions, settings: Settings) -> None:
    run_id, store = new_id(), session.store()

    def work(progress: Progress) -> Run:
        if settings.as_of is not None and settings.as_of.isoformat() != report["as_of"]:
            # Another as-of date decides anew which rows lie in the future.
            pipeline.check(draft, draft.inputs, options, settings.as_of, progress)
        return pipeline.forecast(store, draft, settings, progress=progress, run_id=run_id)

    st.session_state[f"clv_settings_{draft.id}"] = settings
    jobs.start(f"run:{run_id}", work, draft=draft.id)
    session.open_run(run_id, draft)
    st.rerun()


def _currency(code: str) -> str:
    if not code:
        return "not stated"
    sign = symbol(code).strip()
    return code if sign == code else f"{code} ({sign})"
