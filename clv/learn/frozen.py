"""scikit-learn models as bytes and back, without pickle: nothing that is read can run code."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, Final

from clv.core.errors import FileError

#: What scikit-learn's models consist of beyond what skops trusts by itself: its own array of nodes.
TRUSTED: Final = frozenset({"sklearn.tree._tree.Tree"})
_SCHEMA: Final = "schema.json"
_THEN: Final = (1980, 1, 1, 0, 0, 0)


def dumps(model: Any) -> bytes:  # noqa: ANN401 - any scikit-learn estimator
    """Return a model's bytes: equal for equal models.

    skops names what it stores by addresses in memory and stamps the time; both are replaced, the
    addresses by their order of appearance.
    """
    from skops import io as safe  # noqa: PLC0415 - slow to import

    raw = zipfile.ZipFile(io.BytesIO(safe.dumps(model)))
    schema = json.loads(raw.read(_SCHEMA))
    ids: dict[int, int] = {}
    files: dict[str, str] = {}
    _renumber(schema, ids, files)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as out:
        for old, new in files.items():
            out.writestr(zipfile.ZipInfo(new, _THEN), raw.read(old), zipfile.ZIP_DEFLATED)
        text = json.dumps(schema)
        out.writestr(zipfile.ZipInfo(_SCHEMA, _THEN), text, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def _renumber(node: Any, ids: dict[int, int], files: dict[str, str]) -> None:  # noqa: ANN401
    """Give ids and files of a schema the numbers in which they appear, in place."""
    if isinstance(node, list):
        for one in node:
            _renumber(one, ids, files)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "__id__" and isinstance(value, int):
                node[key] = ids.setdefault(value, len(ids) + 1)
            elif key == "file" and isinstance(value, str):
                ending = value.rpartition(".")[2]
                node[key] = files.setdefault(value, f"{len(files) + 1}.{ending}")
            else:
                _renumber(value, ids, files)


def loads(content: bytes) -> Any:  # noqa: ANN401
    """Return the model of `dumps`.

    Raises
    ------
    FileError
        When the bytes are no such model, or hold types that no model of ours has.
    """
    from skops import io as safe  # noqa: PLC0415

    try:
        strange = set(safe.get_untrusted_types(data=content)) - TRUSTED
        if not strange:
            return safe.loads(content, trusted=sorted(TRUSTED))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        msg = "The model's file is damaged: it can't be read as a scikit-learn model."
        raise FileError(msg, "Train the model again.") from error
    msg = f"The model's file holds what no model of ours has: {', '.join(sorted(strange))}."
    raise FileError(msg, "It was not loaded. Train the model again.")
