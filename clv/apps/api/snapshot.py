"""The published run as the API serves it: an immutable picture of it, and the swap to the next.

A request takes one snapshot and answers from it alone: it sees one run, whole, whatever is published
meanwhile. Ids are found by binary search in columns that are mapped from disk, so that a million
customers take hardly any memory and some microseconds.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import threading
import time
import unicodedata
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from clv.core.errors import ClvError
from clv.forecast import publish
from clv.insights import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from clv.backtest.forecast_ranges import Terms
    from clv.core.segments import Cuts
    from clv.core.types import Cell
    from clv.runs import Kind, Run, Store

_LOG: Final = logging.getLogger("clv.api")
#: Seconds between two looks at the pointer.
_LOOK: Final = 0.2
#: Ids of unusual length or letters are not searched for misspellings.
_LONGEST: Final = 40
_LETTERS: Final = 70
_SAMPLED: Final = 500
#: Ways to write the same letters.
_FORMS: Final = ("NFC", "NFD")


class _Ids:
    """Ids in ascending order of their bytes, as `bisect` likes them."""

    def __init__(self, column: pa.Array) -> None:
        _, offsets, data = column.buffers()
        self._offsets = memoryview(offsets).cast("q")[column.offset :]
        # A column of empty ids alone has no data.
        self._data = memoryview(data) if data is not None else memoryview(b"")
        self._size = len(column)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: int) -> bytes:
        return bytes(self._data[self._offsets[place] : self._offsets[place + 1]])

    def find(self, customer_id: str) -> int | None:
        """Return where an id is; None if it is not there."""
        # What was no Unicode on its way here can't be an id, but must not fail.
        key = customer_id.encode(errors="surrogatepass")
        place = bisect_left(self, key)
        return place if place < self._size and self[place] == key else None


class Snapshot:
    """One run, ready to be asked.

    Attributes
    ----------
    run
        The run.
    about
        What figures mean, the same for all customers: ``run, as_of, horizon_months, currency``, and
        what they are fit for: ``verdict, verdict_reason``.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        settings = run.settings
        self.about: dict[str, Cell] = {
            "run": run.id,
            "as_of": run.as_of.isoformat(),
            "horizon_months": settings["horizon_months"],
            "currency": settings["currency"] or None,
            **verdict.cells(run),
        }
        table, self._top = publish.prepared(run)
        self._columns = {name: table[name].combine_chunks() for name in table.column_names}
        self._ids = _Ids(self._columns["customer_id"])
        self._letters = self._used_letters()
        # What a request may ask for must not be read from a run that is deleted meanwhile.
        self.card = run.model
        self.receipt = run.receipt
        self.summary = run.summary

    def __len__(self) -> int:
        return len(self._ids)

    @cached_property
    def cuts(self) -> Cuts | None:
        """Where the run's segments part; None where an earlier version did not record it."""
        from clv.core.segments import Cuts  # noqa: PLC0415 - only scoring needs it

        found = self.summary.get("cuts")
        return Cuts(**found) if found else None

    @cached_property
    def terms(self) -> Terms | None:
        """What gives other customers the ranges that the run would have given them; None untested."""
        from clv.backtest.forecast_ranges import Terms  # noqa: PLC0415 - loads the models

        clv = self._columns["predicted_clv"]
        return None if clv.null_count else Terms.of(self.summary, self.receipt, clv.to_numpy())

    def customer(self, customer_id: str) -> dict[str, Cell] | None:
        """Return one customer's forecasts, None where there is no such customer."""
        place = self._ids.find(customer_id)
        return None if place is None else self._row(place)

    def customers(self, prefix: str, limit: int, after: str = "") -> list[dict[str, Cell]]:
        """Return the forecasts of ids that start with something, in order, after another id."""
        start = self._start(prefix)
        place = bisect_left(self._ids, max(start, after.encode(errors="surrogatepass")))
        found: list[dict[str, Cell]] = []
        while place < len(self._ids) and len(found) < limit:
            key = self._ids[place]
            if not key.startswith(start):
                break
            if not after or key > after.encode(errors="surrogatepass"):
                found.append(self._row(place))
            place += 1
        return found

    def _start(self, prefix: str) -> bytes:
        """Return what ids are to start with: as asked for, or its letters written another way.

        An accent may be part of its letter or a sign of its own; keyboards and files differ in that.
        """
        forms = [prefix, *(unicodedata.normalize(form, prefix) for form in _FORMS)]
        starts = [form.encode(errors="surrogatepass") for form in forms]
        for start in starts:
            place = bisect_left(self._ids, start)
            if place < len(self._ids) and self._ids[place].startswith(start):
                return start
        return starts[0]

    def top(self, kind: Kind, n: int) -> list[dict[str, Cell]]:
        """Return the customers predicted to buy or to spend most, at most `clv.forecast.publish.MOST`."""
        return self._top[kind][:n]

    def nearest(self, customer_id: str, limit: int = 5) -> list[str]:
        """Return ids like an unknown one: misspellings by one letter first, then its neighbours."""
        found = dict.fromkeys(word for word in self._misspelt(customer_id) if self._has(word))
        place = bisect_left(self._ids, customer_id.encode(errors="surrogatepass"))
        around = sorted(range(place - limit, place + limit), key=lambda i: abs(i - place + 0.5))
        near = [self._ids[i].decode() for i in around if 0 <= i < len(self._ids)]
        near.sort(key=lambda word: -_shared(word, customer_id))
        return list(found | dict.fromkeys(near))[:limit]

    def _has(self, customer_id: str) -> bool:
        return self._ids.find(customer_id) is not None

    def _misspelt(self, word: str) -> Iterator[str]:
        """Return everything that is one slip of the finger away."""
        yield from (unicodedata.normalize(form, word) for form in _FORMS)
        yield from (word.strip(), word.upper(), word.lower())
        if len(word) > _LONGEST:
            return
        parts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        for left, right in parts:
            if right:
                yield left + right[1:]
            if len(right) > 1:
                yield left + right[1] + right[0] + right[2:]
            for letter in self._letters:
                yield left + letter + right
                if right:
                    yield left + letter + right[1:]

    def _used_letters(self) -> str:
        places = np.unique(np.linspace(0, len(self._ids) - 1, _SAMPLED).astype(int))
        some = [self._ids[i].decode() for i in places.tolist()] if len(self._ids) else []
        return "".join(sorted({letter for word in some for letter in word})[:_LETTERS])

    def _row(self, place: int) -> dict[str, Cell]:
        return publish.plain({n: values[place].as_py() for n, values in self._columns.items()})


