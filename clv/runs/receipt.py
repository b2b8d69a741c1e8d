"""What the tests of a forecast leave: a receipt, and the customers of the last test.

They are made with the run, or later: then they lie beside its exports, because a run never changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyarrow import parquet

from clv.runs.files import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

RECEIPT: Final = "backtest.json"
TESTED: Final = "tested.parquet"


def found(name: str, *folders: Path) -> Path | None:
    """Return where a file of the tests is, the first of the folders that has it."""
    return next((f for f in (folder / name for folder in folders) if f.exists()), None)


def write(receipt: Mapping[str, Any], tested: pa.Table | None, folder: Path) -> None:
    """Write the customers first: where there is a receipt, they are there as well."""
    if tested is not None:
        parquet.write_table(tested, folder / TESTED)
    write_json(folder / RECEIPT, receipt)
