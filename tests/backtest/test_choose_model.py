"""Which forecast is chosen: the rule on losses written by hand, and the sentences that say why."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from clv.backtest import choose_model, moving_origin
from clv.backtest.past_dates import Origin, Sample
from clv.core import metrics
from clv.core.choice import Choice
from clv.models.contenders import Forecast

N = 400
#: Adds nothing to a mean, but to what chance can explain.
WAVES = np.where(np.arange(N) % 2, 1.0, -1.0)


def backtest(as_of="2020-06-30", **lost):
    """Return an origin at which every contender lost what is given: a number, or one per customer.

    Nobody bought; who expected f purchases of a customer then lost 2 f.
    """
    day = date.fromisoformat(as_of)
    nothing = np.zeros(N)
    found = Sample(
        Origin(day, day.replace(month=12)),
        pa.chunked_array([[f"c{i:03d}" for i in range(N)]]),
        None,
        nothing,
        nothing,
    )
    tested = {
        name.replace("_", "-"): moving_origin.Tested(
            None, Forecast(nothing + loss / 2, nothing, nothing)
        )
        for name, loss in lost.items()
    }
    return moving_origin.Backtest(found.origin, found, None, tested)


def ranked(*backtests, **lost):
    return choose_model.rank(backtests or [backtest(**lost)])


def test_the_losses_are_those_given():
    lost = backtest(mbg_nbd=1.0, pareto_nbd=1.0 + 0.3 * WAVES).losses(moving_origin.losses)
    assert lost["mbg-nbd"] == pytest.approx(np.full(N, 1.0), rel=1e-12)
    assert lost["pareto-nbd"] == pytest.approx(1.0 + 0.3 * WAVES, rel=1e-12)


# -- who forecasts -----------------------------------------------------------------------------------


def test_the_standard_stays_where_chance_explains_the_difference():
    """A mean 0.01 smaller, a standard error of 1 / sqrt(400) = 0.05."""
    found = ranked(mbg_nbd=2.0, pareto_nbd=1.99 + WAVES)
    assert (found.winner, found.runner_up, found.challengers) == ("mbg-nbd", "pareto-nbd", [])
    assert found.loss == pytest.approx({"mbg-nbd": 2.0, "pareto-nbd": 1.99})


def test_a_better_one_takes_its_place():
    """The same spread, but eight standard errors."""
    found = ranked(mbg_nbd=2.0, pareto_nbd=1.6 + WAVES)
    assert (found.winner, found.runner_up) == ("pareto-nbd", "mbg-nbd")
    assert found.challengers == ["pareto-nbd"]


def test_the_best_of_several_takes_it_whoever_comes_first():
    found = ranked(recency_rule=1.5, mbg_nbd=2.0, mbg_cnbd=1.2, pareto_nbd=1.4)
    assert found.winner == "mbg-cnbd"
    assert found.challengers == ["mbg-cnbd", "pareto-nbd", "recency-rule"]
    assert found.runner_up == "pareto-nbd"


def test_a_challenger_that_is_best_by_chance_leaves_it_to_one_that_is_sure():
    found = ranked(mbg_nbd=2.0, mbg_cnbd=1.9 + 1.9 * WAVES, pareto_nbd=1.95)
    assert min(found.loss, key=found.loss.get) == "mbg-cnbd"
    assert (found.winner, found.challengers) == ("pareto-nbd", ["pareto-nbd"])
    assert found.runner_up == "mbg-cnbd"


def test_next_to_nothing_is_nothing_however_sure():
    """Less than a thousandth of the loss: two fits that coincide."""
    assert ranked(mbg_nbd=2.0, pareto_nbd=2.0 - 0.0019).winner == "mbg-nbd"
    assert ranked(mbg_nbd=2.0, pareto_nbd=2.0 - 0.0021).winner == "pareto-nbd"


@pytest.mark.parametrize("name", ["bg_nbd", "bg_cnbd"])
def test_who_calls_everybody_active_is_compared_and_never_chosen(name):
    found = ranked(**{"mbg_nbd": 2.0, name: 0.5, "pareto_nbd": 2.1})
    assert (found.winner, found.runner_up) == ("mbg-nbd", "pareto-nbd")
    assert found.loss[name.replace("_", "-")] == pytest.approx(0.5)
    assert ranked(**{name: 0.5}) is None


def test_a_rule_of_thumb_that_beats_everything_forecasts():
    found = ranked(mbg_nbd=2.0, pareto_nbd=1.9, recency_rule=1.0)
    assert (found.winner, found.runner_up) == ("recency-rule", "pareto-nbd")


def test_a_twin_is_no_runner_up():
    """Regular gaps of order 1 are none: the same forecast under another name."""
    twins = {"mbg_nbd": 2.0 + WAVES, "mbg_cnbd": 2.0 + WAVES * (1 + 1e-5)}
    assert ranked(**twins).runner_up is None
    assert ranked(**twins, pareto_nbd=2.5).runner_up == "pareto-nbd"
    assert ranked(mbg_nbd=2.0 + WAVES, mbg_cnbd=2.0 - WAVES).runner_up == "mbg-cnbd"


def test_repeating_the_last_period_cannot_be_the_forecast():
    """It says nothing of any other length of time."""
    found = ranked(mbg_nbd=2.0, same_period=0.1)
    assert (found.winner, found.runner_up, found.challengers) == ("mbg-nbd", None, [])


def test_without_the_standard_the_best_of_the_others_stands_for_it():
    found = ranked(population_mean=2.0, rate_so_far=1.0 + WAVES / 2, recency_rule=1.02 + WAVES / 2)
    assert (found.winner, found.runner_up) == ("rate-so-far", "recency-rule")
    assert found.challengers == []


def test_only_who_was_tested_on_all_dates_is_ranked():
    found = ranked(
        backtest(mbg_nbd=2.0, pareto_nbd=1.6, mbg_cnbd=0.1),
        backtest("2020-09-30", mbg_nbd=1.0, pareto_nbd=0.5),
    )
    assert found.loss == pytest.approx({"mbg-nbd": 1.5, "pareto-nbd": 1.05})
    assert found.winner == "pareto-nbd"


def test_nothing_tested_is_nothing_ranked():
    assert choose_model.rank([]) is None
    assert choose_model.rank([backtest()]) is None


def test_the_last_of_several_dates_has_no_say():
    dates = [f"2020-0{m}-28" for m in (2, 4, 6)]
    early = [backtest(d, mbg_nbd=2.0, pareto_nbd=2.0) for d in dates[:2]]
    last = backtest(dates[2], mbg_nbd=2.0, pareto_nbd=1.0)
    assert choose_model.deciding([*early, last]) == early
    assert choose_model.deciding([last]) == [last]
    assert choose_model.deciding([]) == []
    assert choose_model.rank(choose_model.deciding([*early, last])).winner == "mbg-nbd"


@pytest.mark.parametrize(("there", "winner"), [(2.1, "mbg-nbd"), (2.05 + WAVES, "pareto-nbd")])
def test_who_is_clearly_worse_on_the_last_date_does_not_forecast(there, winner):
    early = backtest(mbg_nbd=2.0, pareto_nbd=1.5)
    last = backtest("2020-09-30", mbg_nbd=2.0, pareto_nbd=there)
    assert choose_model.rank([early]).winner == "pareto-nbd"
    assert choose_model.rank([early], last).winner == winner


def test_dates_that_disagree_leave_the_standard():
    """A mean gain of 0.3 of two dates that show 0.6 and none: their spread is as large."""
    dates = [
        backtest(mbg_nbd=2.0, pareto_nbd=1.4, mbg_cnbd=1.8),
        backtest("2020-09-30", mbg_nbd=2.0, pareto_nbd=2.0, mbg_cnbd=1.8),
    ]
    found = choose_model.rank(dates)
    assert (found.winner, found.challengers) == ("mbg-cnbd", ["mbg-cnbd"])
    assert found.runner_up == "pareto-nbd"


def test_everybody_alike_is_compared_and_never_chosen():
    found = ranked(mbg_nbd=2.0, population_mean=0.5)
    assert (found.winner, found.barred) == ("mbg-nbd", ["population-mean"])
    assert reason(found, "mbg-nbd").endswith(
        "The rule of thumb that everybody does what the average customer did was clearly better "
        "still, but is never chosen: it forecasts the same for everybody, and so ranks nobody."
    )


def test_who_wears_something_can_be_chosen():
    found = ranked(**{"mbg_nbd": 2.0, "mbg_nbd+season": 1.5, "bg_nbd+season": 0.1})
    assert (found.winner, found.barred) == ("mbg-nbd+season", ["bg-nbd+season"])


# -- what it wears -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "better"),
    [(0.8, True), (0.8 + 4 * WAVES, False), (1.0, False), (0.9995, False), (1.2, False)],
)
def test_a_variant_must_be_better_by_more_than_chance(second, better):
    backtests = [backtest(mbg_nbd=1.0), backtest("2020-09-30", mbg_nbd=1.0)]
    lost = [{"plain": np.full(N, 1.0), "worn": np.zeros(N) + second, "else": np.zeros(N)}] * 2
    assert choose_model.better_with(backtests, lost, "plain", "worn") is better


def test_a_variant_that_was_not_tested_on_every_date_is_not_better():
    backtests = [backtest(mbg_nbd=1.0), backtest("2020-09-30", mbg_nbd=1.0)]
    both = {"plain": np.full(N, 1.0), "worn": np.full(N, 0.1)}
    assert choose_model.better_with(backtests, [both, both], "plain", "worn")
    assert not choose_model.better_with(
        backtests, [{"plain": both["plain"]}, both], "plain", "worn"
    )


# -- beside the rules of thumb -----------------------------------------------------------------------


def test_the_best_rule_is_named_with_its_interval():
    last = backtest(mbg_nbd=1.0, population_mean=3.0, recency_rule=1.5 + WAVES, same_period=2.0)
    found = choose_model.against_rules(last, Choice("mbg-nbd"))
    assert (found["as_of"], found["rule"], found["as_good"]) == (
        "2020-06-30",
        "recency-rule",
        False,
    )
    assert found["difference"] == pytest.approx(0.5, rel=1e-9)
    # Standard error 1 / sqrt(400): 0.05; half the interval 0.098, give or take the bootstrap.
    assert found["difference"] - found["low"] == pytest.approx(0.098, rel=0.1)
    assert found["high"] - found["difference"] == pytest.approx(0.098, rel=0.1)


@pytest.mark.parametrize("loss", [0.7, 1.0, 1.05 + WAVES])
def test_a_rule_that_is_better_or_hardly_worse_is_as_good(loss):
    found = choose_model.against_rules(backtest(mbg_nbd=1.0, rate_so_far=loss), Choice("mbg-nbd"))
    assert (found["rule"], found["as_good"]) == ("rate-so-far", True)


def test_a_chosen_rule_is_not_compared_with_itself():
    last = backtest(mbg_nbd=1.0, recency_rule=0.5, population_mean=0.8)
    assert choose_model.against_rules(last, Choice("recency-rule"))["rule"] == "population-mean"
    assert choose_model.against_rules(backtest(recency_rule=0.5), Choice("recency-rule")) is None
    assert choose_model.against_rules(backtest(mbg_nbd=0.5), Choice("mbg-nbd")) is None
    assert choose_model.against_rules(backtest(recency_rule=0.5), Choice("mbg-nbd")) is None


def test_it_is_the_choice_with_its_season_that_is_compared():
    last = backtest(**{"mbg_nbd": 1.0, "mbg_nbd+season": 0.8, "rate_so_far": 1.3})
    worn = Choice("mbg-nbd", season=True)
    assert choose_model.against_rules(last, worn)["difference"] == pytest.approx(0.5)
    last.tested.pop("mbg-nbd+season")
    assert choose_model.against_rules(last, worn)["difference"] == pytest.approx(0.3)


# -- why ---------------------------------------------------------------------------------------------


def reason(ranking, name, *, asked=False, tried=None, rule=None, days=None):
    return choose_model.reason(
        ranking, Choice.parse(name), asked=asked, tried=tried or {}, rule=rule, recency_days=days
    )


STANDARD_STAYS = "On past dates no other model was clearly better than MBG/NBD."


def test_the_reason_is_that_of_the_rule():
    stays = ranked(mbg_nbd=1.0, pareto_nbd=1.1)
    assert reason(stays, "mbg-nbd") == STANDARD_STAYS
    beaten = ranked(mbg_nbd=1.0, pareto_nbd=0.5, recency_rule=0.4)
    assert reason(beaten, "recency-rule") == (
        "On past dates the rule of thumb that who bought lately is active forecast customers' "
        "orders clearly better than MBG/NBD."
    )
    assert reason(ranked(mbg_nbd=1.0, pareto_nbd=0.5), "pareto-nbd") == (
        "On past dates Pareto/NBD forecast customers' orders clearly better than MBG/NBD."
    )


def test_the_reason_tells_what_was_tried():
    stays = ranked(mbg_nbd=1.0)
    assert reason(stays, "mbg-nbd+season", tried={"season": True, "corrected": False}) == (
        f"{STANDARD_STAYS} Following the season of the year made the monthly totals clearly more "
        "accurate. A correction learned on the days before was tried too: not clearly better."
    )
    assert reason(stays, "mbg-nbd+corrected", tried={"season": False, "corrected": True}) == (
        f"{STANDARD_STAYS} A correction learned on the days before made it clearly more accurate. The season of the year was tried too: not clearly better."
    )


@pytest.mark.parametrize(
    ("rule", "days", "said"),
    [
        ("recency-rule", 90.0, "The rule of thumb that who bought in the last 90 days is active"),
        ("recency-rule", 1.0, "The rule of thumb that who bought since the day before is active"),
        ("recency-rule", 0.0, "The rule of thumb that who bought on the very last day is active"),
        ("recency-rule", None, "The rule of thumb that who bought lately is active"),
        ("same-period", 90.0, "The rule of thumb that everybody repeats the last period"),
    ],
)
def test_the_reason_names_a_rule_that_is_as_good(rule, days, said):
    found = {"rule": rule, "as_good": True, "high": 0.1}
    told = reason(ranked(mbg_nbd=1.0), "mbg-nbd", rule=found, days=days)
    assert told == f"{STANDARD_STAYS} {said} is as good here."
    assert reason(ranked(mbg_nbd=1.0), "mbg-nbd", rule=found | {"as_good": False}) == STANDARD_STAYS


def test_a_rule_that_was_better_is_not_called_as_good():
    seen = choose_model.against_rules(backtest(mbg_nbd=1.0, same_period=0.7), Choice("mbg-nbd"))
    assert seen["high"] < 0
    assert reason(ranked(mbg_nbd=1.0), "mbg-nbd", rule=seen) == (
        f"{STANDARD_STAYS} The rule of thumb that everybody repeats the last period was better on "
        "the last date."
    )


@pytest.mark.parametrize(
    ("lost", "name", "said"),
    [
        (
            {"mbg_nbd": 1.0, "bg_nbd": 0.5, "same_period": 0.6},
            "mbg-nbd",
            (
                "On past dates no other model that can be chosen was clearly better than MBG/NBD. BG/NBD "
                "was clearly better still, but is never chosen: it counts everyone who ordered once as "
                "active for ever."
            ),
        ),
        (
            {"mbg_nbd": 1.0, "pareto_nbd": 0.5, "same_period": 0.2},
            "pareto-nbd",
            (
                "On past dates Pareto/NBD forecast customers' orders clearly better than MBG/NBD. The rule "
                "of thumb that everybody repeats the last period was clearly better still, but is never "
                "chosen: it can't forecast a period of another length."
            ),
        ),
    ],
)
def test_the_reason_keeps_nobody_quiet_who_was_better(lost, name, said):
    found = ranked(**lost)
    assert found.winner == name
    assert reason(found, name) == said


def test_the_reason_of_a_forecast_that_was_made_before_its_tests():
    told = choose_model.reason(
        ranked(mbg_nbd=1.0, pareto_nbd=0.5),
        Choice("mbg-nbd"),
        asked=False,
        made=True,
        tried={"corrected": True, "season": False},
        rule=None,
        recency_days=None,
    )
    assert told == (
        "MBG/NBD was used without a test; the tests on past dates would have chosen "
        "Pareto/NBD. The season of the year was tried too: not clearly better."
    )


def test_the_reason_of_who_asked():
    found = ranked(mbg_nbd=1.0, pareto_nbd=0.5)
    assert reason(found, "pareto-nbd", asked=True) == "Pareto/NBD was asked for."
    assert reason(found, "recency-rule+season", asked=True) == (
        "The rule of thumb that who bought lately is active, with the season was asked for; the "
        "tests on past dates would have chosen Pareto/NBD."
    )
    assert reason(found, "bg-nbd+season", asked=True, tried={"season": True}) == (
        "BG/NBD, with the season was asked for; the tests on past dates would have chosen Pareto/NBD."
    )


def test_the_reason_without_a_test():
    assert reason(None, "mbg-nbd") == ("No test on past dates was possible, so MBG/NBD is used.")
    assert reason(None, "pareto-nbd+all-orders", asked=True) == (
        "No test on past dates was possible; Pareto/NBD, first orders valued too was asked for."
    )


def test_who_may_be_chosen():
    assert (
        *("mbg-nbd", "pareto-nbd", "mbg-cnbd", "rate-so-far", "recency-rule"),
    ) == choose_model.CHOSEN_FROM
    assert set(choose_model.RULES) == {
        "population-mean",
        "rate-so-far",
        "same-period",
        "recency-rule",
    }
    assert metrics.MATTERS == 0.001
