"""Immutable run folders: nothing else knows where things lie on disk.

A *draft* holds uploaded files and what the check made of them; a *run* holds a finished forecast.
Both are written under a hidden name and renamed into place, so that nothing half-made is ever
visible. Ids are unguessable: whoever knows one may read it.

::

    <store>/drafts/<id>/          uploads/, then orders, rejects, and of labels, lines, attributes
                                  and events what the files have (Parquet); report.json
    <store>/runs/<id>/            orders, rejects, forecasts, profiles, and those of the draft
                                  (Parquet); report.json, model.json, settings.json, summary.json
    <store>/exports/<id>/         CSV downloads and what lookups need, made on demand, safe to delete
    <store>/trainings/<id>/       models trained on the run's orders, kept as long as the run
    <store>/published.json        which run is published; see `clv.forecast.publish`
    <store>/job.lock              held by the scheduled job at work

Inside::

    places      where store and models are, what a run consists of, what it is called
    files       JSON objects and tables, written all at once; the one writer of CSV
    disk        what a failing disk means
    soundness   whether a stored run can be read, and what is said of one that can't
    views       a run's tables in the engine
    receipt     what the tests of a forecast leave
    lookups     the forecasts mapped from disk
    run         a run as it is read
    draft       a draft
    writer      a run in the making
    store       all of them: finding, listing, deleting
"""

from clv.runs.draft import Draft
from clv.runs.files import (
    csv_of,
    now,
    read_json,
    replace_json,
    write_json,
    write_rows,
)
from clv.runs.places import default_root, models_root, new_id
from clv.runs.run import Kind, Run, Table
from clv.runs.store import Store
from clv.runs.writer import RunWriter

__all__ = [
    "Draft",
    "Kind",
    "Run",
    "RunWriter",
    "Store",
    "Table",
    "csv_of",
    "default_root",
    "models_root",
    "new_id",
    "now",
    "read_json",
    "replace_json",
    "write_json",
    "write_rows",
]
