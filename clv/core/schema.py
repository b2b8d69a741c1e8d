"""What crosses a room: the shapes of everything that is kept as JSON, and how it is checked on reading.

Every document is a ``TypedDict`` (`typing_extensions`: pydantic asks for it), so that a wrong key is a
type error and the file on disk is the same object. `fault` says in words what is wrong with a document
that was read; whatever an older version may not have written is ``NotRequired``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from typing_extensions import TypedDict

# -- measures ----------------------------------------------------------------------------------------


class Amounts(TypedDict):
    """How well amounts were forecast, see `clv.core.metrics.amounts`."""

    mae: float
    rmse: float
    bias: float | None
    gini: float | None
    spearman: float | None
    top10: float | None
    top20: float | None


class Decile(TypedDict):
    """Customers with forecasts of one size, 1 being the highest: means of forecast and outcome."""

    bin: int
    customers: int
    predicted: float
    actual: float
    mae: float


class Chances(TypedDict):
    """How well chances were forecast, see `clv.core.metrics.chances`."""

    brier: float
    log_loss: float
    auc: float | None
    ece: float
    reliability: float
    resolution: float
    uncertainty: float


class ReliabilityBin(TypedDict):
    """Customers with chances of one size: the share said, and the share seen with its interval."""

    customers: int
    predicted: float
    actual: float
    low: float
    high: float


# -- the report of a check ---------------------------------------------------------------------------

# -- settings and summary ----------------------------------------------------------------------------

# -- the model card ----------------------------------------------------------------------------------

# -- the receipt -------------------------------------------------------------------------------------

# -- the training card -------------------------------------------------------------------------------

# -- monitoring --------------------------------------------------------------------------------------

# -- checking ----------------------------------------------------------------------------------------


def fault(kind: type, content: object) -> str:
    """Return what is wrong with a document of a kind, in words; empty if nothing is.

    Nothing is converted: a number in quotes is a fault. Keys that the kind doesn't know are let pass:
    a later version may have written them.

    Parameters
    ----------
    kind
        One of the shapes in this module.
    content
        What was read, as ``json`` gives it.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, and only readers need it

    try:
        _adapter(kind).validate_python(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        return f'no usable "{where}"'
    return ""


@lru_cache
def _adapter(kind: type) -> Any:  # noqa: ANN401 - pydantic's adapter of a kind known at run time
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(kind)
