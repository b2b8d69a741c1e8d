"""JSON (an array of objects, one object around it, or an object per line) → one plain text table.

Nested objects become columns such as ``customer.email``. A list of objects, such as the items of an
order, becomes a row for each, with the order's own fields repeated. The engine reads and writes the
cells: numbers keep their value, ids stay text, a missing key is blank.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import duckdb

from clv.core import engine
from clv.core.errors import FileError
from clv.ingest.files import headers, spooling

if TYPE_CHECKING:
    from pathlib import Path

    Json = dict[str, "Json"] | list["Json"] | str | bool | None
    Record = dict[str, Json]
    Keys = tuple[str, ...]

_CHUNK: Final = 8 << 20
#: Deeper than any export; what goes deeper is made to break its reader.
_DEEPEST: Final = 40
_MOST_COLUMNS: Final = 1000
#: One object around everything has to be taken apart in memory.
_MOST_WRAPPED: Final = 256 << 20
_MOST_RECORD: Final = 64 << 20
_HEAD_ROWS: Final = 2000
_START: Final = re.compile(rb'\s*(?:\{\s*(?:"|\})|\[\s*(?:\{|\[\s*["\d]|\]))')
#: Names of lists that hold what an order is made of; the best first.
_LINES: Final = ("lineitems", "orderlines", "orderitems", "lines", "items", "products", "positions")
_HINT: Final = "Export the orders as CSV, or as JSON with one object per order."


def is_json(start: bytes) -> bool:
    """Whether a file that begins so is JSON with objects or rows in it."""
    return bool(_START.match(start))


def table(path: Path, name: str, spool: Path, *, head: bool) -> Path:
    """Return the table in a JSON file as comma-separated text.

    Parameters
    ----------
    path
        UTF-8.
    name
        What to call it.
    head
        Write the first rows only, for a preview.

    Raises
    ------
    FileError
        It is damaged, nested too deeply, or holds no objects.
    """
    values, deepest = _outline(path)
    if deepest > _DEEPEST:
        msg = f"{name} is nested {deepest:,} levels deep; orders are not."
        raise FileError(msg, _HINT)
    with path.open("rb") as handle:
        first = handle.read(4096).lstrip()
    if values == 1 and (first[:1] == b"{" or re.match(rb"\[\s*\[", first)):
        path = _unwrapped(path, name, spool)
    target = spooling.new(spool, ".csv")
    try:
        with engine.connect() as con:
            source = (
                f"read_json_objects({engine.text(path)}, format='auto', "
                f"maximum_object_size={_MOST_RECORD})"
            )
            shape = json.loads(
                engine.row(con, f"SELECT json_group_structure(json) FROM {source}")[0] or "null"
            )
            if not isinstance(shape, dict) or not shape:
                msg = f"{name} is JSON, but holds no objects with orders."
                raise FileError(msg, _HINT)
            query = _query(shape, source, name)
            limit = f" LIMIT {_HEAD_ROWS}" if head else ""
            con.execute(
                f"COPY (SELECT * FROM ({query}){limit}) TO {engine.text(target)} (FORMAT csv, HEADER true)"
            )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(f"{path}", name)
        msg = f"{name} cannot be read as JSON ({reason})."
        raise FileError(msg, "Export the file again.") from None
    return target


def _outline(path: Path) -> tuple[int, int]:
    """Return how many values stand one after the other, and how deep they go."""
    import numpy as np  # noqa: PLC0415 - only JSON needs it here

    values = depth = deepest = 0
    inside, tail = False, b""
    with path.open("rb") as handle:
        while piece := handle.read(_CHUNK):
            block = tail + piece
            kept = len(block) - len(block.rstrip(b"\\"))
            block, tail = (block[:-kept], block[-kept:]) if kept else (block, b"")
            plain = block.replace(b"\\\\", b"").replace(b'\\"', b"")
            body = np.frombuffer(plain, dtype=np.uint8)
            quotes = (body == 34).cumsum(dtype=np.int64)
            outside = (quotes + inside) % 2 == 0
            steps = np.isin(body, (91, 123)).astype(np.int64) - np.isin(body, (93, 125))
            levels = depth + (steps * outside).cumsum()
            deepest = max(deepest, int(levels.max(initial=0)))
            values += int(((levels == 0) & (steps * outside < 0)).sum())
            depth = int(levels[-1]) if len(levels) else depth
            inside = bool((quotes[-1] + inside) % 2) if len(quotes) else inside
    return values, deepest


def _unwrapped(path: Path, name: str, spool: Path) -> Path:
    """Write the objects that one object or a list of rows holds, one per line."""
    if path.stat().st_size > _MOST_WRAPPED:
        msg = f"{name} is one JSON object of more than {_MOST_WRAPPED >> 20} MB."
        raise FileError(msg, "Export a JSON array, or one object per line.")
    try:
        content = json.loads(path.read_bytes(), parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        msg = f"{name} cannot be read as JSON ({error})."
        raise FileError(msg, "Export the file again.") from None
    rows = _rows(content)
    if not rows:
        msg = f"{name} is JSON, but holds no objects with orders."
        raise FileError(msg, _HINT)
    target = spooling.new(spool, ".ndjson")
    with target.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    return target


def _rows(content: Json) -> list[Record]:
    """Return the objects in a document, in whichever of the usual ways it holds them."""
    if isinstance(content, dict):
        return _inside(content)
    if not isinstance(content, list):
        return []
    if content and all(isinstance(row, list) for row in content):
        return _named(content[0], content[1:])
    return [row for row in content if isinstance(row, dict)]


def _inside(content: Record) -> list[Record]:
    """Return the objects within an object."""
    lists = [
        v for v in content.values() if isinstance(v, list) and isinstance(next(iter(v), 0), dict)
    ]
    parts = [v for v in content.values() if isinstance(v, dict)]
    found = _named(content.get("columns"), content.get("data"))
    if not found and lists and not _is_order(content):
        found = _rows(max(lists, key=len))
    elif not found and len(content) == len(parts) > 1:
        found = _by_key(content, parts)
    found = found or _columns(content)
    return found or next((rows for part in parts if (rows := _inside(part))), [content])


def _named(names: Json, rows: Json) -> list[Record]:
    """Return rows without names as objects; none if there are no such rows."""
    if not isinstance(names, list) or not isinstance(rows, list):
        return []
    return [dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)]


def _by_key(content: Record, parts: list[Record]) -> list[Record]:
    """Return what an object of objects holds: columns, each by row number, or orders by theirs."""
    keys = [*parts[0]]
    plain = not any(isinstance(v, (dict, list)) for part in parts for v in part.values())
    if plain and all(key.isdigit() for key in keys) and all([*part] == keys for part in parts):
        return [
            {name: part[key] for name, part in zip(content, parts, strict=True)} for key in keys
        ]
    return parts


def _columns(content: Record) -> list[Record]:
    """Return the rows of an object that has a list for each column; none for any other."""
    columns = [v for v in content.values() if isinstance(v, list)]
    if len(columns) != len(content) or len({len(c) for c in columns}) != 1 or len(columns) < 2:
        return []
    return [dict(zip(content, row, strict=True)) for row in zip(*columns, strict=True)]


def _is_order(content: Record) -> bool:
    """Whether an object is an order itself: most of it are plain values, its lists its items."""
    plain = sum(not isinstance(v, (dict, list)) for v in content.values())
    lists = [key for key, v in content.items() if isinstance(v, list)]
    return plain > 3 and all(_bare(key) in _LINES for key in lists)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _query(shape: Record, source: str, name: str) -> str:
    """Return the query for the cells: a column per plain value, a row per item of the order."""
    leaves = _leaves(shape)
    lines = _line_list([path for path, value in leaves if _items(value)])
    inner = next((_leaves(_items(value)) for path, value in leaves if path == lines), [])
    if len(leaves) + len(inner) > _MOST_COLUMNS:
        msg = f"{name} has objects with more than {_MOST_COLUMNS:,} different keys."
        raise FileError(msg, _HINT)
    outer = [(path, "json", ".".join(path)) for path, _ in leaves if path != lines]
    cells = outer + [(path, "item", ".".join((*lines[-1:], *path))) for path, _ in inner]
    names = headers.distinct([called for *_, called in cells])
    listed = ", ".join(
        f"{_cell(column, path)} AS {engine.name(called)}"
        for (path, column, _), called in zip(cells, names, strict=True)
    )
    if not lines:
        return f"SELECT {listed} FROM {source}"
    items = f"json->{engine.text(_pointer(lines) + '[*]')}"
    rows = f"CASE WHEN len({items}) > 0 THEN {items} ELSE [NULL] END"
    return f"SELECT {listed} FROM (SELECT json, unnest({rows}) AS item FROM {source})"


def _leaves(shape: Record, above: Keys = ()) -> list[tuple[Keys, Json]]:
    """Return the paths to all values that are no objects."""
    found: list[tuple[Keys, Json]] = []
    for key, value in shape.items():
        path = (*above, key)
        found += _leaves(value, path) if isinstance(value, dict) and value else [(path, value)]
    return found


def _items(value: Json) -> Record:
    """Return the shape of the objects in a list; empty for any other value."""
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, dict) else {}


def _line_list(lists: list[Keys]) -> Keys:
    """Return the list whose objects become rows, by its name, or as the only one; empty for none."""
    known = {_bare(path[-1]): path for path in reversed(lists)}
    named = next((known[n] for n in _LINES if n in known), ())
    return named or (lists[0] if len(lists) == 1 else ())


def _pointer(path: Keys) -> str:
    return "$" + "".join("." + json.dumps(key, ensure_ascii=False) for key in path)


def _cell(column: str, path: Keys) -> str:
    """Return SQL: a value as one line of text."""
    text = f"{column}->>{engine.text(_pointer(path))}"
    return f"regexp_replace({text}, '[\\r\\n]+', ' ', 'g')"
