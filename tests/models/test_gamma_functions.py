"""Gamma functions: closed forms, and scipy where scipy is exact."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

from clv.models.gamma_functions import digamma, log_beta, trigamma

EVERYWHERE = np.geomspace(1e-8, 1e12, 401)


def test_closed_forms():
    assert digamma(1.0) == pytest.approx(-0.57721566490153286, rel=1e-14)
    assert digamma(0.5) == pytest.approx(-1.9635100260214235, rel=1e-14)
    assert trigamma(1.0) == pytest.approx(np.pi**2 / 6, rel=1e-14)
    assert trigamma(0.5) == pytest.approx(np.pi**2 / 2, rel=1e-14)
    assert log_beta(0.5, 0.5) == pytest.approx(np.log(np.pi), rel=1e-14)
    assert log_beta([2.0, 7.0], 3.0) == pytest.approx(-np.log([12.0, 252.0]), rel=1e-14)


@pytest.mark.parametrize(
    ("b", "closed"),
    [
        (1.0, lambda a: -np.log(a)),
        (2.0, lambda a: -np.log(a) - np.log1p(a)),
        (3.0, lambda a: np.log(2) - np.log(a) - np.log1p(a) - np.log(2 + a)),
    ],
)
def test_log_beta_does_not_cancel(b, closed):
    np.testing.assert_allclose(log_beta(EVERYWHERE, b), closed(EVERYWHERE), rtol=1e-14, atol=2e-14)


def test_log_beta_is_symmetric():
    for a, b in ((1e-3, 40.0), (14.0, 16.0), (3.0, 1e9)):
        assert log_beta(a, b) == pytest.approx(log_beta(b, a), rel=1e-14)


def test_as_scipy():
    np.testing.assert_allclose(digamma(EVERYWHERE), special.digamma(EVERYWHERE), rtol=5e-14)
    np.testing.assert_allclose(trigamma(EVERYWHERE), special.zeta(2, EVERYWHERE), rtol=2e-14)
    small = EVERYWHERE[EVERYWHERE < 100]
    np.testing.assert_allclose(
        log_beta(small, 2.7), special.betaln(small, 2.7), rtol=1e-13, atol=1e-13
    )


def test_the_main_job_never_imports_scipy():
    code = "import clv.forecast, clv.pipeline, sys; print(sorted({'scipy', 'pandas'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
