"""Which days are trained and tested on, by hand and for many histories."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from clv.core.errors import SettingsError
from clv.core.horizon import add_months
from clv.learn.plans import Design, last_complete, plan

DAY = timedelta(days=1)
HORIZONS = (1, 2, 3, 4, 6, 9, 12)


def test_early_dates_of_two_years_by_hand():
    found = plan(date(2022, 1, 1), date(2023, 12, 31), Design("early", 6, after=("1m", "3m")))
    earlier, held = found.splits
    # Half a year of life is over on 31 December for whoever first bought on 1 July or before.
    assert held.test == (date(2023, 4, 2), date(2023, 7, 1))
    # The first of them reach three months on 1 July; half a year was over for whoever came in 2022.
    assert held.known == date(2023, 7, 1)
    assert held.train == (date(2022, 1, 1), date(2023, 1, 2))
    assert earlier.test == (date(2023, 1, 2), date(2023, 4, 1))
    assert earlier.known == date(2023, 4, 1)
    assert earlier.train == (date(2022, 1, 1), date(2022, 10, 2))
    assert found.final == (date(2022, 1, 1), date(2023, 7, 1))


def test_window_dates_of_a_year_by_hand():
    found = plan(date(2010, 12, 1), date(2011, 12, 9), Design("window", 4))
    earlier, held = found.splits
    assert held.test == (date(2011, 8, 9),)
    assert held.train == (date(2011, 2, 9), date(2011, 3, 9), date(2011, 4, 9))
    assert earlier.test == (date(2011, 7, 9),)
    assert earlier.train == (date(2011, 2, 9), date(2011, 3, 9))
    assert found.final == (*held.train, date(2011, 8, 9))


@pytest.mark.parametrize("kind", ["early", "window"])
@pytest.mark.parametrize("months", [9, 12, 17, 24, 31, 40])
@pytest.mark.parametrize("begin", [date(2020, 2, 29), date(2019, 10, 31), date(2021, 1, 15)])
def test_no_training_value_reaches_beyond_what_was_known(kind, months, begin):
    as_of = add_months(begin, months) + 3 * DAY
    supported = []
    for horizon in HORIZONS:
        design = Design(kind, horizon, after=("2w",))
        try:
            found = plan(begin, as_of, design)
        except SettingsError:
            continue
        supported.append(horizon)
        for split in found.splits:
            if kind == "early":
                assert add_months(split.train[1], horizon) - DAY <= split.known
                assert split.known == design.point.end(split.test[0]) - DAY
                assert add_months(split.test[1], horizon) - DAY <= as_of
                assert split.train[1] < split.test[0]
            else:
                assert split.known == split.test[0]
                assert all(add_months(t + DAY, horizon) - DAY <= split.known for t in split.train)
                assert add_months(split.test[0] + DAY, horizon) - DAY <= as_of
    # What supports a horizon supports all that are shorter.
    assert supported == list(HORIZONS[: len(supported)])
    assert len(supported) >= 3


def test_what_the_history_cannot_support_is_refused_with_the_longest_that_it_can():
    year = date(2010, 12, 1), date(2011, 12, 9)
    with pytest.raises(SettingsError, match="The orders cover 12 months") as refused:
        plan(*year, Design("window", 12))
    assert refused.value.hint == "The longest horizon that these orders support is 4 months."
    plan(*year, Design("window", 4))
    with pytest.raises(SettingsError):
        plan(*year, Design("window", 5))
    with pytest.raises(SettingsError, match="from the first 3 months") as refused:
        plan(date(2017, 1, 1), date(2018, 8, 31), Design("early", 12))
    longest = int(refused.value.hint.split(" support is ")[1].split()[0])
    plan(date(2017, 1, 1), date(2018, 8, 31), Design("early", longest))
    with pytest.raises(SettingsError):
        plan(date(2017, 1, 1), date(2018, 8, 31), Design("early", longest + 1))
    with pytest.raises(SettingsError) as refused:
        plan(date(2017, 1, 1), date(2017, 1, 31), Design("early", 12, after=("1m",)))
    assert refused.value.hint == "These orders support no horizon at this prediction point."
    with pytest.raises(SettingsError) as refused:
        plan(date(2017, 1, 1), date(2017, 1, 31), Design("window", 12))
    assert refused.value.hint == "These orders support no horizon."


def test_a_prediction_point_as_long_as_the_horizon_is_refused():
    with pytest.raises(SettingsError, match="first 3 months are no shorter") as refused:
        Design("early", 3, after=("1m", "3m"))
    assert refused.value.hint == "The longest prediction point possible is 2 months (2m)."
    with pytest.raises(SettingsError, match="first 5 weeks are no shorter than the 1 month to"):
        Design("early", 1, after=("5w",))
    with pytest.raises(SettingsError, match="between 1 and 36"):
        Design("window", 0)


@pytest.mark.parametrize("horizon", [1, 2, 3, 12, 36])
@pytest.mark.parametrize("unit", ["d", "w", "m"])
def test_the_longest_prediction_point_named_is_taken_and_the_next_is_not(horizon, unit):
    """February is the shortest month: within a month that begins on its first day lie 27 others."""
    with pytest.raises(SettingsError) as refused:
        Design("early", horizon, after=(f"{4 * 31 * horizon}d" if unit == "d" else f"200{unit}",))
    named = refused.value.hint.split("(")[1].split(")")[0]
    assert named[-1] == ("d" if (horizon, unit) == (1, "m") else unit)
    assert str(Design("early", horizon, after=(named,)).point) == named
    with pytest.raises(SettingsError):
        Design("early", horizon, after=(f"{int(named[:-1]) + 1}{named[-1]}",))
    if horizon == 1:
        longest = {"d": "27 days (27d).", "w": "3 weeks (3w).", "m": "27 days (27d)."}
        assert refused.value.hint == f"The longest prediction point possible is {longest[unit]}"


def test_a_prediction_point_too_late_for_any_horizon_is_refused_with_the_latest_possible():
    """Nine months of orders: from the first five of a life the sixth can be learned and tested."""
    days = date(2017, 1, 1), date(2017, 9, 30)
    with pytest.raises(SettingsError, match="The orders cover 9 months") as refused:
        plan(*days, Design("early", 12, after=("7m",)))
    assert refused.value.hint == (
        "These orders support no horizon at this prediction point. The longest prediction point that "
        "they support is 5 months (5m), with a horizon of 6 months."
    )
    plan(*days, Design("early", 6, after=("5m",)))
    for horizon in range(7, 13):
        with pytest.raises(SettingsError):
            plan(*days, Design("early", horizon, after=("6m",)))
    # With nine customers no earlier point helps.
    with pytest.raises(SettingsError) as refused:
        plan(*days, Design("early", 12, after=("7m",)), born(*[1] * 9))
    assert "longest prediction point" not in refused.value.hint


def test_a_design_comes_back_from_its_card():
    for design in (Design(), Design("window", 4, days=(7, 30), columns=("rev_7d",))):
        assert Design.from_dict(design.as_dict()) == design


def test_last_complete_is_the_last_day_whose_months_are_over():
    for known in (date(2023, 2, 28), date(2024, 2, 29), date(2023, 4, 30), date(2023, 5, 31)):
        for months in (1, 3, 12):
            day = last_complete(known, months)
            assert add_months(day, months) - DAY <= known < add_months(day + DAY, months) - DAY


def born(*months):
    """Return so many first days in each month from January 2021 on, all on its 10th."""
    days = [add_months(date(2021, 1, 10), i) for i, n in enumerate(months) for _ in range(n)]
    return np.array(days, dtype="datetime64[D]")


def test_the_longest_horizon_named_has_customers_enough():
    """Two years, ten customers in each of the first six months: one more month of them is too few."""
    first, as_of = date(2021, 1, 1), date(2022, 12, 31)
    many = born(*[10] * 6, *[60] * 18)
    with pytest.raises(SettingsError, match="cover 24 months") as refused:
        plan(first, as_of, Design("early", 13, after=("1m",)), many)
    longest = int(refused.value.hint.split(" support is ")[1].split()[0])
    # By dates alone nine. Then those tested first bought in March 2022, and when the first of them
    # reached a month, on 1 April, nine were over for those of January to June 2021: sixty customers.
    by_dates = plan(first, as_of, Design("early", 9, after=("1m",)), many)
    assert (by_dates.longest, longest) == (longest, 8)
    held = plan(first, as_of, Design("early", longest, after=("1m",)), many).splits[-1]
    for begin, end in (held.train, held.test):
        inside = (many >= np.datetime64(begin)) & (many <= np.datetime64(end))
        assert inside.sum() >= 100
    assert plan(first, as_of, Design("early", longest, after=("1m",)), many).longest is None


def test_an_earlier_date_with_too_few_customers_decides_nothing():
    first, as_of = date(2021, 1, 1), date(2022, 12, 31)
    design = Design("early", 6, after=("1m",))
    everybody = plan(first, as_of, design, born(*[60] * 24))
    assert len(everybody.splits) == 2
    # Held out, those of January to October 2021 are learned from; earlier, those until July: 70.
    few = plan(first, as_of, design, born(*[10] * 7, *[60] * 17))
    assert few.splits == everybody.splits[1:]
    window = Design("window", 6)
    assert plan(first, as_of, window, born(*[60] * 24)) == plan(first, as_of, window)
    assert plan(first, as_of, window, born(3)).splits == plan(first, as_of, window).splits


@pytest.mark.parametrize("kind", ["early", "window"])
def test_the_last_day_of_the_calendar_is_refused(kind):
    with pytest.raises(SettingsError, match="too late"):
        plan(date(2021, 1, 1), date.max, Design(kind, 6, after=("1m",)))
