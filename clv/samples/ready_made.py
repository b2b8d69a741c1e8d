"""A small ready-made model to try the interface with: ``python -m clv.samples.ready_made``.

It expects of each customer, within the next twelve months, the revenue
``exp(b0 + b1 log(1 + x1) + … + b6 log(1 + x6))`` of the six figures x (`clv.features.BASKET`). Its
coefficients are fitted to the sample shop's order lines: figures as of 2016-10-17, revenue of the year
after. It is put onto the shelf where that is empty, or holds one that another Python wrote.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Floats


NAME: Final = "sample"
ORIGIN: Final = date(2016, 10, 17)
END: Final = date(2017, 10, 17)
#: A little less than what the data say: keeps coefficients of figures that hardly differ in bounds.
_RIDGE: Final = 1.0
_STEPS: Final = 50


class SampleModel:
    """Expected revenue of the next twelve months.

    Parameters
    ----------
    coefficients
        Seven: the constant, then one for each figure.
    """

    def __init__(self, coefficients: list[float]) -> None:
        self.coefficients = coefficients

    def predict(self, X: Any) -> Any:  # noqa: ANN401, N803 - the interface's own name
        """Return one value per row of shape (n, 6)."""
        # Stored with the file, it must bring what it needs: nothing of this module is there then.
        import numpy as np  # noqa: PLC0415

        if X.ndim != 2 or X.shape[1] != 6:
            msg = "A table with six columns is expected."
            raise ValueError(msg)
        constant, *slopes = self.coefficients
        return np.exp(constant + np.log1p(np.maximum(X, 0.0)) @ np.array(slopes))


def figures_and_revenue() -> tuple[Floats, Floats]:
    """Return the figures of the sample shop's customers, (n, 6), and their revenue of the year after."""
    from clv.core import engine  # noqa: PLC0415 - slow to import, seldom needed
    from clv.core.settings import IngestOptions  # noqa: PLC0415
    from clv.features import basket_matrix  # noqa: PLC0415
    from clv.forecast import pipeline  # noqa: PLC0415 - slow to import, seldom needed
    from clv.runs import Draft  # noqa: PLC0415
    from clv.samples import sample_path  # noqa: PLC0415

    with TemporaryDirectory(prefix="clv-sample-") as folder, engine.connect() as con:
        draft = Draft(Path(folder))
        pipeline.check(draft, [sample_path("order-lines")], IngestOptions(), END)
        source = engine.text(draft.orders)
        con.execute(f"CREATE VIEW orders AS SELECT * FROM read_parquet({source})")
        ids, figures = basket_matrix(con.table("orders"), ORIGIN)
        brought = con.execute(
            "SELECT customer_id, sum(revenue) FROM orders WHERE ordered_at::DATE > ? "
            "AND ordered_at::DATE <= ? GROUP BY customer_id",
            [ORIGIN, END],
        ).fetchall()
    after = dict(brought)
    return figures, np.array([max(after.get(i, 0.0), 0.0) for i in ids.to_pylist()])


def fit(figures: Floats, revenue: Floats) -> list[float]:
    """Fit the coefficients by quasi-likelihood (variance in proportion to the mean, log link).

    Parameters
    ----------
    figures
        Shape (n, 6).
    revenue
        Shape (n,), not below 0.

    Returns
    -------
    list of float
        Seven: the constant, then one for each figure.
    """
    logs = np.log1p(np.maximum(figures, 0.0))
    centre, spread = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-9)
    design = np.column_stack([np.ones(len(logs)), (logs - centre) / spread])
    penalty = np.diag([0.0] + [_RIDGE * revenue.mean()] * logs.shape[1])
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(revenue.mean())
    for _ in range(_STEPS):
        mean = np.exp(design @ beta)
        slope = design.T @ (revenue - mean) - penalty @ beta
        beta = beta + np.linalg.solve(design.T @ (design * mean[:, None]) + penalty, slope)
    slopes = beta[1:] / spread
    return [round(float(b), 6) for b in (beta[0] - slopes @ centre, *slopes)]


def main() -> None:
    """Put the model onto the shelf, unless models are there that this Python can load."""
    import dill  # noqa: PLC0415

    from clv.learn.ready_made.listing import listing  # noqa: PLC0415
    from clv.learn.ready_made.shelf import Shelf  # noqa: PLC0415

    shelf = Shelf()
    names = [entry.name for entry in shelf.entries()]
    if NAME in names and listing(shelf.load(NAME)[1]).ours:
        return
    if names and NAME not in names:
        return
    # Run as the main program, the class is stored with the model, not looked up in this package.
    entry = shelf.put(NAME, dill.dumps(SampleModel(fit(*figures_and_revenue()))))
    print(f"Ready-made model {entry.name}: {entry.size:,} bytes, SHA-256 {entry.sha256}")  # noqa: T201


if __name__ == "__main__":
    main()
