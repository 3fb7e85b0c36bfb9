"""Trained policies."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from gymnasium import spaces

from . import _native
from ._spaces import checked_seed, space


class Policy:
    """A policy that ``rl train`` has left, without Burn and without a device.

    >>> policy = Policy("runs/cartpole")
    >>> action = policy(observation)

    Args:
        path: run directory, or a file ``policy.safetensors``.
        best: the best policy of the run by evaluation instead of the last.
        seed: seed of drawn actions.

    Raises:
        FileNotFoundError, OSError: for a file that cannot be read.
        ValueError: for a file that is no policy.
    """

    def __init__(self, path: str | os.PathLike[str], *, best: bool = False, seed: int = 0) -> None:
        self._arguments = (os.fspath(path), best, checked_seed(seed))
        self._native: Any = _native.Policy(*self._arguments)
        self.action_space: spaces.Space[Any] = space(self._native.action_space)

    @property
    def env(self) -> str:
        """Name of the environment that it was trained on."""
        return self._native.env

    @property
    def algo(self) -> str:
        """Name of the algorithm that trained it."""
        return self._native.algo

    def __call__(self, observation: Any, deterministic: bool = True) -> Any:
        """The action for an observation, or the actions for a batch of them.

        Args:
            observation: ``[observation_dim]`` or ``[n, observation_dim]``; for a discrete space an index, or ``[n]``.
            deterministic: the likeliest action instead of one that is drawn.

        Returns:
            For an observation an ``int`` or an array ``[action_dim]`` within the bounds; for ``n``, an array ``[n]`` of
            ``int64`` or ``[n, action_dim]`` of ``float32``.

        Raises:
            ValueError: for observations of another shape, or numbers that the environment does not show.
        """
        seen = np.asarray(observation, dtype=np.float32, order="C")
        dim = self._native.observation_dim
        own = () if dim == 1 and seen.ndim < 2 else (dim,)
        is_single = seen.shape == own
        if not is_single and seen.shape[1:] != own:
            shown = "an index or [n]" if dim == 1 else f"[{dim}] or [n, {dim}]"
            raise ValueError(f"the shape of the observation is {list(seen.shape)}; {self.env} shows {shown}")
        return self._native.act(seen.reshape(-1), is_single, deterministic)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Action and state, as Stable-Baselines3's ``evaluate_policy`` asks for them."""
        return self(observation, deterministic), state

    def __reduce__(self) -> tuple[Any, ...]:
        path, best, seed = self._arguments
        return _load, (path, best, seed)

    def __repr__(self) -> str:
        """The path, the algorithm and the environment."""
        return f"<Policy {str(self._native.path)!r}: {self.algo} on {self.env}>"


def _load(path: str, best: bool, seed: int) -> Policy:
    return Policy(path, best=best, seed=seed)
