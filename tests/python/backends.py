"""Which CPU backend is faster, and how much is the fused learner?

Trains the default preset with each backend in turn, pinned to one core.

Needs `pip install numpy`, Linux's `taskset`, and a release build of `rl`.
"""

import numpy as np

import common


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

{common.command_line("backends.py", "--backends", ",".join(backends), "--seeds", seeds, "-o", "docs/evidence/backends.md", features="ndarray")}
"""


def main():
    p = common.parser(__doc__)
    p.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0 [default: 5]")
    p.add_argument("--backends", metavar="A,B", default="flex,ndarray", help="backends to time [default: flex,ndarray]")
    p.add_argument("--core", type=int, default=1, help="core to pin to [default: 1]")
    p.add_argument("-o", "--out", metavar="FILE.md", help="write the page")
    args = p.parse_args()
    rl = common.binary(args.rl)
    common.emit(backends_page(rl, args.backends.split(","), args.seeds, args.core), args.out)


if __name__ == "__main__":
    main()
