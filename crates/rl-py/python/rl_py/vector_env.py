"""Environments that step together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ClosedEnvironmentError
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from . import _native
from ._spaces import checked_seed, refuse_options, space
from .env import Env, _Closed


class VectorEnv(gymnasium.vector.VectorEnv[Any, Any, np.ndarray]):
    """Environments in Rust that step together, several at a time by vector instructions where they can.

    Environment ``i`` does what a single :class:`Env` with its seed does, and steps and resets are those of Gymnasium's
    ``SyncVectorEnv``. New arrays are returned by every call.

    Args:
        name: id or short name, ``CartPole-v1`` or ``cartpole``.
        num_envs: number of environments, at least 1.
        autoreset_mode: an ``AutoresetMode`` or its value. ``NEXT_STEP``, Gymnasium's default, begins the next episode in
            the step after an end; ``SAME_STEP``, the fastest, in the same step, with the final observation in
            ``infos["final_obs"]``; ``DISABLED`` when ``reset`` is called with ``options={"reset_mask": mask}``.
        render_mode: ``"rgb_array"`` for pictures by :meth:`render`.
        max_episode_steps: the time limit of the environments, which cannot be another than their own.

    Raises:
        ValueError: for a name, a number, a mode or a time limit that there is not.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        name: str,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode is {render_mode!r}; there are None, 'rgb_array'")
        description = _native.Description(name)
        limit: int = description.max_episode_steps
        if max_episode_steps not in (None, limit):
            raise ValueError(f"max_episode_steps is {max_episode_steps}; that of {description.id} is {limit}")
        mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            **type(self).metadata,
            "render_fps": description.render_fps,
            "autoreset_mode": mode,
        }
        self.num_envs = num_envs
        self.autoreset_mode = mode
        self.render_mode = render_mode
        self.single_observation_space = space(description.observation_space)
        self.single_action_space = space(description.action_space)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.max_episode_steps = limit
        self._name: str = description.id
        self._native: Any = _native.Batch(self._name, num_envs, mode.value)
        self._is_seeded = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Starts an episode in every environment, or in those of a mask.

        Args:
            seed: ``s`` for ``s, s + 1, …``, or a seed or ``None`` per environment; without one, the streams go on.
            options: ``reset_mask``, an array ``[num_envs]`` of booleans, for the environments to reset.

        Returns:
            The observations of all environments, and an empty dictionary.
        """
        refuse_options(options, ("reset_mask",))
        native = self._open()
        mask = None if options is None else options.get("reset_mask")
        if mask is not None:
            self._check_mask(mask)
        return native.reset(self._seeds(seed), mask), {}

    def step(
        self, actions: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Takes a step in every environment.

        Args:
            actions: array ``[num_envs]`` of integers, or ``[num_envs, action_dim]``.

        Returns:
            Observations, rewards, terminations, truncations and, with ``SAME_STEP``, a dictionary with the final
            observations of episodes that ended.

        Raises:
            TypeError, ValueError: for actions that are not of the action space.
            gymnasium.error.ResetNeeded: before the first reset, or after an end that was not followed by one.
        """
        *step, ends = self._native.step(actions)
        infos: dict[str, Any] = {}
        if ends is not None and self.autoreset_mode is AutoresetMode.SAME_STEP:
            mask, final_observations, _, _ = ends
            infos = {
                "final_obs": final_observations,
                "_final_obs": mask,
                "final_info": {},
                "_final_info": mask.copy(),
            }
        return (*step, infos)

    def render(self) -> tuple[np.ndarray, ...] | None:
        """The states of the environments as pictures, ``[height, width, 3]`` each; ``None`` without a render mode."""
        if self.render_mode is None:
            gymnasium.logger.warn("render without a render mode: make the environments with render_mode='rgb_array'")
            return None
        return tuple(self._open().render())

    def close_extras(self, **kwargs: Any) -> None:
        """Ends the use of the environments: every later call but ``close`` fails."""
        self._native = _Closed()

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None and not self._is_seeded:
            seed = int(self.np_random.integers(2**62))
        elif isinstance(seed, (int, np.integer)):
            seed = checked_seed(seed)
            super().reset(seed=seed)
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int):
            self._is_seeded = True
            return [checked_seed(seed + i) for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"there are {len(seed)} seeds for {self.num_envs} environments")
        first = None if self._is_seeded else int(self.np_random.integers(2**62))
        self._is_seeded = True
        own = [None if first is None else first + i for i in range(self.num_envs)]
        return [one if given is None else checked_seed(given) for given, one in zip(seed, own)]

    def _check_mask(self, mask: Any) -> None:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"options['reset_mask'] is an array of {self.num_envs} booleans, not {mask!r}")
        if not mask.any():
            raise ValueError("options['reset_mask'] selects no environment")

    def _open(self) -> Any:
        if isinstance(self._native, _Closed):
            raise ClosedEnvironmentError("the environments are closed; make others")
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
            self._native = _native.Batch(self._name, self.num_envs, self.autoreset_mode.value)
            self._native.load(*saved)
