"""Does onnxruntime compute of an exported policy what its safetensors file says?

Trains short runs, one for each distribution, with and without normalised observations, exports them, and compares
the outputs of onnxruntime for 1,000 random observations with those that NumPy computes in double precision from
policy.safetensors, as its documentation tells. Ends with 1 unless all agree to 1e-6 of the largest number of their kind,
for batches of 1 and of 1,000.

Needs tests/python/requirements.txt and a release build of `rl`; `cargo xtask gymnasium` sees to both.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors import safe_open

import common

PPO = ["--algo", "ppo", "--preset", "none", "--steps", "5000"]
PENDULUM = ["--env", "pendulum", *PPO]
RUNS = {
    "categorical": ["--updates", "10"],
    "categorical, with a value": ["--preset", "cartpole-gae", "--updates", "5"],
    "shared layers": [*PPO, "--shared-layers"],
    "layer normalisation": [*PPO, "--shared-layers", "--layer-norm", "--activation", "relu"],
    "categorical, normalised": [*PPO, "--env", "acrobot", "--normalize-observations"],
    "diag-gaussian": PENDULUM,
    "diag-gaussian, normalised": [*PENDULUM, "--normalize-observations", "--activation", "relu"],
    "state-gaussian": [*PENDULUM, "--distribution", "state-gaussian", "--activation", "selu"],
    "squashed-gaussian": [*PENDULUM, "--distribution", "squashed-gaussian", "--normalize-observations"],
    "greedy": ["--algo", "dqn", "--preset", "none", "--steps", "3000", "--set", "learning_starts=500"],
    "beta": [*PENDULUM, "--distribution", "beta", "--activation", "softplus"],
}
OBSERVATIONS = 1000
# What the actions of a discrete space are chosen by.
CHOICES = {"categorical": "logits", "greedy": "action_values"}
TOLERANCE = 1e-6


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


ACTIVATIONS = {
    "identity": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "softplus": softplus,
}


def expected(path, observations):
    """The outputs by their names, and the metadata of the file."""
    with safe_open(path, "numpy") as file:
        meta = file.metadata()
        tensors = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}
    x = observations.astype(np.float64)
    if meta["obs_norm"] == "true":
        deviation = np.sqrt(tensors["obs_norm.var"] + 1e-8)
        x = np.clip((x - tensors["obs_norm.mean"]) / deviation, -10, 10)
    value = network("value", x, tensors, meta.get("value_activation"), "identity")
    x = network("policy", x, tensors, meta["activation"], meta["output_activation"])
    outputs = actions(x, tensors, meta)
    return outputs | ({"value": value} if value is not None else {}), meta


def network(name, x, tensors, activation, last):
    """The outputs of a network; none if there is none."""
    layers = sum(f"{name}.layers.{i}.weight" in tensors for i in range(len(tensors)))
    for i in range(layers):
        x = x @ tensors[f"{name}.layers.{i}.weight"].T + tensors[f"{name}.layers.{i}.bias"]
        if f"{name}.layers.{i}.norm.weight" in tensors:
            x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
            x = x * tensors[f"{name}.layers.{i}.norm.weight"] + tensors[f"{name}.layers.{i}.norm.bias"]
        x = ACTIVATIONS[activation if i + 1 < layers else last](x)
    return x if layers else None


def actions(x, tensors, meta):
    """What a distribution makes of the outputs of the policy's network."""
    kind = meta["distribution"]
    if kind in CHOICES:
        return {CHOICES[kind]: x, "action": x.argmax(1)}
    low, high = (np.array(json.loads(meta[key])) for key in ("action_low", "action_high"))
    if kind == "beta":
        a, b = (softplus(half) for half in np.split(x, 2, axis=1))
        return {"alpha": 1 + a, "beta": 1 + b, "action": low + a / (a + b) * (high - low)}
    if kind == "state-gaussian":
        mean, log_std = np.split(x, 2, axis=1)
        log_std = np.clip(log_std, -20, 2)
    else:
        mean, log_std = x, tensors["policy.log_std"]
    action = low + sigmoid(2 * mean) * (high - low) if kind == "squashed-gaussian" else mean
    return {"mean": mean, "log_std": log_std, "action": np.clip(action, low, high)}


def compare(name, run, file):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    shape = (OBSERVATIONS, given.shape[1])
    observations = np.random.default_rng(0).normal(0, 2, shape).astype(np.float32)
    wanted, meta = expected(run / "policy.safetensors", observations)
    if {output.name for output in session.get_outputs()} != set(wanted):
        sys.exit(f"error: {name}: the outputs are {[output.name for output in session.get_outputs()]}")
    told = session.get_modelmeta().custom_metadata_map
    if any(told.get(key) != value for key, value in meta.items() if key != "format_version"):
        sys.exit(f"error: {name}: the metadata are {told}, not {meta}")
    names = list(wanted)
    found = dict(zip(names, session.run(names, {given.name: observations})))
    single = dict(zip(names, session.run(names, {given.name: observations[:1]})))
    worst = 0.0
    for key, values in wanted.items():
        if key == "action" and values.ndim == 1:
            # Where the two best are alike, either is the likeliest.
            rows, scores = np.arange(len(values)), wanted[CHOICES[meta["distribution"]]]
            lost = scores[rows, values] - scores[rows, found[key]]
            error = lost.max() / np.abs(scores).max()
        else:
            if found[key].shape != values.shape:
                sys.exit(f"error: {name}: {key} has the shape {found[key].shape}, not {values.shape}")
            scale = max(1.0, np.abs(values).max())
            first = values[:1] if values.ndim == 2 else values
            error = max(np.abs(found[key] - values).max(), np.abs(single[key] - first).max()) / scale
        worst = max(worst, error)
    print(f"{name:<28} {', '.join(names):<22} {worst:.1e}")
    if not worst <= TOLERANCE:
        sys.exit(f"error: {name}: the outputs differ by {worst:.1e}, more than {TOLERANCE}")


def main():
    arguments = common.parser(__doc__).parse_args()
    rl = common.binary(arguments.rl)
    with tempfile.TemporaryDirectory() as scratch:
        for i, (name, options) in enumerate(RUNS.items()):
            run, file = Path(scratch) / f"run{i}", Path(scratch) / f"policy{i}.onnx"
            common.call([rl, "train", *options, "--quiet", "--out", run])
            common.call([rl, "export", run, "-o", file])
            compare(name, run, file)


main()
