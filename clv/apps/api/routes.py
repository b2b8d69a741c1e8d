"""The addresses of the API. Each answers from one snapshot of the published run."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import pyarrow as pa
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import PlainTextResponse, Response

from clv import __version__
from clv.apps.api import metrics as prometheus
from clv.apps.api.problems import Problem
from clv.apps.api.schemas import (
    MOST_CUSTOMERS,
    Customer,
    Customers,
    Health,
    Ltv,
    LtvRow,
    LtvRows,
    Ltvs,
    ProblemBody,
    Runs,
    ScoreRequest,
    Scores,
    Top,
)
from clv.core.errors import ClvError, did_you_mean
from clv.forecast import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.apps.api.metrics import Metrics
    from clv.apps.api.snapshot import Published, Snapshot
    from clv.apps.api.supervised import Supervised
    from clv.core.types import Cell
    from clv.runs import Kind, Store

    Answers = dict[int | str, dict[str, Any]]

T = TypeVar("T")
#: Forecasting takes both of a small machine's cores: more at once would only wait in memory.
_WORKERS: Final = 2
_PROBLEM: Final = {"model": ProblemBody}

#: What each top list is by, and the one to look at where a run doesn't foresee that.
_TOPS: Final[dict[Kind, tuple[str, Kind]]] = {
    "buyers": ("purchases", "spenders"),
    "spenders": ("revenue", "buyers"),
}


def _answers(model: Any, *problems: int) -> Answers:  # noqa: ANN401
    said = {
        404: "No such customer",
        409: "Nothing is published, or it can't answer this",
        415: "Not called JSON, or packed",
        422: "Not usable as it is",
    }
    found: Answers = {200: {"model": model}}
    return found | {code: _PROBLEM | {"description": said[code]} for code in problems}


def _json(content: object) -> Response:
    """Return an answer that is plain JSON already: checking it again would take most of the time."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body, media_type="application/json")


