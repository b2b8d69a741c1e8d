"""How a file was read: what was detected, and the means to say otherwise."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

import streamlit as st

from clv.core.formatting import day, plain
from clv.core.options import switched
from clv.core.settings import DateOrder, IngestOptions
from clv.forecast import pipeline
from clv.ingest import LAYOUTS, ROLES
from clv.report.words.check import DECIMALS, DELIMITERS, GRAINS, ORDERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv.core.schema import Switch
    from clv.ingest import Preview
    from clv.runs import Draft

_ENCODINGS: Final = {
    "utf-8": "UTF-8",
    "cp1252": "Western Europe (cp1252)",
    "cp1250": "Central Europe (cp1250)",
    "cp1251": "Cyrillic (cp1251)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (cp1253)",
    "cp1254": "Turkish (cp1254)",
    "cp932": "Japanese (Shift JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (EUC-KR)",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
}
_GRAINS: Final = {grain: f"for {words}" for grain, words in GRAINS.items()}
_ZONE: Final = re.compile(
    "(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/.*|UTC"
)
_PARTS: Final = re.compile(r"^\s*(\d{1,2})\D(\d{1,2})\D(\d{4}|\d{2})")
_ALWAYS: Final = ("customer_id", "ordered_at", "revenue", "order_id")
_NONE: Final = "not in the file"


def options_of(draft: Draft) -> IngestOptions:
    """Return what the visitor has set for a draft: in this session, else when it was checked."""
    found = st.session_state.get(f"clv_options_{draft.id}")
    if isinstance(found, IngestOptions):
        return found
    return IngestOptions.from_dict(draft.report["options"]) if draft.checked else IngestOptions()


def set_options(draft: Draft, options: IngestOptions) -> None:
    """Remember what the visitor has set, and run the page again."""
    st.session_state[f"clv_options_{draft.id}"] = options
    st.rerun()


def digest(options: IngestOptions) -> str:
    """Return a short name for a set of options."""
    body = json.dumps(options.as_dict(), sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:12]


@st.cache_data(max_entries=64, show_spinner=False)
def _detect(draft_id: str, key: str, _inputs: Sequence[Path], _options: IngestOptions) -> Preview:
    # The id and the digest are the cache's key; ids are unguessable, so sharing it is safe.
    del draft_id, key
    return pipeline.detect(_inputs, _options)


def preview(draft: Draft, options: IngestOptions) -> Preview:
    """Look at the head of the files; `InputError` where they can't be read."""
    return _detect(draft.id, digest(options), draft.inputs, options)


def missing_roles(found: Preview) -> list[str]:
    """Return the required roles that no column fills."""
    return [r for r, role in ROLES.items() if role.required and not found.mapping.get(r)]


def ask_date_order(draft: Draft, options: IngestOptions, found: Preview) -> None:
    """Ask which of two readings of a date is meant, showing what a date of the file would mean."""
    sample = sample_date(found)
    st.subheader("One question about the dates", anchor=False)
    st.markdown(
        "Day and month can't be told apart in this file. "
        + (f"What does **{plain(sample)}** mean?" if sample else "Which comes first?")
    )
    orders: list[DateOrder] = ["dmy", "mdy"]
    readings = {order: reading(sample, order) for order in orders}
    choice = st.radio(
        "Meaning",
        orders,
        index=None,
        format_func=lambda o: f"{readings[o] or ORDERS[o]} ({ORDERS[o]})",
        key=f"date_order_{draft.id}",
        label_visibility="collapsed",
    )
    if choice is not None:
        set_options(draft, replace(options, date_order=choice))


def ask(draft: Draft, options: IngestOptions, question: str, choices: Sequence[Switch]) -> None:
    """Ask which of several readings is meant."""
    st.subheader("One question about the file", anchor=False)
    st.markdown(plain(question))
    choice = st.radio(
        "Meaning",
        range(len(choices)),
        index=None,
        format_func=lambda i: plain(choices[i]["label"]),
        key=f"question_{draft.id}_{digest(options)}",
        label_visibility="collapsed",
    )
    if choice is not None:
        set_options(draft, switched(options, choices[choice]["options"]))


