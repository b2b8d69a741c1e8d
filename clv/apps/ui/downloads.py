"""Whole-table downloads over HTTP, from disk, without passing through memory.

`server.py` adds `routes` to the dashboard's process and calls `enable`; under a plain
``streamlit run app.py`` the routes don't exist, and the pages fall back to Streamlit's own button.
The id in the address is the capability: whoever knows it may read the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route

from clv.core.errors import ClvError, RunNotFoundError
from clv.insights import verdict
from clv.insights.segments import lists
from clv.runs import Store, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from clv.runs import Draft, Run, Table

PREFIX: Final = "/download"
_TABLES: Final[dict[str, Table]] = {
    "predictions.csv": "forecasts",
    "predictions_monthly.csv": "monthly",
    "rejects.csv": "rejects",
}
_CARDS: Final = ("report.json", "model.json", "settings.json", "summary.json")
_state: Final = {"enabled": False}


def enable() -> None:
    """Say that this process serves `routes`; called once by ``server.py``."""
    _state["enabled"] = True


def enabled() -> bool:
    """Return whether pages may link to `routes`."""
    return _state["enabled"]


def address(run_id: str, name: str) -> str:
    """Return the address of one file of a run, relative to any page of the dashboard."""
    return f".{PREFIX}/{run_id}/{name}"


def draft_address(draft_id: str) -> str:
    """Return the address of a draft's rejected rows."""
    return f".{PREFIX}/draft/{draft_id}/rejects.csv"


def build(run: Run, name: str) -> Path:
    """Return one downloadable file of a run, written on first use.

    Parameters
    ----------
    run
        The run.
    name
        ``predictions.csv``, ``predictions_monthly.csv``, ``rejects.csv``, or one of the run's
        JSON files; ``verdict.json``, what the tables are fit for; or a campaign list (`clv.insights.segments.lists.CampaignList.filename`).

    Raises
    ------
    RunNotFoundError
        For any other name.
    """
    if name in _TABLES:
        return run.export(_TABLES[name])
    if name in _CARDS:
        return run.file(name)
    if name == "verdict.json":
        return _verdict(run)
    if (campaign := lists.named(name)) is not None:
        return lists.export(run, campaign)
    msg = f'A run has no file "{name[:60]}" to download.'
    known = ", ".join([*_TABLES, *_CARDS, "verdict.json"])
    raise RunNotFoundError(msg, f"There are: {known}.")


def _verdict(run: Run) -> Path:
    """Write what stands beside the tables: of what they are, and what the forecast is fit for.

    Written afresh: a test may have been made since.
    """
    settings = run.settings
    run.exports.mkdir(parents=True, exist_ok=True)
    target = run.exports / "verdict.json"
    write_json(
        target,
        {
            "run": run.id,
            "as_of": settings["as_of"],
            "horizon_months": settings["horizon_months"],
            "currency": settings["currency"] or None,
            "verdict": verdict.of_run(run),
        },
    )
    return target


def build_rejects(draft: Draft) -> Path:
    """Return a draft's rejected rows as CSV, written afresh: the draft may have changed."""
    target = draft.path / "rejects.csv"
    draft.export_rejects(target)
    return target


def _send(path: Path, name: str) -> FileResponse:
    kind = "application/json" if name.endswith(".json") else "text/csv; charset=utf-8"
    # A run never changes, but it is somebody's customer data: no cache keeps it.
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=kind, filename=name, headers=headers)


def _refuse(error: ClvError) -> PlainTextResponse:
    return PlainTextResponse(f"{error}\n", status_code=404)


async def _run_file(request: Request) -> Response:
    run_id, name = request.path_params["run_id"], request.path_params["name"]
    try:
        run = Store().run(run_id)
        path = await run_in_threadpool(build, run, name)
    except ClvError as error:
        return _refuse(error)
    return _send(path, name)


async def _draft_rejects(request: Request) -> Response:
    try:
        draft = Store().draft(request.path_params["draft_id"])
        if not draft.checked:
            msg = "This upload has not been checked yet."
            raise RunNotFoundError(msg, "Open its page and wait for the report.")
        path = await run_in_threadpool(build_rejects, draft)
    except ClvError as error:
        return _refuse(error)
    return _send(path, "rejects.csv")


#: To be added to the ASGI app; GET and HEAD only.
routes: Final = [
    Route(f"{PREFIX}/draft/{{draft_id}}/rejects.csv", _draft_rejects, methods=["GET"]),
    Route(f"{PREFIX}/{{run_id}}/{{name}}", _run_file, methods=["GET"]),
]
