"""The whole analysis of a run as files: an HTML report and a notebook, made once and kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from typing_extensions import TypedDict

from clv import __version__
from clv.core.errors import InputError
from clv.report.analysis.html import page
from clv.report.analysis.notebook import notebook
from clv.report.analysis.plan import STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from clv.core.types import Progress
    from clv.report.analysis.pieces import Section
    from clv.report.analysis.plan import Step
    from clv.runs import Run


#: File endings and the names that downloads have.
NAMES: Final = {".html": "purchase_forecast.html", ".ipynb": "purchase_forecast.ipynb"}
#: Of the form of the files; those of another form are made anew.
_VERSION: Final = 2


class AnalysisFiles(TypedDict):
    """The two files as they are kept: a page, and a notebook as `nbformat` has it."""

    html: str
    notebook: dict[str, object]


def stored(run: Run, ending: str) -> bytes | None:
    """Return one of the files if it has been made; ``ending`` is one of `NAMES`."""
    found = run.derived(_name(run), AnalysisFiles)
    return None if found is None else _bytes(found, ending)


def build(run: Run, ending: str, progress: Progress) -> bytes:
    """Return one of the files, making both on first use.

    Parameters
    ----------
    run
        Any finished run; sections say what a run lacks.
    ending
        One of `NAMES`.
    progress
        Told the section, and how many of all are done.
    """
    made = run.derived(_name(run), AnalysisFiles, lambda: _make(run, progress))
    return _bytes(made, ending)


def write(run: Run, path: Path, progress: Progress = lambda *_: None) -> None:
    """Write the analysis of a run as a report or a notebook, by the file's ending.

    Raises
    ------
    InputError
        The file's name ends in something else.
    """
    if path.suffix not in NAMES:
        msg = f"{path.name} is neither a report nor a notebook."
        raise InputError(msg, f"Let its name end in {' or '.join(NAMES)}.")
    path.write_bytes(build(run, path.suffix, progress))


def _name(run: Run) -> str:
    """Return the name under which the files are kept; a run may be tested after it was made."""
    tested = "untested" if run.receipt is None else "tested"
    return f"analysis-{__version__}-{_VERSION}-{tested}"


def _bytes(found: AnalysisFiles, ending: str) -> bytes:
    if ending == ".html":
        return found["html"].encode()
    return (json.dumps(found["notebook"], indent=1, ensure_ascii=False) + "\n").encode()


def _make(run: Run, progress: Progress) -> AnalysisFiles:
    shown: list[tuple[Step, Section]] = []
    printed: list[Section] = []
    for done, step in enumerate(STEPS):
        progress("Writing section", done + 1, len(STEPS))
        section = step.make(run)
        shown.append((step, section))
        printed.append(section if step.printed is step.make else step.printed(run))
    return {"html": page(run, printed), "notebook": notebook(run, shown)}