def sample_date(found: Preview) -> str:
    """Return a date of the file that shows the difference; empty for none."""
    column = found.mapping.get("ordered_at")
    values = _values(found, column) if column else []
    matches = [(v, m) for v in values if (m := _PARTS.match(v))]
    different = [v for v, m in matches if m[1] != m[2]]
    return (different or [v for v, _ in matches] or [""])[0]


def reading(sample: str, order: str) -> str:
    """Return what a date means when read day first or month first; empty where it means nothing."""
    match = _PARTS.match(sample)
    if match is None:
        return ""
    first, second, year = (int(part) for part in match.groups())
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    dom, month = (first, second) if order == "dmy" else (second, first)
    try:
        return day(date(year, month, dom))
    except ValueError:
        return ""


def head(found: Preview) -> None:
    """Show the first rows of every file."""
    for file in found.files:
        st.caption(f"First rows of {plain(file.name)}")
        columns = _unique(file.columns)
        st.dataframe(
            {
                name: [row[i] if i < len(row) else "" for row in file.rows]
                for i, name in enumerate(columns)
            },
            hide_index=True,
            width="stretch",
            alt=f"First rows of {file.name}",
        )


def form(draft: Draft, options: IngestOptions, found: Preview) -> None:
    """Show what was detected, every item changeable; reading again starts with the button."""
    key = f"{draft.id}_{digest(options)}"
    columns = list(found.files[0].columns) if found.files else []
    with st.form(f"reading_{key}", border=False):
        layouts: list[str | None] = [None, *LAYOUTS]
        layout = st.selectbox(
            "Kind of file",
            layouts,
            index=layouts.index(options.layout) if options.layout in layouts else 0,
            format_func=lambda n: _layout_title(n, found),
            key=f"layout_{key}",
        )
        mapping: dict[str, str | None] = {}
        if not found.fixed:
            pairs = [(role, found.mapping.get(role)) for role in ROLES]
            shown = [p for p in pairs if p[1] is not None or p[0] in _ALWAYS]
            _boxes(shown, mapping, columns, found, key)
            with st.expander("More columns"):
                _boxes([p for p in pairs if p not in shown], mapping, columns, found, key)
        grouping = st.multiselect(
            "Compare customers by",
            list(found.groupings),
            default=[c for c in found.labels if c in found.groupings],
            help="Columns such as country, channel or category. A customer's value is that of the "
            "first order.",
            placeholder="No column chosen",
            key=f"labels_{key}",
        )
        first = found.files[0] if found.files else None
        cells = st.columns(4)
        encoding = _auto_box(
            cells[0], "Encoding", _ENCODINGS, options.encoding, first.encoding if first else "", key
        )
        delimiter = _auto_box(
            cells[1],
            "Separator",
            DELIMITERS,
            options.delimiter,
            first.delimiter if first else "",
            key,
        )
        order = _auto_box(
            cells[2], "Date order", ORDERS, options.date_order, found.date_format, key
        )
        decimal = _auto_box(cells[3], "Decimal mark", DECIMALS, options.decimal, found.decimal, key)
        left, right = st.columns(2)
        known = str(draft.report.get("grain", "")) if draft.checked else ""
        amount = _auto_box(left, "Amounts are", _GRAINS, options.amount, known, key)
        zones: list[str | None] = [None, *_zones()]
        timezone = right.selectbox(
            "Time zone of the shop",
            zones,
            index=zones.index(options.timezone) if options.timezone in zones else 0,
            format_func=lambda zone: zone or "As written in the file",
            help="For files whose times are in UTC: a day is then the shop's own day.",
            key=f"timezone_{key}",
        )
        submitted = st.form_submit_button("Read the file this way", icon=":material/refresh:")
    if not submitted:
        return
    labels = options.labels if grouping == list(found.labels) else tuple(grouping)
    shown_as = {} if found.fixed else {r: found.mapping.get(r) for r in ROLES}
    chosen = {r: c or "" for r, c in mapping.items() if c != shown_as.get(r)}
    if layout != options.layout:  # Which decides anew what the columns are.
        chosen = {}
    # A column that is given another role loses the one it had.
    taken = {column for column in chosen.values() if column}
    kept = {role: column for role, column in options.mapping.items() if column not in taken}
    set_options(
        draft,
        replace(
            options,
            layout=layout,
            mapping={**kept, **chosen},
            encoding=encoding,
            delimiter=delimiter,
            date_order=order,  # type: ignore[arg-type]
            decimal=decimal,  # type: ignore[arg-type]
            labels=labels,
            amount=amount,  # type: ignore[arg-type]
            timezone=timezone,
        ),
    )


