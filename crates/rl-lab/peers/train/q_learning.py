"""Q-learning in plain Python, with a list of action values per state."""

import random
import time

import gymnasium

from shared import GYMNASIUM, OURS


def train(config, seed):
    rng = random.Random(seed)
    envs = [gymnasium.make(GYMNASIUM[config["env"]]) for _ in range(config["environments"])]
    states, actions = int(envs[0].observation_space.n), int(envs[0].action_space.n)
    q = [[config["initial_value"]] * actions for _ in range(states)]
    alpha, gamma = config["alpha"], config["gamma"]
    epsilon_start, epsilon_end = config["epsilon_start"], config["epsilon_end"]
    falling = config["exploration_fraction"] * config["steps"]
    at = [env.reset(seed=seed + i)[0] for i, env in enumerate(envs)]

    start = time.perf_counter()
    for step in range(config["steps"]):
        # The environments take their turns, and learn one table.
        i = step % len(envs)
        env, state = envs[i], at[i]
        if rng.random() < max(epsilon_start + (epsilon_end - epsilon_start) * step / falling, epsilon_end):
            action = rng.randrange(actions)
        else:
            row = q[state]
            largest = max(row)
            best = [b for b in range(actions) if row[b] == largest]
            action = best[0] if len(best) == 1 else rng.choice(best)
        following, reward, terminated, truncated, _ = env.step(action)
        value = 0.0 if terminated else max(q[following])
        q[state][action] += alpha * (reward + gamma * value - q[state][action])
        at[i] = env.reset()[0] if terminated or truncated else following
    wall = time.perf_counter() - start
    ran = {
        "algo": "q-learning",
        "env": OURS[envs[0].spec.id],
        "steps": step + 1,
        "environments": len(envs),
        "gamma": gamma,
        "double": False,
        "initial_value": config["initial_value"],
        "alpha": alpha,
        "epsilon_start": epsilon_start,
        "epsilon_end": epsilon_end,
        "exploration_fraction": config["exploration_fraction"],
    }
    return {"steps": ran["steps"], "wall_s": wall, "config": ran}
