"""Does LunarLander-lite pay the same policies what Gymnasium's LunarLander-v3 pays them?

Plays the heuristic, from reset(seed=0), reset(seed=1), ..., and random actions, on both sides, and prints the
mean, the deviation and the 95 % interval of the returns; for Gymnasium also the share of episodes that land.
Ends with 1 if a mean of the heuristic is more than 20 from Gymnasium's, or one of random actions more than 40.

Needs `pip install "gymnasium[box2d]" numpy` and a release build of `rl`.
"""

import json
import sys

import gymnasium
import numpy as np
from gymnasium.envs.box2d.lunar_lander import heuristic

import common

IDS = {"lunar-lander": "LunarLander-v3", "lunar-lander-continuous": "LunarLanderContinuous-v3"}
PLAYERS = {"heuristic": 20, "random": 40}


def play(env, player, seed):
    """Return and last reward of the episode that starts from reset(seed=seed)."""
    observation, _ = env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        action = heuristic(env.unwrapped, observation) if player == "heuristic" else env.action_space.sample()
        observation, reward, terminated, truncated, _ = env.step(action)
        total += reward
        over = terminated or truncated
    return total, reward


def row(*label, returns, landed="-"):
    mean, std = np.mean(returns), np.std(returns, ddof=1)
    half = 1.96 * std / np.sqrt(len(returns))
    return [*label, f"{mean:.1f}", f"{std:.1f}", f"{mean - half:.1f} to {mean + half:.1f}", landed]


def main():
    p = common.parser(__doc__)
    p.add_argument("--episodes", type=int, default=1000, help="episodes of each kind, at least 2 [default: 1000]")
    args = p.parse_args()
    if args.episodes < 2:
        p.error(f"--episodes {args.episodes}: an interval takes at least 2")
    rl = common.binary(args.rl)

    rows, far = [], []
    for name, env_id in IDS.items():
        env = gymnasium.make(env_id)
        env.action_space.seed(0)
        for player, allowed in PLAYERS.items():
            options = [f"--{player}", "--env", name, "--episodes", args.episodes, "--json"]
            ours = json.loads(common.call([rl, "eval", *options])[0])["returns"]
            theirs, last = zip(*(play(env, player, seed) for seed in range(args.episodes)), strict=True)
            landed = f"{100 * np.mean([reward == 100 for reward in last]):.1f} %"
            rows.append(row(name, player, "ours", returns=ours))
            rows.append(row(name, player, f"Gymnasium {gymnasium.__version__}", returns=theirs, landed=landed))
            if abs(np.mean(ours) - np.mean(theirs)) > allowed:
                far.append(f"{name}, {player}")
    print(common.table(["environment", "actions", "side", "mean return", "std", "95 %", "landed"], rows))
    print(f"\nMore than allowed apart: {'; '.join(far)}" if far else "\nNo two means are further apart than allowed.")
    sys.exit(1 if far else 0)


if __name__ == "__main__":
    main()
