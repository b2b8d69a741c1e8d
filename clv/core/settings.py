"""What the user can set, in two frozen dataclasses that are recorded with every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from clv.core.choice import PURCHASES, Choice
from clv.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clv.core.schema import OptionsRecord, SettingsRecord

DateOrder = Literal["dmy", "mdy", "ymd"]
#: What an amount in a row is for: the whole order, the row, or one of the items in it.
Grain = Literal["order", "line", "unit"]
#: What a status or a kind of transaction means for the row that has it.
StatusMeaning = Literal["counts", "no", "refund"]
#: What asks for the model that forecast this file's own past best.
AUTO: Final = "auto"


@dataclass(frozen=True)
class IngestOptions:
    """How to read the files; every ``None`` is detected from the data.

    Parameters
    ----------
    layout
        Name of a known layout (see ``clv.ingest.columns.layouts``).
    mapping
        Canonical role → column name as in the file, e.g. ``{"customer_id": "Kundennr"}``.
    date_order
        ``dmy``, ``mdy`` or ``ymd`` for dates such as 03/04/2017.
    decimal
        ``"."`` or ``","``.
    encoding, delimiter
        As Python names them.
    keep, drop
        Codes of row checks whose default rule is turned round: ``keep={"duplicate"}`` accepts exact
        duplicates, ``drop={"zero_value"}`` rejects rows of value zero.
    labels
        Columns by which customers are compared (country, channel…); empty for none.
    amount
        Whether the value of a row is that of its order, of the row, or of one item in it.
    statuses
        Status or kind of transaction as the file writes it → whether such rows count, don't, or are
        refunds.
    timezone
        Name of the shop's time zone (``Europe/Berlin``), for files whose times are in UTC.
    apart
        Two spellings of a customer stay two customers: nothing is merged.
    """

    layout: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    labels: tuple[str, ...] | None = None
    amount: Grain | None = None
    statuses: Mapping[str, StatusMeaning] = field(default_factory=dict)
    timezone: str | None = None
    apart: bool = False

    def as_dict(self) -> OptionsRecord:
        """Return plain JSON types."""
        return {
            "layout": self.layout,
            "mapping": dict(self.mapping),
            "date_order": self.date_order,
            "decimal": self.decimal,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "keep": sorted(self.keep),
            "drop": sorted(self.drop),
            "labels": None if self.labels is None else list(self.labels),
            "amount": self.amount,
            "statuses": dict(self.statuses),
            "timezone": self.timezone,
            "apart": self.apart,
        }

    @classmethod
    def from_dict(cls, content: OptionsRecord) -> IngestOptions:
        """Rebuild from `as_dict`."""
        labels = content.get("labels")
        return cls(
            layout=content.get("layout"),
            mapping=content.get("mapping", {}),
            date_order=content.get("date_order"),
            decimal=content.get("decimal"),
            encoding=content.get("encoding"),
            delimiter=content.get("delimiter"),
            keep=frozenset(content.get("keep", ())),
            drop=frozenset(content.get("drop", ())),
            labels=None if labels is None else tuple(labels),
            amount=content.get("amount"),
            statuses=content.get("statuses", {}),
            timezone=content.get("timezone"),
            apart=content.get("apart", False),
        )


@dataclass(frozen=True)
class Settings:
    """What a forecast means.

    Parameters
    ----------
    as_of
        Day on which the forecast stands; ``None`` takes the day of the last order.
    horizon_months
        Calendar months from the as-of date, 1 to 60.
    discount_rate
        Annual, 0.10 = 10 %; applied monthly.
    margin
        Share of revenue that counts as value, above 0 and at most 1.
    model
        `AUTO`, or a name that `clv.core.choice.Choice` knows.
    currency
        ISO code or symbol for display only; the file's currency is never converted.
    level
        Share of customers whose value is to lie within their range, 0.5 to 0.95.
    backtest
        Whether the forecast is tested on the past first. Without, it is made quicker, has no
        ranges, and `AUTO` is MBG/NBD.
    """

    as_of: date | None = None
    horizon_months: int = 12
    discount_rate: float = 0.10
    margin: float = 1.0
    model: str = AUTO
    currency: str = ""
    level: float = 0.80
    backtest: bool = True
    time_unit: Literal["day"] = "day"

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_months <= 60:
            msg = f"The horizon is {self.horizon_months} months; it must lie between 1 and 60."
            raise SettingsError(msg)
        if not 0 <= self.discount_rate <= 1:
            msg = f"The discount rate is {self.discount_rate}; write 0.10 for 10 % (0 to 1)."
            raise SettingsError(msg)
        if not 0 < self.margin <= 1:
            msg = f"The margin is {self.margin}; write 0.35 for 35 % (above 0, at most 1)."
            raise SettingsError(msg)
        if not 0.5 <= self.level <= 0.95:
            msg = f"The level of the ranges is {self.level}; write 0.80 for 80 % (0.5 to 0.95)."
            raise SettingsError(msg)
        if self.model != AUTO:
            try:
                Choice.parse(self.model)
            except ValueError as error:
                one_of = f"{AUTO}, {', '.join(PURCHASES)}"
                raise SettingsError(str(error), f"Choose one of: {one_of}.") from error

    def as_dict(self) -> SettingsRecord:
        """Return plain JSON types, the as-of date in ISO form."""
        return {
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "horizon_months": self.horizon_months,
            "discount_rate": self.discount_rate,
            "margin": self.margin,
            "model": self.model,
            "currency": self.currency,
            "level": self.level,
            "backtest": self.backtest,
            "time_unit": self.time_unit,
        }
