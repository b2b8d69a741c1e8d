"""What an operator sets of the API, read from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from clv.core.access import tokens
from clv.core.errors import SettingsError
from clv.runs import default_root
from clv.samples import demo_model

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Config:
    """Settings of one API.

    Attributes
    ----------
    store
        Folder of the run store.
    tokens
        Whoever sends one of these may ask; without any, only this machine may.
    rate
        Requests a second that one caller may go on making; 0 for no limit. Twice as many at once.
    body_limit
        Bytes of the longest body that is read.
    ltv_model
        Folder of the model that answers ``/predict``; None for none.
    demo
        Whether that is the one that comes with the program, which knows nothing of anybody's shop.
    """

    store: Path
    tokens: tuple[str, ...] = ()
    rate: float = 1000.0
    body_limit: int = 2_000_000
    ltv_model: Path | None = None
    demo: bool = False

    @classmethod
    def from_environment(cls, given: Mapping[str, str] | None = None) -> Self:
        """Read ``CLV_RUNS, CLV_API_TOKEN, CLV_API_RATE, CLV_API_BODY_LIMIT, CLV_LTV_MODEL``.

        Raises
        ------
        SettingsError
            A number is none.
        """
        env = os.environ if given is None else given
        folder = env.get("CLV_LTV_MODEL", "").strip()
        return cls(
            store=default_root(),
            tokens=tokens(env),
            rate=_number(env, "CLV_API_RATE", cls.rate),
            body_limit=int(_number(env, "CLV_API_BODY_LIMIT", cls.body_limit)),
            ltv_model=Path(folder) if folder else demo_model(),
            demo=not folder,
        )


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e12:
        msg = f'{name} is "{text}", which is not a number of 0 or more.'
        raise SettingsError(msg)
    return number
