"""The tables in the files of an upload, opened and told apart by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from clv.core.errors import NoRowsError
from clv.ingest.files import dialect, source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv.core.settings import IngestOptions
    from clv.ingest.columns.kinds import Opened


def open_all(
    inputs: Sequence[Path], options: IngestOptions, spool: Path, head: int | None = None
) -> list[Opened]:
    """Open every table in the files.

    Parameters
    ----------
    spool
        A folder for text that has to be made.
    head
        Read about this many bytes of each only, for a preview.

    Raises
    ------
    FileError
        A file is not a table.
    NoRowsError
        There is no file.
    """
    if not inputs:
        msg = "No file was given."
        raise NoRowsError(msg, "Name at least one file with orders.")
    result: list[Opened] = []
    names: Counter[str] = Counter()
    for path in inputs:
        for opened in source.open_sources(path, spool, options.encoding, head):
            names[opened.name] += 1
            again = names[opened.name]
            # Rejects name their file: two files of one name must be told apart.
            name = f"{opened.name} ({again})" if again > 1 else opened.name
            delimiter = options.delimiter if opened.kind == "text" else ","
            found = dialect.detect(opened.path, name, delimiter)
            result.append((replace(opened, name=name), found))
    return result
