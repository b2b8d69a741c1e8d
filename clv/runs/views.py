"""A run's tables as views of the engine, and which of them is to blame where they can't be read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from pyarrow import parquet

from clv.core import engine
from clv.core.orders import PROFILES
from clv.runs.places import tables
from clv.runs.soundness import damaged, outdated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clv.core.schema import Report, RunSettings


@contextmanager
def opened(
    folder: Path, report: Report, settings: RunSettings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the engine with the tables of a run's folder as views.

    Raises
    ------
    OutdatedRunError
        The run lacks something, because an earlier version made it.
    DamagedRunError
        One of its tables is cut off, or something else.
    """
    with engine.connect() as con:
        try:
            _create(con, folder, report, settings)
            yield con
        except duckdb.Error as error:
            if name := broken(folder, report):
                raise damaged(folder.name, f"{name}.parquet can't be read") from error
            lacks = isinstance(error, duckdb.IOException | duckdb.BinderException)
            if not lacks or _complete(folder, report):
                raise
            raise outdated() from error


def broken(folder: Path, report: Report) -> str:
    """Return the name of a table whose file is there, but no Parquet; empty if none is."""
    for table in tables(report):
        try:
            parquet.read_metadata(folder / f"{table}.parquet")
        except FileNotFoundError:
            continue
        except (pa.ArrowException, OSError):
            return table
    return ""


def _create(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    report: Report,
    settings: RunSettings,
) -> None:
    for table in tables(report):
        source = engine.text(folder / f"{table}.parquet")
        con.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({source})")
    if not report.get("labels"):
        con.execute("CREATE VIEW labels AS SELECT customer_id FROM forecasts")
    rows = ", ".join(
        f"({m['month']}, DATE '{m['start']}', DATE '{m['end']}', {m['discount']!r}::DOUBLE)"
        for m in settings["months"]
    )
    margin = repr(float(settings["margin"]))
    con.execute(f"CREATE VIEW scored AS {_scored(corrected=settings.get('corrected', False))}")
    con.execute(
        "CREATE VIEW monthly AS "
        "SELECT customer_id, month, month_start, month_end, "
        "purchases[month] AS predicted_purchases, "
        "purchases[month] * predicted_order_value AS predicted_revenue, "
        f"purchases[month] * predicted_order_value * discount * {margin} AS predicted_clv "
        "FROM scored, "
        f"(VALUES {rows}) AS months(month, month_start, month_end, discount)"
    )


def _scored(*, corrected: bool) -> str:
    """Return SQL of the view ``scored``, see `clv.core.orders`."""
    beside = "forecasts JOIN profiles USING (frequency, recency, T)"
    if not corrected:
        return f"SELECT *, p_alive AS for_chance, p_alive AS for_orders FROM {beside}"
    # As `clv.backtest.ranges.Spread.corrected` does it, in discounted purchases.
    return f"""
        SELECT * EXCLUDE (more, odds) REPLACE (
                list_transform(purchases, lambda one: one * more) AS purchases,
                plain_discounted * more / p_alive AS discounted_if_active,
                greatest(
                    (variance + plain_discounted ** 2) * more ** 2 / odds
                    - (plain_discounted * more) ** 2, 0
                ) AS variance
            ),
            plain_alive * odds AS for_chance, plain_alive * more AS for_orders
        FROM (
            SELECT *, p_purchase / plain_chance AS odds,
                CASE WHEN plain_purchases > 0
                    THEN predicted_purchases / plain_purchases ELSE 1 END AS more
            FROM {beside}
        )"""


def _complete(folder: Path, report: Report) -> bool:
    """Whether the run has all tables, and its profiles all columns, of this version."""
    if not all((folder / f"{table}.parquet").exists() for table in tables(report)):
        return False
    with engine.connect() as con:
        source = engine.text(folder / "profiles.parquet")
        found = con.sql(f"SELECT * FROM read_parquet({source})").columns
    return set(PROFILES) <= set(found)
