"""What the monitoring says, from the figures of `clv.insights.monitor`; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from typing_extensions import TypedDict

from clv.core import names
from clv.core.formatting import count, day, expected, money, percent, plural, too
from clv.insights.monitor.advice import miss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.schema import (
        CheckDetails,
        FoundByCheck,
        MonitoringFindings,
        TrackedForecast,
        Verdict,
    )


VERDICTS: Final[dict[Verdict, str]] = {
    "ok": "As usual",
    "look": "Look at it",
    "stop": "Don't use it yet",
}

#: A miss below this share is none to speak of.
_EXACT: Final = 0.005


class Told(NamedTuple):
    """A check's name, and what to do where it is not as usual."""

    name: str
    remedy: str


CHECKS: Final = {
    "older": Told(
        "Last order in the file",
        "The file ends before that of the published forecast: an older export, or one that was cut off. Export again.",
    ),
    "found_again": Told(
        "Earlier orders found again",
        "Orders that were there are gone. See whether the export was cut, filtered, or names customers otherwise.",
    ),
    "added_late": Told(
        "Older orders that are new",
        "The past has changed. See whether a second shop, guest orders or a longer history came in.",
    ),
    "beginning": Told(
        "Earlier orders from before the file begins",
        "The file begins later than the last one did. Export all orders since the beginning: who bought before is forgotten.",
    ),
    "newest": Told(
        "Orders in the newest days",
        "Compare with the shop's own count of these days: the export may have run too early, or lost a part. "
        "After a sale or in the holidays fewer orders may be right.",
    ),
    "volume": Told(
        "Volume",
        "Compare with the shop's own count of these days; a sale, a holiday or a part of the export may explain it.",
    ),
    "silence": Told(
        "Days without an order",
        "A hole in the file is more likely than a pause of all customers: export these days again.",
    ),
    "late": Told(
        "Age of the last order when the file was read",
        "The file may be an old one. See that the export ran, and which day it holds last.",
    ),
    "rejected": Told("Rows left out", "See the rejected rows with their lines in the file."),
    "rejected_new": Told(
        "Rows left out, of those that are new",
        "See the rejected rows with their lines in the file.",
    ),
    "repeated": Told(
        "Orders that repeat another: same customer, day and value",
        "Two exports may have been put together, with other order numbers. Export again.",
    ),
    "missing": Told(
        "Orders without it",
        "See whether the export still has the column, and writes it as before.",
    ),
    "order_value": Told(
        "Value of an order",
        "Look for another currency, tax in or out, a decimal mark read wrongly; or prices did change.",
    ),
    "gap": Told(
        "Days between a customer's orders",
        "Customers come back at another pace, or are named otherwise. Forecast again before you rely on dates.",
    ),
    "label_gone": Told(
        "Column gone", "Export the column again if customers are to be compared by it."
    ),
    "new_levels": Told(
        "New values", "See whether they are new indeed, or spelt otherwise than before."
    ),
    "unknown_level": Told("Value unknown", "See whether the export still fills the column."),
    "mix": Told(
        "Mix of new customers",
        "Other customers come than before: forecasts made for the former may not hold for them.",
    ),
    "choice": Told("Model chosen", "Another model forecasts than before."),
    "new_customer_orders": Told(
        "Orders of a new customer in the first year",
        "The model expects something else of newcomers than before: plan with the newer forecast.",
    ),
    "new_customer_order_value": Told(
        "Value of an order, as the model expects it",
        "The model expects something else of an order than before: plan with the newer forecast.",
    ),
}
_CHOSEN: Final = {
    "tested": "Another model forecast the past better. See How good is it? for how much.",
    "asked": "It was asked for by name: see that this was meant.",
    "standard": "This run was made without tests on the past, which choose the model: forecast with them.",
}
_COLUMNS: Final = {"revenue": "a value", "items": "a number of items"}

