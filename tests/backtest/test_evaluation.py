"""The tests behind a forecast: who is tested on whom, what they leave in the run, who is chosen."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import numpy as np
import pytest

from clv.backtest import choose_model, evaluation, past_dates
from clv.backtest.past_dates import FEWEST_CUSTOMERS
from clv.core import engine, metrics
from clv.core.choice import RULES
from clv.core.settings import IngestOptions, Settings
from clv.core.types import quiet
from clv.forecast import pipeline, predictions, receipts
from clv.models.purchase.rules import HEURISTICS
from clv.samples import sample_path
from tests.backtest import test_season as seasons
from tests.places import RETAIL, SHARED
from tests.shops import make_run, new_store, shop

#: What only the product's default does.
DEFAULT = {"model": "auto", "backtest": True}
COLUMNS = ["customer_id", "frequency", "recency", "T", "purchases", "value"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def run(store):
    return make_run(store, shop(), **DEFAULT)


@pytest.fixture(scope="module")
def tested(run):
    return {name: column.to_numpy() for name, column in zip(*columns(run), strict=True)}


def columns(run):
    table = run.tested()
    return table.column_names, table.columns


def deviance(y, f):
    """Return 2 (y log(y / f) - y + f), a forecast below a hundredth of the mean read as that."""
    f = np.maximum(f, 0.01 * y.mean())
    return 2 * (np.where(y > 0, y * np.log(np.maximum(y, 1) / f), 0.0) - y + f)


def day_after(day, days=1):
    return date.fromisoformat(day) + timedelta(days=days)


# -- what a run carries ------------------------------------------------------------------------------


def test_a_run_carries_its_receipt(run):
    found = run.receipt
    assert found == run.receipt == pipeline.receipt(run, lambda *_: pytest.fail("tested again"))
    assert not run.exports.exists()
    dates = [o["as_of"] for o in found["origins"]]
    assert dates == ["2016-05-15", "2016-07-15", "2016-09-15"]
    assert (found["horizon_months"], found["forecast_months"], found["as_of"]) == (
        *(8, 12, "2017-05-15"),
    )
    assert (found["customers_known"], found["customers_tested"]) == (300, 300)
    assert found["unseen"] == found["checked"]["as_of"] == "2016-09-15"
    assert (run.settings["model"], run.settings["backtest"]) == ("auto", True)
    assert run.model["model"] == found["model"] == found["choice"]["name"] == "mbg-nbd+all-orders"
    assert run.model["purchases"]["name"] == "mbg-nbd"
    assert (found["choice"]["asked"], found["choice"]["fallback"]) == ("auto", False)
    assert found["choice"]["tried"] == {"season": False}
    loss = found["together"]["loss"]
    assert found["choice"]["losses"] == {
        "chosen": loss["mbg-nbd"],
        "runner_up": loss[found["choice"]["runner_up"]],
        "plain": loss["mbg-nbd"],
        "rule": min(loss[rule] for rule in choose_model.RULES),
        "rule_name": min(choose_model.RULES, key=loss.__getitem__),
    }


def test_the_forecast_is_that_of_the_choice_untested(run, store):
    """Testing changes no figure of the forecast; it adds the ranges."""
    plain = make_run(store, shop(), **DEFAULT | {"backtest": False})
    same = "SELECT * EXCLUDE (predicted_clv_low, predicted_clv_high) FROM forecasts"
    assert run.query(same).equals(plain.query(same))
    assert run.summary | {"ranges": None} == plain.summary


def test_a_test_made_later_is_the_same(run, store):
    """But that the model has been settled by then."""
    later = make_run(store, shop(), **DEFAULT | {"backtest": False})
    assert (later.receipt, later.tested()) == (None, None)
    found = pipeline.receipt(later, quiet)
    assert found == later.receipt
    assert found | {"choice": None} == run.receipt | {"choice": None}
    told = ("name", "asked", "runner_up", "tried", "as_good", "fallback")
    assert [found["choice"][k] for k in told] == [run.receipt["choice"][k] for k in told]
    assert (found["choice"]["made_before"], run.receipt["choice"]["made_before"]) == (True, False)
    assert found["choice"]["reason"].startswith(
        "MBG/NBD, first orders valued too was used without a test. "
    )
    assert later.tested().equals(run.tested())


def test_customers_are_kept_with_what_everybody_said_of_them(run):
    table = run.tested()
    names = [*evaluation.MODELS, *(rule.name for rule in HEURISTICS), "mbg-nbd+all-orders"]
    kinds = ("purchases", "p_purchase", "value")
    assert table.column_names == [*COLUMNS, *(f"{k}:{n}" for n in names for k in kinds)]
    assert table.column_names[0] == "customer_id"
    unseen, end = run.receipt["unseen"], run.receipt["origins"][-1]["end"]
    known = run.query(
        "SELECT customer_id, count(DISTINCT ordered_at::DATE) FILTER (ordered_at::DATE <= $1) - 1 "
        "AS frequency, count(DISTINCT ordered_at::DATE) FILTER (ordered_at::DATE > $1) AS purchases, "
        "coalesce(sum(revenue) FILTER (ordered_at::DATE > $1), 0) AS value, "
        "date_diff('day', min(ordered_at)::DATE, $1::DATE) AS T FROM orders "
        "WHERE ordered_at::DATE <= $2::DATE GROUP BY 1 HAVING min(ordered_at)::DATE <= $1 ORDER BY 1",
        [unseen, end],
    )
    assert table.num_rows == known.num_rows == run.receipt["origins"][-1]["customers"]
    for name in ("customer_id", "frequency", "purchases", "T"):
        assert table[name].to_pylist() == known[name].to_pylist(), name
    assert table["value"].to_numpy() == pytest.approx(known["value"].to_numpy(), abs=1e-9)
    assert table["recency"].to_numpy().max() <= table["T"].to_numpy().max()


def test_figures_of_the_receipt_are_those_of_the_kept_customers(run, tested):
    origin = run.receipt["origins"][-1]
    bought = tested["purchases"] > 0
    assert set(origin["measures"]) == {n.split(":")[1] for n in tested if ":" in n}
    for name, said in origin["measures"].items():
        kept = {k: tested[f"{k}:{name}"] for k in ("purchases", "p_purchase", "value")}
        assert all(np.isfinite(v).all() and v.min() >= 0 for v in kept.values()), name
        assert kept["p_purchase"].max() <= 1
        amounts = {k: metrics.amounts(tested[k], kept[k]) for k in ("purchases", "value")}
        assert said["purchases"] == amounts["purchases"]
        assert said["value"] == amounts["value"]
        assert said["chance"] == metrics.chances(bought, kept["p_purchase"])
        assert said["loss"] == pytest.approx(
            deviance(tested["purchases"], kept["purchases"]).mean(), rel=1e-12
        )
        error = tested["purchases"] - kept["purchases"]
        assert said["purchases"]["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-12)


def test_twins_differ_in_value_only(tested):
    for kind in ("purchases", "p_purchase"):
        assert (tested[f"{kind}:mbg-nbd+all-orders"] == tested[f"{kind}:mbg-nbd"]).all()
    assert (tested["value:mbg-nbd+all-orders"] != tested["value:mbg-nbd"]).mean() > 0.9


def test_the_recency_rules_days_are_told(run, tested):
    """Who bought within these days is forecast one way, all others another."""
    days = run.receipt["recency_days"]
    assert 1 < days < 260
    since = tested["T"] - tested["recency"]
    lately, long_ago = (
        np.unique(tested["p_purchase:recency-rule"][who]) for who in (since <= days, since > days)
    )
    assert lately.size == long_ago.size == 1
    assert lately[0] > long_ago[0]


# -- on whom -----------------------------------------------------------------------------------------


def first_by_hash(customers, n):
    return set(sorted(customers, key=lambda c: hashlib.md5(c.encode()).hexdigest())[:n])  # noqa: S324


def test_so_many_customers_are_tested_and_always_the_same(store, monkeypatch):
    """The same customers do something else: the same ones are drawn."""
    assert past_dates.MOST_CUSTOMERS == 25_000
    monkeypatch.setattr(past_dates, "MOST_CUSTOMERS", 200)
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    drawn = first_by_hash([f"c{i:04d}" for i in range(300)], 200)
    kept = []
    for seed in (7, 8):
        found = make_run(store, shop(seed=seed), backtest=True)
        assert (found.receipt["customers_known"], found.receipt["customers_tested"]) == (300, 200)
        ids = set(found.tested()["customer_id"].to_pylist())
        early = found.query(
            "SELECT DISTINCT customer_id FROM orders WHERE ordered_at::DATE <= $1",
            [found.receipt["unseen"]],
        )["customer_id"].to_pylist()
        assert ids == drawn & set(early)
        assert found.summary["customers"] == found.model["purchases"]["customers"] == 300
        kept.append(found.tested()["purchases"].to_numpy().sum())
    assert kept[0] != kept[1]


def test_dates_with_too_few_customers_are_left_out(store, monkeypatch):
    """47 customers came at the beginning, all others in the last nine months."""
    header, *lines = shop(customers=60).splitlines()
    few = FEWEST_CUSTOMERS - 3
    late = []
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    for line in lines:
        customer, day, value = line.split(",")
        if int(customer[1:]) >= few:
            day = max(day, "2016-09-01")
        late.append(f"{customer},{day},{value}")
    early = [f"c{i:04d},2016-01-{1 + i % 28:02d},10" for i in range(few)]
    run = make_run(store, "\n".join([header, *early, *late]) + "\n", backtest=True)
    (origin,) = run.receipt["origins"]
    assert origin["as_of"] == "2016-09-15"
    assert run.receipt["reason"].endswith(
        "Earlier dates are left out: fewer than 50 customers were known then."
    )
    assert run.receipt["unseen"] is None
    assert run.receipt["checked"]["as_of"] == "2016-09-15"


@pytest.mark.parametrize(
    ("back", "left", "why"),
    [
        ("2016-10-01", 1, "Earlier dates are left out: nobody had bought on a second day by then."),
        (
            "2016-12-01",
            0,
            "By no past date had anybody bought on a second day, so that none can be",
        ),
    ],
)
def test_dates_before_which_nobody_came_back_are_left_out(store, monkeypatch, back, left, why):
    """Everybody came in January; a third came again on one later day, and on the last."""
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    rows = [f"c{i:02d},2016-01-{1 + i % 28:02d},10" for i in range(60)]
    rows += [f"c{i:02d},{day},10" for i in range(0, 60, 3) for day in (back, "2017-01-14")]
    text = "\n".join(["customer_id,order_date,revenue", *rows]) + "\n"
    found = make_run(store, text, backtest=True, horizon_months=3).receipt
    assert len(found["origins"]) == left
    assert why in found["reason"]
    assert found["choice"]["fallback"] is (left == 0)


@pytest.mark.parametrize(
    ("as_of", "dates", "why"),
    [
        (date(2019, 12, 31), [], "No order came after any past date."),
        (
            date(2017, 4, 30),
            ["2016-10-31", "2016-11-30", "2016-12-31"],
            "Dates after the last order are left out.",
        ),
    ],
)
def test_dates_after_the_last_order_decide_nothing(store, monkeypatch, as_of, dates, why):
    """The file ends on 14 January 2017: that nothing comes later says nothing of its customers."""
    monkeypatch.setattr(evaluation, "MODELS", ("mbg-nbd",))
    rows = [f"c{i:02d},2016-01-{1 + i % 28:02d},10" for i in range(60)]
    rows += [f"c{i:02d},2016-{month:02d}-20,10" for i in range(0, 60, 3) for month in range(2, 13)]
    text = "\n".join(["customer_id,order_date,revenue", *rows, "c00,2017-01-14,10"]) + "\n"
    found = make_run(store, text, as_of=as_of, backtest=True, horizon_months=3).receipt
    assert [o["as_of"] for o in found["origins"]] == dates
    assert why in found["reason"]
    assert found["choice"]["fallback"] is (not dates)


# -- who is chosen -----------------------------------------------------------------------------------


def test_the_last_date_has_no_say(run, store):
    """What only the last date can see is turned upside down: who had gone comes every other day."""
    found = run.receipt
    seen = found["origins"][-2]["end"]
    header, *lines = shop().splitlines()
    before = [line for line in lines if line.split(",")[1] <= seen]
    known = sorted({line.split(",")[0] for line in before})
    last = date.fromisoformat(found["as_of"])
    days = [str(day_after(seen, k)) for k in range(1, (last - date.fromisoformat(seen)).days + 1)]
    after = [f"{customer},{day},9.5" for customer in known for day in days[::2]]
    after.append(f"{known[0]},{last},9.5")
    other = make_run(
        store, "\n".join([header, *before, *after]) + "\n", as_of=last, **DEFAULT
    ).receipt
    assert other["as_of"] == found["as_of"]
    for ours, theirs in zip(other["origins"][:-1], found["origins"][:-1], strict=True):
        assert ours["measures"].keys() == theirs["measures"].keys()
        for name, measures in ours["measures"].items():
            assert measures["loss"] == pytest.approx(theirs["measures"][name]["loss"], rel=1e-9)
    said = ("name", "asked", "runner_up", "tried", "fallback")
    assert [other["choice"][k] for k in said] == [found["choice"][k] for k in said]
    # It was worth turning: with a say, the last date would have had everybody alike forecast.
    assert (found["together"]["best"], other["together"]["best"]) == ("mbg-nbd", "population-mean")
    assert found["choice"]["as_good"] is None
    assert other["choice"]["as_good"] == other["checked"]["rule"] == "population-mean"
    assert other["choice"]["reason"].endswith(
        "everybody does what the average customer did was better on the last date."
    )


def test_a_name_is_obeyed_and_tested(store):
    run = make_run(store, shop(), backtest=True, model="bg-cnbd+all-orders")
    found = run.receipt
    assert (found["choice"]["name"], found["choice"]["asked"]) == (("bg-cnbd+all-orders",) * 2)
    assert found["choice"]["reason"].startswith("BG/CNBD-k, first orders valued too was asked for")
    for origin in found["origins"]:
        assert {"bg-cnbd", "bg-cnbd+all-orders", *evaluation.MODELS} <= set(origin["measures"])
    assert run.model["purchases"]["name"] == "bg-cnbd"
    assert run.model["spend"]["name"] == "gamma-gamma-all"
    assert receipts.subject(found) == "bg-cnbd+all-orders"
    assert found["ranges"]["tests"] == 3


def test_one_date_decides_alone_and_nothing_is_unseen(store):
    found = make_run(store, shop(days=62), **DEFAULT).receipt
    assert (len(found["origins"]), found["horizon_months"], found["unseen"]) == (1, 1, None)
    assert not found["choice"]["fallback"]


@pytest.mark.parametrize(
    ("asked", "name", "why"),
    [
        ("auto", "mbg-nbd+all-orders", "No test on past dates was possible, so MBG/NBD is used."),
        (
            "pareto-nbd",
            "pareto-nbd",
            "No test on past dates was possible; Pareto/NBD was asked for.",
        ),
    ],
)
def test_a_short_history_falls_back_and_says_so(store, asked, name, why):
    header, *lines = shop().splitlines()
    begin = "\n".join([header, *(k for k in lines if k.split(",")[1] < "2016-02-20")]) + "\n"
    run = make_run(store, begin, model=asked, backtest=True)
    found = run.receipt
    assert found["origins"] == []
    assert found["reason"].startswith("The orders cover 50 days; a test needs at least two months")
    assert found["choice"] == {
        "name": name,
        "asked": asked,
        "runner_up": None,
        "reason": why,
        "tried": {},
        "as_good": None,
        "fallback": True,
        "made_before": False,
    }
    nothing = ("unseen", "checked", "recency_days", "together", "runner_up", "noise")
    assert [found[k] for k in nothing] == [None] * 6
    assert run.tested() is None
    assert run.model["model"] == found["model"] == name


# -- the season --------------------------------------------------------------------------------------


def held(seed, indices, **settings):
    """Hold the tests of invented customers, three years of them."""
    with engine.connect() as con:
        as_of = seasons.shop(con, seed, indices, days=1095, customers=800)
        con.execute("ALTER TABLE orders ADD COLUMN order_id VARCHAR")
        con.execute("ALTER TABLE orders ADD COLUMN items BIGINT")
        predictions.summarise(con, as_of)
        return evaluation.evaluate(con, Settings(**settings), as_of, "EUR", quiet)


@pytest.mark.parametrize(("indices", "there"), [(seasons.WAVE, True), (None, False)])
def test_a_season_is_worn_where_there_is_one(indices, there):
    found = held(5, indices)
    assert found.choice.season is there
    assert found.receipt["choice"]["tried"]["season"] is there
    name = found.choice.name
    assert name == ("mbg-nbd+season+all-orders" if there else "mbg-nbd+all-orders")
    tried = "was tried too: not clearly better." in found.receipt["choice"]["reason"]
    assert tried is not there
    assert f"purchases:{name}" in found.tested.column_names
    assert receipts.failures(found.receipt) == {}


# -- real files --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["cdnow", "online-retail", "apparel"])
def real(request, store):
    """A run as the product makes it when nothing is asked for."""
    path = {
        "cdnow": sample_path("cdnow"),
        "online-retail": RETAIL,
        "apparel": SHARED / "apparel" / "apparelTrans.csv",
    }[request.param]
    if not path.exists():
        pytest.skip("../shared is not there")
    return request.param, pipeline.run(
        store, store.new_draft(), [path], IngestOptions(), Settings()
    )


def test_the_choice_is_no_worse_than_any_rule_on_the_date_that_it_has_not_seen(real):
    _, run = real
    found, table = run.receipt, run.tested()
    origins = [o["as_of"] for o in found["origins"]]
    assert found["choice"]["asked"] == "auto"
    assert found["unseen"] == origins[-1] > origins[0]
    assert found["origins"][-1]["end"] == found["as_of"]
    came = table["purchases"].to_numpy().astype(float)
    lost = {
        name: deviance(came, table[f"purchases:{name}"].to_numpy())
        for name in (found["choice"]["name"], *choose_model.RULES)
    }
    chosen = lost[found["choice"]["name"]]
    apart = metrics.paired_difference(lost, found["choice"]["name"])
    for rule in choose_model.RULES:
        # Not worse by more than chance; in these files, better by more than chance.
        difference, low, high = apart[rule]
        assert difference == pytest.approx(lost[rule].mean() - chosen.mean(), rel=1e-9)
        assert not metrics.differs((-difference, -high, -low), chosen.mean()), rule
        assert low > 0
    best = min(choose_model.RULES, key=lambda rule: lost[rule].mean())
    checked = found["checked"]
    assert (checked["as_of"], checked["rule"]) == (found["unseen"], best)
    edges = [checked[k] for k in ("difference", "low", "high")]
    assert edges == pytest.approx(apart[best], rel=1e-9)
    assert (checked["as_good"], found["choice"]["as_good"]) == (False, None)


def test_what_was_chosen_for_real_files(real):
    """First orders count; a season where it was seen to help month by month."""
    name, run = real
    choice = run.receipt["choice"]
    assert (choice["name"], choice["tried"]) == {
        "cdnow": (
            "mbg-nbd+all-orders",
            {"season": False, "corrected": False},
        ),
        "online-retail": (
            "mbg-nbd+all-orders",
            {"corrected": False},
        ),
        "apparel": (
            "mbg-nbd+season+all-orders",
            {"season": True},
        ),
    }[name]
    assert run.model["model"] == choice["name"]
    assert run.model["spend"]["name"] == (
        "gamma-gamma-all" if "all-orders" in choice["name"] else "gamma-gamma"
    )
    assert not set(RULES) & {choice["name"], choice["runner_up"]}
