"""What the comparisons share: running `rl`, intervals over seeds, tables, the machine."""

import argparse
import csv
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(__file__).resolve().parent / "vpg_torch.py"


def parser(doc):
    """An argument parser with the options every comparison has."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rl", default=str(ROOT / "target/release/rl"), help="the binary rl [default: target/release/rl]")
    return p


def binary(path):
    """The path of `rl`, or an end with a clear message."""
    found = shutil.which(path)
    if found is None:
        sys.exit(f"error: no program at {path}; build it (cargo build --release -p rl-cli) or give --rl PATH")
    return str(Path(found).resolve())


def call(command, core=None, env=None):
    """Runs a command, on one core if asked: its standard output and its wall time in seconds."""
    command = [str(word) for word in command]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})})
    wall = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout, wall


def train(rl, *options, core=None):
    """Trains in a temporary directory: the summary, the rows of metrics.csv, the wall of the process."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        _, wall = call([rl, "train", *options, "--quiet", "--out", out], core)
        summary = json.loads((out / "summary.json").read_text())
        return summary, read_csv(out / "metrics.csv"), wall


def peer(mode, seed, out, *options, core=None):
    """Runs vpg_torch.py, which writes its CSV into `out`: the values of its printed line."""
    text, wall = call([sys.executable, PEER, mode, seed, 100, *options], core, {"OMP_NUM_THREADS": "1", "OUT": str(out)})
    values = dict(word.split("=", 1) for word in text.strip().split(",") if "=" in word)
    return {"env_steps": int(values["steps"]), "wall_s": float(values["wall"]), "process_s": wall}


def read_csv(path):
    """The rows of a CSV of numbers; an empty cell is no number."""
    with open(path, newline="") as f:
        return [{key: float(x) if x else float("nan") for key, x in row.items()} for row in csv.DictReader(f)]


def resampled_means(values, seed, resamples=10_000):
    """The means of `resamples` bootstrap samples of `values`; the same seed, the same samples."""
    values = np.asarray(values, dtype=float)
    picks = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
    return values[picks].mean(axis=1)


def bootstrap(values):
    """The 95 % percentile bootstrap interval of the mean of `values`."""
    return tuple(np.percentile(resampled_means(values, 0), [2.5, 97.5]))


def difference(a, b):
    """The mean of `a` less that of `b`, and its 95 % percentile bootstrap interval."""
    low, high = np.percentile(resampled_means(a, 0) - resampled_means(b, 1), [2.5, 97.5])
    return np.mean(a) - np.mean(b), low, high


def table(header, rows):
    """A Markdown table; the first column is text, the others are numbers."""
    line = lambda cells: "| " + " | ".join(str(cell) for cell in cells) + " |"
    return "\n".join([line(header), line(["---", *["---:"] * (len(header) - 1)]), *map(line, rows)])


def command_line(script, *words, features=None):
    """The command that makes a page again, as from the repository's root, with features of the binary."""
    features = f" --features {features}" if features else ""
    return f"```\ncargo build --release -p rl-cli{features}\n" + " ".join(["python", f"tests/python/{script}", *map(str, words)]) + "\n```"


def emit(text, path=None):
    """Prints a page, and writes it if there is a path."""
    print(text)
    if path:
        Path(path).write_text(text.rstrip("\n") + "\n")


def machine():
    """The processor, its cores and the system."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def version(command):
    """The first line a program prints about its version, or `unknown`."""
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "unknown"
