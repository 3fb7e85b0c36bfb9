"""Reinforcement-learning environments in Rust as Gymnasium's, and policies trained on them.

>>> import gymnasium, rl_py
>>> env = gymnasium.make("rl/CartPole-v1")
>>> envs = gymnasium.make_vec("rl/CartPole-v1", num_envs=1024)
>>> policy = rl_py.Policy("runs/cartpole")

Importing the package registers every environment with Gymnasium; ``rl_py.ENVIRONMENTS`` are their ids.
"""

from gymnasium.envs.registration import register

from . import _native
from .env import Env
from .policy import Policy
from .vector_env import VectorEnv

__all__ = ["ENVIRONMENTS", "Env", "Policy", "VectorEnv"]

ENVIRONMENTS: tuple[str, ...] = tuple(f"rl/{name}" for name in _native.environments())
"""Ids of all environments in Gymnasium's registry."""


def _register() -> None:
    for name in _native.environments():
        description = _native.Description(name)
        register(
            id=f"rl/{name}",
            entry_point="rl_py.env:Env",
            vector_entry_point="rl_py.vector_env:VectorEnv",
            reward_threshold=description.reward_threshold,
            # The environments check actions and the order of calls, and count their steps, by themselves.
            disable_env_checker=True,
            order_enforce=False,
            kwargs={"name": name},
        )


_register()
