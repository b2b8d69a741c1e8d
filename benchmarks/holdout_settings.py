"""Whether the correction's constants suit a log that had no say in choosing them.

``python -m benchmarks.holdout_settings [--dry]`` corrects the forecast of the first cut of every log with
each setting. For every log: the setting that did best on the *other* logs, and what it and the one in use
gain there. Writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple
from unittest.mock import patch

import numpy as np

from benchmarks.holdout import History, logs
from benchmarks.holdout_contenders import Day, single
from benchmarks.holdout_measures import figures
from benchmarks.learn import put
from clv.backtest.candidates import Candidate
from clv.core.choice import Choice
from clv.core.errors import FitError
from clv.models.correction import examples
from clv.runs import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

_CORRECTED: Final = Choice.parse("corrected")
_LEAVES: Final = (4, 8, 16)
_RATES: Final = (0.05, 0.1)


class Setting(NamedTuple):
    """What is tried of `clv.models.correction.examples`."""

    leaves: int
    rate: float

    def __str__(self) -> str:
        """Say it in a table."""
        return f"{self.leaves} leaves, rate {self.rate:g}"


IN_USE: Final = Setting(examples.LEAVES, examples.RATE)


def gains(day: Day, history: History) -> dict[Setting, float]:
    """Return by what share the correction lowers the loss: mean of Poisson's and Tweedie's.

    Raises
    ------
    FitError
        The log is too small for a correction.
    """
    came = history.came(day)

    def lost(choice: Choice) -> np.ndarray:
        found = figures(came, single(day, Candidate(choice)))
        return np.array([found["poisson"], found["tweedie"]])

    plain = lost(_CORRECTED.plain)
    found = {}
    for setting in {IN_USE, *(Setting(*one) for one in product(_LEAVES, _RATES))}:
        with patch.multiple(examples, LEAVES=setting.leaves, RATE=setting.rate):
            found[setting] = float(1 - (lost(_CORRECTED) / plain).mean())
    return found


def table(found: Mapping[str, Mapping[Setting, float]]) -> str:
    """Return a row for each log: what the others chose, and what it gains there."""
    lines = [
        "| log | chosen on the others | gains here | in use | the log's own best |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for log, here in found.items():
        others = [one for name, one in found.items() if name != log]
        chosen = max(sorted(here), key=lambda s: sum(one[s] for one in others))
        best = max(sorted(here), key=lambda s: here[s])
        lines.append(
            f"| {log} | {chosen} | {here[chosen]:+.1%} | {here[IN_USE]:+.1%} | "
            f"{best}: {here[best]:+.1%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Try the settings and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print only, leave the page alone")
    asked = parser.parse_args()
    found = {}
    for log in logs():
        with TemporaryDirectory(prefix="clv-settings-") as folder:
            cut = (log.cuts or ())[0]
            day = Day.of(Store(Path(folder)), log.files, *cut)
            try:
                found[log.title] = gains(day, History.of(log.files))
            except FitError as error:
                print(f"{log.title}: {error}", file=sys.stderr)
    body = (
        f"{table(found)}\n\nIn use: {IN_USE}. *Gains*: by how much the mean of Poisson and Tweedie "
        f"deviance falls against the same forecast without a correction, at the first day of each log; "
        "the other logs are too small for a correction."
    )
    print(body)
    if not asked.dry:
        put("holdout-settings", body)


if __name__ == "__main__":
    main()
