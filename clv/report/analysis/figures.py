"""The sections on what was read, fitted and forecast: data, model, outlook, customers at the top."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clv.core import names
from clv.core.formatting import (
    count,
    day,
    expected,
    money,
    money_full,
    percent,
    period,
    plural,
    symbol,
    to_date,
)
from clv.report import charts
from clv.report.analysis.pieces import Grid, Section, answer, heading, items, note, picture, text
from clv.report.tables import Column, Table
from clv.report.tables import customers as customer_tables
from clv.report.tables import forecast as forecast_tables
from clv.report.tables import reading as reading_tables
from clv.report.words.assumptions import MONTHS
from clv.report.words.run import (
    ORDER_DAYS,
    concentration_title,
    history_title,
    horizon_end,
    next_months,
    rows_sentence,
    summary_sentence,
    top_sentence,
)

if TYPE_CHECKING:
    from clv.core.schema import FittedCard, PurchaseCard
    from clv.report.analysis.pieces import Piece
    from clv.report.words.run import Shown
    from clv.runs import Kind, Run


#: Parameter → what it says, for every model that has one of that name.
_MEANINGS: Final = {
    "r": "How alike customers are in how often they buy: the higher, the more alike (gamma shape)",
    "alpha": "With r: a typical customer buys r times in alpha days (gamma scale, days)",
    "a": "With b: a share of a / (a + b) leaves after an order (beta)",
    "b": "See a",
    "s": "How alike customers are in how soon they leave (gamma shape)",
    "beta": "With s: how soon customers leave (gamma scale, days)",
    "k": "How regular orders are: 1 is at random, more is to a rhythm (Erlang)",
    "p": "How alike one customer's orders are in value: the higher, the more alike",
    "q": "How alike customers are in their mean order value",
    "v": "With p and q: the mean order value is p v / (q - 1)",
    "rate": "Orders a day, of everybody",
    "value": "Of every order, whoever places it",
    "within_days": "Who bought within so many days counts as active",
    "purchases": "Orders of one customer, on average",
    "p_purchase": "Share of the customers who bought",
    "days": "Length of the period that this was seen in",
}
_SPEND: Final = {
    "gamma-gamma": "Gamma-Gamma",
    "gamma-gamma-all": "Gamma-Gamma (first orders counted)",
    "constant-spend": "One value for every order",
}
#: Names that begin with a common word, within a sentence.
_COMMON: Final = {
    "pooled-rate": "one rate for everybody",
    "constant-spend": "one value for every order",
}


def remarks(run: Run) -> list[Piece]:
    """Return where the forecast had to step down, and why."""
    return [note(str(found["message"])) for found in run.model.get("notes") or []]


def nothing(run: Run, key: str, title: str, sentence: str) -> Section:
    """Return a section that says what is missing, and why."""
    return Section(key, title, (answer(sentence), *remarks(run)))


def data(run: Run) -> Section:
    """Tell how much of the files counts, and what was left out for which reason."""
    report = run.report
    pieces: list[Piece] = [answer(rows_sentence(report))]
    pieces.append(
        text(f"Orders from {period(report.get('first_order'), report.get('last_order'))}.")
    )
    shown = reading_tables.reasons(report)
    if shown.rows:
        pieces.append(Grid(shown))
    pieces += [note(message) for message in report.get("messages", [])]
    decided = reading_tables.decisions(report)
    if decided.rows:
        pieces += [heading("What was decided"), Grid(decided)]
    if odd := report.get("oddities", []):
        pieces += [heading("Does this look right?"), items(*odd)]
    return Section("data", "What was read", tuple(pieces))


def fit(run: Run) -> Section:
    """Tell which models were fitted, with every parameter and what it means."""
    title, orders, values = "The model", run.model.get("purchases"), run.model.get("spend")
    if not orders:
        said = "No model could be fitted to these orders."
        if run.only_value:
            said = "A ready-made model says what customers are worth; none was fitted."
        return nothing(run, "fit", title, said)
    said = f"Orders are forecast with {_in_words(orders)}"
    said += (
        f", order values with {_in_words(values)}." if values else "; there are no order values."
    )
    pieces: list[Piece] = [answer(said)]
    receipt = run.receipt
    chosen = receipt["choice"] if receipt else None
    if chosen:
        pieces.append(text(str(chosen["reason"])))
    pieces += remarks(run)
    pieces += _fitted(orders)
    pieces += _fitted(values) if values else []
    return Section("fit", title, tuple(pieces))


def _fitted(card: PurchaseCard) -> list[Piece]:
    """Return a card's parameters; those of the model inside and the season of one that wears it."""
    if "season" not in card:
        return [heading(name_of(card)), _parameters(card)] if card["parameters"] else []
    season = card["season"]
    columns = (
        Column(lambda i: MONTHS[i], "Month", words=True),
        Column(lambda i: season["indices"][i], "Orders, against the average month", "share"),
        Column(lambda i: season["errors"][i], "Standard error", "share"),
    )
    shown = Table(columns, range(len(MONTHS)))
    return [*_fitted(card["base"]), heading("The season"), Grid(shown)]


