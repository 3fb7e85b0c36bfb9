"""Spaces and seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

_MAX_SEED = 2**64 - 1


def space(description: Any) -> spaces.Space[Any]:
    """The space of ``n`` elements, or between the bounds ``[low, high]``."""
    if isinstance(description, int):
        return spaces.Discrete(description)
    low, high = description
    return spaces.Box(low, high, dtype=np.float32)


def checked_seed(seed: int) -> int:
    """The seed itself.

    Raises:
        TypeError: for anything but an integer.
        ValueError: for a seed that is negative, or needs more than 64 bits.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"a seed is an integer, not {seed!r}")
    if not 0 <= seed <= _MAX_SEED:
        raise ValueError(f"a seed is 0 to 2^64 - 1, not {seed}")
    return int(seed)


def refuse_options(options: dict[str, Any] | None, known: tuple[str, ...] = ()) -> None:
    """Refuses options of a reset that have no effect.

    Raises:
        ValueError: for an option that is not known.
    """
    for key in options or ():
        if key not in known:
            expected = f"known are {', '.join(known)}" if known else "there is none"
            raise ValueError(f"reset has no option {key!r}: {expected}")
