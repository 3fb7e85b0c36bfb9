"""Environment steps per second of the environments of Python, one thread, random actions drawn
beforehand, resets included. A line of JSON per measurement; packages that are not installed are
named on standard error.

    python env_speed.py RUNS SECONDS

Needs any of: gymnasium[classic-control,box2d], envpool, gymnax.
"""

import contextlib
import json
import os
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

RUNS, SECONDS = int(sys.argv[1]), float(sys.argv[2])
GYMNASIUM = {
    "cartpole": "CartPole-v1",
    "pendulum": "Pendulum-v1",
    "mountain-car": "MountainCar-v0",
    "mountain-car-continuous": "MountainCarContinuous-v0",
    "acrobot": "Acrobot-v1",
    "lunar-lander": "LunarLander-v3",
    "lunar-lander-continuous": "LunarLanderContinuous-v3",
    "frozen-lake": "FrozenLake-v1",
    "frozen-lake-8x8": "FrozenLake8x8-v1",
    "cliff-walking": "CliffWalking-v1",
    "taxi": "Taxi-v4",
}


def measure(peer, env, n, chunk):
    """Prints the median rate of `chunk`, which takes steps and returns how many."""
    chunk()
    rates = []
    for _ in range(RUNS):
        start, steps = time.perf_counter(), 0
        while steps == 0 or time.perf_counter() - start < SECONDS:
            steps += chunk()
        rates.append(steps / (time.perf_counter() - start))
    median = sorted(rates)[RUNS // 2]
    print(json.dumps({"peer": peer, "env": env, "n": n, "steps_per_s": median}), flush=True)


def gymnasium_single():
    import gymnasium

    for name, env_id in GYMNASIUM.items():
        if env_id.startswith("LunarLander"):
            import Box2D  # noqa: F401
        env = gymnasium.make(env_id)
        env.reset(seed=0)
        env.action_space.seed(0)
        actions = [env.action_space.sample() for _ in range(500)]

        def chunk():
            for action in actions:
                _, _, terminated, truncated, _ = env.step(action)
                if terminated or truncated:
                    env.reset()
            return len(actions)

        measure("gymnasium", name, 1, chunk)


def gymnasium_numpy():
    import gymnasium

    for n in (64, 1024, 4096):
        envs = gymnasium.make_vec("CartPole-v1", num_envs=n, vectorization_mode="vector_entry_point")
        envs.reset(seed=0)
        envs.action_space.seed(0)
        actions = [envs.action_space.sample() for _ in range(16)]

        def chunk():
            for action in actions:
                envs.step(action)
            return n * len(actions)

        measure("gymnasium, NumPy", "cartpole", n, chunk)


def envpool():
    import envpool

    for name, env_id in GYMNASIUM.items():
        if env_id.startswith("LunarLander"):
            env_id = env_id.replace("v3", "v2")
        for n in (1, 64, 1024):
            envs = envpool.make(env_id, env_type="gymnasium", num_envs=n, num_threads=1, seed=0)
            envs.reset()
            envs.action_space.seed(0)
            import numpy

            actions = [numpy.stack([envs.action_space.sample() for _ in range(n)]) for _ in range(4)]

            def chunk():
                for action in actions:
                    envs.step(action)
                return n * len(actions)

            measure("envpool", name, n, chunk)


def gymnax():
    import gymnax
    import jax

    steps = 100
    for name in ("cartpole", "pendulum"):
        env, params = gymnax.make(GYMNASIUM[name])
        for n in (64, 1024, 4096):

            def run(key, state):
                def step(carry, _):
                    key, state = carry
                    key, action_key, step_key = jax.random.split(key, 3)
                    sample = env.action_space(params).sample
                    actions = jax.vmap(sample)(jax.random.split(action_key, n))
                    keys = jax.random.split(step_key, n)
                    out = jax.vmap(env.step, in_axes=(0, 0, 0, None))(keys, state, actions, params)
                    return (key, out[1]), (out[0].sum(), out[2].sum())

                return jax.lax.scan(step, (key, state), None, length=steps)

            key = jax.random.PRNGKey(0)
            _, state = jax.vmap(env.reset, in_axes=(0, None))(jax.random.split(key, n), params)
            run = jax.jit(run).lower(key, state).compile()
            carry = [key, state]

            def chunk():
                (carry[0], carry[1]), sums = run(carry[0], carry[1])
                jax.block_until_ready(sums)
                return n * steps

            measure("gymnax, jitted", name, n, chunk)


if __name__ == "__main__":
    for peer in (gymnasium_single, gymnasium_numpy, envpool, gymnax):
        with contextlib.redirect_stderr(open(os.devnull, "w")):
            try:
                peer()
                missing = None
            except ImportError as error:
                missing = error
        if missing is not None:
            print(f"{peer.__name__}: {missing}", file=sys.stderr)