def _parameters(card: FittedCard) -> Grid:
    values, errors = dict(card["parameters"]), card.get("standard_errors") or {}
    if "k" in card:  # Chosen, not estimated: it stands apart from the parameters.
        values["k"] = card["k"]
    likelihood = card.get("log_likelihood")
    told = [] if likelihood is None else [f"Log-likelihood {_minus(f'{likelihood:,.2f}')}"]
    if card.get("customers"):
        told.append(f"{count(card['customers'])} customers")
    columns = (
        Column(str, "Parameter", words=True),
        Column(lambda name: _digits(values[name]), "Estimate"),
        Column(lambda name: _digits(errors.get(name)), "Standard error"),
        Column(_meaning, "Meaning", words=True),
    )
    return Grid(Table(columns, list(values), caption="; ".join(told) + "." if told else ""))


def _digits(value: float | None) -> str | None:
    """Write a parameter: four decimals, whole ones without."""
    if value is None or isinstance(value, int):
        return None if value is None else str(value)
    return _minus(f"{value:,.4f}")


def _meaning(name: str) -> str:
    """Say what a parameter tells; of a rule that has two groups, of which."""
    group, _, rest = name.partition("_")
    if group in {"active", "inactive"} and rest in _MEANINGS:
        who = "Active" if group == "active" else "The others"
        return f"{who}: {_MEANINGS[rest][0].lower()}{_MEANINGS[rest][1:]}"
    return _MEANINGS.get(name, "")


def _minus(shown: str) -> str:
    return shown.replace("-", "\u2212")


def name_of(card: PurchaseCard) -> str:
    """Return a fitted model's name as people write it."""
    name = str(card["name"])
    return _SPEND.get(name) or names.title(name)


def _in_words(card: PurchaseCard) -> str:
    """Return a fitted model's name within a sentence."""
    name = str(card["name"])
    return _COMMON.get(name) or _SPEND.get(name) or names.who(name)


def outlook(run: Run) -> Section:
    """Tell what today's customers should bring, month by month, and how it is spread over them."""
    summary, settings = run.summary, run.settings
    if summary.get("predicted_purchases") is None:
        said = "There is no forecast for this file: too little is known."
        if run.only_value:
            worth = money_full(summary["predicted_clv"], run.currency)
            said = f"{names.of_card(run.model)} says that all customers together are worth {worth}."
        return Section("outlook", "What to expect", (answer(said), *remarks(run), *_history(run)))
    pieces: list[Piece] = [answer(summary_sentence(summary, settings)), text(*_totals(run))]
    pieces += [*_history(run), Grid(forecast_tables.months(run))]
    if summary.get("top20_share") is not None and summary["customers"] >= 20:
        pieces.append(
            picture(
                charts.concentration_figure(summary["concentration"]),
                concentration_title(summary),
                f"Share of predicted lifetime value, {next_months(settings)} from "
                f"{day(settings['as_of'])}.",
            )
        )
    return Section("outlook", "What to expect", tuple(pieces))


