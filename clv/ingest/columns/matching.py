"""Which layout a file has, and which of its columns plays which role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clv.core.errors import LayoutError, did_you_mean
from clv.core.formatting import listed
from clv.ingest.columns import money, weighing
from clv.ingest.columns.layouts import LAYOUTS, MAPPED, ROLES, Layout
from clv.ingest.columns.names import normalise
from clv.ingest.columns.profiles import Sample
from clv.ingest.files import dates, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import Switch
    from clv.core.settings import Grain
    from clv.ingest.columns.weighing import Doubt


@dataclass(frozen=True)
class Match:
    """A layout found in a file, and which column plays which role.

    Attributes
    ----------
    missing
        Required roles without a column.
    forced
        The layout was asked for, not recognised.
    grain
        What an amount is for: the order, the row, or a unit.
    rate
        A discount is a share of the price, per cent of it, or an amount.
    doubts
        Roles for which two columns are equally good.
    included, excluded, without
        Columns of tax, shipping and tips that the value includes, and those that it does not; the
        column of the value without them.
    """

    layout: Layout
    mapping: dict[str, str]
    missing: tuple[str, ...] = ()
    forced: bool = False
    grain: Grain = "line"
    rate: Literal["", "share", "percent"] = ""
    doubts: tuple[Doubt, ...] = ()
    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    without: str = ""

    @property
    def one_total(self) -> bool:
        """Whether an order's total counts once, on whichever of its rows it stands."""
        return self.grain == "order"


def match(
    name: str,
    columns: Sequence[str],
    head: Sequence[Sequence[str]],
    *,
    header: bool,
    layout: str | None = None,
    mapping: Mapping[str, str] | None = None,
    amount: Grain | None = None,
    decimal: str | None = None,
) -> Match:
    """Find the layout of one file.

    Parameters
    ----------
    name
        The file's name, for messages.
    columns, head
        Its columns and first rows.
    header
        Whether the columns' names come from the file.
    layout, mapping
        The user's choice; a mapped role overrides what was found, an empty column name takes a role
        away.
    amount, decimal
        The user's choice; found out by default.

    Returns
    -------
    Match
        ``missing`` lists the required roles without a column; nothing is raised for them.

    Raises
    ------
    LayoutError
        An unknown layout, role or column was asked for.
    """
    mapping = mapping or {}
    chosen = _checked(name, columns, {r: c for r, c in mapping.items() if c})
    refused = set(mapping) - set(chosen)
    sample = Sample.of(columns, head, decimal)
    if layout is not None:
        if layout not in LAYOUTS:
            known = ", ".join(LAYOUTS)
            msg = f'There is no layout "{layout}".{did_you_mean(layout, LAYOUTS)}'
            raise LayoutError(msg, f"Known layouts: {known}.")
        found = _with(LAYOUTS[layout], columns, head, header=header)
    elif not header:
        found = _headerless(columns, head)
    else:
        found = _by_names(columns)
    taken = {*chosen.values()}
    roles = {r: c for r, c in found[1].items() if c not in taken and r not in refused} | chosen
    if "ordered_at" not in chosen and {"year", "month"} <= chosen.keys():
        roles.pop("ordered_at", None)
    required = ["customer_id", *(r for r in found[0].required if r not in chosen), "ordered_at"]
    lacks = [r for r in required if r not in roles]
    if found[0] is MAPPED or (lacks and mapping and layout is None):
        # The user's mapping may lead away from the layout that was recognised: it alone counts.
        found = (MAPPED, chosen)
        weighed = weighing.weigh(sample, chosen, refused)
        required = ["customer_id", "ordered_at"]
    else:
        if "revenue" in chosen and "unit_price" not in chosen:
            roles.pop("unit_price", None)
        weighed = weighing.Weighed(sample, roles, refused)
        weighing.further(weighed)
        money.discount(sample, weighed.mapping, refused)
    roles = weighed.mapping
    other = "revenue" in roles and roles["revenue"] != found[1].get("revenue")
    grain = amount or (None if other else found[0].grain) or money.grain(sample, roles)
    if grain == "unit" and "revenue" in roles and "items" in roles:
        roles["unit_price"] = roles.pop("revenue")
    if grain == "line" and amount == "line" and "unit_price" in roles:
        roles["revenue"] = roles.pop("unit_price")
    parts = "year" in roles and "month" in roles
    missing = [
        r for r in dict.fromkeys(required) if r not in roles and not (r == "ordered_at" and parts)
    ]
    ordered = {r: roles[r] for r in ROLES if r in roles}
    included, excluded, without = money.parts(sample, roles)
    return Match(
        found[0],
        ordered,
        tuple(missing),
        forced=layout is not None,
        grain=grain,
        rate=money.rate(sample, roles["discount"]) if "discount" in roles else "",
        doubts=tuple(weighed.doubts),
        included=tuple(included),
        excluded=tuple(excluded),
        without=without,
    )