ADVICE: Final = {
    "mend": (
        "Look at the file first",
        "Somebody should look at the file before this forecast is used: it is not like the last one.",
    ),
    "model": (
        "Ask for another model",
        "The last two forecasts missed by more than 10\u00a0%, both to the same side; the same model would miss again.",
    ),
    "refit": ("Use the newer forecast", "Stop using the earlier forecast and use this one."),
    "keep": (
        "Go on as now",
        "Earlier forecasts held: forecast again when the next orders are there.",
    ),
    "wait": (
        "Wait a month",
        "No earlier forecast has a whole month behind it yet, so that nothing can be held against it.",
    ),
}
#: Checks of whether the file holds what came.
_COME: Final = frozenset(
    {
        "found_again",
        "added_late",
        "beginning",
        "volume",
        "newest",
        "silence",
        "rejected_new",
        "repeated",
    }
)
REASONS: Final = {
    "again": "the last two forecasts missed by more than 10\u00a0%, both to the same side, and this one's model is another",
    "range": "the total lies outside the range it was given",
    "total": "the total was missed by more than 20\u00a0%",
    "chances": "the chances of buying were off by more than 5 points on average",
    "new_customer_orders": "a new customer is expected to order more or less often than before",
    "new_customer_order_value": "an order is expected to be worth more or less than before",
}


def name(check: FoundByCheck) -> str:
    """Return what a check is called, with what it is about: ``Volume: orders``."""
    key, subject = check["key"], check["subject"]
    if key == "missing":
        return f"Orders without {_COLUMNS[subject]}"
    if key == "rejected" and subject:
        subject = check["more"]["title"]
    return f"{CHECKS[key].name}: {subject}" if subject else CHECKS[key].name


def figures(check: FoundByCheck, currency: str) -> tuple[str, str]:
    """Return the earlier and the later figure as they are read; empty where there is none."""
    key, more = check["key"], check["more"]
    if key == "older":
        return day(more["before"]), day(more["now"])
    if key == "choice":
        return names.title(more["before"] or "none"), names.title(more["now"] or "none")
    return _figure(key, check["before"], currency), _figure(key, check["now"], currency)


def _figure(key: str, value: float | None, currency: str) -> str:
    if value is None:
        return ""
    if key in {"order_value", "new_customer_order_value"}:
        return money(value, currency)
    if key in {"silence", "late", "gap"}:
        return plural(value, "day")
    if key in {"volume", "newest"}:
        return count(value)
    if key == "new_customer_orders":
        return expected(value)
    return percent(value)


def finding(check: FoundByCheck) -> str:
    """Say what a figure was judged by; empty where that goes without saying."""
    more = check["more"]
    return {
        "volume": lambda: (
            f"Usual in {plural(more['days'], 'day')}: {count(more['low'])} to {count(more['high'])}."
        ),
        "newest": lambda: (
            f"In {plural(more['days'], 'day')}; the fewest of four times as many days before."
        ),
        "rejected_new": lambda: f"Of {plural(more['rows'], 'new row')}.",
        "found_again": lambda: (
            f"Of {count(more['orders'])} days with an order of a customer.{_moved(more)}"
            if more
            else "The two files have no days in common."
        ),
        "added_late": lambda: _moved(more).strip(),
        "new_levels": lambda: f"New: {', '.join(more['levels'])}." if more["levels"] else "",
        "order_value": lambda: _shift(more),
        "gap": lambda: _shift(more),
        "mix": lambda: _shift(more),
    }.get(check["key"], lambda: "")()


def remedy(check: FoundByCheck) -> str:
    """Say what to do about a check; empty where it is as usual."""
    if check["verdict"] == "ok":
        return ""
    more = check["more"]
    known = {
        "rejected": more.get("remedy"),  # Of one reason.
        "rejected_new": more.get("remedy"),  # Of the most frequent one.
        "choice": _CHOSEN.get(more.get("why", "")),
    }.get(check["key"])
    return known or CHECKS[check["key"]].remedy


