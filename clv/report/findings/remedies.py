"""What would help, and what it gained on this file's past; also what was tried and gained nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.backtest.choose_model import CHOSEN_FROM, RULES
from clv.core import names
from clv.core.formatting import percent
from clv.core.metrics import MATTERS, differs
from clv.forecast import receipts
from clv.report.findings.base import Figures, Finding, Subject
from clv.report.words import assumptions as assumption_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clv.core.schema import ByContender, Receipt
    from clv.insights.assumptions import Check


#: Gains in shares below half a point are nobody's gain.
GAIN: Final = 0.005
#: A model of regular gaps → the same without.
_REGULAR: Final = {"mbg-cnbd": "mbg-nbd", "bg-cnbd": "bg-nbd"}
#: What a contender wears → the check that it answers.
_ANSWERS: Final = {"season": "season", "regular": "timing"}


def would_help(receipt: Receipt | None, checks: Sequence[Check] = ()) -> list[Finding]:
    """Return what would help this forecast, or was tried and did not.

    Parameters
    ----------
    receipt
        ``Run.receipt``; None before the test.
    checks
        Of the assumptions (`clv.insights.assumptions`): what is violated and no contender answers.

    Returns
    -------
    list of Finding
        ``gain`` among the figures where it was measured.
    """
    found: list[Finding] = []
    name = None if receipt is None else receipts.subject(receipt)
    if receipt is not None and name is not None:
        one = Subject(receipt, name)
        found += [
            each
            for each in (_season(one), _first_orders(one), _regular(one), _model(one), _rule(one))
            if each is not None
        ]
    tried = {_ANSWERS.get(f.code, "") for f in found}
    found += _violated([c for c in checks if c.key not in tried])
    if receipt is not None and receipt["origins"] and receipt["reason"]:
        said = f"{receipt['reason']} A longer history would test more."
        found.append(Finding("history", said, {"dates": len(receipt["origins"])}))
    return found


def _pair(one: Subject, extra: str) -> tuple[Subject, Subject] | None:
    """Return a contender without and with something that it can wear; the forecast's own if tested."""
    tested = _losses(one)
    own = [n for n in _with(one.name, extra) if n in tested]
    for name in [*own, *tested]:
        base, *worn = name.split("+")
        if extra in worn:
            plain = "+".join([base, *(w for w in worn if w != extra)])
            if plain in tested:
                return Subject(one.receipt, plain), Subject(one.receipt, name)
    return None


def _with(name: str, extra: str) -> list[str]:
    """Return the names that a forecast has with something more, in either order."""
    base, *worn = name.split("+")
    rest = [w for w in worn if w != extra]
    return ["+".join([base, extra, *rest]), "+".join([base, *rest, extra])]


def _losses(one: Subject) -> ByContender:
    together = one.receipt["together"]
    return together["loss"] if together else {}


def _change(before: float, after: float) -> str:
    """Write two shares so that they can be told apart: ``from 51.6 % to 52.5 %``."""
    texts = [percent(v) for v in (before, after)]
    if abs(after - before) < 0.03 and max(before, after) >= 0.0995:
        texts = [f"{v * 100:.1f}\u00a0%" for v in (before, after)]
    return f"from {texts[0]} to {texts[1]}"


def _used(one: Subject, *, worn: bool, name: str) -> str:
    """Say whether what gained is in use."""
    if worn:
        return "; it is in use"
    if one.receipt["choice"]["asked"] == "auto":
        return "; it is not in use, because on the dates that decide the gain may be chance"
    return f"; to use it, choose {name}"


def _season(one: Subject) -> Finding | None:
    pair = _pair(one, "season")
    if pair is None:
        return None
    before, after = (each.mape() for each in pair)
    if before is None or after is None:
        return None
    figures = {"before": before, "after": after, "gain": before - after}
    if before - after >= GAIN:
        said = f"Forecasting with the season of the year brought the error of single months {_change(before, after)}"
        worn = "season" in one.name.split("+")
        said += _used(one, worn=worn, name=pair[1].who)
    else:
        said = (
            "Forecasting with the season of the year was tried and did not help: it took the error of "
            f"single months {_change(before, after)}"
        )
    return Finding("season", f"{said}.", figures)


