from datetime import UTC, date, datetime

from clv.report import charts

HISTORY = [
    {"month": "2017-10", "orders": 5, "revenue": 50.0},
    {"month": "2017-11", "orders": 8, "revenue": 90.0},
    {"month": "2017-12", "orders": 2, "revenue": 20.0},
]
FORECAST = [
    {
        "start": "2017-12-09",
        "end": "2018-01-09",
        "predicted_purchases": 4.0,
        "predicted_revenue": 44.0,
    },
    {
        "start": "2018-01-09",
        "end": "2018-02-09",
        "predicted_purchases": 3.0,
        "predicted_revenue": 33.0,
    },
]
DAY = 86_400_000


def history(**changes):
    given = {
        "history": HISTORY,
        "forecast": FORECAST,
        "measure": "revenue",
        "first_order": date(2017, 10, 16),
        "as_of": date(2017, 12, 9),
        "symbol": "€",
    } | changes
    return charts.history_forecast_figure(given.pop("history"), given.pop("forecast"), **given)


def test_history_is_solid_and_forecast_hatched():
    fact, forecast = history().data
    assert (fact.name, forecast.name) == ("So far", "Forecast")
    assert list(fact.y) == [50.0, 90.0, 20.0]
    assert list(forecast.y) == [44.0, 33.0]
    assert fact.marker.pattern.shape is None
    assert forecast.marker.pattern.shape == "/"


def test_months_cut_short_are_narrow():
    fact, forecast = history().data
    assert list(fact.x) == ["2017-10-16", "2017-11-01", "2017-12-01"]
    assert [round(w / DAY / 0.86) for w in fact.width] == [16, 30, 9]
    # The forecast begins on the day after the as-of date; nothing overlaps.
    assert list(forecast.x) == ["2017-12-10", "2018-01-10"]
    assert list(fact.customdata)[2] == "1 Dec 2017 – 9 Dec 2017"


def test_axes_name_the_unit():
    assert history().layout.yaxis.title.text == "Revenue (€)"
    assert history(symbol="").layout.yaxis.title.text == "Revenue"
    assert history(measure="orders").layout.yaxis.title.text == "Orders"
    assert list(history(measure="orders").data[1].y) == [4.0, 3.0]


def test_no_forecast_no_trace():
    bare = [{"start": "2017-12-09", "end": "2018-01-09", "predicted_revenue": None}]
    assert len(history(forecast=bare).data) == 1
    assert len(history(forecast=[], history=[]).data) == 0
    assert "forecast" not in history(forecast=[]).layout.meta["alt"]


def test_every_figure_is_transparent_and_has_a_text_alternative():
    figures = [
        history(),
        charts.concentration_figure([{"customers": 0, "value": 0}, {"customers": 1, "value": 1}]),
        charts.customer_timeline_figure([], as_of=date(2017, 12, 9)),
        charts.customer_monthly_figure([], measure="orders"),
    ]
    for figure in figures:
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.meta["alt"]


def test_accent_is_lighter_in_the_dark():
    light = history().data[0].marker.color
    assert (light, history(dark=True).data[0].marker.color) == ("#0072b2", "#56b4e9")


def test_concentration_marks_the_top_fifth():
    points = [{"customers": x, "value": y} for x, y in ((0, 0), (0.1, 0.4), (0.3, 0.8), (1, 1))]
    even, curve, mark = charts.concentration_figure(points).data
    assert list(even.x) == list(even.y) == [0, 1]
    assert list(curve.y) == [0, 0.4, 0.8, 1]
    assert (mark.x[0], round(mark.y[0], 6)) == (0.2, 0.6)
    assert mark.text[0].strip() == "top 20\u00a0% hold 60\u00a0%"


ORDERS = [
    {"ordered_at": datetime(2017, 3, 1, tzinfo=UTC), "revenue": 20.0, "order_id": "1"},
    {"ordered_at": datetime(2017, 6, 1, tzinfo=UTC), "revenue": 50.0, "order_id": "2"},
]


def test_timeline():
    figure = charts.customer_timeline_figure(
        ORDERS, as_of=date(2017, 12, 9), next_order=date(2018, 2, 1), symbol="€"
    )
    orders, following = figure.data[1], figure.data[2]
    assert list(orders.y) == [20.0, 50.0]
    assert list(following.x) == ["2018-02-01"]
    assert following.marker.symbol == "diamond-open"
    assert figure.layout.shapes[0].x0 == "2017-12-09"
    assert figure.layout.annotations[0].text == "as of 9 Dec 2017"
    assert figure.layout.yaxis.title.text == "Order value (€)"


def test_timeline_without_value():
    orders = [row | {"revenue": None} for row in ORDERS]
    figure = charts.customer_timeline_figure(orders, as_of=date(2017, 12, 9))
    assert len(figure.data) == 2
    assert list(figure.data[1].y) == [1.0, 1.0]
    assert figure.layout.yaxis.visible is False


def monthly(count):
    return [
        {
            "month_start": date(2017 + i // 12, i % 12 + 1, 9),
            "month_end": date(2017 + (i + 1) // 12, (i + 1) % 12 + 1, 9),
            "predicted_purchases": 0.2,
            "predicted_revenue": 4.0,
        }
        for i in range(count)
    ]


def test_customer_months_are_categories_with_at_most_six_names():
    figure = charts.customer_monthly_figure(monthly(12), measure="revenue", symbol="€")
    assert figure.layout.xaxis.type == "category"
    assert list(figure.data[0].y) == [4.0] * 12
    assert figure.layout.xaxis.ticktext[0] == "9 Feb<br>2017"
    assert len(figure.layout.xaxis.tickvals) == 6
    assert figure.layout.yaxis.title.text == "Expected revenue (€)"
    assert (
        len(charts.customer_monthly_figure(monthly(59), measure="orders").layout.xaxis.tickvals)
        <= 6
    )


def test_customer_months_in_orders():
    figure = charts.customer_monthly_figure(monthly(3), measure="orders")
    assert list(figure.data[0].y) == [0.2] * 3
    assert figure.layout.yaxis.title.text == "Expected orders"
