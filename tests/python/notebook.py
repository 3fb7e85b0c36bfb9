"""Does `rl` learn as the notebook's PyTorch program learns?

Trains the presets notebook-total and notebook-rtg and their PyTorch counterpart, vpg_torch.py, with the
same seeds, and compares the shares of seeds that reach 475, the last ten updates and the steps.

Needs `pip install gymnasium torch numpy` and a release build of `rl`.
"""

import csv
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import common

REACHED = 475
SIDES = {"rl": "this project", "torch": "vpg_torch.py"}
# Name, column of the CSV, format of a number.
STATISTICS = [
    ("share of seeds that reach 475", "reached", "{:.2f}"),
    ("mean return of the last ten updates", "last_ten", "{:.1f}"),
    ("environment steps", "env_steps", "{:,.0f}"),
]


def row(mode, side, seed, returns, env_steps):
    """One run's line: did it reach 475, first where, and how did it end?"""
    if len(returns) != 100:
        sys.exit(f"error: {side}, {mode}, seed {seed} has {len(returns)} updates, not 100")
    first = next((i + 1 for i, x in enumerate(returns) if x >= REACHED), "")
    return {
        "mode": mode,
        "side": side,
        "seed": seed,
        "reached": int(first != ""),
        "first_update": first,
        "best": f"{max(returns):.3f}",
        "last_ten": f"{np.mean(returns[-10:]):.3f}",
        "env_steps": int(env_steps),
    }


def ours(rl, mode, seed):
    summary, metrics, _ = common.train(rl, "--preset", f"notebook-{mode}", "--seed", seed)
    return row(mode, "rl", seed, [m["return_mean"] for m in metrics], summary["env_steps"])


def theirs(results, own_init, mode, seed):
    words = ["own-init"] if own_init else []
    path = Path(results) / "_".join([f"b1_{mode}_seed{seed}", *words])
    path = path.with_suffix(".csv")
    if not path.exists():
        common.peer(mode, seed, results, *words)
    metrics = common.read_csv(path)
    return row(mode, "torch", seed, [m["batch_mean_return"] for m in metrics], metrics[-1]["env_steps"])


def overlap(a, b):
    return a[0] <= b[1] and b[0] <= a[1]


FIXED_INIT = """Known difference: the peer starts every seed from one initial policy (`torch.manual_seed(42)`) and varies
only the episodes and actions; here the run's seed also draws the initial policy (from the same distribution).
[The comparison with `--own-init`](notebook-own-init.md) is without this difference."""
OWN_INIT = """On both sides each seed draws an initial policy of its own (the peer's option `own-init`)."""


def page(rows, modes, seeds, own_init, csv_name, command):
    cells, sentences = [], []
    for mode in modes:
        for name, key, form in STATISTICS:
            values, intervals = {}, {}
            for side, label in SIDES.items():
                values[side] = [float(r[key]) for r in rows if (r["mode"], r["side"]) == (mode, side)]
                low, high = intervals[side] = common.bootstrap(values[side])
                cells.append([f"{mode}: {name}", label, *map(form.format, (np.mean(values[side]), low, high))])
            verb = "overlap" if overlap(intervals["rl"], intervals["torch"]) else "DO NOT overlap"
            mean, low, high = map(form.format, common.difference(values["rl"], values["torch"]))
            sentences.append(f"- {mode}, {name}: the intervals {verb}; the difference is {mean} ({low} to {high}).")
    return f"""# The notebook's policy gradient, here and in PyTorch

The presets {" and ".join(f"`notebook-{mode}`" for mode in modes)} (weights: *total*, the return; *rtg*, the reward-to-go) against
`tests/python/vpg_torch.py`: {len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) each, 100 updates of at least 1,000 steps, one
environment, no discount, no baseline, Adam at 5e-3. A seed *reaches 475* when the mean return of one
update's episodes is at least that. Intervals: 95 %, percentile bootstrap over seeds, 10,000 resamples;
differences are this project's mean less the peer's, with an interval of their own, the sharper test.

{common.table(["statistic", "side", "mean", "low", "high"], cells)}

{chr(10).join(sentences)}

{OWN_INIT if own_init else FIXED_INIT}
The random numbers differ too, so a seed's run on one side is no partner of the same seed's on the other:
what is compared are the two sets of seeds. An interval of a share at 0 or 1 has no width, which the
bootstrap cannot help. Of several differences one may leave out 0 by chance: other seeds
(`--first-seed 20`) tell whether it stays.

The runs, one a line: [`{csv_name}`]({csv_name}). Made by

{command}
"""


def main():
    p = common.parser(__doc__)
    p.add_argument("--seeds", type=int, default=20, help="number of seeds [default: 20]")
    p.add_argument("--first-seed", type=int, default=0, help="first seed [default: 0]")
    p.add_argument("--modes", default="total,rtg", help="total, rtg, or both [default: total,rtg]")
    p.add_argument("--own-init", action="store_true", help="let the peer draw an initial policy per seed too")
    p.add_argument("--peer-results", metavar="DIR", help="folder with CSVs that vpg_torch.py has written; missing ones are made")
    p.add_argument("--jobs", type=int, default=1, help="runs at a time [default: 1]")
    p.add_argument("-o", "--out", metavar="FILE.md", help="write the page, and the runs as CSV beside it")
    args = p.parse_args()
    rl = common.binary(args.rl)

    modes = args.modes.split(",")
    if not set(modes) <= {"total", "rtg"}:
        p.error(f"--modes {args.modes}: known are total and rtg")
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    runs = [(mode, seed) for mode in modes for seed in seeds]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.jobs) as pool:
        results = args.peer_results or scratch
        Path(results).mkdir(parents=True, exist_ok=True)
        rows = list(pool.map(lambda run: ours(rl, *run), runs))
        rows += pool.map(lambda run: theirs(results, args.own_init, *run), runs)

    csv_path = Path(args.out or "notebook.md").with_suffix(".csv")
    command = common.command_line(
        "notebook.py", "--modes", args.modes, "--first-seed", args.first_seed, "--seeds", args.seeds, *(["--own-init"] if args.own_init else []), "-o", f"docs/evidence/{csv_path.stem}.md"
    )
    common.emit(page(rows, modes, seeds, args.own_init, csv_path.name, command), args.out)
    if args.out:
        with open(csv_path, "w", newline="") as f:
            writer = csv.DictWriter(f, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
