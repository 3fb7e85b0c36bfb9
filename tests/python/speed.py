"""How fast is `rl` beside the same algorithm in PyTorch, on one core?

Times 100 updates of the preset notebook-rtg and of vpg_torch.py, as written and in its faster form, in turn,
pinned to one core; and the peak memory of a default training.

Needs Linux's `taskset`, `pip install gymnasium torch numpy` and a release build of `rl`.
"""

import json
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

import common

SIDES = ["rl", "torch", "torch fast"]
NAMES = {"rl": "`rl train --preset notebook-rtg`", "torch": "`vpg_torch.py rtg`", "torch fast": "`vpg_torch.py rtg`, `fast`"}


def run(side, rl, seed, core):
    """Steps and wall times of one training; `process_s` includes start, evaluation and files."""
    if side == "rl":
        summary, _, wall = common.train(rl, "--preset", "notebook-rtg", "--seed", seed, core=core)
        result = {"env_steps": summary["env_steps"], "wall_s": summary["wall_s"], "process_s": wall}
    else:
        with tempfile.TemporaryDirectory() as scratch:
            result = common.peer("rtg", seed, scratch, *(["fast"] if side == "torch fast" else []), core=core)
    return {"side": side, "seed": seed, **result, "steps_per_s": result["env_steps"] / result["wall_s"]}


def peak_memory_mib(rl):
    """Peak resident memory of a default training.

    A process counts the memory of the one that started it until it becomes another program, hence the
    small Python between this one and `rl`.
    """
    small = (
        "import os, resource, sys\n"
        "code = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)[1])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(code)"
    )
    with tempfile.TemporaryDirectory() as scratch:
        command = [rl, "train", "--quiet", "--out", str(Path(scratch) / "run")]
        out = subprocess.run([sys.executable, "-I", "-S", "-c", small, *command], capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(f"error: the default training ended with {out.returncode}:\n{out.stderr.strip()}")
    return int(out.stdout.split()[-1]) / 1024


def spread(runs, side, key):
    values = [r[key] for r in runs if r["side"] == side]
    return float(np.median(values)), min(values), max(values)


def page(result):
    runs, ratio = result["runs"], result["ratio"]
    cells = []
    for side in SIDES:
        sps, wall, process = (spread(runs, side, key) for key in ("steps_per_s", "wall_s", "process_s"))
        show = lambda x, form: f"{x[0]:{form}} ({x[1]:{form}} to {x[2]:{form}})"
        cells.append([NAMES[side], show(wall, ".2f"), show(process, ".2f"), show(sps, ",.0f")])
    n = sum(r["side"] == "rl" for r in runs)
    return f"""# Speed beside PyTorch

The notebook's reward-to-go policy gradient on CartPole-v1: 100 updates of at least 1,000 steps, one
environment, the same network, batches and optimizer on both sides (`tests/python/vpg_torch.py`). One core,
one thread, {n} runs a side in turn, seeds 0 to {n - 1}; medians, least and most in brackets. *Loop* is the
training loop as each side reports it; *process* is everything: start, training, evaluation over 100
episodes, files. `fast` draws actions without PyTorch's distribution object and without gradients.

{common.table(["program", "loop, s", "process, s", "steps per second of the loop"], cells)}

- Steps per second, median against median: **{ratio["torch"]:.1f} times** `vpg_torch.py` as written,
  **{ratio["torch fast"]:.1f} times** its `fast` form.
- Peak memory of a default training (`rl train`): {result["peak_memory_mib"]:.1f} MiB.

Machine: {result["machine"]}; {"; ".join(f"{k} {v}" for k, v in result["versions"].items())}.
The number of steps of a run depends on how well it learns, which is why speeds are compared, not times.

{common.command_line("speed.py", "--runs", n, "-o", "docs/evidence/speed.md")}
"""


def main():
    p = common.parser(__doc__)
    p.add_argument("--runs", type=int, default=5, help="runs a side [default: 5]")
    p.add_argument("--core", type=int, default=1, help="core to pin every run to [default: 1]")
    p.add_argument("--json", action="store_true", help="print JSON instead of the page")
    p.add_argument("-o", "--out", metavar="FILE.md", help="write the page")
    args = p.parse_args()
    rl = common.binary(args.rl)

    runs = [run(side, rl, seed, args.core) for seed in range(args.runs) for side in SIDES]
    median = lambda side: spread(runs, side, "steps_per_s")[0]
    result = {
        "runs": runs,
        "ratio": {side: median("rl") / median(side) for side in SIDES[1:]},
        "peak_memory_mib": peak_memory_mib(rl),
        "machine": common.machine(),
        "versions": {
            "Rust": common.version(["rustc", "--version"]).split()[1],
            "Python": platform.python_version(),
            **{name: version(name) for name in ("torch", "gymnasium", "numpy")},
        },
    }
    if args.out:
        Path(args.out).write_text(page(result))
    print(json.dumps(result, indent=1) if args.json else page(result))


if __name__ == "__main__":
    main()
