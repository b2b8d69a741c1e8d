"""Orders → one row per customer. Each feature set is one pure function over narwhals."""

from clv.features.rfm import rfm

__all__ = ["rfm"]
