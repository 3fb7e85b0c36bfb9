"""PQN in PyTorch, with the details and defaults of CleanRL's `pqn.py`; time limits bootstrap."""

import time

import gymnasium
import numpy as np
import torch
from torch import nn

from shared import GYMNASIUM, OURS, layers, only, start_torch

OPTIMIZERS = {"adam": torch.optim.Adam, "radam": torch.optim.RAdam}


def train(config, seed):
    start_torch()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    n, t_max, size, batch = config["environments"], config["rollout_steps"], config["size"], config["minibatch_size"]
    gamma, trace = config["gamma"], config["lambda"]
    updates = config["steps"] // (n * t_max)

    def linear(inputs, outputs, gain=2**0.5):
        layer = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
        return layer

    hidden = [[linear(inputs, size), nn.LayerNorm(size), nn.ReLU()] for inputs in (4, size)]
    q = nn.Sequential(*hidden[0], *hidden[1], linear(size, 2, 1.0))
    optimizer = OPTIMIZERS[config["optimizer"]]
    opt = optimizer(q.parameters(), lr=config["learning_rate"], eps=config["optimizer_epsilon"])
    envs = [gymnasium.make(GYMNASIUM[config["env"]]) for _ in range(n)]

    def evaluate(observations):
        with torch.no_grad():
            return q(torch.from_numpy(observations))

    observation = np.stack([env.reset(seed=seed * 1000 + i)[0] for i, env in enumerate(envs)])
    observations, actions = np.zeros((t_max, n, 4), np.float32), np.zeros((t_max, n), np.int64)
    rewards, terminations, truncations, values, last_values = np.zeros((5, t_max, n), np.float32)
    epsilon_start, epsilon_end = config["epsilon_start"], config["epsilon_end"]
    falling = config["exploration_fraction"] * config["steps"]

    start, minibatches, optimized = time.perf_counter(), set(), 0
    for update in range(updates):
        opt.param_groups[0]["lr"] = config["learning_rate"] * (1 - update / updates)
        for t in range(t_max):
            step = (update * t_max + t) * n
            epsilon = max(epsilon_start + (epsilon_end - epsilon_start) * step / falling, epsilon_end)
            present = evaluate(observation)
            observations[t], values[t] = observation, present.max(1).values
            is_random = rng.random(n) < epsilon
            actions[t] = np.where(is_random, rng.integers(2, size=n), present.argmax(1).numpy())
            following = np.empty_like(observation)
            for i, env in enumerate(envs):
                after, rewards[t, i], terminated, truncated, _ = env.step(int(actions[t, i]))
                terminations[t, i], truncations[t, i] = terminated, truncated and not terminated
                if truncations[t, i]:
                    last_values[t, i] = evaluate(after[None]).max()
                following[i] = env.reset()[0] if terminated or truncated else after
            observation = following
        returns = np.zeros((t_max, n), np.float32)
        value = g = evaluate(observation).max(1).values.numpy()
        for t in reversed(range(t_max)):
            mixed = value if t == t_max - 1 else trace * g + (1 - trace) * value
            follows = np.where(terminations[t] > 0, 0, np.where(truncations[t] > 0, last_values[t], mixed))
            returns[t] = g = rewards[t] + gamma * follows
            value = values[t]
        inputs, taken = torch.from_numpy(observations.reshape(-1, 4)), torch.from_numpy(actions.reshape(-1, 1))
        targets = torch.from_numpy(returns.reshape(-1))
        for _ in range(config["epochs"]):
            for picks in np.split(rng.permutation(n * t_max), n * t_max // batch):
                error = q(inputs[picks]).gather(1, taken[picks]).squeeze(1) - targets[picks]
                loss = 0.5 * error.square().mean()
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(q.parameters(), config["max_grad_norm"])
                opt.step()
                minibatches.add(len(picks))
                optimized += 1
    wall = time.perf_counter() - start
    ran = {
        "algo": "pqn",
        "env": OURS[only(env.spec.id for env in envs)],
        "steps": updates * observations.shape[0] * len(envs),
        "environments": len(envs),
        "rollout_steps": observations.shape[0],
        "minibatch_size": only(minibatches),
        "epochs": optimized * only(minibatches) // (updates * n * t_max),
        "gamma": gamma,
        "lambda": trace,
        "loss": "half-mse",
        "epsilon_start": epsilon_start,
        "epsilon_end": epsilon_end,
        "exploration_fraction": config["exploration_fraction"],
        "learning_rate": opt.defaults["lr"],
        "anneal_learning_rate": True,
        "optimizer": type(opt).__name__.lower(),
        "optimizer_epsilon": opt.defaults["eps"],
        "max_grad_norm": config["max_grad_norm"],
        **layers(q),
        "layer_norm": sum(isinstance(layer, nn.LayerNorm) for layer in q) == len(hidden),
        "initialization": "orthogonal",
    }
    return {"steps": ran["steps"], "wall_s": wall, "config": ran}
