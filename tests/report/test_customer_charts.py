from datetime import UTC, date, datetime

import pytest

from clv.report import charts

PATH = [
    {"day": date(2017, 3, 1), "p_alive": 0.6, "orders": 1},
    {"day": date(2017, 3, 2), "p_alive": 0.58, "orders": 1},
    {"day": date(2017, 3, 2), "p_alive": 0.7, "orders": 2},
    {"day": date(2017, 3, 3), "p_alive": 0.65, "orders": 2},
    {"day": date(2017, 3, 4), "p_alive": 0.6, "orders": 2},
]
BOUGHT = [date(2017, 3, 1), date(2017, 3, 2)]
ORDERS = [
    {"ordered_at": datetime(2017, 3, 1, tzinfo=UTC), "revenue": 20.0, "order_id": "1"},
    {"ordered_at": datetime(2017, 6, 1, tzinfo=UTC), "revenue": 50.0, "order_id": "2"},
]


def path(rows=PATH, as_of=date(2017, 3, 3), **more):
    return charts.customer_path_figure(rows, BOUGHT, as_of=as_of, **more)


def test_path_is_solid_so_far_and_dashed_beyond():
    past, ahead, orders = path().data
    assert (past.name, past.line.dash) == ("So far", "solid")
    assert list(past.x) == ["2017-03-01", "2017-03-02", "2017-03-02", "2017-03-03"]
    assert list(past.y) == [0.6, 0.58, 0.7, 0.65]
    assert (ahead.name, ahead.line.dash) == ("If no order comes", "dash")
    # The dashed line begins where the solid one ends.
    assert (list(ahead.x), list(ahead.y)) == (["2017-03-03", "2017-03-04"], [0.65, 0.6])
    assert list(orders.x) == ["2017-03-01", "2017-03-02"]
    assert list(past.customdata[2]) == ["2 Mar 2017", 2]


def test_path_of_the_first_day_has_no_solid_line():
    rows = [row | {"orders": 1} for row in PATH[:2]]
    names = [trace.name for trace in path(rows, date(2017, 3, 1)).data]
    assert names == ["If no order comes", "Order"]


def test_path_is_a_percentage_and_says_where_it_ends():
    figure = path()
    assert list(figure.layout.yaxis.ticktext) == [f"{p}\u00a0%" for p in (0, 25, 50, 75, 100)]
    assert figure.layout.meta["alt"] == "Line over 2 order days, ending at 65% on 3 Mar 2017."
    assert figure.layout.annotations[0].text == "as of 3 Mar 2017"
    assert figure.layout.xaxis.range == ("2017-02-28", "2017-03-05")


def test_name_of_the_as_of_date_stands_where_there_is_room():
    assert path(as_of=date(2017, 3, 4)).layout.annotations[0].xanchor == "right"
    assert path(as_of=date(2017, 3, 1)).layout.annotations[0].xanchor == "left"


def test_path_is_lighter_in_the_dark():
    assert (path().data[0].line.color, path(dark=True).data[0].line.color) == ("#0072b2", "#56b4e9")


@pytest.mark.parametrize(
    ("value", "height", "told"),
    [(41.5, 41.5, "<br>about <b>41.50</b> expected"), (None, 0.0, "")],
)
def test_window_of_the_next_order_is_dashed(value, height, told):
    figure = charts.customer_timeline_figure(
        ORDERS,
        order_value=value,
        as_of=date(2017, 12, 9),
        next_order=date(2018, 2, 1),
        window=(date(2018, 1, 2), date(2018, 6, 1)),
        end=date(2018, 12, 9),
    )
    _, orders, window, following = figure.data
    assert (window.name, window.line.dash) == ("Likely window", "dash")
    assert list(window.x) == ["2018-01-02", "2018-06-01"]
    # At the expected value; without one at the foot of the axis, where nobody reads an amount.
    assert list(window.y) == [*following.y, *following.y] == [height, height]
    assert following.hovertemplate == f"Next order expected: 1 Feb 2018{told}<extra></extra>"
    assert list(orders.x) == ["2017-03-01T00:00:00+00:00", "2017-06-01T00:00:00+00:00"]
    assert figure.layout.xaxis.range == ("2017-02-17", "2018-12-21")
