"""The analysis as a notebook: cells that make every section again, with their outputs in place.

The file's format is nbformat 4.5, plain JSON. The outputs are those of the very calls that stand in
the cells, so that executing the notebook changes nothing.
"""

from __future__ import annotations

from pprint import pformat
from typing import TYPE_CHECKING, Any, Final

from clv.analysis.html import meaning
from clv.analysis.pieces import outputs
from clv.analysis.source import recorded
from clv.ui.formatting import files, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.analysis.pieces import Section
    from clv.analysis.plan import Step
    from clv.runs import Run

_INTRODUCTION: Final = """# {title}

{meaning}

Every section is made by one call and can be made again: the first cell says from what. With
`FILES` it starts from your order files, read and forecast with the same settings; without, from the
stored forecast on the machine that made this file. Names of parameters and what the functions take
is told by `help(analysis)`."""
_BEGIN: Final = """from clv import analysis

RUN = {run!r}  # the stored forecast; anybody who knows this name and the machine can open it
STORE = None  # the folder of the forecasts; None for the usual one
FILES = []  # your order files, such as {example!r}
SETTINGS = {settings}
OPTIONS = {options}

run = analysis.forecast(FILES, SETTINGS, OPTIONS) if FILES else analysis.find(RUN, STORE)"""


def notebook(run: Run, made: Sequence[tuple[Step, Section]]) -> dict[str, Any]:
    """Return the notebook of a run.

    Parameters
    ----------
    run
        Named in the first cell: the file is for whoever may see the run.
    made
        The sections and how they are made.

    Returns
    -------
    dict
        JSON types, format 4.5.
    """
    names = list(run.settings.get("inputs") or [])
    title = f"Purchase forecast: {files(names)}" if names else "Purchase forecast"
    begin = _BEGIN.format(
        run=run.id,
        example=[str(n) for n in names] or ["orders.csv"],
        settings=_literal(recorded(run)),
        options=_literal(run.settings.get("ingest")),
    )
    head = _INTRODUCTION.format(title=plain(title), meaning=plain(meaning(run.settings, run.model)))
    cells = [_words("introduction", head), _code("begin", begin, [], 1)]
    for number, (step, section) in enumerate(made, start=2):
        cells.append(_words(f"{section.key}-title", f"## {plain(section.title)}"))
        cells.append(_code(section.key, step.code, outputs(section), number))
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {
                "name": "python",
                "file_extension": ".py",
                "mimetype": "text/x-python",
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _literal(content: Any) -> str:  # noqa: ANN401 - JSON
    """Write JSON as Python reads it, a line an entry."""
    return pformat(content, sort_dicts=False, width=96)


def _words(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code(name: str, source: str, shown: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "execution_count": number,
        "outputs": shown,
    }