def _first_orders(one: Subject) -> Finding | None:
    pair = _pair(one, "all-orders")
    if pair is None:
        return None
    (before, after), ginis = (
        [each.mean("value", key) for each in pair] for key in ("top10", "gini")
    )
    if before is None or after is None or None in ginis:
        return None
    gain, ranking = after - before, float(ginis[1] or 0) - float(ginis[0] or 0)
    figures = {"before": before, "after": after, "gain": gain, "ranking_gain": ranking}
    share = f"the best tenth's share of revenue {_change(before, after)}"
    if max(gain, ranking) >= GAIN and min(gain, ranking) > -GAIN:
        said = f"Counting first orders in the value of an order brought {share}"
        if gain < GAIN:
            said = (
                "Counting first orders in the value of an order brought the ranking by revenue "
                f"{_change(float(ginis[0] or 0), float(ginis[1] or 0))} of the way to perfect"
            )
        worn = "all-orders" in one.name.split("+")
        said += _used(one, worn=worn, name=pair[1].who)
    else:
        said = f"Counting first orders in the value of an order was tried and did not help: it took {share}"
    return Finding("first-orders", f"{said}.", figures)


def _regular(one: Subject) -> Finding | None:
    """Compare a model of regular gaps with the same model without, by the error of each customer."""
    loss = _losses(one)
    pairs = [(r, plain) for r, plain in _REGULAR.items() if r in loss and plain in loss]
    base = one.name.split("+")[0]
    pairs.sort(key=lambda pair: base not in pair)
    if not pairs or not loss[pairs[0][1]] > 0:
        return None
    regular, plain = pairs[0]
    gain = 1 - loss[regular] / loss[plain]
    title = f"A model that knows regular gaps ({names.title(regular)})"
    figures: Figures = {"gain": gain, "model": regular}
    if gain >= GAIN:
        said = f"{title} brought the error customer by customer down by {percent(gain)}"
        said += _used(one, worn=base == regular, name=names.title(regular))
    elif abs(gain) <= MATTERS:
        said = f"{title} was tried and did not help: customer by customer it is the same"
    else:
        said = (
            f"{title} was tried and did not help: its error customer by customer is {percent(abs(gain))} "
            f"{'smaller' if gain > 0 else 'larger'}"
        )
    return Finding("regular", f"{said}.", figures)


def _model(one: Subject) -> Finding | None:
    """Name a model that was better than the forecast's by more than chance."""
    together = one.receipt["together"]
    if together is None:
        return None
    best, loss = together["best"], together["loss"]
    base = best.split("+", maxsplit=1)[0]
    if base in {one.name.split("+", maxsplit=1)[0], *RULES} or not loss[one.name] > 0:
        return None
    if not differs(together["apart"][one.name], loss[best]):
        return None
    gain = 1 - loss[best] / loss[one.name]
    but = (
        "but it counts everyone who ordered once as active for ever"
        if base not in CHOSEN_FROM
        else "the forecast can be made with it"
    )
    said = (
        f"{names.title(best)} had an error that was {percent(gain)} smaller customer by customer, more "
        f"than chance; {but}."
    )
    return Finding("model", said, {"model": best, "gain": gain})


def _rule(one: Subject) -> Finding | None:
    """Name the rule of thumb that is as good: simpler to explain, and to act on."""
    receipt, loss = one.receipt, _losses(one)
    rule = receipt["choice"]["as_good"]
    if rule is None or rule not in loss or one.name.partition("+")[0] in RULES:
        return None
    days, checked = receipt["recency_days"], receipt["checked"]
    better = checked is not None and checked["high"] < 0
    good = "was better on the last date, and is" if better else "is as good here, and"
    said = f"{names.rule(rule, days)} {good} simpler to explain."
    figures: Figures = {"rule": rule, "gain": 1 - loss[rule] / loss[one.name]}
    if rule == "recency-rule" and days is not None:
        figures["days"] = days
    return Finding("rule", said, figures)


def _violated(checks: Sequence[Check]) -> Iterator[Finding]:
    """Say what to do about what is violated and was not answered by any contender."""
    for check in sorted(checks, key=lambda c: -c.weight):
        advice = assumption_words.advice(check)
        if check.verdict == "violated" and advice:
            name = assumption_words.WORDS[check.key].name
            figures: Figures = {"weight": check.weight, "check": check.key}
            yield Finding(
                "assumption", f"{advice.removesuffix('.')} (violated: “{name}”).", figures
            )
