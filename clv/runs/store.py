"""All drafts and runs: finding, listing, deleting them."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from clv.core.errors import RunNotFoundError
from clv.runs.disk import usable
from clv.runs.draft import Draft
from clv.runs.places import ID, default_root, new_id
from clv.runs.run import Run
from clv.runs.soundness import damaged
from clv.runs.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

_DAY_SECONDS: Final = 86_400


class Store:
    """All drafts and runs under one folder.

    Parameters
    ----------
    root
        The folder; made on first write. Default: see `default_root`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def new_draft(self) -> Draft:
        """Make an empty draft; forget drafts and leftovers older than a day.

        Raises
        ------
        StoreError
            Nothing can be written here.
        """
        draft = Draft(self.root / "drafts" / new_id())
        with usable(self.root):
            self._sweep()
            draft.path.mkdir(parents=True, mode=0o700)
        return draft

    def draft(self, draft_id: str) -> Draft:
        """Return a draft by id; `RunNotFoundError` when it is not (or no longer) there."""
        path = self.root / "drafts" / draft_id
        if not ID.fullmatch(draft_id) or not path.is_dir():
            msg = "This upload is no longer here."
            raise RunNotFoundError(msg, "Uploads are kept for a day: upload the file again.")
        return Draft(path)

    def run(self, run_id: str) -> Run:
        """Return a run by id.

        Raises
        ------
        RunNotFoundError
            There is none.
        DamagedRunError
            It can't be read.
        """
        found = self._found(run_id)
        if fault := found.fault:
            if found.path.is_dir():
                raise damaged(found.id, fault)
            self._found(run_id)  # Deleted while it was looked at.
        return found

    def runs(self) -> list[Run]:
        """Return every run that can be read, newest first; `damaged` has the others."""
        found = []
        for run in self._all():
            with suppress(FileNotFoundError):  # Deleted while it is looked at.
                if not run.fault:
                    found.append((str(run.settings["created_at"]), run))
        return [run for _, run in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def damaged(self) -> list[Run]:
        """Return the runs of which a file is missing, cut off or not what it should be, by id."""
        found = [run for run in self._all() if run.fault]
        # What is not there any more was deleted while it was looked at.
        return sorted((run for run in found if run.path.is_dir()), key=lambda run: run.id)

    def latest(self) -> Run:
        """Return the newest run; `RunNotFoundError` when there is none."""
        runs = self.runs()
        if runs:
            return runs[0]
        if self.damaged():
            msg = "Every stored run is damaged."
            raise RunNotFoundError(msg, "Which ones, and how: python -m clv runs list")
        msg = "There is no run yet."
        raise RunNotFoundError(msg, "Make one: python -m clv run ORDERS.csv --out predictions.csv")

    @property
    def published(self) -> Path:
        """The file that names the published run; see `clv.forecast.publish`."""
        return self.root / "published.json"

    @property
    def lock(self) -> Path:
        """The file that a scheduled job holds while it works; see `clv.forecast.publish`."""
        return self.root / "job.lock"

    def remove(self, run_id: str) -> None:
        """Delete a run, its exports and trainings: out of sight at once, off the disk in a moment."""
        gone = self._found(run_id)
        hidden = gone.path.with_name(f".partial-{run_id}")
        gone.path.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
        for made in (gone.exports, gone.trained):
            shutil.rmtree(made, ignore_errors=True)

    def begin(
        self, draft: Draft, run_id: str | None = None, *, unfinished: bool = False
    ) -> RunWriter:
        """Start a run from a checked draft, or from one still being written; see `RunWriter`."""
        return RunWriter(self.root, draft, run_id or new_id(), unfinished=unfinished)

    def _found(self, run_id: str) -> Run:
        if not ID.fullmatch(run_id) or not (self.root / "runs" / run_id).is_dir():
            self._all()  # Says so where nothing can be found at all.
            msg = f'There is no run "{run_id[:40]}".'
            raise RunNotFoundError(msg, "Check the link, or upload the file again.")
        return self._run(run_id)

    def _all(self) -> list[Run]:
        """Return every run, sound or not, in no order."""
        names: list[str] = []
        with usable(self.root), suppress(FileNotFoundError):
            names = [path.name for path in (self.root / "runs").iterdir()]
        return [self._run(name) for name in names if ID.fullmatch(name)]

    def _run(self, run_id: str) -> Run:
        return Run(self.root / "runs" / run_id, self.root / "exports" / run_id)

    def _sweep(self) -> None:
        limit = time.time() - _DAY_SECONDS
        for pattern in ("drafts/*", "exports/*", "runs/.partial-*", "trainings/*/.*"):
            for path in self.root.glob(pattern):
                with suppress(FileNotFoundError):  # Somebody else may sweep at the same time.
                    if path.stat().st_mtime < limit:
                        shutil.rmtree(path, ignore_errors=True)
