"""Does a trained policy do in Gymnasium what `rl eval` says it does?

Reads DIR/policy.safetensors without this project's code, plays episodes in Gymnasium, and compares the
returns with those of `rl eval`; episode k starts from reset(seed=SEED+k) on both sides. Ends with 1 unless
each side's mean is within the other's 95 % confidence interval of the mean.

Needs `pip install gymnasium safetensors numpy` and a release build of `rl`.
"""

import json
import sys
from pathlib import Path

import gymnasium
import numpy as np
from safetensors import safe_open

import common

IDS = {
    "cartpole": "CartPole-v1",
    "pendulum": "Pendulum-v1",
    "mountain-car": "MountainCar-v0",
    "mountain-car-continuous": "MountainCarContinuous-v0",
    "acrobot": "Acrobot-v1",
}
ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "leaky-relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "softplus": lambda x: np.logaddexp(x, 0),
}


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
    depth = sum(name.endswith(".weight") for name in tensors)
    layers = [(tensors[f"policy.layers.{i}.weight"], tensors[f"policy.layers.{i}.bias"]) for i in range(depth)]

    mean, var = (tensors.get(f"obs_norm.{name}") for name in ("mean", "var"))

    def act(observation):
        x = np.asarray(observation, dtype=np.float32)
        if mean is not None:
            x = ((x - mean) / np.sqrt(var + 1e-8)).clip(-10, 10).astype(np.float32)
        for i, (weight, bias) in enumerate(layers):
            x = (hidden if i + 1 < depth else output)(weight @ x + bias)
        return int(np.argmax(x)) if metadata["distribution"] == "categorical" else x

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


def describe(returns):
    """Mean, standard deviation, and the 95 % confidence interval of the mean (normal)."""
    mean, std = np.mean(returns), np.std(returns, ddof=1)
    half = 1.96 * std / np.sqrt(len(returns))
    return mean, std, mean - half, mean + half


def main():
    p = common.parser(__doc__)
    p.add_argument("dir", type=Path, metavar="DIR", help="run directory")
    p.add_argument("--episodes", type=int, default=100, help="number of episodes, at least 2 [default: 100]")
    p.add_argument("--seed", type=int, default=0, help="seed of the first episode [default: 0]")
    args = p.parse_args()
    if args.episodes < 2:
        p.error(f"--episodes {args.episodes}: an interval takes at least 2")
    rl = common.binary(args.rl)

    name, act = load(args.dir / "policy.safetensors")
    env = gymnasium.make(known(IDS, name, "environment"))
    theirs = [play(env, act, args.seed + k) for k in range(args.episodes)]
    text, _ = common.call([rl, "eval", args.dir, "--episodes", args.episodes, "--seed", args.seed, "--json"])
    ours = json.loads(text)["returns"]

    rows, (a, b) = [], (describe(ours), describe(theirs))
    for label, numbers in (("rl eval", a), (f"Gymnasium {gymnasium.__version__}", b)):
        rows.append([label, *(f"{x:.2f}" for x in numbers)])
    print(common.table(["side", "mean", "std", "95 % low", "95 % high"], rows))
    same = sum(x == y for x, y in zip(ours, theirs, strict=True))
    print(f"\n{same} of {args.episodes} episodes have exactly the same return.")
    # Room for rounding where every return is the same and the intervals have no width.
    within = lambda x, y: y[2] - 1e-9 <= x[0] <= y[3] + 1e-9
    agree = within(a, b) and within(b, a)
    print("Each mean is within the other's interval." if agree else "A mean is OUTSIDE the other's interval.")
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