def _moved(more: CheckDetails) -> str:
    """Say how many days with an order are other days only because they lie beside the earlier ones."""
    if not more["moved"]:
        return ""
    share = percent(more["moved"] / more["orders"])
    return f" {share} are a day earlier or later: in another time zone?"


def _shift(more: CheckDetails) -> str:
    parts = [f"Stability index {more['psi']:.2f}"]
    if more["distance"] is not None:
        parts.append(f"distributions {round(more['distance'] * 100)}\u00a0% apart at most")
    return f"{', '.join(parts)}."


class CheckRow(TypedDict):
    """A check as a table says it."""

    verdict: str
    check: str
    before: str
    now: str
    finding: str
    remedy: str


def check_rows(checks: Sequence[FoundByCheck], currency: str) -> list[CheckRow]:
    """Return checks as a table's rows, the gravest first."""
    grave = {"stop": 0, "look": 1, "ok": 2}
    rows: list[CheckRow] = []
    for check in sorted(checks, key=lambda c: grave[c["verdict"]]):
        before, now = figures(check, currency)
        rows.append(
            {
                "verdict": VERDICTS[check["verdict"]],
                "check": name(check),
                "before": before,
                "now": now,
                "finding": finding(check),
                "remedy": remedy(check),
            }
        )
    return rows


def missed(one: TrackedForecast) -> str:
    """Say by how much a forecast's total missed: ``10 % too high``, ``as expected``."""
    bias = miss(one)
    if bias is None:
        return "nothing came"
    if abs(bias) < _EXACT:
        return "as expected"
    return too(bias)


def held(one: TrackedForecast, currency: str) -> str:
    """Say what a forecast expected and what came."""
    total = one["total"].get("revenue")
    if total is not None:
        said, came = money(total["predicted"], currency), money(total["actual"], currency)
    else:
        total = one["total"]["purchases"]
        said, came = f"{count(total['predicted'])} orders", f"{count(total['actual'])} orders"
    start = f"The forecast of {day(one['as_of'])} expected {said} by {day(one['until'])}"
    if miss(one) is None:
        return f"{start}; nothing came."
    return f"{start}; {came} came: it was {missed(one)}."


def in_range(one: TrackedForecast) -> str:
    """Say whether the total came within its range; empty where it had none."""
    value = one["value"]
    if value is None or value["low"] is None or value["high"] is None:
        return ""
    if value["actual"] < value["low"]:
        return "Below its range"
    return "Above its range" if value["actual"] > value["high"] else "Within its range"


def sentence(found: MonitoringFindings) -> str:
    """Answer the question whether earlier forecasts hold and whether the upload is as usual."""
    if found["against"] is None:
        return (
            "This is the first forecast of these customers. Forecast them again from a later file to "
            "see here whether that file is as usual, and how much of this forecast came true."
        )
    when = found["against"]["as_of"]
    what = "There is an earlier forecast, of"
    if when > found["as_of"]:
        what = "The published forecast is of a later day,"
    parts = [f"{what} {day(when)}."]
    if found["tracked"]:
        parts = [held(found["tracked"][0], found["currency"])]
    # What came is read off the file: if that can't be trusted, it is said first.
    parts.insert(0 if found["verdict"] == "stop" else 1, upload(found))
    return " ".join(parts)


def beside(before: str, now: str) -> str:
    """Return two figures in brackets to go on with; nothing where one is missing."""
    return f" (before: {before}; now: {now})" if before and now else ""


def upload(found: MonitoringFindings) -> str:
    """Say how the upload compares with the one before."""
    grave = [c for c in found["data"] if c["verdict"] != "ok"]
    if not grave:
        return "The new orders look as usual."
    worst = next((c for c in grave if c["verdict"] == "stop"), grave[0])
    verb = "should be cleared up" if worst["verdict"] == "stop" else "deserves a look"
    if len(grave) > 1:
        start = f"{count(len(grave))} things in the new file {verb.replace('deserves', 'deserve')}, above all"
    else:
        start = f"One thing in the new file {verb}:"
    before, now = figures(worst, found["currency"])
    return f"{start} “{name(worst)}”{beside(before, now)}."


