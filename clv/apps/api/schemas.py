"""What the API takes and returns."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, create_model, field_validator

from clv.core.orders import FORECASTS
from clv.core.schema import VerdictWord  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_TYPES: Final = {"VARCHAR": str, "BIGINT": int, "DOUBLE": float, "DATE": date}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
#: Transactions of one request, at most.
MOST_TRANSACTIONS: Final = 10_000
#: Customers of one request, at most.
MOST_CUSTOMERS: Final = 1000

EXAMPLE: Final[JsonDict] = {
    "customer_id": "C-1024",
    "orders": 5,
    "revenue": 412.5,
    "first_order": "2017-02-03",
    "last_order": "2018-11-19",
    "frequency": 4,
    "recency": 654,
    "T": 696,
    "monetary_value": 88.4,
    "p_alive": 0.93,
    "p_purchase": 0.82,
    "predicted_purchases": 2.1,
    "predicted_order_value": 79.9,
    "predicted_clv": 159.1,
    "predicted_clv_low": 0.0,
    "predicted_clv_high": 331.0,
    "next_order_date": "2019-03-27",
    "segment": "loyal",
}
PLACED: Final[JsonDict] = {"rank": 1} | EXAMPLE | {"predicted_revenue": 167.8}
ABOUT: Final[JsonDict] = {
    "run": "3f0c…",
    "as_of": "2018-12-31",
    "horizon_months": 12,
    "currency": "EUR",
    "verdict": "usable",
    "verdict_reason": "on 3 past dates the forecast was 16\u00a0% too low on average.",
}


class Health(BaseModel):
    """The process answers."""

    status: str = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])


class About(BaseModel):
    """What the figures mean."""

    model_config = ConfigDict(json_schema_extra={"example": ABOUT})

    run: str
    as_of: date
    horizon_months: int
    currency: str | None
    verdict: VerdictWord | None = Field(
        description="What the forecast is fit for; null where nothing is forecast."
    )
    verdict_reason: str | None


Forecast = create_model(
    "Forecast",
    __config__=ConfigDict(json_schema_extra={"example": EXAMPLE}),
    __doc__="One customer's forecast: the columns of the predictions; null where there is none.",
    **{  # type: ignore[call-overload]
        name: (_TYPES[kind] if name == "customer_id" else _TYPES[kind] | None, ...)
        for name, kind in FORECASTS.items()
    },
)
Customer = create_model(
    "Customer",
    __config__=ConfigDict(json_schema_extra={"example": EXAMPLE | ABOUT}),
    __doc__="One customer's forecast, and what its figures mean.",
    __base__=(Forecast, About),
)


class Customers(About):
    """Several customers' forecasts."""

    model_config = ConfigDict(json_schema_extra={"example": ABOUT | {"customers": [EXAMPLE]}})

    customers: list[Forecast]  # type: ignore[valid-type]


Ranked = create_model(
    "Ranked",
    __config__=ConfigDict(json_schema_extra={"example": PLACED}),
    __doc__="One customer's forecast, and its place in the list.",
    __base__=Forecast,
    rank=(int, ...),
    predicted_revenue=(
        float | None,
        Field(description="Expected purchases times expected value of one, not discounted."),
    ),
)


class Top(About):
    """The customers predicted to buy or to spend most, the first of them first."""

    model_config = ConfigDict(json_schema_extra={"example": ABOUT | {"customers": [PLACED]}})

    customers: list[Ranked]  # type: ignore[valid-type]


def _written(value: object) -> object:
    """Refuse times that are numbers: seconds or milliseconds, since when, nobody says."""
    if not (isinstance(value, str) and _DAY.match(value)):
        msg = "write it as text, ISO 8601: 2018-11-19 or 2018-11-19T10:30:00Z"
        raise ValueError(msg)
    return value


def _day_or_time(schema: JsonDict) -> None:
    """Describe a time that may be a day."""
    del schema["format"]
    schema["anyOf"] = [{"format": "date"}, {"format": "date-time"}]


