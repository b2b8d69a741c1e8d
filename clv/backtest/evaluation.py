"""The evaluation that stands behind a forecast: test everything on the past, choose, measure ranges.

What comes out is the run's receipt, the tested customers one by one, and the choice.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clv.backtest import calibration, choose_model, levels, moving_origin
from clv.backtest.candidates import Candidate
from clv.backtest.history import History
from clv.backtest.months import monthly_expected, monthly_losses, monthly_purchases
from clv.backtest.moving_origin import Backtest, losses
from clv.backtest.past_dates import FEWEST_CUSTOMERS, draw, orders_then, plan, season_dates
from clv.core import engine, metrics
from clv.core.choice import ALL_ORDERS, RULES, STANDARD, Choice
from clv.core.errors import FitError
from clv.core.settings import AUTO
from clv.models.purchase.rules import HEURISTICS, RecencyRule
from clv.models.season.estimate import repeat_purchases_by_month
from clv.models.season.seasonal import Seasonal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb
    import pyarrow as pa

    from clv.backtest.past_dates import Origin, Plan
    from clv.core.schema import AgainstRules, Receipt, ReceiptChoice, Together, Tried
    from clv.core.settings import Settings
    from clv.core.types import Progress
    from clv.models.contenders import Contender


#: BG/CNBD-k hardly ever differs from MBG/CNBD-k: it is tested where somebody asks for it.
MODELS: Final = ("mbg-nbd", "bg-nbd", "pareto-nbd", "mbg-cnbd")


class Evaluation(NamedTuple):
    """What the tests found.

    Attributes
    ----------
    receipt
        What is kept of them.
    tested
        One row per tested customer of the last origin (`tested_customers`); None without a test.
    choice
        What to forecast with.
    """

    receipt: Receipt
    tested: pa.Table | None
    choice: Choice


class _Case(NamedTuple):
    """What is decided about."""

    backtests: list[Backtest]
    valued: bool
    #: By name, or because the forecast was made before the tests.
    given: Choice | None
    asked: bool
    #: The observed period, and the months of the forecast.
    first: date
    as_of: date
    months: int


class _Decided(NamedTuple):
    """The choice, and what the receipt says of it."""

    choice: Choice
    said: ReceiptChoice
    unseen: str | None
    checked: AgainstRules | None
    recency_days: float | None


def evaluate(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: date,
    currency: str,
    progress: Progress,
    made: str | None = None,
) -> Evaluation:
    """Test all contenders on the past of the ``orders`` of a connection, and choose.

    Parameters
    ----------
    con
        Has tables or views ``orders`` and ``customers`` (see `clv.forecast.predictions.summarise`).
    settings
        Of the forecast; its horizon is tested where the history is long enough for it.
    as_of
        The day on which the forecast stands.
    currency
        For display.
    made
        The name of the forecast where it has been made already, so that nothing is to be chosen.
    """
    progress("Choosing past dates", 0, 0)
    known, first, valued = engine.row(
        con, "SELECT count(*), min(first_order)::DATE, coalesce(max(revenue), 0) > 0 FROM customers"
    )
    asked = settings.model != AUTO
    name = settings.model if asked else made
    given = Choice.parse(name) if name else None
    with engine.beside(con) as drawn:
        customers_tested = draw(drawn, known)
        chosen = supported(drawn, plan(first, as_of, settings.horizon_months))
        case = _Case(
            [Backtest.at(drawn, o, first) for o in chosen.origins],
            valued,
            given,
            asked,
            first,
            as_of,
            settings.horizon_months,
        )
        _test_all(case, progress)
        decided = _decide(drawn, case)
        choice, steps = decided.choice, None
        on_last = case.backtests[-1].tested if case.backtests else {}
        if choice.name in on_last and choice.corrected and (case.given is None or asked):
            steps = decided.said["steps"] = levels.steps(case.backtests, choice.plain.name)
        checks = [
            calibration.check(
                *(backtest.sample, one.model, one.spend, settings.level),
                one.corrected(
                    History.at(backtest.sample.history, valued=valued),
                    backtest.origin.days,
                    steps,
                ),
            )
            for backtest, one in _final(case, choice)
        ]
        progress("Measuring the tests", 0, 0)
        dates = moving_origin.report(drawn, chosen, case.backtests)
        drawn.execute("DROP SCHEMA drawn CASCADE")
    runner_up, noise = _runner_up(dates["together"])
    if dates["together"]:
        decided.said["losses"] = choose_model.closeness(
            dates["together"], choice, decided.said["runner_up"]
        )
    receipt: Receipt = {
        "as_of": as_of.isoformat(),
        "forecast_months": settings.horizon_months,
        "has_value": valued,
        "currency": currency,
        "customers_known": known,
        "customers_tested": customers_tested,
        **dates,
        "choice": decided.said,
        "unseen": decided.unseen,
        "checked": decided.checked,
        "recency_days": decided.recency_days,
        "runner_up": runner_up,
        "noise": noise,
        "model": choice.name,
        "ranges": calibration.receipt_ranges(checks, settings.level),
    }
    tested = tested_customers(case.backtests[-1]) if case.backtests else None
    return Evaluation(receipt, tested, choice)


def supported(con: duckdb.DuckDBPyConnection, chosen: Plan) -> Plan:
    """Leave out origins that can't decide anything, and say why.

    Those at which too few customers were known or none had come back, and those after which there is
    not one order: the file ends before, and its silence says nothing of the customers.
    """
    (last,) = engine.row(con, "SELECT max(ordered_at)::DATE FROM orders")
    answered = tuple(origin for origin in chosen.origins if origin.as_of < last)
    if chosen.origins and not answered:
        return replace(chosen, origins=(), reason="No order came after any past date.")
    if len(answered) < len(chosen.origins):
        why = f"{chosen.reason} Dates after the last order are left out."
        return supported(con, replace(chosen, origins=answered, reason=why.strip()))
    known: dict[Origin, int] = {}
    repeated: dict[Origin, int] = {}
    for origin in chosen.origins:
        known[origin], repeated[origin] = engine.row(
            con,
            "SELECT count(*), count(*) FILTER (days > 1) FROM (SELECT count(DISTINCT "
            f"ordered_at::DATE) AS days FROM {orders_then(con, origin.as_of)} WHERE ordered_at::DATE <= $1 "
            "GROUP BY customer_id)",
            [origin.as_of],
        )
    enough = [origin for origin in chosen.origins if known[origin] >= FEWEST_CUSTOMERS]
    kept = tuple(origin for origin in enough if repeated[origin])
    if len(kept) == len(chosen.origins):
        return chosen
    if kept:
        why = (
            "nobody had bought on a second day by then"
            if len(enough) == len(chosen.origins)
            else f"fewer than {FEWEST_CUSTOMERS} customers were known then"
        )
        reason = f"{chosen.reason} Earlier dates are left out: {why}.".strip()
    elif enough:
        reason = "By no past date had anybody bought on a second day, so that none can be tested."
    else:
        most = max(known.values())
        reason = (
            f"At most {most} customer{'s were' if most != 1 else ' was'} known on any past date; a "
            f"test needs at least {FEWEST_CUSTOMERS}."
        )
    return replace(chosen, origins=kept, reason=reason)


def _test_all(case: _Case, progress: Progress) -> None:
    """Test the usual contenders, and the one that was asked for, at every origin."""
    names = list(MODELS)
    if case.given and case.given.purchases not in (*names, *RULES):
        names.append(case.given.purchases)
    number = len(names) + len(HEURISTICS)
    for i, backtest in enumerate(case.backtests):
        contenders: list[Contender] = [
            *(Candidate(Choice(name), valued=case.valued) for name in names),
            *(rule() for rule in HEURISTICS),
        ]
        day = backtest.origin.as_of
        for j, contender in enumerate(contenders):
            stage = f"Testing as of {day.day} {day:%b %Y}, fit"
            progress(stage, i * number + j, len(case.backtests) * number)
            backtest.test(contender)


def _decide(con: duckdb.DuckDBPyConnection, case: _Case) -> _Decided:
    """Choose by the rule of `clv.backtest.choose_model`."""
    deciding = choose_model.deciding(case.backtests)
    last = case.backtests[-1] if case.backtests else None
    ranking = choose_model.rank(deciding, last if len(case.backtests) > 1 else None)
    if case.given:
        base = Choice(case.given.purchases)
    else:
        base = Choice.parse(ranking.winner if ranking else STANDARD)
    tried: Tried = {}
    if ranking:
        tried |= _try_season(con, case, base)
    season = tried.get("season", base.season)
    choice = case.given or replace(base, all_orders=case.valued, season=season)
    _test_beside(con, case.backtests, choice.plain, valued=case.valued)
    if ranking and choice.purchases not in RULES:
        tried |= _try_correction(con, case, choice.plain)
    if not case.given:
        choice = replace(choice, corrected=tried.get("corrected", False))
    _test_beside(con, case.backtests, choice, valued=case.valued)
    rule = choose_model.against_rules(last, choice) if last else None
    days = recency_days(last) if last else None
    said: ReceiptChoice = {
        "name": choice.name,
        "asked": choice.name if case.asked else AUTO,
        "made_before": case.given is not None and not case.asked,
        "runner_up": ranking.runner_up if ranking else None,
        "reason": choose_model.reason(
            ranking,
            choice,
            asked=case.asked,
            made=case.given is not None and not case.asked,
            tried=tried,
            rule=rule,
            recency_days=days,
        ),
        "tried": tried,
        "as_good": rule["rule"] if rule and rule["as_good"] else None,
        "fallback": ranking is None,
    }
    seen = choice.corrected and [choice.name in b.tested for b in case.backtests].count(True) == 1
    unseen = (
        last.origin.as_of.isoformat() if last and len(case.backtests) > 1 and not seen else None
    )
    return _Decided(choice, said, unseen, rule, days)


def _try_season(con: duckdb.DuckDBPyConnection, case: _Case, base: Choice) -> Tried:
    """Say whether the season helps, month by month on dates of its own (`season_dates`)."""
    origins = season_dates(case.first, case.as_of, case.months)
    variant = replace(base, season=True)
    names = (base.name, variant.name)
    seen = []
    for backtest in (Backtest.at(con, origin, case.first) for origin in origins):
        _test_beside(con, [backtest], base, valued=False)
        _test_beside(con, [backtest], variant, valued=False)
        worn = backtest.tested.get(variant.name)
        if (
            worn
            and isinstance(worn.contender, Candidate)
            and isinstance(worn.contender.model, Seasonal)
        ):
            seen.append(backtest)
    if not seen:
        return {}
    lost = []
    for backtest in seen:
        actual = monthly_purchases(con, backtest.sample)
        lost.append(
            {
                name: monthly_losses(actual, monthly_expected(one.contender.model, backtest.sample))
                for name in names
                if (one := backtest.tested.get(name)) and isinstance(one.contender, Candidate)
            }
        )
    better = choose_model.better_with(seen, lost, *names, by_customers_alone=True)
    if better:
        _test_beside(con, case.backtests[-1:], variant, valued=case.valued)
    return {"season": better and not _worse_on_last(case, *names)}


def _try_correction(con: duckdb.DuckDBPyConnection, case: _Case, base: Choice) -> Tried:
    """Say whether a correction learned on the days before helps.

    It moves no total. What happens to a date as a whole moves both forecasts alike, so that only the
    customers are draws of chance.
    """
    variant = replace(base, corrected=True)
    _test_beside(con, case.backtests, variant, valued=case.valued)
    # Where too little was known before there is nothing to try, and nothing has failed.
    for backtest in case.backtests:
        if not case.given or not case.given.corrected:
            backtest.failed.pop(variant.name, None)
    there = [backtest for backtest in case.backtests if variant.name in backtest.tested]
    if not there:
        return {}  # It could not be tried.
    # Where only the last date had a past to learn from, it decides.
    there = list(choose_model.deciding(there))
    lost = [backtest.losses(losses) for backtest in there]
    names = (base.name, variant.name)
    better = choose_model.better_with(there, lost, *names, by_customers_alone=True)
    return {"corrected": better and not _worse_on_last(case, *names)}


def _worse_on_last(case: _Case, plain: str, variant: str) -> bool:
    """Return whether a variant was worse by more than chance on the last date."""
    last = case.backtests[-1]
    return choose_model.better_with([last], [last.losses(losses)], variant, plain)


def _test_beside(
    con: duckdb.DuckDBPyConnection,
    backtests: Sequence[Backtest],
    variant: Choice,
    *,
    valued: bool,
) -> None:
    """Test a variant of what was tested, if it was not itself; a purchase model is fitted once."""
    for backtest in backtests:
        if variant.name in backtest.tested or variant.name in backtest.failed:
            continue
        named = [
            variant.plain.name,
            replace(variant.plain, all_orders=False).name,
            variant.purchases,
        ]
        fitted = [
            one.contender
            for name in named
            if (one := backtest.tested.get(name)) and isinstance(one.contender, Candidate)
        ]
        day = backtest.origin.as_of
        bought = (
            repeat_purchases_by_month(con, day, orders_then(con, day)) if variant.season else None
        )
        backtest.test(
            Candidate(
                variant,
                valued=valued,
                bought=bought,
                beside=fitted[0] if fitted else None,
            )
        )


def _final(case: _Case, choice: Choice) -> list[tuple[Backtest, Candidate]]:
    """Return the choice as it was, or would have been, fitted at every origin that allowed it."""
    found = []
    for backtest in case.backtests:
        there = backtest.tested.get(choice.name)
        if there is not None and isinstance(there.contender, Candidate):
            found.append((backtest, there.contender))
            continue
        candidate = Candidate(choice, valued=case.valued)
        with suppress(FitError):
            found.append((backtest, candidate.learn(backtest.sample.history, backtest.past)))
    return found


def recency_days(backtest: Backtest) -> float | None:
    """Return the recency rule's N at an origin; None where it could not be fitted, or tells nothing."""
    there = backtest.tested.get(RecencyRule.name)
    rule = there.contender if there else None
    if not isinstance(rule, RecencyRule) or not np.isfinite(rule.days_):
        return None
    return float(rule.days_)


