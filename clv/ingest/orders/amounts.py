"""How a file writes its amounts: as its first rows tell, or, in doubt, all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from clv.core import engine
from clv.core.errors import AmbiguousAmountError
from clv.core.formatting import plural
from clv.ingest.files import dates
from clv.ingest.files.decimals import OTHER, Around, number_format
from clv.ingest.orders import table as tables
from clv.ingest.orders.decisions import decision, moves_much, switch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.core.schema import Switch
    from clv.core.settings import IngestOptions
    from clv.ingest.files.dialect import Dialect
    from clv.ingest.files.numbers import NumberFormat

#: Roles of columns that hold money.
MONEY: Final = ("revenue", "unit_price", "refunded")
#: Cells of the whole file that are looked at for what decides it.
_MOST: Final = 500


def money(mapping: Mapping[str, str]) -> list[str]:
    """Return the columns of a file that hold money."""
    return [mapping[role] for role in MONEY if role in mapping]


def choose(
    dialect: Dialect,
    columns: Sequence[str],
    options: IngestOptions,
    currency: str | None = None,
    more: Sequence[str] = (),
) -> NumberFormat:
    """Return how some columns write amounts, as far as the first rows tell.

    Parameters
    ----------
    columns
        They are written alike.
    currency
        The column of currencies, if there is one.
    more
        Cells beside those of the first rows.
    """
    cells = [cell for column in columns for cell in tables.sample(dialect, column)]
    others = {c: tables.sample(dialect, c) for c in dialect.columns if c not in columns}
    around = Around(
        dialect.delimiter,
        others.pop(currency, []) if currency else [],
        columns,
        {c: rows for c, rows in others.items() if not any(map(dates.looks_like_date, rows))},
    )
    return number_format([*cells, *more], options.decimal, around)


def settle(
    table: tables.Table, columns: Sequence[str], options: IngestOptions, currency: str | None = None
) -> NumberFormat:
    """Return how amounts are written; look through all of them if the first rows leave doubt.

    What decides cells that read two ways is added to the table's decisions.

    Raises
    ------
    AmbiguousAmountError
        Nothing decides it: somebody must be asked.
    """
    found = choose(table.dialect, columns, options, currency)
    if not found.doubtful and not _marked_later(table, columns):
        return found
    more, doubtful, rows = _look_through(table, columns)
    found = choose(table.dialect, columns, options, currency, more)
    if not found.doubtful:
        return found
    larger, smaller = _readings(found.doubtful)
    if not found.why:
        where = " and ".join(f"`{c}`" for c in columns)
        msg = (
            f"{table.source.name}: the amounts in {where} can be read two ways: '{found.doubtful}' is "
            f"{larger} or {smaller}, and no value in the file decides it."
        )
        hint = "Say which mark is the decimal mark."
        mark, said = (".", "point") if "." in found.doubtful else (",", "comma")
        choices: list[Switch] = [
            {
                "label": f"{larger}: the {said} parts thousands",
                "options": ["--decimal", OTHER[mark]],
            },
            {"label": f"{smaller}: the {said} is the decimal mark", "options": ["--decimal", mark]},
        ]
        raise AmbiguousAmountError(msg, hint, "--decimal . or --decimal ,", choices=choices)
    as_decimals = re.search(rf"\d\{found.decimal}\d", found.doubtful)
    chosen, other = (smaller, larger) if as_decimals else (larger, smaller)
    made = decision(
        "decimal_mark",
        f"Amounts such as '{found.doubtful}' ({plural(doubtful, 'row')}) were read as {chosen}, "
        f"because {found.why}.",
        doubtful,
        switches=[switch(f"Read it as {other}", "--decimal", OTHER[found.decimal])],
        weighty=found.weak and moves_much(doubtful, rows),
    )
    table.decisions.append(made)
    return found


def _readings(cell: str) -> tuple[str, str]:
    """Return what a cell such as ``€ 1.234`` can mean: ``1234`` and ``1.234``."""
    whole, rest = re.findall(r"\d+", cell)[:2]
    return whole + rest, f"{whole}.{rest}"


def _marked_later(table: tables.Table, columns: Sequence[str]) -> bool:
    """Whether the first rows have whole amounts only, and later ones marks: they may part thousands."""
    cells = [cell for column in columns for cell in tables.sample(table.dialect, column)]
    if not columns or any("." in cell or "," in cell for cell in cells):
        return False
    marked = " OR ".join(f"contains({engine.name(c)}, '{m}')" for c in columns for m in ".,")
    with engine.connect() as con:
        found = con.execute(f"SELECT 1 FROM {tables.whole(table)} WHERE {marked} LIMIT 1")
        return bool(found.fetchall())


def _look_through(table: tables.Table, columns: Sequence[str]) -> tuple[list[str], int, int]:
    """Return cells of the whole file that may decide, how many read two ways, and how many there are."""
    two_ways = "regexp_matches(c, '(^|[^0-9.,])[1-9][0-9]{0,2}[.,][0-9]{3}($|[^0-9.,])')"
    with engine.connect() as con:
        cells = ", ".join(map(engine.name, columns))
        con.execute(
            f"CREATE TABLE cells AS SELECT trim(unnest([{cells}])) AS c FROM {tables.whole(table)}"
        )
        doubtful, rows = engine.row(
            con, f"SELECT count(*) FILTER ({two_ways}), count(*) FILTER (c <> '') FROM cells"
        )
        deciding = con.execute(
            f"(SELECT c FROM cells WHERE regexp_matches(c, '[0-9][.,]|[.,][0-9]') AND NOT {two_ways} "
            f"LIMIT {_MOST}) UNION ALL (SELECT c FROM cells WHERE {two_ways} LIMIT 1)"
        ).fetchall()
        unmarked = con.execute(
            f"SELECT c FROM cells WHERE regexp_full_match(c, '[0-9]{{4,}}') LIMIT {_MOST}"
        ).fetchall()
    return [c for (c,) in deciding + unmarked], int(doubtful), int(rows)
