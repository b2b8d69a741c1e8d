"""Options of reading as the command line spells them → `IngestOptions`.

A decision of a check names the options that reverse it. One spelling serves the command line, the
report and the switch on a page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, get_args

from clv.core.errors import SettingsError
from clv.core.settings import DateOrder, Grain, StatusMeaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clv.core.settings import IngestOptions


def roles(entries: Iterable[str]) -> dict[str, str]:
    """Return the column of each role that ``ROLE=COLUMN`` names.

    Raises
    ------
    SettingsError
        An entry has another form.
    """
    mapping: dict[str, str] = {}
    for entry in entries:
        role, equals, column = entry.partition("=")
        if not (equals and role):
            msg = f'--map "{entry}" is not ROLE=COLUMN.'
            raise SettingsError(msg, "For instance: --map customer_id=Kundennr")
        mapping[role.strip()] = column
    return mapping


def meanings(entries: Iterable[str]) -> dict[str, StatusMeaning]:
    """Return what each status means that ``WORD=MEANING`` names.

    Raises
    ------
    SettingsError
        An entry has another form, or an unknown meaning.
    """
    found: dict[str, StatusMeaning] = {}
    known = {name: name for name in get_args(StatusMeaning)}
    for entry in entries:
        word, equals, meaning = entry.rpartition("=")
        if not (equals and word.strip() and meaning.strip().lower() in known):
            msg = f'--status "{entry}" is not WORD=counts, WORD=no or WORD=refund.'
            raise SettingsError(msg, "For instance: --status pending=counts")
        found[word.strip()] = known[meaning.strip().lower()]
    return found


def switched(options: IngestOptions, words: Sequence[str]) -> IngestOptions:
    """Return the options with some of the command line's options added.

    Parameters
    ----------
    words
        Such as ``["--amount", "line"]`` or ``["--status", "pending=counts"]``; what they say takes
        the place of what was said before.

    Raises
    ------
    SettingsError
        An option that is none of reading.
    """
    result, rest = options, [*words]
    if "--apart" in rest:
        rest.remove("--apart")
        result = replace(result, apart=True)
    for name, value in [*pairwise(rest)][::2]:
        if name not in _SWITCHES:
            msg = f"{name} is not an option of reading."
            raise SettingsError(msg, f"Possible: {', '.join(_SWITCHES)}.")
        result = _SWITCHES[name](result, value)
    return result


def _amount(options: IngestOptions, value: str) -> IngestOptions:
    grain = next((g for g in get_args(Grain) if g == value), None)
    return replace(options, amount=grain)


def _decimal(options: IngestOptions, value: str) -> IngestOptions:
    mark: Literal[".", ","] | None = "." if value == "." else "," if value == "," else None
    return replace(options, decimal=mark)


def _date_order(options: IngestOptions, value: str) -> IngestOptions:
    order = next((o for o in get_args(DateOrder) if o == value), None)
    return replace(options, date_order=order)


_SWITCHES: Final[dict[str, Callable[[IngestOptions, str], IngestOptions]]] = {
    "--map": lambda o, v: replace(o, mapping={**o.mapping, **roles([v])}),
    "--amount": _amount,
    "--status": lambda o, v: replace(o, statuses={**o.statuses, **meanings([v])}),
    "--keep": lambda o, v: replace(o, keep=o.keep | {v}, drop=o.drop - {v}),
    "--drop": lambda o, v: replace(o, keep=o.keep - {v}, drop=o.drop | {v}),
    "--decimal": _decimal,
    "--date-order": _date_order,
    "--timezone": lambda o, v: replace(o, timezone=v),
    "--layout": lambda o, v: replace(o, layout=v),
    "--encoding": lambda o, v: replace(o, encoding=v),
}


@dataclass(frozen=True)
class Chosen:
    """Something that was set, as the command line says it, and the options without it."""

    words: tuple[str, ...]
    without: IngestOptions


#: Options with a value of their own → the field that holds it.
_FIELDS: Final = {
    "--layout": "layout",
    "--date-order": "date_order",
    "--decimal": "decimal",
    "--encoding": "encoding",
    "--delimiter": "delimiter",
    "--amount": "amount",
    "--timezone": "timezone",
}


def chosen(options: IngestOptions) -> list[Chosen]:
    """Return what was set one by one, each with the way back."""
    found = [
        Chosen((name, getattr(options, field)), replace(options, **{field: None}))  # type: ignore[arg-type]
        for name, field in _FIELDS.items()
        if getattr(options, field) is not None
    ]
    for role, column in options.mapping.items():
        rest = {r: c for r, c in options.mapping.items() if r != role}
        found.append(Chosen(("--map", f"{role}={column}"), replace(options, mapping=rest)))
    for word, meaning in options.statuses.items():
        others = {w: m for w, m in options.statuses.items() if w != word}
        found.append(Chosen(("--status", f"{word}={meaning}"), replace(options, statuses=others)))
    for name, codes in (("--keep", options.keep), ("--drop", options.drop)):
        field = name.removeprefix("--")
        found += [
            Chosen((name, code), replace(options, **{field: codes - {code}}))  # type: ignore[arg-type]
            for code in sorted(codes)
        ]
    if options.apart:
        found.append(Chosen(("--apart",), replace(options, apart=False)))
    return found
