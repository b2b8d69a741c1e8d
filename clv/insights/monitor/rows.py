"""How many rows of an upload were left out, beside those of the upload before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.insights.monitor.base import Check, rising

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.core.schema import CheckDetails
    from clv.runs import Run

#: Rise of the share of all rows, in points.
RISE: Final = (0.02, 0.20)
#: The same of the rows that are new, as far as chance allows to say so. It is a night's rows at times,
#: and one large invoice may be most of them.
RISE_NEW: Final = (0.20, 0.40)
#: Certainty with which a share is at least so large.
SURE: Final = 0.99
#: Reasons for which rows are left out by the settings, not for what is wrong with them.
_BY_SETTING: Final = frozenset({"future_date"})


def left_out(run: Run, before: Run) -> Iterator[Check]:
    """Compare the rows left out of two runs' files: of all rows, and of those that are new."""
    yield from _of_all(run, before)
    yield from _of_new(run, before)


def _of_all(run: Run, before: Run) -> Iterator[Check]:
    """Compare the share of rows left out, in all and by reason."""
    shares = [_shares(one) for one in (before, run)]
    titles = run.report["reason_titles"]
    for code in dict.fromkeys(["", *shares[0], *shares[1]]):
        old, new = (found.get(code, 0.0) for found in shares)
        more: CheckDetails = {
            "title": titles.get(code, code),
            "remedy": run.report["remedies"].get(code, ""),
        }
        yield Check("rejected", rising(new - old, *RISE), old, new, code, more)


def _of_new(run: Run, before: Run) -> Iterator[Check]:
    """Look at the rows that came in since: a night's are too few to be seen among all."""
    (rows, reasons), (then, known) = (_left_out(one) for one in (run, before))
    if rows <= then or run.first_order > before.first_order:
        return  # Not the same rows as before and new ones.
    added = {code: max(n - known.get(code, 0), 0) for code, n in reasons.items()}
    left, of = min(sum(added.values()), rows - then), rows - then
    usual = sum(known.values()) / max(then, 1)
    most = max(added, key=lambda code: added[code], default="")
    more: CheckDetails = {"rows": of, "remedy": run.report["remedies"].get(most, "")}
    verdict = rising(_at_least(left, of) - usual, *RISE_NEW)
    yield Check("rejected_new", verdict, usual, left / of, more=more)


def _at_least(found: int, of: int) -> float:
    """Return the share that a sample's share stands for at least, `SURE` (Clopper & Pearson 1934)."""
    from scipy.special import betaincinv  # noqa: PLC0415 - slow to import

    return float(betaincinv(found, of - found + 1, 1 - SURE)) if found else 0.0


def _left_out(run: Run) -> tuple[int, dict[str, int]]:
    """Return how many rows there are, and how many are left out by reason; not by the settings."""
    reasons = {k: int(v) for k, v in run.report["reasons"].items()}
    spared = sum(reasons.pop(code, 0) for code in _BY_SETTING)
    return int(run.report["rows_total"]) - spared, reasons


def _shares(run: Run) -> dict[str, float]:
    found, reasons = _left_out(run)
    rows = max(found, 1)
    return {"": sum(reasons.values()) / rows} | {k: v / rows for k, v in reasons.items()}