def _shared(first: str, second: str) -> int:
    """Return how many letters two words begin with in common."""
    return next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )


class Published:
    """The snapshot of whatever run is published.

    The pointer is looked at a few times a second, by whoever asks. The first to see another run in it
    opens that one while all others still get the snapshot before.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot: Snapshot | None = None
        self._looked = -math.inf
        self._lock = threading.Lock()

    @property
    def due(self) -> bool:
        """Whether `refresh` may have something to do."""
        if self._snapshot is None:
            return True
        # Somebody who looks already looks for all.
        return not self._lock.locked() and time.monotonic() - self._looked > _LOOK

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot so far."""
        return self._snapshot

    def check(self) -> None:
        """See that a store of which a run is served is still there.

        Raises
        ------
        FileNotFoundError
            It is not: no runs would be an untrue answer.
        """
        if self._snapshot is not None and not self._store.root.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def refresh(self) -> Snapshot:
        """Return the snapshot of the published run; reads files if another one is published.

        Raises
        ------
        NothingPublishedError
            No run is published, or which one can't be read and none has been so far.
        """
        if self._lock.acquire(blocking=self._snapshot is None):
            try:
                if self._snapshot is None or time.monotonic() - self._looked > _LOOK:
                    self._look()
            finally:
                self._lock.release()
        if self._snapshot is None:
            return Snapshot(publish.published(self._store))
        return self._snapshot

    def _look(self) -> None:
        looked = time.monotonic()
        try:
            wanted = publish.published_id(self._store)
            if wanted is None:
                self.check()  # Is it taken back, or is the whole disk gone?
                self._snapshot = None
            elif self._snapshot is None or self._snapshot.run.id != wanted:
                self._snapshot = Snapshot(publish.published(self._store))
        except (ClvError, OSError, ValueError) as error:
            # The last good one stays; `publish` lets no such run be named.
            if self._snapshot is None:
                raise
            _LOG.error('{"error": "%s", "run": "can\'t be opened"}', type(error).__name__)
        self._looked = looked