def _zones() -> list[str]:
    """Return the time zones by name, those of places."""
    return sorted(zone for zone in available_timezones() if _ZONE.fullmatch(zone))


def _boxes(
    pairs: list[tuple[str, str | None]],
    mapping: dict[str, str | None],
    columns: list[str],
    found: Preview,
    key: str,
) -> None:
    """Show two column choices a row; put what was chosen into ``mapping``."""
    for start in range(0, len(pairs), 2):
        for cell, (role, column) in zip(st.columns(2), pairs[start : start + 2], strict=False):
            mapping[role] = _column_box(cell, role, column, columns, found, key)


def _layout_title(name: str | None, found: Preview) -> str:
    if name is None:
        return f"Automatic (found: {found.layout_title or 'your own columns'})"
    return LAYOUTS[name].title


def _auto_box(
    cell: Any,  # noqa: ANN401 - a Streamlit column
    label: str,
    choices: dict[str, str],
    chosen: str | None,
    detected: str,
    key: str,
) -> str | None:
    values: list[str | None] = [None, *choices]
    seen = choices.get(detected, detected)
    picked: str | None = cell.selectbox(
        label,
        values,
        index=values.index(chosen) if chosen in values else 0,
        format_func=lambda v: choices[v] if v else (f"Automatic: {seen}" if seen else "Automatic"),
        key=f"{label}_{key}",
    )
    return picked


def _column_box(
    cell: Any,  # noqa: ANN401 - a Streamlit column
    role: str,
    column: str | None,
    columns: list[str],
    found: Preview,
    key: str,
) -> str | None:
    title = ROLES[role].title + (" (needed)" if ROLES[role].required else "")
    choices: list[str | None] = [None, *columns]
    picked: str | None = cell.selectbox(
        title,
        choices,
        index=choices.index(column) if column in choices else 0,
        format_func=lambda c: _with_samples(c, found) if c else _NONE,
        help=ROLES[role].help,
        key=f"role_{role}_{key}",
    )
    return picked


def _with_samples(column: str, found: Preview) -> str:
    seen = list(dict.fromkeys(v for v in _values(found, column) if v.strip()))[:2]
    text = ", ".join(seen)
    return f"{column}: {text[:40]}" if text else column


def _values(found: Preview, column: str) -> list[str]:
    for file in found.files:
        if column in file.columns:
            at = file.columns.index(column)
            return [row[at] for row in file.rows if at < len(row)]
    return []


def _unique(names: Sequence[str]) -> list[str]:
    """Make column names usable as keys: blank ones numbered, repeated ones told apart."""
    seen: dict[str, int] = {}
    result = []
    for position, name in enumerate(names, start=1):
        base = name or f"column {position}"
        seen[base] = seen.get(base, 0) + 1
        result.append(base if seen[base] == 1 else f"{base} ({seen[base]})")
    return result
