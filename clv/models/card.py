"""Fitted models as JSON, and back: no pickle, hence nothing that could run code."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, overload

from clv.core.errors import FitError, did_you_mean
from clv.core.schema import FittedCard, SeasonalCard, fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv.core.schema import PurchaseCard
    from clv.models.base import PurchaseModel, SpendModel
    from clv.models.notes import Note

#: name → module, class, imported on demand.
MODELS: Final = {
    "mbg-nbd": ("clv.models.purchase.beta_geo", "MBGNBDCore"),
    "bg-nbd": ("clv.models.purchase.beta_geo", "BGNBDCore"),
    "pareto-nbd": ("clv.models.purchase.pareto_nbd", "ParetoNBD"),
    "mbg-cnbd": ("clv.models.purchase.cnbd", "MBGCNBD"),
    "bg-cnbd": ("clv.models.purchase.cnbd", "BGCNBD"),
    "population-mean": ("clv.models.purchase.rules", "PopulationMean"),
    "rate-so-far": ("clv.models.purchase.rules", "RateSoFar"),
    "recency-rule": ("clv.models.purchase.rules", "RecencyRule"),
    "pooled-rate": ("clv.models.purchase.pooled_rate", "PooledRate"),
    "+season": ("clv.models.season.seasonal", "Seasonal"),
    "gamma-gamma": ("clv.models.spend.gamma_gamma_core", "GammaGammaCore"),
    "gamma-gamma-all": ("clv.models.spend.gamma_gamma_core", "GammaGammaAll"),
    "mean-spend": ("clv.models.spend.mean_spend", "MeanSpend"),
    "constant-spend": ("clv.models.spend.mean_spend", "ConstantSpend"),
}


def model_class(name: str) -> Any:
    """Return the class of the models with this name, a key of ``MODELS``."""
    module, class_name = MODELS[name]
    return getattr(import_module(module), class_name)


@overload
def to_card(model: PurchaseModel, notes: Iterable[Note] = ()) -> PurchaseCard: ...


@overload
def to_card(model: SpendModel, notes: Iterable[Note] = ()) -> FittedCard: ...


def to_card(model: PurchaseModel | SpendModel, notes: Iterable[Note] = ()) -> PurchaseCard:
    """Return the model's card with the ladder's notes: JSON types only, no NaN or infinity.

    Parameters
    ----------
    model
        Fitted.
    notes
        As `clv.models.ladder` returned them.
    """
    card = model.card()
    card["notes"] = [note.as_dict() for note in notes]
    return card


def from_card(card: PurchaseCard | None) -> Any:
    """Return the model that a card describes; it scores as the original did.

    Raises
    ------
    FitError
        Without a card, or when its name is unknown or a number is missing.
    """
    if card is None:
        msg = "This forecast has no such model."
        raise FitError(msg)
    name = str(card.get("name"))
    kind = "+season" if name.endswith("+season") else name  # whatever wears it
    if kind not in MODELS:
        msg = f'This model card is of a model "{name}", which is not known here.'
        raise FitError(msg + did_you_mean(name, MODELS))
    if problem := fault(SeasonalCard if kind == "+season" else FittedCard, card):
        msg = f'The model card of "{name}" is incomplete: it has {problem}.'
        raise FitError(msg)
    try:
        return model_class(kind).from_card(card)
    except (KeyError, ValueError) as error:
        msg = f'The model card of "{name}" is incomplete: {error}.'
        raise FitError(msg) from error