def _history(run: Run) -> list[Piece]:
    """Draw the past months and, where there is a forecast, the coming ones."""
    summary, settings, currency = run.summary, run.settings, run.currency
    first, as_of = to_date(summary["first_order"]), to_date(settings["as_of"])
    if first is None or as_of is None:
        return []
    known = summary.get("predicted_purchases") is not None
    valued = summary.get("predicted_revenue") is not None or (not known and run.has_value)
    measure: charts.Measure = "revenue" if valued else "orders"
    figure = charts.history_forecast_figure(
        summary["history_monthly"],
        summary["monthly"],
        measure=measure,
        first_order=first,
        as_of=as_of,
        symbol=symbol(currency),
    )
    caption = f"By calendar month, as of {day(as_of)}."
    if known:
        caption += (
            f" Solid: what happened. Hatched: expected until {horizon_end(settings)} from the "
            f"{plural(summary['customers'], 'customer')} in this file; new customers come on top."
        )
    return [picture(figure, history_title(summary, settings, measure), caption)]


def _totals(run: Run) -> list[str]:
    summary, settings, currency = run.summary, run.settings, run.currency
    told = [
        f"Expected in {next_months(settings)}, until {horizon_end(settings)}: "
        f"{expected(summary['predicted_purchases'])} orders ({ORDER_DAYS[0].lower()}{ORDER_DAYS[1:]})"
        + (
            f" and {money_full(summary['predicted_revenue'], currency)} of revenue."
            if summary.get("predicted_revenue") is not None
            else "."
        )
    ]
    if summary.get("predicted_clv") is not None:
        told.append(
            f"Lifetime value, discounted at {percent(settings['discount_rate'])} a year and at a margin "
            f"of {percent(settings['margin'])}: {money_full(summary['predicted_clv'], currency)}, "
            f"{money(summary['mean_clv'], currency)} a customer on average; half of them are worth "
            f"less than {money(summary['median_clv'], currency)}."
        )
    if ranges := summary.get("ranges"):
        low, high = (money(ranges["total"][k], currency) for k in ("low", "high"))
        told.append(
            f"In {percent(ranges['level'])} of cases the lifetime value of all of them lies between "
            f"{low} and {high}."
        )
    return told


def top_buyers(run: Run, n: int = 100) -> Section:
    """List the ``n`` customers predicted to place the most orders within the horizon."""
    return _top(run, "buyers", n)


def top_spenders(run: Run, n: int = 100) -> Section:
    """List the ``n`` customers predicted to spend the most within the horizon."""
    return _top(run, "spenders", n)


def _top(run: Run, kind: Kind, n: int) -> Section:
    key, title = f"top_{kind}", "Who will buy most" if kind == "buyers" else "Who will spend most"
    summary = run.summary
    total = summary.get("predicted_purchases" if kind == "buyers" else "predicted_revenue")
    if total is None:
        missing = "no forecast of orders" if kind == "buyers" else "no forecast of revenue"
        return nothing(
            run, key, title, f"There is {missing} for this file, so nobody can be ranked by it."
        )
    rows = run.top(kind, n).to_pylist()
    together: Shown = {
        "n": len(rows),
        "purchases": sum(row["predicted_purchases"] or 0.0 for row in rows),
        "revenue": sum(row["predicted_revenue"] or 0.0 for row in rows),
    }
    caption = f"Within {next_months(run.settings)} from {day(run.settings['as_of'])}. {ORDER_DAYS}."
    said = top_sentence(together, kind, summary, run.settings)
    shown = replace(customer_tables.top(run, kind, rows), caption=caption)
    return Section(key, title, (answer(said), Grid(shown)))
