"""MBG/NBD: after every purchase, the first included, a customer may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.models._lifetimes import ModifiedBetaGeoFitter, Saved
from clv.models.purchase.beta_geo import MBGNBDCore
from clv.models.purchase.lifetimes_methods import LifetimesMethods

if TYPE_CHECKING:
    import pandas as pd


class MBGNBD(LifetimesMethods, MBGNBDCore, Saved, ModifiedBetaGeoFitter):
    """``lifetimes.ModifiedBetaGeoFitter`` with exact formulas and a fast, robust fit.

    Purchases are Poisson with a rate that is gamma(r, alpha) among customers; after each purchase,
    the first one included, a customer leaves with a probability that is beta(a, b).

    Parameters
    ----------
    penalizer_coef
        Times the sum of squared parameters (alpha at a time scale where the largest T is 1), added
        to the mean negative log-likelihood.

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for
    customer base analysis, IJRM 24(3). Wagner & Hoppe (2008), Erratum on the MBG/NBD model,
    IJRM 25(3).

    Examples
    --------
    >>> model = MBGNBD().fit([2, 1, 0, 0, 3], [30.4, 1.7, 0, 0, 20.0], [38.9] * 5)
    >>> bool(0 < model.conditional_probability_alive(2, 30.4, 38.9)[0] < 1)
    True
    """

    def generate_new_data(self, size: int = 1) -> pd.DataFrame:
        """Draw the first ``size`` customers of `data` anew, with lifetimes' generator."""
        from lifetimes.generate_data import modified_beta_geometric_nbd_model  # noqa: PLC0415

        ages = self.data["T"].to_numpy()
        drawn: pd.DataFrame = modified_beta_geometric_nbd_model(ages, *self.parameters(), size=size)
        return drawn
