"""Does TensorBoard read of a run what metrics.csv says?

Trains some runs, one of them stopped and resumed, one with a row for several updates, and reads their event
files with TensorBoard's own EventAccumulator. Ends with 1 unless every column of metrics.csv is there as scalars
with its values, each step once, and the configuration as hyperparameters and as a text.

Needs tests/python/requirements.txt and a release build of `rl`; `cargo xtask gymnasium` sees to both.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

import common

EVERYTHING = {"scalars": 0, "tensors": 0, "histograms": 0}
RUNS = {
    "default": ["--updates", "20"],
    "histograms": ["--algo", "ppo", "--env", "pendulum", "--steps", "20000", "--histogram-every", "3", "--eval-every", "4"],
    "rows": ["--algo", "a2c", "--updates", "25", "--log-every", "4"],
    "killed": ["--updates", "7", "--log-every", "2", "--histogram-every", "1", "--checkpoint-every", "5"],
}


def check(holds, message):
    if not holds:
        sys.exit(f"error: {message}")


def kill_and_resume(rl, directory):
    """Makes of a run one that was killed after its first checkpoint, and goes on with it."""
    checkpoints = sorted((directory / "checkpoints").iterdir())
    shutil.rmtree(checkpoints[-1])
    common.call([rl, "train", "--resume", directory, "--updates", 12, "--quiet"])
    return len(list(directory.glob("events.out.tfevents.*")))


def compare(directory):
    """The number of scalars of a run, all of them equal to those of metrics.csv."""
    accumulator = EventAccumulator(str(directory), size_guidance=EVERYTHING)
    accumulator.Reload()
    tags = accumulator.Tags()
    rows = common.read_csv(directory / "metrics.csv")
    steps = [int(row["env_steps"]) for row in rows]
    count = 0
    for name in rows[0].keys() - {"env_steps"}:
        expected = [(step, row[name]) for step, row in zip(steps, rows) if not np.isnan(row[name])]
        events = accumulator.Scalars(name) if name in tags["scalars"] else []
        check([e.step for e in events] == [step for step, _ in expected], f"{directory.name}: steps of {name}")
        # Event files have single precision, and metrics.csv four decimals of the seconds.
        slack = 1e-4 if name == "wall_s" else 0
        for event, (step, number) in zip(events, expected):
            same = abs(np.float32(number) - np.float32(event.value)) <= slack
            check(same, f"{directory.name}: {name} at step {step} is {event.value}, not {number}")
        check(all(a.wall_time <= b.wall_time for a, b in zip(events, events[1:])), f"{directory.name}: times of {name}")
        count += len(events)
    check(set(tags["scalars"]) <= rows[0].keys(), f"{directory.name}: {tags['scalars']}")

    # Numbers, words and flags are written alike in TOML and JSON.
    lines = (directory / "config.toml").read_text().splitlines()
    config = {key: json.loads(value) for key, value in (line.split(" = ") for line in lines)}
    content = accumulator.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    settings = HParamsPluginData.FromString(content).session_start_info.hparams
    for key in ("learning_rate", "seed", "algo", "tensorboard"):
        value = settings[key]
        check(getattr(value, value.WhichOneof("kind")) == config[key], f"{directory.name}: hyperparameter {key}")
    shown = accumulator.Tensors("config")
    check(len(shown) == 1, f"{directory.name}: {len(shown)} configurations")
    check(b'algo = "' in shown[0].tensor_proto.string_val[0], f"{directory.name}: text of the configuration")
    return count, tags, accumulator


def main():
    rl = common.binary(common.parser(__doc__).parse_args().rl)
    with tempfile.TemporaryDirectory() as scratch:
        for name, options in RUNS.items():
            directory = Path(scratch) / name
            common.call([rl, "train", *options, "--quiet", "--out", directory])
            if name == "killed":
                files = kill_and_resume(rl, directory)
                check(files == 2, f"{files} event files after one resume")
            count, tags, accumulator = compare(directory)
            every = {"histograms": 3, "killed": 1}.get(name)
            check(bool(tags["histograms"]) == bool(every), f"{name}: {tags['histograms']}")
            if every:
                updates = int(common.read_csv(directory / "metrics.csv")[-1]["update"])
                for tag in ("actions", "weights/policy.layers.0.weight"):
                    histograms = [e.step for e in accumulator.Histograms(tag)]
                    check(len(histograms) == updates // every, f"{name}: {len(histograms)} histograms {tag}")
                    check(sorted(set(histograms)) == histograms, f"{name}: steps of {tag}")
            print(f"TensorBoard reads {count} scalars of {name} as metrics.csv has them")


if __name__ == "__main__":
    main()
