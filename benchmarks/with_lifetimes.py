"""The job as lifetimes' documentation shows it: ``python -m benchmarks.with_lifetimes IN OUT``."""

from __future__ import annotations

import sys
import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402
from lifetimes import GammaGammaFitter, ModifiedBetaGeoFitter  # noqa: E402
from lifetimes.utils import summary_data_from_transaction_data  # noqa: E402


def main(source: str, target: str) -> None:
    """Read, summarise, fit, predict, write."""
    log = pd.read_csv(source)
    log["Timestamp"] = pd.to_datetime(log["Timestamp"]).dt.tz_localize(None)
    data = summary_data_from_transaction_data(
        log, "CustomerID", "Timestamp", monetary_value_col="PurchaseValue"
    )
    model = ModifiedBetaGeoFitter()
    model.fit(data["frequency"], data["recency"], data["T"])
    again = data[(data["frequency"] > 0) & (data["monetary_value"] > 0)]
    spend = GammaGammaFitter()
    spend.fit(again["frequency"], again["monetary_value"])
    data["p_alive"] = model.conditional_probability_alive(
        data["frequency"], data["recency"], data["T"]
    )
    data["predicted_purchases"] = model.conditional_expected_number_of_purchases_up_to_time(
        365, data["frequency"], data["recency"], data["T"]
    )
    data["predicted_order_value"] = spend.conditional_expected_average_profit(
        data["frequency"], data["monetary_value"]
    )
    data["predicted_clv"] = spend.customer_lifetime_value(
        model,
        data["frequency"],
        data["recency"],
        data["T"],
        data["monetary_value"],
        time=12,
        discount_rate=1.1 ** (1 / 12) - 1,
        freq="D",
    )
    data.to_csv(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
