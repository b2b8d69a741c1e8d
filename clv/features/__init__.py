"""Orders → one row per customer. Each feature set is one pure function over narwhals."""

from clv.features.basket import BASKET, basket, basket_matrix
from clv.features.rfm import rfm

__all__ = ["BASKET", "basket", "basket_matrix", "rfm"]
