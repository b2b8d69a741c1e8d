"""The app, put together."""

from __future__ import annotations

from fastapi import FastAPI

from clv import __version__
from clv.apps.api import docs, gate, problems
from clv.apps.api.config import Config
from clv.apps.api.metrics import Metrics
from clv.apps.api.routes import Routes
from clv.apps.api.security import Guard, Limit
from clv.apps.api.snapshot import Published
from clv.apps.api.supervised import Supervised
from clv.runs import Store

_ABOUT = """Forecasts of the published run: what every customer is worth, who will buy, who will spend.

Figures are those of the predictions' columns; `as_of` says on which day they stand, `horizon_months` how
far they look. Errors are `application/problem+json`."""


def create(config: Config | None = None) -> FastAPI:
    """Return an app; without settings, with those of the environment."""
    chosen = config or Config.from_environment()
    # No redoc: it would be a second page that says the same.
    app = FastAPI(
        title="CLV workbench",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    store, metrics = Store(chosen.store), Metrics()
    published, supervised = Published(store), Supervised(chosen.ltv_model, demo=chosen.demo)
    app.include_router(Routes(store, published, supervised, metrics).router())
    docs.install(app, guarded=bool(chosen.tokens))
    problems.install(app)
    app.add_middleware(
        gate.Gate,
        guard=Guard(chosen.tokens),
        limit=Limit(chosen.rate),
        body_limit=chosen.body_limit,
        metrics=metrics,
    )
    gate.log_to_stderr()
    return app


app = create()
