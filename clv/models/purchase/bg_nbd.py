"""BG/NBD: after every repeat purchase a customer may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.models._lifetimes import BetaGeoFitter, Saved
from clv.models.purchase.beta_geo import BGNBDCore
from clv.models.purchase.lifetimes_methods import LifetimesMethods

if TYPE_CHECKING:
    import pandas as pd


class BGNBD(LifetimesMethods, BGNBDCore, Saved, BetaGeoFitter):
    """``lifetimes.BetaGeoFitter`` with exact formulas and a fast, robust fit.

    As `MBGNBD`, but nobody leaves before the first repeat purchase: whoever made none counts as
    alive for certain.

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (alpha at a time scale where the largest T is 1), added
        to the mean negative log-likelihood.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the
    Pareto/NBD Model, Marketing Science 24(2).
    """

    def generate_new_data(self, size: int = 1) -> pd.DataFrame:
        """Draw the first ``size`` customers of `data` anew, with lifetimes' generator."""
        from lifetimes.generate_data import beta_geometric_nbd_model  # noqa: PLC0415

        ages = self.data["T"].to_numpy()
        drawn: pd.DataFrame = beta_geometric_nbd_model(ages, *self.parameters(), size=size)
        return drawn