def tested_customers(backtest: Backtest) -> pa.Table:
    """Return one row per customer of a backtest: history, what came, and what everybody had said.

    Columns ``customer_id, frequency, recency, T, purchases, value``, and for every contender NAME
    ``p_purchase:NAME, purchases:NAME, value:NAME``.
    """
    import pyarrow as pa  # noqa: PLC0415

    found = backtest.sample
    histories = found.history.histories
    columns = {name: getattr(histories, name) for name in ("frequency", "recency", "T")}
    columns |= {"purchases": found.purchases, "value": found.value}
    for name, one in backtest.tested.items():
        columns |= {f"{kind}:{name}": v for kind, v in one.forecast._asdict().items()}
    arrays = {name: engine.column(values) for name, values in columns.items()}
    return pa.table({"customer_id": found.customer_id} | arrays)


def _runner_up(together: Together | None) -> tuple[str | None, bool | None]:
    """Return the best contender's closest rival, and whether chance could explain the distance.

    Who counts first orders expects the same purchases as who does not, and is no rival.
    """
    apart = together["apart"] if together else {}
    rivals = {name: edges for name, edges in apart.items() if not name.endswith(ALL_ORDERS)}
    if together is None or not rivals:
        return None, None
    second = min(rivals, key=lambda name: metrics.comparable(together["loss"][name]))
    sure = metrics.differs(rivals[second], together["loss"][together["best"]])
    return second, not sure
