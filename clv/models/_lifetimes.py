"""The one place that imports lifetimes.

lifetimes 0.11.3 sets a pandas option that pandas 3 deprecates and silences every
``FutureWarning`` of the process, both at import. Neither may leak into ours.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

__all__ = ["BetaGeoFitter", "GammaGammaFitter", "ModifiedBetaGeoFitter"]
