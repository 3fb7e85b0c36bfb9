"""The policy gradient of the classic tutorials, in PyTorch."""

import time

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

from shared import GYMNASIUM, OURS, layers, start_torch


def train(config, seed, fast=False, policy_seed=None):
    """Trains; `fast` acts without a distribution object and without recording gradients. The initial policy is drawn
    from `policy_seed`, or from `seed`. Beside what every program returns there are the policy, the seconds of acting,
    and a row per update: update, steps, mean return, episodes, largest return, seconds."""
    start_torch()
    torch.manual_seed(seed if policy_seed is None else policy_seed)
    size = config["size"]
    policy = nn.Sequential(nn.Linear(4, size), nn.Tanh(), nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 2))
    opt = torch.optim.Adam(policy.parameters(), lr=config["learning_rate"])
    torch.manual_seed(seed)
    env = gymnasium.make(GYMNASIUM[config["env"]])
    observation, _ = env.reset(seed=seed)

    def act(observation):
        if fast:
            with torch.no_grad():
                logits = policy(torch.from_numpy(observation))
                return int(torch.rand(()).item() >= torch.softmax(logits, -1)[0].item())
        logits = policy(torch.as_tensor(observation, dtype=torch.float32))
        return Categorical(logits=logits).sample().item()

    start, acting, steps, rows = time.perf_counter(), 0.0, 0, []
    for update in range(1, config["updates"] + 1):
        rollout_start = time.perf_counter()
        observations, actions, weights, returns, rewards = [], [], [], [], []
        while True:
            observations.append(observation)
            action = act(observation)
            observation, reward, terminated, truncated, _ = env.step(action)
            actions.append(action)
            rewards.append(float(reward))
            if terminated or truncated:
                returns.append(sum(rewards))
                if config["weighting"] == "total-return":
                    weights += [returns[-1]] * len(rewards)
                else:
                    weights += list(np.cumsum(rewards[::-1])[::-1])
                observation, _ = env.reset()
                rewards = []
                if len(observations) >= config["steps_per_update"]:
                    break
        acting += time.perf_counter() - rollout_start
        inputs = torch.as_tensor(np.array(observations), dtype=torch.float32)
        taken = torch.as_tensor(actions, dtype=torch.int64)
        weights = torch.as_tensor(np.array(weights), dtype=torch.float32)
        opt.zero_grad()
        loss = -(Categorical(logits=policy(inputs)).log_prob(taken) * weights).mean()
        loss.backward()
        opt.step()
        steps += len(observations)
        rows.append((update, steps, float(np.mean(returns)), len(returns), max(returns), time.perf_counter() - start))
    wall = time.perf_counter() - start
    ran = {
        "algo": "vpg",
        "env": OURS[env.spec.id],
        "updates": len(rows),
        "environments": 1,
        "steps_per_update": config["steps_per_update"],
        "gradient": "mean-over-steps",
        "gamma": 1.0,
        "weighting": "total-return" if config["weighting"] == "total-return" else "reward-to-go",
        "normalize_advantages": False,
        "learning_rate": opt.param_groups[0]["lr"],
        "anneal_learning_rate": False,
        "adam_epsilon": opt.param_groups[0]["eps"],
        **layers(policy),
        "initialization": "pytorch",
    }
    extra = {"policy": policy, "rows": rows, "acting_s": acting}
    return {"steps": steps, "wall_s": wall, "config": ran, **extra}
