"""What is told of a file without loading it."""

from __future__ import annotations

import pickle
from pathlib import Path

import dill
import numpy as np
import pytest

from clv.core.errors import ModelFileError
from clv.learn.ready_made.listing import HERE, listing
from tests.learn.ready_made.case import SUMS, dilled
from tests.places import SHARED

REAL = SHARED / "lesara" / "model.dill"


class Trap:
    """Loading it ends the process."""

    def __reduce__(self):
        return exit, (3,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("recurse", [False, True])
def test_a_function_of_this_python_and_the_names_it_uses(protocol, recurse):
    found = listing(dilled(SUMS, protocol=protocol, recurse=recurse))
    assert (found.functions, found.python, found.ours) == (1, HERE, True)
    assert found.uses == ("numpy", "sum")
    assert found.suspect == ()
    assert {"dill._dill._create_code", "dill._dill._create_type"} <= set(found.names)


def test_the_real_file_was_written_under_another_python():
    if not REAL.exists():
        pytest.skip("the real file is not here")
    found = listing(REAL.read_bytes())
    assert (found.functions, found.python, found.ours) == (1, "3.6 or 3.7", False)
    assert found.uses == (
        *("Exception", "IndexError", "generic", "isinstance", "ndarray", "numpy", "shape", "sum"),
    )
    assert found.names == (
        *("builtins.__main__", "dill.dill._create_function"),
        *("dill.dill._create_type", "dill.dill._load_type"),
    )


@pytest.mark.parametrize(
    ("body", "suspect"),
    [
        ("import os\nos.system('true')", ("os",)),
        ("import subprocess as s\nreturn s.run", ("subprocess",)),
        ("return eval('1')", ("eval",)),
        ("return open('/etc/hostname')", ("open",)),
        ("return [__import__('socket') for _ in X]", ("__import__",)),
        ("import urllib.request\nreturn X", ("urllib.request",)),
    ],
)
def test_names_that_reach_beyond_numbers_are_warned_of(body, suspect):
    assert listing(dilled(body)).suspect == suspect


def test_what_a_pickle_would_call_is_named_and_not_called():
    found = listing(pickle.dumps([Trap(), eval, np.float64(1.5)]))
    assert {"builtins.eval", "numpy.dtype"} <= set(found.names)
    assert any(name.endswith(".exit") or "Quitter" in name for name in found.names)
    assert "builtins.eval" in found.suspect
    assert (found.functions, found.python, found.ours) == (0, "", True)


@pytest.mark.parametrize("protocol", range(6))
def test_references_in_every_protocol(protocol):
    found = listing(pickle.dumps({"a": [Path, np.ndarray], "b": {1, 2}}, protocol=protocol))
    assert {"pathlib.Path", "numpy.ndarray"} <= set(found.names)


@pytest.mark.parametrize(
    ("parts", "program", "python"),
    [
        (14, [100, 83], "2.7"),
        (16, [100, 83], "3.8, 3.9 or 3.10"),
        # 3.12 calls without preparing the call; 3.13 and 3.14 begin functions with other numbers.
        (18, [151, 171, 83], "3.12"),
        (18, [149, 83], "3.13"),
        (18, [128, 83], "3.14"),
    ],
)
def test_other_pythons_are_told_by_their_functions(parts, program, python):
    body = bytes(b for operation in program for b in (operation, 0))
    first = {14: 4, 16: 6, 18: 6}[parts]
    arguments = (*[1] * first, body, (), ("numpy",), *["x"] * (parts - first - 3))

    class Code:
        def __reduce__(self):
            return dill._dill._create_code, arguments

    found = listing(pickle.dumps(Code()))
    assert (found.python, found.ours, found.uses) == (python, False, ("numpy",))


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x80\x04.", b"customer_id,revenue\n", b"\x80\x04h\x07."]
)
def test_anything_else_is_no_model(content):
    with pytest.raises(ModelFileError, match="not a model that dill"):
        listing(content)
