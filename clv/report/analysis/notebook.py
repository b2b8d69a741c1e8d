"""The analysis as a notebook: cells that make every section again, with their outputs in place.

The file's format is nbformat 4.5, plain JSON. The outputs are those of the very calls that stand in
the cells, so that executing the notebook changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clv.core.formatting import files, plain
from clv.forecast.files import recorded
from clv.report.analysis.html import meaning
from clv.report.analysis.pieces import outputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv.report.analysis.pieces import Section
    from clv.report.analysis.plan import Step
    from clv.runs import Run

_INTRODUCTION: Final = """# {title}

{meaning}

Every section is made by one call, and can be made again. The first cell says from what: with `FILES`
from your order files, read and forecast with the same settings; without, from the stored forecast on
the machine that made this notebook. What the functions take: `help(analysis)`."""
_BEGIN: Final = """from clv import analysis, forecast_files, open_run

FILES = []  # your order files: {example!r}
RUN = {run!r}  # the stored forecast; who knows this name may open it
STORE = None  # the folder of the stored forecasts; None for the usual one
SETTINGS = {settings}
OPTIONS = {options}

run = forecast_files(FILES, SETTINGS, OPTIONS) if FILES else open_run(RUN, STORE)"""


def notebook(run: Run, made: Sequence[tuple[Step, Section]]) -> dict[str, object]:
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
    names = run.settings.get("inputs", [])
    title = f"Purchase forecast: {files(names)}" if names else "Purchase forecast"
    begin = _BEGIN.format(
        run=run.id,
        example=names or ["orders.csv"],
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


def _literal(content: Mapping[str, object] | None) -> str:
    """Write a JSON object as Python reads it, a line an entry."""
    if not content:
        return repr(content)
    return "{\n" + "".join(f"    {key!r}: {value!r},\n" for key, value in content.items()) + "}"


def _words(name: str, source: str) -> dict[str, object]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code(name: str, source: str, shown: list[dict[str, object]], number: int) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "execution_count": number,
        "outputs": shown,
    }
