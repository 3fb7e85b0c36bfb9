"""Does a trained policy do in Gymnasium what `rl eval` says it does?

Reads policy.safetensors of each run directory without this project's code, plays episodes in Gymnasium, and
compares the returns with those of `rl eval`; episode k starts from reset(seed=SEED+k) on both sides. Without a
directory it trains the policies first: PPO on CartPole (to the end, and stopped early), Pendulum and Acrobot, DQN on
CartPole, Acrobot and MountainCar, tables on FrozenLake, CliffWalking and Taxi, and, if `rl` was built with MuJoCo, PPO
on HalfCheetah.

Ends with 1 unless, for every policy, each side's mean is within the other's 99.9 % confidence interval of the
mean, and 95 % of the episodes have the same return. Not all of them: where two actions are almost equally
likely, rounding may choose another than `rl`, and the episode goes another way. In MuJoCo's tasks the contacts make
every difference of rounding another episode, so that there the means alone count.

Needs tests/python/requirements.txt and a release build of `rl`; `cargo xtask gymnasium` sees to both.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import gymnasium
import numpy as np
from safetensors import safe_open

import common

RUNS = {
    "cartpole": ["--preset", "cartpole-ppo"],
    "cartpole-early": ["--preset", "cartpole-ppo", "--steps", "10000"],
    "pendulum": ["--preset", "pendulum-ppo"],
    "acrobot": ["--preset", "acrobot-ppo"],
    "cartpole-dqn": ["--preset", "cartpole-dqn", "--steps", "20000"],
    "acrobot-dqn": ["--preset", "acrobot-dqn", "--steps", "30000"],
    "mountain-car-dqn": ["--preset", "mountain-car-dqn", "--steps", "50000"],
    "frozen-lake-q": ["--preset", "frozen-lake-q"],
    "frozen-lake-8x8-q": ["--preset", "frozen-lake-8x8-q"],
    "cliff-walking-sarsa": ["--preset", "cliff-walking-sarsa"],
    "taxi-q": ["--preset", "taxi-q"],
    "half-cheetah": ["--preset", "half-cheetah-ppo", "--steps", "100000"],
}
IDS = {
    "cartpole": "CartPole-v1",
    "pendulum": "Pendulum-v1",
    "mountain-car": "MountainCar-v0",
    "mountain-car-continuous": "MountainCarContinuous-v0",
    "acrobot": "Acrobot-v1",
    "frozen-lake": "FrozenLake-v1",
    "frozen-lake-8x8": "FrozenLake8x8-v1",
    "cliff-walking": "CliffWalking-v1",
    "taxi": "Taxi-v4",
    "half-cheetah": "HalfCheetah-v5",
    "hopper": "Hopper-v5",
    "walker2d": "Walker2d-v5",
}
# Tasks whose contacts make a difference of rounding a different episode: their returns are compared as a sample.
CHAOTIC = {"half-cheetah", "hopper", "walker2d"}
ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "leaky-relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "softplus": lambda x: np.logaddexp(x, 0),
}
# The likeliest action, of the network's output and the bounds of the actions.
MODES = {
    "categorical": lambda x, low, high: int(np.argmax(x)),
    "greedy": lambda x, low, high: int(np.argmax(x)),
    "diag-gaussian": lambda x, low, high: np.clip(x, low, high),
    "state-gaussian": lambda x, low, high: np.clip(x[: len(low)], low, high),
}
# Quantile of the normal distribution for 99.9 %.
Z = 3.2905
# Beyond rounding: a continuous action differs in its last bit, and so do the returns.
TOLERANCE = 1e-5
SAME = 0.95


def known(mapping, key, what):
    if key not in mapping:
        sys.exit(f"error: {what} {key!r} is not known here; known: {', '.join(mapping)}")
    return mapping[key]


def load(path):
    """The environment's name and the greedy policy of a policy.safetensors."""
    if not path.exists():
        sys.exit(f"error: no file {path}")
    with safe_open(path, framework="np") as f:
        metadata = f.metadata()
        tensors = {name: f.get_tensor(name) for name in f.keys()}
    hidden = known(ACTIVATIONS, metadata["activation"], "activation")
    output = known(ACTIVATIONS, metadata["output_activation"], "activation")
    mode = known(MODES, metadata["distribution"], "distribution")
    low, high = (np.array(json.loads(metadata[f"action_{bound}"]), dtype=np.float32) for bound in ("low", "high"))
    depth = sum(f"policy.layers.{i}.weight" in tensors for i in range(len(tensors)))
    kinds = ("weight", "bias", "norm.weight", "norm.bias")
    layers = [[tensors.get(f"policy.layers.{i}.{kind}") for kind in kinds] for i in range(depth)]
    mean, var = (tensors.get(f"obs_norm.{name}") for name in ("mean", "var"))

    if "q.table" in tensors:
        return metadata["env"], lambda state: int(np.argmax(tensors["q.table"][state]))

    def act(observation):
        x = np.asarray(observation, dtype=np.float32)
        if mean is not None:
            x = ((x - mean) / np.sqrt(var + 1e-8)).clip(-10, 10).astype(np.float32)
        for i, (weight, bias, scale, offset) in enumerate(layers):
            x = weight @ x + bias
            if scale is not None:
                x = (x - x.mean()) / np.sqrt(x.var() + 1e-5) * scale + offset
            x = (hidden if i + 1 < depth else output)(x)
        return mode(x, low, high)

    return metadata["env"], act