def advice(found: MonitoringFindings) -> tuple[str, str]:
    """Return what to do, in a few words and in a sentence with its reasons."""
    action = found["advice"]["action"]
    if found["against"] is None:
        return "Come back later", "There is nothing to compare yet."
    short, long = ADVICE[action]
    reasons = [REASONS[r] for r in found["advice"]["reasons"] if r in REASONS]
    if action == "model":  # It says so itself.
        reasons = []
    if reasons:
        told = ", and ".join(reasons)
        long = f"{told[0].upper()}{told[1:]}. {long}"
    lacking = any(c["verdict"] == "look" and c["key"] in _COME for c in found["data"])
    if action in {"model", "refit"} and lacking:
        long = f"{long} But look at the new file first: what came is read off it."
    return short, long


def cards(found: MonitoringFindings) -> list[tuple[str, str, str]]:
    """Return label, value and tooltip of up to five cards."""
    short, long = advice(found)
    grave = sum(c["verdict"] != "ok" for c in found["data"])
    made = [
        (
            "New upload",
            VERDICTS[
                max((c["verdict"] for c in found["data"]), key=list(VERDICTS).index, default="ok")
            ],
            f"{grave} of {len(found['data'])} checks are not as usual.",
        )
    ]
    if found["tracked"]:
        one = found["tracked"][0]
        over = f"{plural(one['months'], 'month')} of {one['horizon']} over, to {day(one['until'])}"
        made.append(("Last forecast", missed(one).capitalize(), f"The total; {over}."))
        if one["value"] is not None and (within := in_range(one)):
            level = percent(one["value"].get("level"))
            made.append(
                ("Total and range", within, f"The range was to hold with {level} certainty.")
            )
        made.append(
            (
                "Chances of buying off by",
                f"{one['chances']['ece'] * 100:.1f} points",
                "Mean distance of chance and share that bought, by tenths of customers (ECE).",
            )
        )
    made.append(("What to do", short, long))
    return made


def tracking_title(one: TrackedForecast) -> str:
    """Say what the chart of forecast and outcome by month shows."""
    return f"The forecast of {day(one['as_of'])}, month by month: {missed(one)} in all"


def history_title(tracked: Sequence[TrackedForecast]) -> str:
    """Say how many totals came within their range."""
    known = [one for one in tracked if in_range(one)]
    if not known:
        return "Actual, as a share of what was forecast"
    inside = sum(in_range(one) == "Within its range" for one in known)
    total = plural(len(known), "forecast")
    return f"{count(inside)} of {total} held: what came lay within the range of the total"


class HistoryRow(TypedDict):
    """A run, and what became of its forecast, as a table says it."""

    as_of: str
    made: str
    published: bool
    model: str
    customers: int
    orders: float | None
    order_value: float | None
    months: int | None
    missed: str
    mape: float | None
    range: str


def history_rows(found: MonitoringFindings) -> list[HistoryRow]:
    """Return the history of runs, the latest first, with what became of each forecast."""
    by_run = {one["run"]: one for one in found["tracked"]}
    rows: list[HistoryRow] = []
    for entry in reversed(found["timeline"]):
        one = by_run.get(entry["run"])
        rows.append(
            {
                "as_of": entry["as_of"],
                "made": entry["created_at"][:10],
                "published": entry["published"],
                "model": names.title(entry["model"]) if entry["model"] else "history only",
                "customers": entry["customers"],
                "orders": entry["orders"],
                "order_value": entry["order_value"],
                "months": one["months"] if one else None,
                "missed": missed(one) if one else "",
                "mape": None if one is None else one["mape"][list(one["mape"])[-1]],
                "range": in_range(one) if one else "",
            }
        )
    return rows
