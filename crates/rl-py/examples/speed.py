"""Environment steps a second from Python, ours beside Gymnasium's.

    taskset -c 1 python crates/rl-py/examples/speed.py

Random actions, drawn before. Each line is the median of five measurements.
"""

import statistics
import time
from functools import partial

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import rl_py  # noqa: F401, registers the environments

REPEATS = 5


def single(env, steps):
    """Seconds of a step of one environment, its resets included."""
    env.reset(seed=0)
    start = time.perf_counter()
    for step in range(steps):
        _, _, terminated, truncated, _ = env.step(step % 2)
        if terminated or truncated:
            env.reset()
    return (time.perf_counter() - start) / steps


def vector(envs, steps):
    """Seconds of a step of all environments."""
    envs.reset(seed=0)
    rng = np.random.default_rng(0)
    actions = [rng.integers(0, 2, envs.num_envs) for _ in range(64)]
    for step in range(100):
        envs.step(actions[step % 64])
    start = time.perf_counter()
    for step in range(steps):
        envs.step(actions[step % 64])
    return (time.perf_counter() - start) / steps


def median(measure):
    """The median of some measurements."""
    return statistics.median(measure() for _ in range(REPEATS))


def line(name, n, seconds):
    """A row of the table."""
    print(f"| {name} | {n} | {seconds * 1e6:.2f} | {n / seconds / 1e6:.3f} M |", flush=True)


def main():
    print("| CartPole-v1 | environments | µs a step | steps/s |\n|---|---|---|---|")
    line("`gymnasium.make(\"rl/CartPole-v1\")`", 1, median(lambda: single(gymnasium.make("rl/CartPole-v1"), 300_000)))
    line("`gymnasium.make(\"CartPole-v1\")`", 1, median(lambda: single(gymnasium.make("CartPole-v1"), 20_000)))
    for mode in (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP):
        for n in (1, 8, 64, 1024):
            envs = gymnasium.make_vec("rl/CartPole-v1", num_envs=n, autoreset_mode=mode)
            line(f"`make_vec(\"rl/CartPole-v1\")`, {mode.name}", n, median(lambda: vector(envs, 4000)))
    for n in (8, 64, 1024):
        envs = gymnasium.make_vec("CartPole-v1", num_envs=n)
        line("`make_vec(\"CartPole-v1\")`, its own batch", n, median(lambda: vector(envs, 500)))
    for n in (8, 64):
        envs = SyncVectorEnv([partial(gymnasium.make, "CartPole-v1")] * n)
        line("`SyncVectorEnv`", n, median(lambda: vector(envs, 500)))


if __name__ == "__main__":
    main()