class Routes:
    """The addresses, over what they answer from."""

    def __init__(
        self, store: Store, published: Published, supervised: Supervised, metrics: Metrics
    ) -> None:
        self._store = store
        self._published = published
        self._supervised = supervised
        self._metrics = metrics
        self._quick = ThreadPoolExecutor(_WORKERS, thread_name_prefix="clv-api-look")
        self._slow = ThreadPoolExecutor(_WORKERS, thread_name_prefix="clv-api-score")

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(redirect_slashes=False)
        get, post = router.get, router.post
        get("/customers", tags=["forecasts"], responses=_answers(Customers, 409, 422))(
            self.customers
        )
        get("/customer", tags=["forecasts"], responses=_answers(Customer, 404, 409, 422))(
            self.customer_by_query
        )
        get(
            "/customers/{customer_id:path}",
            tags=["forecasts"],
            responses=_answers(Customer, 404, 409),
        )(self.customer)
        get("/top/{kind}", tags=["forecasts"], responses=_answers(Top, 409, 422))(self.top)
        post("/score", tags=["real time"], responses=_answers(Scores, 409, 415, 422))(self.score)
        post("/predict", tags=["real time"], responses=_answers(Ltv | Ltvs, 409, 415, 422))(
            self.predict
        )
        get("/model", tags=["service"], responses=_answers(dict[str, Any], 409))(self.model)
        get("/runs", tags=["service"], responses=_answers(Runs, 422))(self.runs)
        get("/health", tags=["service"], responses={200: {"model": Health}})(self.health)
        get("/metrics", tags=["service"], response_class=PlainTextResponse)(self.metrics)
        return router

    async def _look(self, what: Callable[[], T]) -> T:
        """Do something that reads files, or takes some milliseconds, beside the other requests."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, what)

    async def _forecast(self, what: Callable[[], T]) -> T:
        """Do something that takes both cores for a while; lookups don't wait for it."""
        return await asyncio.get_running_loop().run_in_executor(self._slow, what)

    async def _snapshot(self) -> Snapshot:
        now = self._published.snapshot
        if now is None or self._published.due:
            return await self._look(self._published.refresh)
        return now

    async def health(self) -> Response:
        """Tell that the process answers, and which version it is."""
        return _json({"status": "ok", "version": __version__})

    async def customer(
        self,
        customer_id: Annotated[
            str, Path(description="As in the file; percent-encoded.", examples=["C-1024"])
        ],
    ) -> Response:
        """Return one customer's forecast."""
        if not customer_id:
            raise Problem(
                404, "Which customer? Say /customers/ID, or /customers?prefix= for several."
            )
        snapshot = await self._snapshot()
        row = snapshot.customer(customer_id)
        if row is None:
            nearest = await self._look(lambda: snapshot.nearest(customer_id))
            close = did_you_mean(customer_id, nearest)
            said = f'There is no customer "{customer_id[:100]}".{close}'
            raise Problem(404, said, nearest=nearest)
        return _json(row | snapshot.about)

    async def customer_by_query(
        self, customer_id: Annotated[str, Query(alias="id", description="As in the file.")]
    ) -> Response:
        """Return one customer's forecast: for ids such as `..`, which clients take for a folder."""
        return await self.customer(customer_id)

    async def customers(
        self,
        prefix: Annotated[str, Query(description="What the ids start with.")] = "",
        limit: Annotated[int, Query(ge=1, le=publish.MOST)] = 20,
        after: Annotated[str, Query(description="Go on after this id.")] = "",
    ) -> Response:
        """Return the forecasts of customers whose ids start with something, by id."""
        snapshot = await self._snapshot()
        return _json(snapshot.about | {"customers": snapshot.customers(prefix, limit, after)})

    async def top(
        self,
        kind: Literal["buyers", "spenders"],
        n: Annotated[int, Query(ge=1, le=publish.MOST, description="How many customers.")] = 100,
    ) -> Response:
        """Return the customers predicted to make the most purchases, or to spend most."""
        snapshot = await self._snapshot()
        found = snapshot.top(kind, n)
        if not found:
            what, other = _TOPS[kind]
            instead = f" See /api/top/{other} instead." if snapshot.top(other, 1) else ""
            raise Problem(409, f"The published run has no forecast of {what}.{instead}")
        return _json(snapshot.about | {"customers": found})

    async def score(self, body: ScoreRequest) -> Response:
        """Forecast customers from their transactions, with the published run's model."""
        snapshot = await self._snapshot()
        return _json(await self._forecast(lambda: _scored(snapshot, body)))

    async def predict(
        self,
        body: Annotated[
            LtvRow | LtvRows, Body(description="One customer, or a list of up to 1,000.")
        ],
    ) -> Response:
        """Predict the value of new customers' first months, with the model that was trained for it."""
        given, alone = (body, False) if isinstance(body, list) else ([body], True)
        if not 1 <= len(given) <= MOST_CUSTOMERS:
            message = f"Send 1 to {MOST_CUSTOMERS:,} customers at a time; these are {len(given):,}."
            raise Problem(422, message, errors=[{"field": "", "message": message}])
        rows = [row.model_dump() for row in given]
        found = await self._forecast(lambda: self._supervised.predict(rows, alone=alone))
        return _json(found[0] if alone else {"predictions": found})

    async def model(self) -> Response:
        """Return the published run's model card, and why this model was chosen."""
        snapshot = await self._snapshot()
        choice = snapshot.receipt["choice"] if snapshot.receipt else None
        return _json(snapshot.about | {"choice": choice, "card": snapshot.card})

    async def runs(self, limit: Annotated[int, Query(ge=1, le=publish.MOST)] = 20) -> Response:
        """Return the stored runs, newest first, and those that can't be read."""

        def found() -> dict[str, list[publish.ListedRun] | list[publish.DamagedRun]]:
            self._published.check()
            return {
                "runs": publish.listed(self._store, limit),
                "damaged": publish.damaged(self._store),
            }

        return _json(await self._look(found))

    async def metrics(self) -> Response:
        """Return figures for Prometheus."""
        try:
            snapshot = await self._snapshot()
            told = len(snapshot), str(snapshot.run.settings["created_at"])
        except (ClvError, OSError):  # Nothing is published, or it can't be read.
            return Response(self._metrics.text(None, None), media_type=prometheus.MEDIA_TYPE)
        return Response(self._metrics.text(*told), media_type=prometheus.MEDIA_TYPE)


def _scored(snapshot: Snapshot, body: ScoreRequest) -> dict[str, Cell | list[dict[str, Cell]]]:
    from clv.forecast import score_transactions  # noqa: PLC0415 - loads the models

    if ready_made := snapshot.card.get("ready_made"):
        raise Problem(
            409,
            f'The published forecast was made by the ready-made model "{ready_made["name"]}", which '
            "says nothing of transactions that are sent along. GET /customers has its values; to "
            "score, publish a forecast of another model.",
        )
    given = body.transactions
    late = [i for i, t in enumerate(given) if body.as_of and t.ordered_at.date() > body.as_of]
    if late:
        field = f"transactions[{late[0]}].ordered_at"
        message = f"It lies after the as-of date {body.as_of}."
        raise Problem(422, f"{field}: {message}", errors=[{"field": field, "message": message}])
    if len({t.customer_id for t in given}) > MOST_CUSTOMERS:
        message = f"Send at most {MOST_CUSTOMERS:,} customers at a time."
        raise Problem(422, message, errors=[{"field": "transactions", "message": message}])
    table = pa.table(
        {
            "customer_id": pa.array([t.customer_id for t in given], pa.string()),
            "ordered_at": pa.array([t.ordered_at for t in given], pa.timestamp("us")),
            "revenue": pa.array([t.revenue for t in given], pa.float64()),
        }
    )
    day = body.as_of or score_transactions.default_day(snapshot.card, table)
    rows = score_transactions.forecasts(
        snapshot.card, table, day, cuts=snapshot.cuts, terms=snapshot.terms
    )
    customers = [publish.plain(row) for row in rows]
    return {**snapshot.about, "as_of": day.isoformat(), "customers": customers}