def _checked(name: str, columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Check the user's mapping; roles may be given by their common other names."""
    result: dict[str, str] = {}
    for role, column in mapping.items():
        canonical = {"date": "ordered_at", "value": "revenue", "customer": "customer_id"}.get(
            role, role
        )
        if canonical not in ROLES:
            msg = f'"{role}" is nothing a column can be mapped to.{did_you_mean(role, ROLES)}'
            raise LayoutError(msg, f"Possible: {', '.join(ROLES)}.")
        if column not in columns:
            same = [c for c in columns if normalise(c) == normalise(column)]
            if len(same) != 1:
                msg = f'{name} has no column "{column}".{did_you_mean(column, columns)}'
                raise LayoutError(msg, f"Its columns: {', '.join(columns)}.")
            column = same[0]  # noqa: PLW2901
        if column in result.values() and canonical != "customer_fallback":
            msg = f'"{column}" cannot be two things at once: {_two(result, column, canonical)}.'
            raise LayoutError(msg, "Map each column once.")
        result[canonical] = column
    return result


def _two(result: Mapping[str, str], column: str, role: str) -> str:
    other = next(r for r, c in result.items() if c == column)
    return f"{ROLES[other].title.lower()} and {ROLES[role].title.lower()}"


def _with(
    layout: Layout, columns: Sequence[str], head: Sequence[Sequence[str]], *, header: bool
) -> tuple[Layout, dict[str, str]]:
    if not header:
        if len(layout.headerless) == len(columns):
            return layout, {
                role: column for (role, _), column in zip(layout.headerless, columns, strict=True)
            }
        return layout, _headerless(columns, head)[1]
    return layout, _roles(layout.columns, columns)


def _roles(wanted: Mapping[str, tuple[str, ...]], columns: Sequence[str]) -> dict[str, str]:
    by_name = {normalise(c): c for c in reversed(columns)}
    found: dict[str, str] = {}
    for role, names in wanted.items():
        for alias in map(normalise, names):
            if alias in by_name and (
                role == "customer_fallback" or by_name[alias] not in found.values()
            ):
                found[role] = by_name[alias]
                break
    if found.get("customer_fallback") == found.get("customer_id"):
        found.pop("customer_fallback", None)
    return found


def _by_names(columns: Sequence[str]) -> tuple[Layout, dict[str, str]]:
    names = {normalise(c) for c in columns}
    for layout in LAYOUTS.values():
        roles = _roles(layout.columns, columns)
        if (
            all(role in roles for role in layout.required)
            and ("customer_id" in roles or layout.marks)
            and all(normalise(mark) in names for mark in layout.marks)
        ):
            return layout, roles
    return MAPPED, {}


def _headerless(
    columns: Sequence[str], head: Sequence[Sequence[str]]
) -> tuple[Layout, dict[str, str]]:
    """Match columns without names by what they hold."""
    kinds = [_kind([row[i] for row in head if i < len(row)]) for i in range(len(columns))]
    for layout in LAYOUTS.values():
        wanted = [kind for _, kind in layout.headerless]
        if len(wanted) == len(kinds) and all(map(_fits, kinds, wanted)):
            roles = [role for role, _ in layout.headerless]
            return layout, dict(zip(roles, columns, strict=True))
    dates = [i for i, kind in enumerate(kinds) if kind == "date"]
    decimals = [i for i, kind in enumerate(kinds) if kind == "number"]
    rest = [i for i, kind in enumerate(kinds) if kind in {"text", "int"}]
    if len(columns) == 3 and len(dates) == 1 and len(decimals) == 1 and len(rest) == 1:
        found = {"customer_id": rest[0], "ordered_at": dates[0], "revenue": decimals[0]}
        return LAYOUTS["transactions"], {role: columns[i] for role, i in found.items()}
    return MAPPED, {"ordered_at": columns[dates[0]]} if len(dates) == 1 else {}


def _kind(cells: list[str]) -> str:
    filled = [c.strip() for c in cells if c.strip()]
    if not filled:
        return "empty"
    found = dates.date_format(filled)
    share = sum(dates.looks_like_date(c) for c in filled) / len(filled)
    if found and found.kind not in {"seconds", "millis"} and share > 0.8:
        return "date"
    numeric = [c for c in filled if numbers.looks_numeric(c)]
    if len(numeric) > 0.8 * len(filled):
        return "number" if any("." in c or "," in c for c in numeric) else "int"
    return "text"


def _fits(kind: str, wanted: str) -> bool:
    if wanted == "id":
        return kind in {"text", "int"}
    if wanted == "number":
        return kind in {"number", "int"}
    return kind == wanted


def explain_missing(
    name: str, found: Match, columns: Sequence[str], *, header: bool
) -> LayoutError:
    """Return the error for required roles without a column, or with several: what to do, what to choose."""
    if found.doubts:
        return _doubtful(name, found.doubts[0])
    titles = [ROLES[r].title.lower() for r in found.missing]
    what = listed(titles)
    if found.layout is MAPPED:
        msg = f"{name}: no column for the {what}"
        msg += " could be found." if header else " could be told (the file has no header)."
    else:
        expected = "; ".join(
            f"{ROLES[r].title.lower()}: {_readable(found.layout, r)}" for r in found.missing
        )
        seems = "was to be read as" if found.forced else "looks like"
        msg = f"{name} {seems} {_article(found.layout.title)}, but has no column for the {what}"
        msg += f" (expected {expected})."
    return LayoutError(
        msg,
        f"Its columns: {', '.join(columns)}. Export the file with that column, or say which it is.",
        " ".join(f"--map {role}=COLUMN" for role in found.missing),
        missing=found.missing,
    )


def _doubtful(name: str, doubt: Doubt) -> LayoutError:
    """Return the question which of several columns plays a role."""
    title = ROLES[doubt.role].title.lower()
    found = "; ".join(f"“{column}” ({', '.join(cells)})" for column, cells in doubt.columns)
    choices: list[Switch] = [
        {
            "label": f"“{column}”: {', '.join(cells)}",
            "options": ["--map", f"{doubt.role}={column}"],
        }
        for column, cells in doubt.columns
    ]
    if doubt.role == "revenue":
        choices.append({"label": "None: forecast purchases only", "options": ["--map", "revenue="]})
    return LayoutError(
        f"{name}: which column is the {title}? It could be {found}.",
        "Say which it is.",
        " or ".join(f'--map "{doubt.role}={column}"' for column, _ in doubt.columns),
        missing=(doubt.role,),
        choices=choices,
    )


def _article(title: str) -> str:
    return title if title.endswith("s") else f"a {title}"


def _readable(layout: Layout, role: str) -> str:
    return " or ".join(f'"{alias}"' for alias in layout.columns.get(role, (role,))[:2])
