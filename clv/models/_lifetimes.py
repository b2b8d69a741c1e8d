"""The one place that imports lifetimes.

lifetimes 0.11.3 sets a pandas option that pandas 3 deprecates and silences every
``FutureWarning`` of the process, both at import. Neither may leak into ours.
"""

from __future__ import annotations

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

__all__ = ["BetaGeoFitter", "GammaGammaFitter", "ModifiedBetaGeoFitter", "Saved"]


class Saved:
    """Goes before a lifetimes fitter: its files hold the customers only if they shall."""

    def save_model(self, path: str, save_data: bool = True, **options: Any) -> None:
        """Save the model with dill, as lifetimes does.

        Parameters
        ----------
        path
            The file.
        save_data
            Whether `data`, what the model was fitted on, goes along; without it `data` is empty.
        **options
            As in lifetimes. Nothing of ours but `data` can be left out.
        """
        whole = self.__dict__
        if not save_data:
            self.__dict__ = {**whole, "columns_": {}, "index_": None}
        try:
            super().save_model(path, save_data, **options)  # type: ignore[misc]  # lifetimes has it
        finally:
            self.__dict__ = whole
