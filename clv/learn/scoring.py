"""Scoring new customers with a trained model: only the orders that its features need are looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from clv import engine
from clv.errors import InputError, SettingsError
from clv.learn.artefact import SCORED
from clv.learn.designs import Tables, features
from clv.runs import now, read_json, write_json

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
        ``since`` with a model that scores everybody each time.
    """
    tables = Tables.of(con)
    day = as_of or engine.row(con, "SELECT max(ordered_at)::DATE FROM orders")[0]
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


def last_scored(folder: Path) -> date | None:
    """Return the day up to which a model's customers have been scored; None before the first time.

    Raises
    ------
    InputError
        What was remembered can't be read.
    """
    path = folder / SCORED
    if not path.exists():
        return None
    try:
        return date.fromisoformat(str(read_json(path)["until"]))
    except (ValueError, KeyError) as error:
        msg = f"{path} does not say up to which day customers were scored."
        raise InputError(msg, "Delete it to score everybody, or give --since.") from error


def remember(folder: Path, until: date, customers: int) -> None:
    """Remember the day up to which customers have been scored."""
    fresh = folder / f"{SCORED}.new"
    content = {"until": until.isoformat(), "customers": customers, "at": now()}
    write_json(fresh, content)
    fresh.replace(folder / SCORED)


def after(until: date) -> date:
    """Return the first day that has not been scored."""
    return until + _DAY