def play(env, act, seed):
    """The return of the episode that starts from reset(seed=seed)."""
    observation, _ = env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, _ = env.step(act(observation))
        total += reward
        over = terminated or truncated
    return total


def interval(returns):
    """The mean, and the bounds of its 99.9 % confidence interval (normal)."""
    mean, half = np.mean(returns), Z * np.std(returns, ddof=1) / np.sqrt(len(returns))
    return mean, mean - half, mean + half


def compare(rl, directory, episodes, seed):
    """The cells of a row about a run, and whether both sides agree."""
    name, act = load(directory / "policy.safetensors")
    env = gymnasium.make(known(IDS, name, "environment"))
    theirs = np.array([play(env, act, seed + k) for k in range(episodes)])
    text, _ = common.call([rl, "eval", directory, "--episodes", episodes, "--seed", seed, "--json"])
    ours = np.array(json.loads(text)["returns"])

    same = np.isclose(ours, theirs, rtol=TOLERANCE, atol=0)
    a, b = interval(ours), interval(theirs)
    # Room for rounding where every return is the same and the intervals have no width.
    within = lambda x, y: y[1] - 1e-9 <= x[0] <= y[2] + 1e-9
    agree = bool(within(a, b) and within(b, a) and (name in CHAOTIC or same.mean() >= SAME))
    cells = [f"{mean:.2f} [{low:.2f}, {high:.2f}]" for mean, low, high in (a, b)]
    return [directory.name, *cells, f"{same.sum()} of {episodes}", "yes" if agree else "**NO**"], agree


def main():
    p = common.parser(__doc__)
    p.add_argument("dirs", type=Path, metavar="DIR", nargs="*", help="run directories [default: some new runs]")
    p.add_argument("--episodes", type=int, default=100, help="number of episodes, at least 2 [default: 100]")
    p.add_argument("--seed", type=int, default=1000, help="seed of the first episode [default: 1000]")
    args = p.parse_args()
    if args.episodes < 2:
        p.error(f"--episodes {args.episodes}: an interval takes at least 2")
    rl = common.binary(args.rl)

    with contextlib.ExitStack() as scratch:
        dirs = args.dirs
        if not dirs:
            out = Path(scratch.enter_context(tempfile.TemporaryDirectory()))
            listed, _ = common.call([rl, "list", "presets"])
            runs = {name: options for name, options in RUNS.items() if options[1] in listed.split()}
            dirs = [out / name for name in runs]
            for directory, options in zip(dirs, runs.values()):
                common.call([rl, "train", *options, "--quiet", "--out", directory])
        rows, agree = zip(*(compare(rl, directory, args.episodes, args.seed) for directory in dirs))
    header = ["run", "mean in `rl eval` [99.9 %]", f"in Gymnasium {gymnasium.__version__}", "same returns", "agree"]
    print(common.table(header, rows))
    sys.exit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
