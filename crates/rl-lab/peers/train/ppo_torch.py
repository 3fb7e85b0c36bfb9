"""PPO in PyTorch, with the details and defaults of CleanRL's `ppo.py`, and for continuous actions those of
`ppo_continuous_action.py`."""

import time

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import nn
from torch.distributions import Categorical, Independent, Normal

from shared import GYMNASIUM, OURS, cleanrl_details, layers, only, only_equal, start_torch


def train(config, seed):
    start_torch()
    np.random.seed(seed)
    torch.manual_seed(seed)
    n, t_max, clip, size = config["environments"], config["rollout_steps"], config["clip_range"], config["size"]
    updates = config["steps"] // (n * t_max)

    def linear(inputs, outputs, gain=2**0.5):
        layer = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
        return layer

    def make():
        env = gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make(GYMNASIUM[config["env"]]))
        if isinstance(env.action_space, gymnasium.spaces.Box):
            env = gymnasium.wrappers.ClipAction(env)
        if config.get("normalize_observations"):
            env = gymnasium.wrappers.NormalizeObservation(env)
            env = gymnasium.wrappers.TransformObservation(env, lambda x: np.clip(x, -10, 10), env.observation_space)
        if config.get("normalize_rewards"):
            env = gymnasium.wrappers.NormalizeReward(env, gamma=config["gamma"])
            env = gymnasium.wrappers.TransformReward(env, lambda x: np.clip(x, -10, 10))
        return env

    envs = SyncVectorEnv([make] * n, autoreset_mode=AutoresetMode.SAME_STEP)
    space, inputs = envs.single_action_space, envs.single_observation_space.shape[0]
    discrete = isinstance(space, gymnasium.spaces.Discrete)
    outputs = int(space.n) if discrete else space.shape[0]

    def mlp(outputs, gain):
        hidden = linear(inputs, size), nn.Tanh(), linear(size, size), nn.Tanh()
        return nn.Sequential(*hidden, linear(size, outputs, gain))

    critic, actor = mlp(1, 1.0), mlp(outputs, 0.01)
    log_std = nn.Parameter(torch.zeros(outputs))
    parameters = [*critic.parameters(), *actor.parameters(), *([] if discrete else [log_std])]
    opt = torch.optim.Adam(parameters, lr=config["learning_rate"], eps=config["adam_epsilon"])

    def policy(observation):
        if discrete:
            return Categorical(logits=actor(observation))
        mean = actor(observation)
        return Independent(Normal(mean, log_std.expand_as(mean).exp()), 1)

    observations = torch.zeros(t_max, n, inputs)
    actions = torch.zeros(t_max, n, dtype=torch.long) if discrete else torch.zeros(t_max, n, outputs)
    log_probs, rewards, dones, values = (torch.zeros(t_max, n) for _ in range(4))
    observation, _ = envs.reset(seed=seed)
    observation, done = torch.tensor(observation, dtype=torch.float32), torch.zeros(n)

    start, minibatches, optimized = time.perf_counter(), set(), 0
    for update in range(updates):
        opt.param_groups[0]["lr"] = (1 - update / updates) * config["learning_rate"]
        for t in range(t_max):
            observations[t], dones[t] = observation, done
            with torch.no_grad():
                distribution = policy(observation)
                action = distribution.sample()
                log_probs[t], values[t] = distribution.log_prob(action), critic(observation).flatten()
            actions[t] = action
            observation, reward, terminated, truncated, _ = envs.step(action.numpy())
            rewards[t] = torch.tensor(reward, dtype=torch.float32)
            observation = torch.tensor(observation, dtype=torch.float32)
            done = torch.tensor(np.logical_or(terminated, truncated), dtype=torch.float32)
        with torch.no_grad():
            next_value, next_done = critic(observation).reshape(1, -1), done
            advantages, last = torch.zeros(t_max, n), 0
            for t in reversed(range(t_max)):
                delta = rewards[t] + config["gamma"] * next_value * (1 - next_done) - values[t]
                advantages[t] = last = delta + config["gamma"] * config["lambda"] * (1 - next_done) * last
                next_value, next_done = values[t], dones[t]
            returns = advantages + values
        flat = [x.flatten(0, 1) for x in (actions, log_probs, advantages, returns, values)]
        taken_in, order = observations.flatten(0, 1), np.arange(n * t_max)
        for _ in range(config["epochs"]):
            np.random.shuffle(order)
            for first in range(0, n * t_max, config["minibatch_size"]):
                picks = order[first : first + config["minibatch_size"]]
                taken, old_log_prob, advantage, target, old_value = (x[picks] for x in flat)
                distribution = policy(taken_in[picks])
                log_ratio = distribution.log_prob(taken) - old_log_prob
                ratio = log_ratio.exp()
                with torch.no_grad():  # What CleanRL logs.
                    ((ratio - 1) - log_ratio).mean()
                    ((ratio - 1).abs() > clip).float().mean().item()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                policy_loss = torch.max(-advantage * ratio, -advantage * ratio.clamp(1 - clip, 1 + clip)).mean()
                value = critic(taken_in[picks]).view(-1)
                clipped = old_value + (value - old_value).clamp(-clip, clip)
                value_loss = 0.5 * torch.max((value - target) ** 2, (clipped - target) ** 2).mean()
                entropy = distribution.entropy().mean()
                loss = policy_loss - config["entropy_coef"] * entropy + config["value_coef"] * value_loss
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, config["max_grad_norm"])
                opt.step()
                minibatches.add(len(picks))
                optimized += 1
    wall = time.perf_counter() - start
    ran = {
        **cleanrl_details(config),
        "env": OURS[envs.envs[0].spec.id],
        "steps": updates * observations.shape[0] * envs.num_envs,
        "environments": envs.num_envs,
        "rollout_steps": observations.shape[0],
        "minibatch_size": only(minibatches),
        "epochs": optimized * only(minibatches) // (updates * len(order)),
        "learning_rate": opt.defaults["lr"],
        "adam_epsilon": opt.defaults["eps"],
        **only_equal(layers(actor), layers(critic)),
    }
    env, wrappers = envs.envs[0], []
    while isinstance(env, gymnasium.Wrapper):
        wrappers, env = [*wrappers, type(env).__name__], env.env
    for key, name in [("normalize_observations", "NormalizeObservation"), ("normalize_rewards", "NormalizeReward")]:
        if key in config:
            ran[key] = name in wrappers
    return {"steps": ran["steps"], "wall_s": wall, "config": ran}
