"""Stable-Baselines3's PPO on CartPole-v1, on our environments and on Gymnasium's, in turn.

    pip install stable-baselines3 ./crates/rl-py
    taskset -c 1 python crates/rl-py/examples/sb3_cartpole.py --seeds 200 201 202 203 204

Every policy is judged by its likeliest actions in 100 episodes of Gymnasium's own
CartPole, which it was trained on or not.
"""

import argparse
import statistics
import time

import gymnasium
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

from rl_py.sb3 import VecEnv

# RL Baselines3 Zoo's, and some for more environments, where updates are a smaller part of the time.
SETTINGS = {
    "zoo": {
        "environments": 8,
        "steps": 100_000,
        "n_steps": 32,
        "batch_size": 256,
        "n_epochs": 20,
        "learning_rate": lambda left: 1e-3 * left,
        "clip_range": lambda left: 0.2 * left,
    },
    "64": {
        "environments": 64,
        "steps": 200_000,
        "n_steps": 32,
        "batch_size": 512,
        "n_epochs": 10,
        "learning_rate": lambda left: 2e-3 * left,
        "clip_range": 0.2,
    },
    "128": {
        "environments": 128,
        "steps": 300_000,
        "n_steps": 32,
        "batch_size": 1024,
        "n_epochs": 5,
        "learning_rate": lambda left: 3e-3 * left,
        "clip_range": 0.2,
    },
}
SHARED = {"gamma": 0.98, "gae_lambda": 0.8, "ent_coef": 0.0, "device": "cpu"}
KINDS = {
    "rl_py.sb3.VecEnv": lambda n: VecEnv("CartPole-v1", n),
    "rl/CartPole-v1": lambda n: make_vec_env("rl/CartPole-v1", n),
    "CartPole-v1": lambda n: make_vec_env("CartPole-v1", n),
}


def judged(model):
    """Mean return of 100 episodes."""
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=1000)
    return evaluate_policy(model, env, n_eval_episodes=100, deterministic=True, warn=False)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[200, 201, 202, 203, 204])
    parser.add_argument("--settings", choices=SETTINGS, default="zoo")
    parser.add_argument("--environments", choices=KINDS, nargs="+", default=list(KINDS))
    arguments = parser.parse_args()
    settings = dict(SETTINGS[arguments.settings])
    environments, steps = settings.pop("environments"), settings.pop("steps")
    torch.set_num_threads(1)
    PPO("MlpPolicy", VecEnv("CartPole-v1"), n_steps=64, device="cpu").learn(64)  # PyTorch's first steps are slow.
    results = {kind: [] for kind in arguments.environments}
    for seed in arguments.seeds:
        for kind in results:
            model = PPO("MlpPolicy", KINDS[kind](environments), seed=seed, **settings, **SHARED)
            start = time.process_time()
            model.learn(steps)
            seconds = time.process_time() - start
            results[kind].append((judged(model), seconds))
            print(f"seed {seed}, {kind}: {results[kind][-1][0]:.1f} in {seconds:.1f} s of CPU time", flush=True)
    slowest = statistics.median(seconds for _, seconds in results[arguments.environments[-1]])
    print("\n| environments | returns of the seeds | CPU seconds, median | × as fast |\n|---|---|---|---|")
    for kind, runs in results.items():
        seconds = statistics.median(seconds for _, seconds in runs)
        returns = ", ".join(f"{mean:.1f}" for mean, _ in runs)
        print(f"| `{kind}` | {returns} | {seconds:.1f} | {slowest / seconds:.2f} |")


if __name__ == "__main__":
    main()
