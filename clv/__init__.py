"""Customer lifetime value: from order files to forecasts that can be trusted.

The public interface is what `__all__` lists. Each name is imported when it is first asked for, so that
``import clv`` costs nothing::

    import clv

    run = clv.forecast_files(["orders.csv"], clv.Settings(horizon_months=12))
    run.top("spenders", 10)
    run.customer("10027")
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.core.errors import ClvError
    from clv.core.settings import IngestOptions, Settings
    from clv.forecast.files import forecast_files, open_run
    from clv.models.purchase.bg_nbd import BGNBD
    from clv.models.purchase.mbg_nbd import MBGNBD
    from clv.models.spend.gamma_gamma import GammaGamma
    from clv.report import analysis
    from clv.report.analysis import first_year
    from clv.runs import Run
    from clv.samples import demo_model, sample_path

__version__ = "0.1.0"
__all__ = [
    "BGNBD",
    "MBGNBD",
    "ClvError",
    "GammaGamma",
    "IngestOptions",
    "Run",
    "Settings",
    "analysis",
    "demo_model",
    "first_year",
    "forecast_files",
    "open_run",
    "sample_path",
]

_HOMES = {
    "BGNBD": "clv.models.purchase.bg_nbd",
    "MBGNBD": "clv.models.purchase.mbg_nbd",
    "ClvError": "clv.core.errors",
    "GammaGamma": "clv.models.spend.gamma_gamma",
    "IngestOptions": "clv.core.settings",
    "Run": "clv.runs",
    "Settings": "clv.core.settings",
    "analysis": "clv.report",
    "demo_model": "clv.samples",
    "first_year": "clv.report.analysis",
    "forecast_files": "clv.forecast.files",
    "open_run": "clv.forecast.files",
    "sample_path": "clv.samples",
}


if not TYPE_CHECKING:  # A type checker knows the names from above; it shall miss any other.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            msg = f"module 'clv' has no attribute {name!r}"
            raise AttributeError(msg)
        home = import_module(_HOMES[name])
        # Two of the names are modules, which their package knows once they are imported.
        return getattr(home, name, None) or import_module(f"{_HOMES[name]}.{name}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