class Transaction(BaseModel):
    """One purchase. Several of a customer on one day count as one purchase day."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str = Field(min_length=1)
    ordered_at: datetime = Field(
        description="ISO 8601, a day or a time on the shop's own clock; an offset is passed over.",
        json_schema_extra=_day_or_time,
    )
    revenue: float | None = Field(
        None, allow_inf_nan=False, ge=-1e12, le=1e12, description="In the run's currency."
    )

    @field_validator("ordered_at", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return _written(value)

    @field_validator("revenue", mode="before")
    @classmethod
    def _no_bool(cls, value: object) -> object:
        if isinstance(value, bool):
            msg = "a number is needed"
            raise ValueError(msg)  # noqa: TRY004 - pydantic's way
        return value

    @field_validator("ordered_at")
    @classmethod
    def _on_its_own_clock(cls, value: datetime) -> datetime:
        if not 1900 <= value.year <= 2200:
            msg = "the year must lie between 1900 and 2200"
            raise ValueError(msg)
        return value.replace(tzinfo=None)


class ScoreRequest(BaseModel):
    """Transactions of one or more customers, complete since each one's first purchase."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "as_of": "2018-12-31",
                "transactions": [
                    {"customer_id": "C1", "ordered_at": "2018-03-01", "revenue": 40.0},
                    {"customer_id": "C1", "ordered_at": "2018-11-19T10:30:00Z", "revenue": 60.0},
                    {"customer_id": "C2", "ordered_at": "2018-12-24", "revenue": 25.5},
                ],
            }
        },
    )

    transactions: list[Transaction] = Field(min_length=1, max_length=MOST_TRANSACTIONS)
    as_of: date | None = Field(
        None,
        ge=date(1900, 1, 1),
        le=date(2200, 12, 31),
        description="The day on which the forecasts stand. Default: the run's, or that of the last "
        "transaction if it is later.",
    )

    @field_validator("as_of", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return None if value is None else _written(value)


class Scores(About):
    """Forecasts made of the transactions that were sent, with the published run's model."""

    model_config = ConfigDict(json_schema_extra={"example": ABOUT | {"customers": [EXAMPLE]}})

    customers: list[Forecast]  # type: ignore[valid-type]


class LtvRow(BaseModel):
    """A customer's first weeks; what is needed depends on the trained model."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "cohort_month_str": "2017-01",
                "customer_state": "SP",
                "rev_1m": 10,
                "n_orders_1m": 1,
                "rev_3m": 10,
                "n_orders_3m": 1,
            }
        },
    )


#: How many there may be, `clv.apps.api.routes` says in words.
LtvRows = Annotated[
    list[LtvRow], Field(json_schema_extra={"minItems": 1, "maxItems": MOST_CUSTOMERS})
]


class Ltv(BaseModel):
    """The expected value of a customer's first months, in the currency of the training."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "predicted_ltv": 14.2,
                "low": 10.0,
                "high": 12.5,
                "observed": 10.0,
                "predicted_remaining": 4.2,
                "unknown": [],
                "horizon_months": 12,
                "model": "lightgbm-tweedie",
                "demo": False,
            }
        }
    )

    predicted_ltv: float
    low: float
    high: float
    observed: float
    predicted_remaining: float
    unknown: list[str] = Field(
        description="Categories whose value the model has not learned; they count as `other`."
    )
    horizon_months: int
    model: str
    demo: bool = Field(
        description="Whether this is the demo model that comes with the program, trained on a "
        "made-up marketplace: CLV_LTV_MODEL names another."
    )


class Ltvs(BaseModel):
    """Several customers, in the order in which they were sent."""

    predictions: list[Ltv]


class RunInfo(BaseModel):
    """A stored run."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": ABOUT
            | {
                "published": True,
                "created_at": "2019-01-01T04:00:12.000000+00:00",
                "customers": 2357,
                "predicted_clv": 187340.5,
                "model": "mbg-nbd",
            }
        }
    )

    run: str
    published: bool
    created_at: str
    as_of: str
    horizon_months: int
    currency: str | None
    customers: int
    predicted_clv: float | None
    model: str | None


class Damaged(BaseModel):
    """A stored run of which a file is missing, cut off or not what it should be."""

    run: str
    published: bool
    fault: str = Field(examples=["summary.json is missing"])


class Runs(BaseModel):
    """The stored runs, newest first; apart from them those that can't be read."""

    runs: list[RunInfo]
    damaged: list[Damaged]


class ProblemBody(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "title": "Not Found",
                "status": 404,
                "detail": 'There is no customer "C-1042".',
                "nearest": ["C-1024"],
            }
        },
    )

    title: str
    status: int
    detail: str
