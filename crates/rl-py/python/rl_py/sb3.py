"""The environments as a ``VecEnv`` of Stable-Baselines3.

>>> from stable_baselines3 import PPO
>>> from rl_py.sb3 import VecEnv
>>> PPO("MlpPolicy", VecEnv("CartPole-v1", 8)).learn(100_000)
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common import vec_env

from .vector_env import VectorEnv


class VecEnv(vec_env.VecEnv):
    """Environments in Rust that step together, as Stable-Baselines3 wants them.

    Returns and lengths of episodes are in the infos, as ``VecMonitor`` puts them there: no wrapper is needed.

    Args:
        name: id or short name, ``CartPole-v1`` or ``cartpole``.
        num_envs: number of environments.
        render_mode: ``"rgb_array"`` for pictures.

    Raises:
        ValueError: for a name or a number that there is not.
    """

    def __init__(self, name: str, num_envs: int = 1, render_mode: str | None = None) -> None:
        self._envs = VectorEnv(name, num_envs, AutoresetMode.SAME_STEP, render_mode)
        self.metadata = self._envs.metadata
        self._actions: Any = None
        self._start = time.time()
        super().__init__(num_envs, self._envs.single_observation_space, self._envs.single_action_space)

    def reset(self) -> np.ndarray:
        """Starts an episode in every environment: its first observations."""
        seeds = None if self._seeds[0] is None else self._seeds
        observations, _ = self._envs.reset(seed=seeds)
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Keeps the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Takes the step: observations, rewards, ends, and a dictionary per environment."""
        observations, rewards, terminations, truncations, ends = self._envs._native.step(self._actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if ends is None:
            return observations, rewards.astype(np.float32), terminations, infos
        mask, last, returns, lengths = ends
        now = round(time.time() - self._start, 6)
        for i in np.flatnonzero(mask):
            infos[i] = {
                "terminal_observation": last[i],
                "TimeLimit.truncated": bool(truncations[i] and not terminations[i]),
                "episode": {"r": float(returns[i]), "l": int(lengths[i]), "t": now},
            }
        return observations, rewards.astype(np.float32), mask, infos

    def close(self) -> None:
        """Ends the use of the environments."""
        self._envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """A picture of each environment."""
        return self._envs.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute of the environments, once for each."""
        return [getattr(self._envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refused: the environments have no attribute of their own."""
        raise AttributeError(f"the environments have no attribute {attr_name!r} to set")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Refused: the environments have no method of their own."""
        raise AttributeError(f"the environments have no method {method_name!r}")

    def env_is_wrapped(self, wrapper_class: type, indices: Iterable[int] | int | None = None) -> list[bool]:
        """No environment is wrapped, but all are monitored."""
        from stable_baselines3.common.monitor import Monitor

        return [wrapper_class is Monitor] * len(list(self._get_indices(indices)))


__all__ = ["VecEnv"]
