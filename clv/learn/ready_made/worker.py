"""Load a ready-made model and ask it: a program of its own, started by `clv.learn.ready_made.process`.

It imports nothing of the package, so that it can run with an empty environment, and it limits itself
before it touches the model.

Standard input: a line of JSON (``model``, ``rows``, ``columns``: sizes; ``seconds``, ``memory``,
``file``: limits; ``imports``: what the model's functions expect to find), the model's bytes, then the
figures as little-endian doubles, row by row. Standard output: a line of JSON, then the answer as such
doubles. What the model itself prints goes nowhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import types
from typing import BinaryIO, NotRequired, TypedDict

_NEW_NETWORK, _NEW_USER, _NEW_PROCESSES = 0x40000000, 0x10000000, 0x20000000
_DIE_WITH_PARENT, _NO_NEW_PRIVILEGES = 1, 38
# Landlock (linux/landlock.h): its calls, the same on every processor; how many kinds of access each of
# its versions knows; of these reading files and folders, and running programs.
_MAKE_RULES, _ADD_RULE, _OBEY = 444, 445, 446
_TELL_VERSION, _BENEATH_PATH = 1, 1
_KINDS = {1: 13, 2: 14}
_MOST_KINDS = 15
_READ, _RUN = 1 << 2 | 1 << 3, 1 << 0
# What numpy calls whole numbers, others, text and objects, which may be numbers too. Left out is what it
# would turn into numbers without a word: truths, complex numbers, dates, lengths of time.
_NUMBERS = "iufUO"
# Those kinds that a file, and not only a folder, can be opened up for.
_OF_FILES = 1 << 1 | 1 << 14


class Asked(TypedDict):
    """The line that begins an exchange: sizes, limits, and what the model's functions expect to find."""

    model: int
    rows: int
    columns: int
    seconds: int
    memory: int
    file: int
    imports: dict[str, str]


class Reply(TypedDict):
    """The line that ends it: how far it came, and what went wrong."""

    stage: str
    kind: NotRequired[str]
    message: NotRequired[str]
    name: NotRequired[str]
    shape: NotRequired[list[int]]


def main() -> None:
    """Do one exchange."""
    reply = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    asked: Asked = json.loads(sys.stdin.buffer.readline())
    network = confine(asked)
    enclose()
    try:
        said, body = answer(asked, sys.stdin.buffer)
    # Whatever a model raises, and be it the wish to exit, is told rather than let loose.
    except BaseException as error:  # noqa: BLE001
        said, body = failure(error), b""
    reply.write(json.dumps({**said, "network": network}).encode() + b"\n" + body)
    reply.flush()
    # A model may have left threads, or functions to be called at the end.
    os._exit(0)


def confine(asked: Asked) -> bool:
    """Set the limits that the model can't lift; return whether the network is still there."""
    # The first limit on time tells by its signal what happened; the second can't be waited out.
    resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"], asked["seconds"] + 1))
    for what, limit in (
        (resource.RLIMIT_AS, asked["memory"]),
        (resource.RLIMIT_FSIZE, asked["file"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    if not sys.platform.startswith("linux"):
        return True
    libc = ctypes.CDLL(None)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    confine_to(".", libc)
    # As a new user, where that is not allowed to this one.
    apart = _NEW_NETWORK | _NEW_PROCESSES
    ways = (apart, apart | _NEW_USER, _NEW_NETWORK, _NEW_NETWORK | _NEW_USER)
    return all(libc.unshare(how) != 0 for how in ways)


def enclose() -> None:
    """Go on as a child, and let this process only pass on how that one ends.

    Where `confine` could ask for processes apart, the child is the first of them: it sees no others,
    and when it ends, the system ends all that it has started, also what has left its group.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    child = os.fork()
    if child:
        how = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ended_by = signal.SIGXCPU if how == signal.SIGXCPU else -how
        if ended_by > 0:
            libc.signal(ended_by, None)  # Python has put others in the place of the usual answers.
            os.kill(os.getpid(), ended_by)
        os._exit(how)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    # The first process of its kind is not ended by signals that it doesn't listen to, as that of the
    # limit on time. The system's own exit listens also while a model computes outside of Python.
    libc.signal(signal.SIGXCPU, ctypes.cast(libc["_exit"], ctypes.c_void_p))


class _Rule(ctypes.Structure):
    """``struct landlock_path_beneath_attr``."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("place", ctypes.c_int32))


def confine_to(folder: str, libc: ctypes.CDLL) -> bool:
    """Let this process change files of one folder only, and run no programs; return whether it obeys.

    Needs Linux 5.13 or later, with Landlock switched on.
    """
    version = libc.syscall(_MAKE_RULES, None, ctypes.c_size_t(0), _TELL_VERSION)
    if version < 1:
        return False
    kinds = ((1 << _KINDS.get(version, _MOST_KINDS)) - 1) & ~_READ
    refused = ctypes.c_uint64(kinds)
    rules = libc.syscall(_MAKE_RULES, ctypes.byref(refused), ctypes.c_size_t(8), 0)
    done = rules >= 0
    for place, allowed in ((folder, kinds & ~_RUN), (os.devnull, kinds & _OF_FILES)):
        opened = os.open(place, os.O_PATH)
        rule = ctypes.byref(_Rule(allowed, opened))
        done = done and libc.syscall(_ADD_RULE, rules, _BENEATH_PATH, rule, 0) == 0
        os.close(opened)
    return bool(done and libc.syscall(_OBEY, rules, 0) == 0)


def answer(asked: Asked, given: BinaryIO) -> tuple[Reply, bytes]:
    """Load the model, ask it, and return what it said."""
    content = given.read(asked["model"])
    # Functions written in a notebook look up their imports in the main program: give them one.
    program = types.ModuleType("__main__")
    sys.modules["__main__"] = program
    for name, module in asked["imports"].items():
        with contextlib.suppress(ImportError):
            setattr(program, name, importlib.import_module(module))
    import dill  # noqa: PLC0415 - remembers the main program as it is when imported
    import numpy as np  # noqa: PLC0415 - only once the memory is limited

    figures = np.frombuffer(given.read(), dtype="<f8").reshape(asked["rows"], asked["columns"])
    try:
        model = dill.loads(content)  # noqa: S301 - an operator has allowed these bytes
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001
        return {**failure(error), "stage": "load"}, b""
    predict = getattr(model, "predict", None)
    if not callable(predict):
        return {"stage": "load", "kind": "no-predict", "message": type(model).__name__}, b""
    found = predict(figures.copy())
    said = np.asarray(found)
    if said.dtype.kind not in _NUMBERS or (said.dtype.kind == "O" and not said.ndim):
        told = str(said.dtype) if said.ndim else type(found).__name__
        return {"stage": "answer", "kind": "no-numbers", "message": told}, b""
    try:
        values = np.ascontiguousarray(said, dtype="<f8")
    except (TypeError, ValueError):
        return {"stage": "answer", "kind": "no-numbers", "message": str(said.dtype)}, b""
    return {"stage": "done", "shape": list(values.shape)}, values.tobytes()


def failure(error: BaseException) -> Reply:
    """Return what went wrong while the model was asked."""
    kind = "memory" if isinstance(error, MemoryError) else type(error).__name__
    named = getattr(error, "name", None)
    name = named if isinstance(named, str) else ""
    return {"stage": "predict", "kind": kind, "message": str(error)[:300], "name": name}


if __name__ == "__main__":
    main()
