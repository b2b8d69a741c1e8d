"""Campaign lists: id, segment, CLV and the reason why somebody is on the list.

Lists are put together by the engine: one of a million rows streams from disk to disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import InputError, did_you_mean
from clv.core.segments import GROUPS, LIKELIHOODS, TO_SAVE, Thresholds
from clv.insights.segments.reasons import reason_sql
from clv.insights.segments.tables import (
    LEAST_ACTIVE,
    SCORED,
    check_forecast,
    has_money,
    overdue_sql,
    risk_sql,
    value_column,
)

if TYPE_CHECKING:
    from pathlib import Path

    from clv.runs import Run

COLUMNS: Final = {
    "customer_id": "VARCHAR",
    "segment": "VARCHAR",
    "predicted_clv": "DOUBLE",
    "reason": "VARCHAR",
    "money_at_risk": "DOUBLE",
}
OVERDUE_LIST: Final = "overdue"
#: In these groups the question is whether they are still there, not whether they buy.
_FADING: Final = ("needs attention", "at risk", "inactive")
_ORDER: Final = "t.standing DESC, t.customer_id"
_NAME: Final = re.compile(
    r"campaign-(?:group-([a-z-]+)|overdue-(\d{1,3})|chance-(\d{1,3})-(\d{1,3}))"
)


@dataclass(frozen=True)
class CampaignList:
    """Whom to write to; three kinds, told apart by what is set.

    Attributes
    ----------
    group
        A named group.
    least_active
        The overdue customers at least this likely to be active.
    chance
        Customers whose chance of an order within the horizon is from (included) … to (excluded,
        unless it is 1).
    """

    group: str | None = None
    least_active: float | None = None
    chance: tuple[float, float] | None = None

    @property
    def filename(self) -> str:
        """Name of the file, from which `named` finds the list again; chances in whole percent."""
        if self.group is not None:
            return f"campaign-group-{self.group.replace(' ', '-')}.csv"
        if self.chance is not None:
            low, high = (round(chance * 100) for chance in self.chance)
            return f"campaign-chance-{low}-{high}.csv"
        return f"campaign-overdue-{round((self.least_active or 0) * 100)}.csv"


def named(filename: str) -> CampaignList | None:
    """Return the list that has this file name, None where there is none."""
    found = _NAME.fullmatch(filename.removesuffix(".csv"))
    if not found or not filename.endswith(".csv"):
        return None
    group, least, low, high = found.groups()
    if group is not None:
        names = {name.replace(" ", "-"): name for name in GROUPS}
        return CampaignList(group=names[group]) if group in names else None
    if least is not None:
        return CampaignList(least_active=int(least) / 100) if int(least) <= 100 else None
    if int(low) < int(high) <= 100:
        return CampaignList(chance=(int(low) / 100, int(high) / 100))
    return None


def wanted(text: str) -> CampaignList:
    """Return the list that somebody asks for in words: a group, overdue, or a likelihood.

    Raises
    ------
    InputError
        There is no such list.
    """
    word = " ".join(text.lower().replace("-", " ").split())
    groups = {name.replace("-", " "): name for name in GROUPS}
    if word in groups:
        return CampaignList(group=groups[word])
    if word == OVERDUE_LIST:
        return CampaignList(least_active=LEAST_ACTIVE)
    if word in LIKELIHOODS:
        return CampaignList(chance=Thresholds().span(word))
    names = [*GROUPS, OVERDUE_LIST, *LIKELIHOODS]
    msg = f'There is no segment "{text}".{did_you_mean(word, names)}'
    raise InputError(msg, f"There are: {', '.join(names)}.")


def list_sql(run: Run, wanted: CampaignList) -> str:
    """Return SQL of a list's rows: `COLUMNS`, and ``standing``, highest first.

    Standing is what is at risk where something can still be saved, elsewhere the predicted value.
    """
    rows = f"SELECT *, {risk_sql(run)} AS at_risk FROM {SCORED}"
    standing, active = value_column(run), wanted.group in _FADING
    if wanted.group is not None:
        rows += f" WHERE segment = {engine.text(wanted.group)}"
        standing = "at_risk" if wanted.group in TO_SAVE else standing
    elif wanted.chance is not None:
        low, high = wanted.chance
        rows += f" WHERE p_purchase >= {low!r}{f' AND p_purchase < {high!r}' if high < 1 else ''}"
    else:
        rows = overdue_sql(run, wanted.least_active or 0.0)
        standing, active = "at_risk", True
    months = run.settings["horizon_months"]
    return (
        f"SELECT customer_id, segment, predicted_clv, {reason_sql(months, active=active)} AS reason, "
        f"{'at_risk' if has_money(run) else 'NULL'}::DOUBLE AS money_at_risk, "
        f"{standing} AS standing FROM ({rows})"
    )


def write(run: Run, wanted: CampaignList, target: Path) -> int:
    """Write a list as CSV, formula cells neutralised; return how many rows it has."""
    sql = _checked(run, wanted)
    run.write_query(sql, COLUMNS, target, _ORDER)
    return int(run.query(f"SELECT count(*) AS n FROM ({sql})")["n"][0].as_py())


def export(run: Run, wanted: CampaignList) -> Path:
    """Write a list once for download and return the file."""
    return run.export_query(wanted.filename, _checked(run, wanted), COLUMNS, _ORDER)


def first(run: Run, wanted: CampaignList, limit: int) -> list[dict[str, object]]:
    """Return the first rows of a list, as in the file."""
    rows: list[dict[str, object]] = run.query(
        f"SELECT {', '.join(COLUMNS)} FROM ({_checked(run, wanted)}) AS t ORDER BY {_ORDER} LIMIT $1",
        [limit],
    ).to_pylist()
    return rows


def _checked(run: Run, wanted: CampaignList) -> str:
    """Return the list's SQL; `InputError` where nobody is in a segment."""
    check_forecast(run)
    return list_sql(run, wanted)
