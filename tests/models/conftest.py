"""Data sets for the models' tests: those inside the installed lifetimes, and hard ones."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import pytest

from tests.places import LIFETIMES, RETAIL, SHARED


class Triples:
    """Distinct (frequency, recency, T) and how many customers have each."""

    def __init__(self, x, t_x, age, weights=None):
        rows = np.column_stack([x, t_x, age]).astype(float)
        counts = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)
        distinct, position = np.unique(rows, axis=0, return_inverse=True)
        self.x, self.t_x, self.age = distinct.T
        self.weights = np.bincount(position.ravel(), counts)

    def __iter__(self):
        return iter((self.x, self.t_x, self.age, self.weights))


def reference_fit(fitter, *data):
    """Return lifetimes' own fit and its log-likelihood in the data's unit; None if it fails."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            fitter.fit(*data)
        except ValueError:  # lifetimes' ConvergenceError is one
            return None, -np.inf
    x, age, weights = data[0], data[-2], data[-1]
    likelihood = -fitter._negative_log_likelihood_ * weights.sum()
    return fitter, likelihood - (weights @ x) * np.log(age.max())


@pytest.fixture(scope="session")
def fit_lifetimes():
    return reference_fit


@pytest.fixture(scope="session")
def cdnow():
    table = pd.read_csv(LIFETIMES / "cdnow_customers_summary.csv")
    return Triples(table["frequency"], table["recency"], table["T"])


@pytest.fixture(scope="session")
def cdnow_values():
    return pd.read_csv(LIFETIMES / "cdnow_customers_summary_with_transactions.csv")


@pytest.fixture(scope="session")
def donations():
    table = pd.read_csv(LIFETIMES / "donations.csv")
    return Triples(table["frequency"], table["recency"], table["periods"], table["weights"])


@pytest.fixture(scope="session")
def cdnow_master():
    """39 weeks of calibration of all 23,570 customers, in weeks."""
    log = pd.read_csv(LIFETIMES / "CDNOW_master.txt", sep=r"\s+", dtype=str)
    return days_to_triples(
        log["customer_id"], pd.to_datetime(log["date"], format="%Y%m%d"), "1997-09-30", unit=7
    )


def days_to_triples(customer, day, end, unit=1):
    end = pd.Timestamp(end)
    table = pd.DataFrame({"customer": customer, "day": day.dt.normalize()})
    each = table[table["day"] <= end].groupby("customer")["day"].agg(["min", "max", "nunique"])
    return Triples(
        each["nunique"] - 1,
        (each["max"] - each["min"]).dt.days / unit,
        (end - each["min"]).dt.days / unit,
    )


@pytest.fixture(scope="session")
def online_retail_cleanings():
    """Online Retail up to 2011-06-09 after three plausible cleanings; the file is not ours."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    lines = pd.read_csv(
        RETAIL,
        usecols=["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"],
        dtype={"InvoiceNo": str},
    )
    lines = lines[lines["CustomerID"].notna() & (lines["InvoiceDate"] < "2011-06-10")]
    kept = lines[~lines["InvoiceNo"].str.startswith("C")]
    paid = kept[(kept["Quantity"] > 0) & (kept["UnitPrice"] > 0)]
    return {
        name: days_to_triples(part["CustomerID"], pd.to_datetime(part["InvoiceDate"]), "2011-06-09")
        for name, part in {"all": lines, "no cancellations": kept, "paid only": paid}.items()
    }


def marketplace(seed, share, customers=20_000):
    """Draw a marketplace where the given share of customers ever comes back; days."""
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 600, customers).astype(float)
    back = (rng.random(customers) < share) & (age > 1)
    x = np.minimum(np.where(back, rng.geometric(0.85, customers), 0), age)
    t_x = np.ceil(age * rng.beta(np.maximum(x, 1), 1.5))
    t_x = np.where(x > 0, np.clip(t_x, x, age), 0)
    return Triples(x, t_x, age)


@pytest.fixture(scope="session")
def make_marketplace():
    return marketplace


@pytest.fixture(scope="session")
def regular():
    """2,000 customers who buy about every 30 days, Erlang-3, over a year; and their log gaps."""
    rng = np.random.default_rng(3)
    size, most = 2000, 80
    stages, leaves = rng.gamma(1.5, 1 / 15, size), rng.beta(0.6, 3.0, size)
    gaps = rng.standard_gamma(3, (size, most)) / stages[:, None]
    times, age = gaps.cumsum(axis=1), rng.integers(100, 365, size).astype(float)
    # MBG: the first purchase can be the last one.
    last = rng.geometric(leaves)[:, None] - 1
    made = (times <= age[:, None]) & (np.arange(most) < last)
    x = made.sum(axis=1)
    t_x = np.where(x > 0, times[np.arange(size), np.maximum(x, 1) - 1], 0.0)
    return Triples(x, t_x, age), float(np.log(gaps[made]).sum())
