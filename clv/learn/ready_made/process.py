"""Ask a ready-made model in a process of its own, and say in plain words what went wrong there.

The process gets an empty environment, a folder of its own, a limit on time and on memory, and, where
the system lets it, no network, no writing elsewhere and no other programs. It is not a jail: what it
runs can read the files that this user can read. That is why only files that an operator has allowed get so far.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, Self

import numpy as np

from clv.core.errors import ModelAnswerError, ModelFileError, ModelLimitError, SettingsError
from clv.core.formatting import plural
from clv.core.schema import ModelReply, checked
from clv.learn.ready_made.listing import HERE, listing

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.learn.ready_made.worker import Asked


_WORKER: Final = Path(__file__).with_name("worker.py")
#: What functions written in a notebook call their imports.
_IMPORTS: Final = {
    "np": "numpy",
    "numpy": "numpy",
    "pd": "pandas",
    "pandas": "pandas",
    "math": "math",
    "scipy": "scipy",
    "sklearn": "sklearn",
}
#: Smallest limit on what a model may write: one file, in bytes.
_FILE: Final = 64 << 20
_MB: Final = 1 << 20
_LONGEST_SAID: Final = 4096
#: Values beyond this are nobody's, and their sum could be infinite.
_MOST: Final = 1e12
_ASK: Final = "Ask its maker for a model that answers as docs/ready-made.md says."


@dataclass(frozen=True)
class Limits:
    """What a model may use.

    Attributes
    ----------
    seconds
        Of computing, and of waiting.
    memory_mb
        Address space of its process; Python and numpy take about 300 of it.
    """

    seconds: int = 60
    memory_mb: int = 2048

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``CLV_MODEL_SECONDS`` and ``CLV_MODEL_MEMORY_MB``, else the defaults.

        Raises
        ------
        SettingsError
            One of them is no whole number above 0.
        """
        found = {}
        for field, default in (("seconds", cls.seconds), ("memory_mb", cls.memory_mb)):
            variable = f"CLV_MODEL_{field.upper()}"
            written = os.environ.get(variable) or str(default)
            if not written.isdecimal() or not int(written):
                msg = f'{variable} is "{written}"; it must be a whole number above 0.'
                raise SettingsError(msg, f"For instance {default}.")
            found[field] = int(written)
        return cls(**found)


def predict(name: str, content: bytes, figures: Floats, limits: Limits | None = None) -> Floats:
    """Ask a model for one value per row.

    Parameters
    ----------
    name
        How people know the model.
    content
        The bytes that `clv.learn.ready_made.shelf` has compared with what was allowed.
    figures
        Shape (n, 6), see `clv.features.basket`.
    limits
        Default: `Limits.from_environment`.

    Returns
    -------
    array, shape (n,)
        Finite.

    Raises
    ------
    ModelFileError
        The file can't be loaded.
    ModelAnswerError
        The answer is not one finite number per row.
    ModelLimitError
        The model took too long, too much memory, or broke down.
    """
    limits = limits or Limits.from_environment()
    title = f'The ready-made model "{name}"'
    found = listing(content)
    if not found.ours:
        msg = f"{title} was written under Python {found.python}; this is Python {HERE}, and a file with functions in it loads only under the version that wrote it."
        raise ModelFileError(
            msg, f"Ask its maker to write it again, with dill.dump, under Python {HERE}."
        )
    rows, columns = figures.shape
    asked: Asked = {
        "model": len(content),
        "rows": rows,
        "columns": columns,
        "seconds": limits.seconds,
        "memory": limits.memory_mb * _MB,
        "file": max(_FILE, 16 * rows),
        "imports": {k: v for k, v in _IMPORTS.items() if k in found.uses},
    }
    body = np.ascontiguousarray(figures, dtype="<f8").tobytes()
    said, answer = _exchange(title, json.dumps(asked).encode() + b"\n" + content + body, limits)
    if said["stage"] != "done":
        _explain(title, said, limits)
    return _checked(title, said, answer, rows)


