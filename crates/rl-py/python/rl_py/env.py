"""One environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ClosedEnvironmentError

from . import _native
from ._spaces import checked_seed, refuse_options, space


class Env(gymnasium.Env[Any, Any]):
    """An environment in Rust, its time limit included.

    ``reset(seed=s)`` starts the episodes that Gymnasium's environment of the same id starts with ``s``: both draw from
    NumPy's generator of the seed.

    Args:
        name: id or short name, ``CartPole-v1`` or ``cartpole``.
        render_mode: ``"rgb_array"`` for pictures by :meth:`render`.

    Raises:
        ValueError: for a name or a mode that there is not.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}

    def __init__(self, name: str, render_mode: str | None = None) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode is {render_mode!r}; there are None, 'rgb_array'")
        description = _native.Description(name)
        self.metadata = {**type(self).metadata, "render_fps": description.render_fps}
        self.render_mode = render_mode
        self.observation_space = space(description.observation_space)
        self.action_space = space(description.action_space)
        self.max_episode_steps: int = description.max_episode_steps
        self._name: str = description.id
        self._native: Any = _native.Environment(self._name)
        self._is_seeded = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: seed of everything drawn from now on; without one, the stream goes on.
            options: none is known.

        Returns:
            The first observation and an empty dictionary.
        """
        refuse_options(options)
        native = self._open()
        if seed is not None:
            seed = checked_seed(seed)
            super().reset(seed=seed)
            native.seed(seed)
            self._is_seeded = True
        elif not self._is_seeded:
            native.seed(int(self.np_random.integers(2**63)))
            self._is_seeded = True
        return native.reset(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Takes a step.

        Returns:
            Observation, reward, terminated, truncated and an empty dictionary.

        Raises:
            TypeError, ValueError: for an action that is not of the action space.
            gymnasium.error.ResetNeeded: outside an episode.
        """
        return self._native.step(action)

    def render(self) -> np.ndarray | None:
        """The current state as a picture, ``[height, width, 3]``; ``None`` without a render mode."""
        if self.render_mode is None:
            gymnasium.logger.warn("render without a render mode: make the environment with render_mode='rgb_array'")
            return None
        return self._open().render()

    def close(self) -> None:
        """Ends the use of the environment: every later call but this one fails."""
        self._native = _Closed()

    def _open(self) -> Any:
        if isinstance(self._native, _Closed):
            raise ClosedEnvironmentError("the environment is closed; make another")
        return self._native

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if not isinstance(self._native, _Closed):
            state["_native"] = self._native.save()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        saved = state["_native"]
        self.__dict__.update(state)
        if not isinstance(saved, _Closed):
            self._native = _native.Environment(self._name)
            self._native.load(saved)

    def __str__(self) -> str:
        """The class and the id."""
        return f"<Env<{self._name}>>" if self.spec is None else super().__str__()


class _Closed:
    """Place of an environment after its end."""

    def step(self, _actions: Any) -> Any:
        raise ClosedEnvironmentError("the environment is closed; make another")
