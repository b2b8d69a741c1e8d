"""What a fitted model shows of itself in lifetimes' shapes: pandas objects, made when asked for.

The models compute on plain arrays. pandas and lifetimes take a second to import, more than most fits;
only who asks for these attributes pays for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from clv.core.schema import FittedCard
    from clv.core.types import Counts, Floats


def number(value: float | None, name: str) -> float:
    """Return a number of a model card that must be there.

    Raises
    ------
    ValueError
        When it is None.
    """
    if value is None:
        msg = f"{name} is None"
        raise ValueError(msg)
    return float(value)


class LifetimesAttributes:
    """Mixin: ``params_``, ``standard_errors_``… as pandas objects.

    Attributes
    ----------
    names
        The parameters' names.
    theta_
        Shape (k,), the parameters.
    variance_
        Shape (k, k), their variance matrix; infinite where one is not determined.
    columns_
        What was fitted on: name → shape (n,).
    index_
        Index for ``data``, or None.
    """

    names: ClassVar[tuple[str, ...]]
    theta_: Floats
    variance_: Floats
    columns_: dict[str, Floats | Counts]
    index_: Any = None

    @property
    def params_(self) -> pd.Series[float]:
        """The parameters, a pandas Series."""
        import pandas as pd  # noqa: PLC0415

        if not hasattr(self, "theta_"):
            msg = "The model is not fitted yet: call fit first."
            raise AttributeError(msg)
        return pd.Series(self.theta_, index=self.names)

    @params_.setter
    def params_(self, values: pd.Series[float]) -> None:
        """Set parameters by hand, as lifetimes' users do."""
        self.theta_ = np.array([float(values[name]) for name in self.names])

    @property
    def variance_matrix_(self) -> pd.DataFrame:
        """The variance matrix of the parameters."""
        import pandas as pd  # noqa: PLC0415

        return pd.DataFrame(self.variance_, index=self.names, columns=self.names)

    @property
    def standard_errors_(self) -> pd.Series[float]:
        """Standard errors; infinite (never NaN) where the likelihood does not determine one."""
        import pandas as pd  # noqa: PLC0415

        return pd.Series(self.errors_(), index=self.names)

    @property
    def confidence_intervals_(self) -> pd.DataFrame:
        """Parameters ± 1.96 standard errors, lifetimes' column names."""
        import pandas as pd  # noqa: PLC0415

        reach = 1.96 * self.standard_errors_
        return pd.DataFrame(
            {"lower 95% bound": self.params_ - reach, "upper 95% bound": self.params_ + reach}
        )

    @property
    def data(self) -> pd.DataFrame:
        """What the model was fitted on, one row per distinct history."""
        import pandas as pd  # noqa: PLC0415

        return pd.DataFrame(self.columns_, index=self.index_)

    def errors_(self) -> Floats:
        """Return the standard errors, shape (k,)."""
        return np.sqrt(np.diag(self.variance_))

    def plain(self) -> tuple[float, ...]:
        """Return the parameters as plain floats.

        Raises
        ------
        ValueError
            Before ``fit``.
        """
        if not hasattr(self, "theta_"):
            msg = "The model is not fitted yet: call fit first."
            raise ValueError(msg)
        return tuple(float(value) for value in self.theta_)

    def errors_as_json(self) -> dict[str, float | None]:
        """Return name → standard error, ``None`` where it is infinite."""
        pairs = zip(self.names, self.errors_(), strict=True)
        return {name: float(e) if np.isfinite(e) else None for name, e in pairs}

    def restore(self, card: FittedCard) -> None:
        """Take parameters and standard errors from a model card."""
        self.theta_ = np.array([number(card["parameters"][k], k) for k in self.names])
        errors = [card["standard_errors"][k] for k in self.names]
        self.variance_ = np.diag([np.inf if e is None else float(e) ** 2 for e in errors])
        self.columns_ = {}
