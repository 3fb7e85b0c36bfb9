"""Does the default training solve CartPole-v1, whatever the seed; and which backend is faster?

Trains the default preset once per seed and lists the evaluations. With --backends, times the backends
against each other instead, in turn, pinned to one core.

Needs `pip install numpy`, for --backends Linux's `taskset`, and a release build of `rl`.
"""

import numpy as np

import common

SOLVED = 475
# The settings were chosen on the seeds below it.
FIRST_SEED = 100


def seeds_page(rl, seeds):
    rows, means = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        summary, _, _ = common.train(rl, "--seed", seed)
        mean = summary["evaluation"]["return_mean"]
        means.append(mean)
        rows.append([seed, f"{mean:.2f}", f"{summary['env_steps']:,}", f"{summary['wall_s']:.2f}"])
    return f"""# The default training, seed by seed

`rl train --seed N`, then 100 deterministic episodes of the trained policy, which are not in the training.
**{sum(mean >= SOLVED for mean in means)} of {seeds} seeds reach a mean return of {SOLVED}**, where CartPole-v1 counts as solved; the worst
ends at {min(means):.2f}, the mean over the seeds is {np.mean(means):.2f}. The settings were chosen on the seeds 0 to {FIRST_SEED - 1}, and none of these is among them.

{common.table(["seed", "evaluation, mean return", "environment steps", "wall, s"], rows)}

Machine: {common.machine()}.

{common.command_line("default_preset.py", "--seeds", seeds, "-o", "docs/evidence/default-preset.md")}
"""


def backends_page(rl, backends, seeds, core):
    cases = {backend: ["--backend", backend, "--learner", "burn"] for backend in backends}
    cases["fused learner"] = ["--backend", backends[0], "--learner", "fused"]
    runs = {case: [] for case in cases}
    for seed in range(seeds):
        for case, options in cases.items():
            runs[case].append(common.train(rl, "--seed", seed, *options, core=core)[0])
    rows, first = [], None
    for case, summaries in runs.items():
        column = lambda key: [s[key] for s in summaries]
        wall, median = column("wall_s"), lambda key: np.median(column(key))
        speed = median("env_steps_per_s")
        first = first or speed
        rows.append([
            case,
            f"{median('wall_s'):.2f} ({min(wall):.2f} to {max(wall):.2f})",
            f"{median('acting_s'):.2f}",
            f"{median('learning_s'):.2f}",
            f"{speed:,.0f}",
            f"{speed / first:.2f}",
            f"{np.mean([s['evaluation']['return_mean'] for s in summaries]):.1f}",
        ])
    header = ["learning by", "wall, s", "acting, s", "learning, s", "steps per second", f"to {backends[0]}", "evaluation, mean return"]
    return f"""# The backends beside each other

The default training on CartPole-v1, {seeds} seeds (0 to {seeds - 1}), in turn, on one core; medians, least and most in
brackets. `wall` is the training loop; acting is plain Rust and the same on every backend. The backends learn
through Burn's tape (`--learner burn`); the fused learner, the default on a CPU, uses none of them.

{common.table(header, rows)}

Machine: {common.machine()}.

{common.command_line("default_preset.py", "--backends", ",".join(backends), "--seeds", seeds, "-o", "docs/evidence/backends.md")}
"""


def main():
    p = common.parser(__doc__)
    p.add_argument("--seeds", type=int, help="number of seeds, from 100, with --backends from 0 [default: 100, with --backends 5]")
    p.add_argument("--backends", metavar="A,B", help="time these backends, such as flex,ndarray")
    p.add_argument("--core", type=int, default=1, help="core to pin to, with --backends [default: 1]")
    p.add_argument("-o", "--out", metavar="FILE.md", help="write the page")
    args = p.parse_args()
    rl = common.binary(args.rl)
    if args.backends:
        common.emit(backends_page(rl, args.backends.split(","), args.seeds or 5, args.core), args.out)
    else:
        common.emit(seeds_page(rl, args.seeds or 100), args.out)


if __name__ == "__main__":
    main()