def _exchange(title: str, given: bytes, limits: Limits) -> tuple[ModelReply, bytes]:
    """Run the worker; return what it says, and the bytes of its answer."""
    with tempfile.TemporaryDirectory(prefix="clv-model-") as folder:
        reply = Path(folder) / "reply"
        with (
            reply.open("wb") as out,
            subprocess.Popen(  # noqa: S603 - our own program; the model is data to it
                [sys.executable, "-I", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=_environment(folder),
                cwd=folder,
                start_new_session=True,
            ) as worker,
        ):
            try:
                worker.communicate(given, timeout=limits.seconds)
            except subprocess.TimeoutExpired:
                _too_long(title, limits)
            finally:
                # With everything that the model may have started.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(worker.pid, signal.SIGKILL)
        if worker.returncode == -signal.SIGXCPU:
            _too_long(title, limits)
        said, _, answer = reply.read_bytes().partition(b"\n")
    if worker.returncode != 0 or not said:
        how = (
            f"by {signal.Signals(-worker.returncode).name}"
            if worker.returncode < 0
            else "without an answer"
        )
        msg = f"{title} broke down: its process ended {how}."
        raise ModelLimitError(msg, f"Nothing else was harmed. {_ASK}")
    return _read(title, said), answer


def _environment(folder: str) -> dict[str, str]:
    """Return an environment with nothing of ours in it, and one thread for linear algebra."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    places = ("HOME", "TMPDIR", "TMP", "TEMP")
    return {
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        **dict.fromkeys(threads, "1"),
        **dict.fromkeys(places, folder),
    }


def _read(title: str, said: bytes) -> ModelReply:
    try:
        return checked(ModelReply, json.loads(said[:_LONGEST_SAID]))
    except ValueError as error:
        msg = f"{title} answered with something that is no answer."
        raise ModelAnswerError(msg, _ASK) from error


def _too_long(title: str, limits: Limits) -> NoReturn:
    unit = "second" if limits.seconds == 1 else "seconds"
    msg = f"{title} was stopped: it took longer than {limits.seconds} {unit}."
    hint = "CLV_MODEL_SECONDS allows more, if its maker says that it needs more."
    raise ModelLimitError(msg, hint)


def _explain(title: str, said: ModelReply, limits: Limits) -> NoReturn:
    """Raise what the worker could not do, in words for the operator."""
    kind = str(said.get("kind", ""))
    detail = _plain(said.get("message", ""))
    missing = _plain(said.get("name", ""))
    if kind == "memory":
        msg = f"{title} was stopped: it took more than {limits.memory_mb:,} MB of memory."
        hint = "CLV_MODEL_MEMORY_MB allows more, if its maker says that it needs more."
        raise ModelLimitError(msg, hint)
    if said["stage"] == "load":
        raise _unloadable(title, kind, detail, missing)
    if kind == "no-numbers":
        msg = f"{title} answered with something other than numbers ({detail})."
        raise ModelAnswerError(msg, _ASK)
    if kind == "NameError":
        msg = f'{title} looks for "{missing}", which is not in its file.'
        hint = "Ask its maker to write it with dill.dump(model, file, recurse=True)."
        raise ModelAnswerError(msg, hint)
    msg = f"{title} failed on these customers: {kind}: {detail}"
    raise ModelAnswerError(msg, _ASK)


def _unloadable(title: str, kind: str, detail: str, missing: str) -> ModelFileError:
    if kind == "no-predict":
        return ModelFileError(f'{title} is a "{detail}" and has no function predict.', _ASK)
    if kind == "ModuleNotFoundError":
        msg = f'{title} needs the package "{missing}", which is not installed here.'
        hint = "Install it beside this program; or, where it is its maker's own, ask for a file with the class in it: docs/ready-made.md says how."
        return ModelFileError(msg, hint)
    msg = f"{title} can't be loaded: {kind}: {detail}"
    hint = f"Ask its maker to write it again, with dill.dump, under Python {HERE}."
    return ModelFileError(msg, hint)


def _plain(text: object) -> str:
    """Return what a foreign program says on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:300]


def _checked(title: str, said: ModelReply, answer: bytes, rows: int) -> Floats:
    """Return one finite number per row.

    Raises
    ------
    ModelAnswerError
        It is something else.
    """
    shape = said.get("shape")
    if shape not in ([rows], [rows, 1]) or len(answer) != 8 * rows:
        got = " × ".join(str(n) for n in shape) if isinstance(shape, list) and shape else "1"
        noun = "number" if got == "1" else "numbers"
        whom = plural(rows, "customer")
        msg = f"{title} answered with {got} {noun} for {whom}; it must give one each."
        raise ModelAnswerError(msg, _ASK)
    values = np.frombuffer(answer, dtype="<f8").astype(float)
    for bad, why in (
        (~np.isfinite(values), "no number for {} (empty or infinite)"),
        (np.abs(values) > _MOST, "{} a value beyond 1,000,000,000,000, which is nobody's"),
    ):
        if number := int(bad.sum()):
            whom = "1 customer" if number == 1 else f"{number:,} of {rows:,} customers"
            msg = f"{title} gave {why.format(whom)}."
            raise ModelAnswerError(msg, _ASK)
    return values
