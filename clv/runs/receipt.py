"""What the tests of a forecast leave: a receipt, and the customers of the last test.

They are made with the run, or later: then they lie beside its exports, because a run never changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyarrow import parquet

from clv.core.schema import Receipt, checked
from clv.runs.files import read_json, write_json
from clv.runs.soundness import damaged

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

RECEIPT: Final = "backtest.json"
TESTED: Final = "tested.parquet"


def read(run_id: str, *folders: Path) -> Receipt | None:
    """Return the receipt that lies in the first of the folders that has one; None without.

    Raises
    ------
    DamagedRunError
        It is cut off, or says something else than a receipt.
    """
    path = _found(RECEIPT, folders)
    if path is None:
        return None
    try:
        content = read_json(path)
    except ValueError as error:
        raise damaged(run_id, f"{RECEIPT} is cut off, or is no JSON") from error
    try:
        return checked(Receipt, content)
    except ValueError as error:
        raise damaged(run_id, f"{RECEIPT} has {error}") from error


def read_tested(*folders: Path) -> pa.Table | None:
    """Return the customers of the last test from the first of the folders that has them."""
    path = _found(TESTED, folders)
    return None if path is None else parquet.read_table(path)


def _found(name: str, folders: tuple[Path, ...]) -> Path | None:
    return next((path for path in (folder / name for folder in folders) if path.exists()), None)


def write(receipt: Receipt, tested: pa.Table | None, folder: Path) -> None:
    """Write the customers first: where there is a receipt, they are there as well."""
    if tested is not None:
        parquet.write_table(tested, folder / TESTED)
    write_json(folder / RECEIPT, receipt)
