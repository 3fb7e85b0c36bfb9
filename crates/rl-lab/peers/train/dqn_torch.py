"""DQN in PyTorch, with the details and defaults of CleanRL's `dqn.py`."""

import random
import time

import gymnasium
import numpy as np
import torch
from torch import nn

from shared import GYMNASIUM, OURS, layers, only, start_torch


def train(config, seed):
    start_torch()
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    size, gamma, rows = config["size"], config["gamma"], config["buffer_size"]

    def mlp():
        return nn.Sequential(nn.Linear(4, size), nn.ReLU(), nn.Linear(size, size), nn.ReLU(), nn.Linear(size, 2))

    q, target = mlp(), mlp()
    target.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=config["learning_rate"], eps=config["optimizer_epsilon"])
    env = gymnasium.make(GYMNASIUM[config["env"]])
    observations, next_observations = np.zeros((2, rows, 4), np.float32)
    actions = np.zeros(rows, np.int64)
    rewards, terminations = np.zeros((2, rows), np.float32)
    observation, _ = env.reset(seed=seed)
    epsilon_start, epsilon_end = config["epsilon_start"], config["epsilon_end"]
    falling = config["exploration_fraction"] * config["steps"]

    start, at, kept, minibatches, optimized = time.perf_counter(), 0, 0, set(), []
    for step in range(config["steps"]):
        epsilon = max(epsilon_start + (epsilon_end - epsilon_start) * step / falling, epsilon_end)
        if random.random() < epsilon:
            action = random.randrange(2)
        else:
            with torch.no_grad():
                action = int(q(torch.from_numpy(observation).unsqueeze(0)).argmax())
        following, reward, terminated, truncated, _ = env.step(action)
        observations[at], next_observations[at] = observation, following
        actions[at], rewards[at], terminations[at] = action, reward, terminated
        at, kept = (at + 1) % rows, min(kept + 1, rows)
        observation = env.reset()[0] if terminated or truncated else following
        if step <= config["learning_starts"]:
            continue
        if step % config["train_every"] == 0:
            picks = np.random.randint(0, kept, config["minibatch_size"])
            with torch.no_grad():
                largest = target(torch.from_numpy(next_observations[picks])).max(1).values
                follows = gamma * (1 - torch.from_numpy(terminations[picks])) * largest
                y = torch.from_numpy(rewards[picks]) + follows
            values = q(torch.from_numpy(observations[picks]))
            value = values.gather(1, torch.from_numpy(actions[picks]).unsqueeze(1)).squeeze(1)
            loss = nn.functional.mse_loss(value, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            minibatches.add(len(picks))
            optimized.append(step)
        if step % config["target_interval"] == 0:
            target.load_state_dict(q.state_dict())
    wall = time.perf_counter() - start
    ran = {
        "algo": "dqn",
        "env": OURS[env.spec.id],
        "steps": step + 1,
        "environments": 1,
        "train_every": only(np.diff(optimized).tolist()),
        "gradient_steps": 1,
        "learning_starts": config["learning_starts"],
        "buffer_size": len(observations),
        "minibatch_size": only(minibatches),
        "gamma": gamma,
        "n_step": 1,
        "double": False,
        "target_interval": config["target_interval"],
        "loss": "mse",
        "epsilon_start": epsilon_start,
        "epsilon_end": epsilon_end,
        "exploration_fraction": config["exploration_fraction"],
        "learning_rate": opt.param_groups[0]["lr"],
        "anneal_learning_rate": False,
        "optimizer": type(opt).__name__.lower(),
        "optimizer_epsilon": opt.defaults["eps"],
        "max_grad_norm": "inf",
        **layers(q),
        "initialization": "pytorch",
    }
    return {"steps": ran["steps"], "wall_s": wall, "config": ran}
