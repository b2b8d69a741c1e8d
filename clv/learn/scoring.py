"""Scoring new customers with a trained model: only the orders that its features need are looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clv.core import engine
from clv.core.errors import InputError, SettingsError
from clv.core.schema import AlreadyScored, checked
from clv.learn.artefact import SCORED, read_card
from clv.learn.designs import Tables, features
from clv.learn.plans import check_day
from clv.runs import now, read_json, replace_json

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from clv.features.tables import Features
    from clv.learn.model import Model

_DAY = timedelta(days=1)
#: No calendar month is longer.
_LONGEST_MONTH = 31


def to_score(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    as_of: date | None = None,
    since: date | None = None,
) -> Features:
    """Return the features of the customers to score, off the ``orders`` of a connection.

    Parameters
    ----------
    as_of
        The last day that counts; that of the last order where not given.
    since
        Early: only customers who completed the prediction point on this day or later; None for
        everybody who has. The orders of others are not looked at, so that a file may hold no more
        than the orders since these customers' first ones.

    Raises
    ------
    LayoutError
        The files lack a column that the model needs; says which.
    SettingsError
        ``since`` with a model that scores everybody each time; a day after which there is none.
    """
    tables = Tables.of(con)
    day = as_of or engine.row(con, "SELECT max(ordered_at)::DATE FROM orders")[0]
    check_day(day)
    if since is None:
        return features(tables, day, model.design, model.spec)
    if model.design.kind == "window":
        msg = "This model scores every customer each time; there is no since."
        raise SettingsError(msg, "Leave it out.")
    point = model.design.point
    days = {"d": 1, "w": 7, "m": _LONGEST_MONTH}[point.unit] * point.count
    oldest = since - timedelta(days=min(days, (since - date.min).days))
    recent = con.sql(
        "SELECT o.* FROM orders o SEMI JOIN (SELECT customer_id FROM orders GROUP BY customer_id "
        f"HAVING min(ordered_at) >= DATE '{oldest}') new USING (customer_id)"
    )
    found = features(replace(tables, orders=recent), day, model.design, model.spec)
    return found.rows(found.known_until >= np.datetime64(since))


class Scored(NamedTuple):
    """What has been scored with ``--new``.

    Attributes
    ----------
    until
        The last day on which those scored completed the prediction point; None before the first time.
    ids
        Of everybody who was scored.
    """

    until: date | None = None
    ids: tuple[str, ...] = ()

    def rest(self, found: Features) -> Features:
        """Leave out who was scored: the first order in a newer file need not be a customer's first."""
        import pyarrow as pa  # noqa: PLC0415 - slow to import
        import pyarrow.compute as pc  # noqa: PLC0415

        known = pc.is_in(found.customer_id, value_set=pa.array(self.ids, pa.string()))
        return found.rows(~np.asarray(known, dtype=bool))


def scored(folder: Path) -> Scored:
    """Return which of a model's customers have been scored with ``--new``.

    Raises
    ------
    InputError
        What was remembered can't be read.
    """
    path = folder / SCORED
    if not path.exists():
        return Scored()
    try:
        found = checked(AlreadyScored, read_json(path))
        return Scored(date.fromisoformat(found["until"]), tuple(found.get("ids", ())))
    except ValueError as error:
        msg = f"{path} does not say up to which day customers were scored."
        raise InputError(msg, "Delete it to score everybody, or give --since.") from error


def remember(folder: Path, before: Scored, until: date, found: Features) -> None:
    """Remember who has been scored, and the day up to which."""
    last = max(until, before.until or until)
    ids = [*before.ids, *found.customer_id.to_pylist()]
    content: AlreadyScored = {
        "until": last.isoformat(),
        "customers": len(found),
        "at": now(),
        "ids": ids,
    }
    replace_json(folder / SCORED, content)


def begins_late(con: duckdb.DuckDBPyConnection, folder: Path) -> date | None:
    """Return the first day of the orders, if it is later than that of the orders trained on."""
    first: date = engine.row(con, "SELECT min(ordered_at)::DATE FROM orders")[0]
    trained = read_card(folder)["data"]["first_order"]
    return first if first > date.fromisoformat(trained) else None


def after(until: date) -> date:
    """Return the first day that has not been scored."""
    return until + _DAY
