"""Stable-Baselines3's DQN."""

import time

from stable_baselines3 import DQN
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.type_aliases import TrainFrequencyUnit

from shared import GYMNASIUM, OURS, layers, only, start_torch


def train(config, seed):
    start_torch()
    envs = make_vec_env(GYMNASIUM[config["env"]], config["environments"], seed=seed)
    model = DQN(
        "MlpPolicy",
        envs,
        learning_rate=config["learning_rate"],
        buffer_size=config["buffer_size"],
        learning_starts=config["learning_starts"],
        batch_size=config["minibatch_size"],
        gamma=config["gamma"],
        train_freq=config["train_every"],
        gradient_steps=config["gradient_steps"],
        n_steps=config["n_step"],
        target_update_interval=config["target_interval"],
        exploration_fraction=config["exploration_fraction"],
        exploration_initial_eps=config["epsilon_start"],
        exploration_final_eps=config["epsilon_end"],
        max_grad_norm=config["max_grad_norm"],
        policy_kwargs={"net_arch": [config["size"]] * config["n_layers"]},
        seed=seed,
        device="cpu",
    )
    start = time.perf_counter()
    model.learn(config["steps"])
    wall = time.perf_counter() - start
    optimizer = model.policy.optimizer
    ran = {
        "algo": type(model).__name__.lower(),
        "env": OURS[only(spec.id for spec in model.env.get_attr("spec"))],
        "steps": model.num_timesteps,
        "environments": model.n_envs,
        "train_every": model.train_freq.frequency if model.train_freq.unit == TrainFrequencyUnit.STEP else None,
        "gradient_steps": model.gradient_steps,
        "learning_starts": model.learning_starts,
        "buffer_size": model.replay_buffer.buffer_size,
        "minibatch_size": model.batch_size,
        "gamma": model.gamma,
        "n_step": model.n_steps,
        "double": False,
        "target_interval": model.target_update_interval if model.tau == 1.0 else None,
        "loss": "huber",
        "epsilon_start": model.exploration_schedule(1.0),
        "epsilon_end": model.exploration_schedule(0.0),
        "exploration_fraction": model.exploration_fraction,
        "learning_rate": model.lr_schedule(1.0),
        "anneal_learning_rate": model.lr_schedule(0.5) != model.lr_schedule(1.0),
        "optimizer": type(optimizer).__name__.lower(),
        "optimizer_epsilon": optimizer.param_groups[0]["eps"],
        "max_grad_norm": model.max_grad_norm,
        **layers(model.q_net.q_net),
        "initialization": "pytorch",
    }
    return {"steps": ran["steps"], "wall_s": wall, "config": ran}
