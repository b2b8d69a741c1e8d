"""A run in the making."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Literal, Self

from clv.core.errors import InputError
from clv.runs import places, receipt
from clv.runs.disk import usable
from clv.runs.files import flush, write_json
from clv.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from clv.core.schema import Receipt
    from clv.runs.draft import Draft


class RunWriter:
    """A run in the making: a context manager whose clean end makes it visible, all at once.

    Use ``writer.forecasts`` and ``writer.profiles`` as targets, ``put`` for the JSON files. The
    draft's files come along as they are at the beginning, those of an unfinished draft at the end.
    """

    def __init__(self, root: Path, draft: Draft, run_id: str, *, unfinished: bool = False) -> None:
        if not places.ID.fullmatch(run_id):
            msg = f'"{run_id}" is not a run id.'
            raise InputError(msg)
        self._root = root
        self._draft = draft
        self._unfinished = unfinished
        self.id = run_id
        self._partial = root / "runs" / f".partial-{run_id}"
        self.forecasts = self._partial / "forecasts.parquet"
        self.profiles = self._partial / "profiles.parquet"
        self.orders = draft.orders

    def __enter__(self) -> Self:
        with usable(self._root):
            self._partial.mkdir(parents=True, mode=0o700)
        if not self._unfinished:
            self._link_draft()
        return self

    def put(
        self, name: Literal["model", "settings", "summary"], content: Mapping[str, object]
    ) -> None:
        """Write one of the run's JSON files."""
        write_json(self._partial / f"{name}.json", content)

    def put_receipt(self, made: Receipt, tested: pa.Table | None) -> None:
        """Write what the forecast's tests found (`clv.backtest.evaluation`)."""
        receipt.write(made, tested, self._partial)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                if self._unfinished:
                    self._link_draft()
                for path in self._partial.iterdir():
                    flush(path)
                self._partial.rename(self._partial.with_name(self.id))
        finally:  # Renamed, there is nothing left to remove.
            shutil.rmtree(self._partial, ignore_errors=True)

    def _link_draft(self) -> None:
        extras = [f"{table}.parquet" for table in places.extras(self._draft.report)]
        for name in ("orders.parquet", "rejects.parquet", "report.json", *extras):
            _link(self._draft.path / name, self._partial / name)

    @property
    def run(self) -> Run:
        """The finished run."""
        return Run(self._partial.with_name(self.id), self._root / "exports" / self.id)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
