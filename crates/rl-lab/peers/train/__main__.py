"""Trains an agent as its users would in Python, on one thread, and says how long that took.

    python train_peers '{"workload": "ppo-zoo", "side": "sb3", "seed": 0, "config": {…}}'

`config` holds every key of the workload's `config` in `train_workloads.json`; `updates` or `steps`, in
whole rollouts, may be fewer. Prints one line of JSON:

    {"workload", "side", "seed", "steps", "wall_s", "compile_s", "config", "versions"}

`steps` is the number of environment steps of all environments. `wall_s` is the training loop: acting,
environment steps, learning. Not in it are imports, what PyTorch loads on first use, the construction of
environments and networks, and JAX's tracing and compilation (`compile_s`, null on the other sides); nothing
is evaluated. `config` is read back from the objects that ran; a run whose configuration is not the one asked
for is an error. Exit codes: 2 for a request that makes no sense, 3 for a package that is not installed.

The workloads: `vpg-notebook` is the policy gradient of the classic tutorials, in PyTorch, with a distribution
object per step and gradients recorded while acting (side `torch`), or without either (`torch-fast`).
`ppo-cleanrl` is PPO with the details and defaults of CleanRL's `ppo.py` (`torch`), and the same wholly compiled, as
PureJaxRL does it (`jax`); `ppo-half-cheetah` is that of its `ppo_continuous_action.py` (`torch`). `dqn-cleanrl`
and `pqn-cleanrl` are DQN and PQN with the defaults of CleanRL's (`torch`), `q-learning-taxi` is a loop over
lists (`python`). The others are Stable-Baselines3's own PPO and DQN (`sb3`).

Needs, by side: gymnasium[classic-control,box2d] and torch; stable-baselines3; jax, optax, gymnax;
gymnasium[toy-text]; gymnasium[mujoco].
"""

import importlib
import json
import os
import platform
import sys
from importlib.metadata import version

# Before the libraries start their threads.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

PROGRAMS = {
    ("vpg-notebook", "torch"): ("vpg", {}),
    ("vpg-notebook", "torch-fast"): ("vpg", {"fast": True}),
    ("ppo-cleanrl", "torch"): ("ppo_torch", {}),
    ("ppo-cleanrl", "jax"): ("ppo_jax", {}),
    ("ppo-half-cheetah", "torch"): ("ppo_torch", {}),
    ("ppo-zoo", "sb3"): ("ppo_sb3", {}),
    ("ppo-modurl", "sb3"): ("ppo_sb3", {}),
    ("ppo-zoo-lander", "sb3"): ("ppo_sb3", {}),
    ("dqn-zoo", "sb3"): ("dqn_sb3", {}),
    ("dqn-cleanrl", "torch"): ("dqn_torch", {}),
    ("pqn-cleanrl", "torch"): ("pqn_torch", {}),
    ("q-learning-taxi", "python"): ("q_learning", {}),
}
PACKAGES = {
    "torch": ("torch", "gymnasium", "numpy"),
    "torch-fast": ("torch", "gymnasium", "numpy"),
    "sb3": ("stable-baselines3", "torch", "gymnasium", "numpy"),
    "jax": ("jax", "jaxlib", "optax", "gymnax"),
    "python": ("gymnasium", "numpy"),
}


def fail(code, message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def main():
    try:
        request = json.loads(sys.argv[1])
        workload, side, seed, config = (request[key] for key in ("workload", "side", "seed", "config"))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        fail(2, f"not a request, which is an object with workload, side, seed and config: {error!r}")
    if (workload, side) not in PROGRAMS:
        fail(2, f"no side '{side}' of '{workload}'; there are {', '.join(map('/'.join, PROGRAMS))}")
    try:
        round_steps = config["environments"] * config.get("rollout_steps", config.get("train_every", 1))
        if (steps := config.get("steps")) is not None and steps % round_steps:
            fail(2, f"{steps} steps are not a whole number of rollouts")
        module, options = PROGRAMS[workload, side]
        result = importlib.import_module(module).train(config, seed, **options)
    except ImportError as error:
        fail(3, f"side '{side}' needs a package: {error}")
    except KeyError as error:
        fail(2, f"the configuration of '{workload}' has no usable {error}")
    ran = result["config"]
    for key in sorted(config.keys() | ran.keys()):
        if (asked := config.get(key)) != ran.get(key):
            fail(2, f"'{workload}' on side '{side}' ran {key} = {ran.get(key)!r}, asked for was {asked!r}")
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES[side]}}
    shown = {key: result.get(key) for key in ("steps", "wall_s", "compile_s", "config")}
    print(json.dumps({"workload": workload, "side": side, "seed": seed, **shown, "versions": versions}))


if __name__ == "__main__":
    main()
