"""Answers of rliable (Agarwal et al. 2021) for stored scores, as crates/rl-lab/tests/data/rliable.json has them.

    pip install rliable==1.2.0 'pandas<3'
    python tests/python/rliable_scores.py > crates/rl-lab/tests/data/rliable.json

A bound of an interval is a quantile of resamples: of 5,000 here, of 50,000 there. The shares of all resamples that are
below the two differ by less than 3.3 * sqrt(0.025 * 0.975 * (1 / 5000 + 1 / 50000)) = 0.0076 in 99.9 % of all cases. So
an interval is stored twice, with that share less and more in each tail: the bounds of the other program lie in between.
It takes less than a minute.
"""

import json

import arch
import numpy as np
from rliable import library, metrics

REPETITIONS = 5_000
TAIL = 3.3 * np.sqrt(0.025 * 0.975 * (1 / REPETITIONS + 1 / 50_000))

SCORES = {
    "nearly all the same": [497.22, 500, 500, 500, 500, 500, 500, 500, 500, 499.96],
    "spread": [12.5, -3.0, 7.25, 100.0, 55.5, 41.0, 8.0, 33.3, 19.75, -20.0],
    "five": [1, 2, 4, 8, 16],
    "two": [3.5, -1.25],
    "ties": [10, 10, 20, 20, 20, 30, 41, 41, 55],
    "lucky": [500, 500, 9, 500, 481.5, 9.4, 500, 120.25, 500, 500, 322, 500],
}
PAIRS = [("spread", "ties"), ("lucky", "nearly all the same"), ("ties", "ties"), ("five", "two")]


def columns(names):
    return [np.array(SCORES[name], dtype=float)[:, None] for name in names]


def intervals(scores, function):
    """The point and, for each of its numbers, the ranges that its two bounds lie in."""
    kind = library.StratifiedBootstrap if len(scores) == 1 else library.StratifiedIndependentBootstrap
    np.random.seed(0)
    bootstrap = kind(*scores)
    # As library.get_interval_estimates does, but both sizes from the same resamples.
    (low_in, high_in), (low_out, high_out) = (
        bootstrap.conf_int(
            function, reps=REPETITIONS, size=0.95 + 2 * tail, method="percentile", reuse=reuse
        )
        for tail, reuse in ((-TAIL, False), (TAIL, True))
    )
    ranges = zip(np.atleast_1d(function(*scores)), low_out, low_in, high_in, high_out)
    return [{"point": p, "low": [a, b], "high": [c, d]} for p, a, b, c, d in ranges]


def answers():
    for name in SCORES:
        scores = columns([name])
        thresholds = [0.0, 10.0, 20.0, 400.0, 499.99]
        yield {
            "scores": SCORES[name],
            "iqm": intervals(scores, lambda x: np.array([metrics.aggregate_iqm(x)]))[0],
            "thresholds": thresholds,
            "profile": intervals(scores, lambda x: library.score_distributions(x, thresholds)),
        }


def pairs():
    for names in PAIRS:
        scores = columns(names)
        yield {
            "x": SCORES[names[0]],
            "y": SCORES[names[1]],
            "improvement": intervals(
                scores, lambda x, y: np.array([metrics.probability_of_improvement(x, y)])
            )[0],
        }


versions = {"rliable": "1.2.0", "arch": arch.__version__, "numpy": np.__version__}
print(json.dumps({"versions": versions, "groups": list(answers()), "pairs": list(pairs())}, indent=1))
