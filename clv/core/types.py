"""Types that every room speaks of: arrays, and who is told of progress."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
#: Counts of anything.
Counts = NDArray[np.int64]
#: Places in an array: what picks rows of it.
Places = NDArray[np.intp]
#: Days or months, as the array's unit says.
Days = NDArray[np.datetime64]
Texts = NDArray[np.object_]
#: Told what is being done, how much of it is done, and of how much; 0 of 0 where nobody knows.
Progress = Callable[[str, int, int], None]
#: What one cell of a table is in JSON.
Cell = str | int | float | None


def quiet(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""
