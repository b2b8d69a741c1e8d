"""The generators of the sample files: the same seed writes the same bytes.

``python -m tools.samples`` writes ``data/`` again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tools.samples import exports, logs, marketplace

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seed of the committed files.
SEED: Final = 2017
#: By sample (`clv.samples.SAMPLES`): draws the file's content from a random generator.
GENERATORS: Final[dict[str, Callable[[np.random.Generator], str | bytes]]] = {
    "transactions": logs.transactions,
    "order-lines": logs.order_lines,
    "shopify": exports.shopify,
    "woocommerce": exports.woocommerce,
    "marketplace": marketplace.marketplace,
}


def generate(name: str, out: str | Path, seed: int = SEED) -> Path:
    """Write the made-up sample called `name` to `out`; the same seed writes the same bytes.

    Returns the path written to.
    """
    content = GENERATORS[name](np.random.default_rng(seed))
    out = Path(out)
    out.write_bytes(content.encode() if isinstance(content, str) else content)
    return out
