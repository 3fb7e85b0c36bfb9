"""Stable-Baselines3's PPO."""

import time

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from shared import GYMNASIUM, OURS, layers, only, only_equal, start_torch


def train(config, seed):
    start_torch()

    def schedule(key):
        start, annealed = config[key], config[f"anneal_{key}"]
        return (lambda progress_remaining: start * progress_remaining) if annealed else start

    envs = make_vec_env(GYMNASIUM[config["env"]], config["environments"], seed=seed)
    model = PPO(
        "MlpPolicy",
        envs,
        learning_rate=schedule("learning_rate"),
        n_steps=config["rollout_steps"],
        batch_size=config["minibatch_size"],
        n_epochs=config["epochs"],
        gamma=config["gamma"],
        gae_lambda=config["lambda"],
        clip_range=schedule("clip_range"),
        ent_coef=config["entropy_coef"],
        vf_coef=config["value_coef"],
        max_grad_norm=config["max_grad_norm"],
        policy_kwargs={"net_arch": [config["size"]] * config["n_layers"]},
        seed=seed,
        device="cpu",
    )
    start = time.perf_counter()
    model.learn(config["steps"])
    wall = time.perf_counter() - start
    policy, nets = model.policy, model.policy.mlp_extractor
    heads = ((nets.policy_net, policy.action_net), (nets.value_net, policy.value_net))
    ran = {
        "algo": type(model).__name__.lower(),
        "env": OURS[only(spec.id for spec in model.env.get_attr("spec"))],
        "steps": model.num_timesteps,
        "environments": model.n_envs,
        "rollout_steps": model.n_steps,
        "minibatch_size": model.batch_size,
        "epochs": model.n_epochs,
        "gamma": model.gamma,
        "lambda": model.gae_lambda,
        "clip_range": model.clip_range(1.0),
        "anneal_clip_range": model.clip_range(0.5) == 0.5 * model.clip_range(1.0),
        "clip_value_loss": model.clip_range_vf is not None,
        "value_coef": model.vf_coef,
        "value_loss": "mse",
        "entropy_coef": model.ent_coef,
        "normalize_advantages": "minibatch" if model.normalize_advantage else "never",
        "learning_rate": model.lr_schedule(1.0),
        "anneal_learning_rate": model.lr_schedule(0.5) == 0.5 * model.lr_schedule(1.0),
        "adam_epsilon": policy.optimizer.param_groups[0]["eps"],
        "max_grad_norm": model.max_grad_norm,
        "networks": "separate",
        **only_equal(*(layers([*net, head]) for net, head in heads)),
        "initialization": "orthogonal" if policy.ortho_init else "pytorch",
    }
    return {"steps": ran["steps"], "wall_s": wall, "config": ran}
