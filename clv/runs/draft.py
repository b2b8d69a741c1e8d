"""A draft: uploaded files and what the check made of them."""

from __future__ import annotations

import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from clv.core import engine
from clv.core.orders import REJECTS
from clv.runs.files import read_json, whole, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv.core.schema import Report


class Draft:
    """Uploaded files and the result of checking them; may change until it becomes a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.uploads = path / "uploads"
        self.orders = path / "orders.parquet"
        self.rejects = path / "rejects.parquet"

    def optional(self, table: str) -> Path:
        """Return where one of `clv.core.orders.EXTRAS` lies, if the files have it."""
        return self.path / f"{table}.parquet"

    @property
    def inputs(self) -> list[Path]:
        """The uploaded files, in the order of their upload."""
        if not self.uploads.is_dir():
            return []
        return [next(slot.iterdir()) for slot in sorted(self.uploads.iterdir())]

    @property
    def checked(self) -> bool:
        """Whether the files have been checked."""
        return (self.path / "report.json").exists()

    @cached_property
    def report(self) -> Report:
        """The check's report."""
        found: Report = read_json(self.path / "report.json")
        return found

    def put_report(self, report: Report) -> None:
        """Store the check's report; from now on the draft is `checked`."""
        with whole(self.path / "report.json") as partial:
            write_json(partial, report)
        self.__dict__.pop("report", None)

    def add_upload(self, filename: str, chunks: Iterator[bytes]) -> Path:
        """Store one uploaded file under its own base name; return where."""
        base = Path(filename.replace("\\", "/")).name.lstrip(".") or "upload"
        ending = "".join(Path(base).suffixes[-2:])[-20:]
        stem = base.removesuffix(ending).encode()[:150].decode(errors="ignore")
        name = stem + ending
        slot = self.uploads / f"{len(self.inputs):03d}"
        slot.mkdir(parents=True)
        target = slot / name
        with target.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
        return target

    def export_rejects(self, target: Path) -> None:
        """Write the rejected rows: CSV, or Parquet by the file's ending."""
        with engine.connect() as con:
            con.execute(
                f"CREATE VIEW rejects AS SELECT * FROM read_parquet({engine.text(self.rejects)})"
            )
            write_table(con, "rejects", REJECTS, target)

    def discard(self) -> None:
        """Delete the draft and its uploads."""
        shutil.rmtree(self.path, ignore_errors=True)
