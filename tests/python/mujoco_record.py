"""Records the traces of crates/rl-mujoco/tests/golden from Gymnasium: all but those of HalfCheetah.

    pip install gymnasium==1.4.0 mujoco==3.17.0 imageio
    python tests/python/mujoco_record.py crates/rl-mujoco/tests/golden

What the files hold is written in the README beside them.
"""

import csv
import pathlib
import sys

import gymnasium
import mujoco
import numpy as np

TASKS = {
    "hopper": "Hopper-v5",
    "walker2d": "Walker2d-v5",
    "swimmer": "Swimmer-v5",
    "reacher": "Reacher-v5",
    "inverted_pendulum": "InvertedPendulum-v5",
    "inverted_double_pendulum": "InvertedDoublePendulum-v5",
    "ant": "Ant-v5",
}
EPISODES = 4
LENGTH = 120
TRANSITIONS = 30
NEAR = 1e-4


def text(number):
    """The shortest decimal that reads back the same, in the number's own precision."""
    if isinstance(number, (float, np.floating)):
        return np.format_float_positional(number, trim="-") if abs(number) < 1e16 else repr(float(number))
    return str(int(number))


def write(path, columns, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([x if isinstance(x, str) else text(x) for x in row] for row in rows)


def names(prefix, count):
    return [f"{prefix}{i}" for i in range(count)]


def set_state(env, qpos, qvel):
    """The state as a reset of the environment sets it."""
    mujoco.mj_resetData(env.model, env.data)
    env.set_state(qpos, qvel)


def actions(rng, space, kind, count):
    """Actions rounded to four decimals: uniform, or beyond the bounds, or small."""
    scale = {"uniform": 1.0, "wide": 2.0, "small": 0.1}[kind]
    raw = rng.uniform(-1, 1, (count, space.shape[0])) * scale * space.high
    return np.round(raw, 4).astype(np.float32)


def robust(make, seed, taken, observations):
    """Leading steps whose observations stay near those recorded when every state is jittered."""
    least = len(taken)
    for jitter in range(3):
        rng = np.random.default_rng(jitter)
        env = make().unwrapped
        env.reset(seed=seed)
        for t, action in enumerate(taken[:least]):
            observation = env.step(action)[0]
            if np.abs(observation - observations[t]).max() > NEAR:
                least = t
                break
            for numbers in (env.data.qpos, env.data.qvel):
                numbers *= 1 + 8.9e-16 * rng.choice([-1, 0, 1], numbers.size)
    return least


def record(folder, name):
    folder.mkdir(exist_ok=True)
    make = lambda: gymnasium.make(name)
    env = make()
    bare, rng = env.unwrapped, np.random.default_rng(0)
    model, space = bare.model, env.action_space
    qpos, qvel = names("qpos_", model.nq), names("qvel_", model.nv)
    acts, obs = names("action", model.nu), names("obs", env.observation_space.shape[0])

    index, steps, seen, states = [], [], [], []
    for episode in range(EPISODES):
        kind = ["uniform", "wide", "small", "small"][episode]
        seed = int(rng.integers(2**31))
        first, _ = env.reset(seed=seed)
        start = [*bare.data.qpos, *bare.data.qvel]
        taken, observations, total = [], [], 0.0
        for t, action in enumerate(actions(rng, space, kind, LENGTH)):
            states.append((bare.data.qpos.copy(), bare.data.qvel.copy()))
            observation, reward, terminated, truncated, _ = env.step(action)
            taken.append(action)
            observations.append(observation)
            total += float(reward)
            steps.append([episode, t, *action, float(reward), terminated, truncated])
            if t < 20 or t % 10 == 0:
                seen.append([episode, t, *observation])
            if terminated or truncated:
                break
        good = robust(make, seed, taken, observations)
        index.append([episode, kind, seed, len(taken), total, terminated, truncated, good, *start, *first])
    write(
        folder / "episode_index.csv",
        ["episode", "policy", "reset_seed", "length", "return", "terminated", "truncated", "robust_steps_f64"]
        + [f"init_{x}" for x in qpos + qvel + obs],
        index,
    )
    write(folder / "episodes.csv", ["episode", "t", *acts, "reward", "terminated", "truncated"], steps)
    write(folder / "observations.csv", ["episode", "t", *obs], seen)

    rows = []
    for number in range(TRANSITIONS):
        kind = ["uniform", "wide"][number % 5 == 4]
        before = states[int(rng.integers(len(states)))]
        env.reset(seed=0)
        set_state(bare, *before)
        action = actions(rng, space, kind, 1)[0]
        observation, reward, terminated, _, _ = bare.step(action)
        after = [*bare.data.qpos, *bare.data.qvel]
        rows.append([number, kind, *before[0], *before[1], *action, *after, *observation, float(reward), terminated, 0])
    write(
        folder / "transitions.csv",
        ["id", "kind", *qpos, *qvel, *acts]
        + [f"next_{x}" for x in qpos + qvel]
        + [*obs, "reward", "terminated", "truncated"],
        rows,
    )


if __name__ == "__main__":
    for task, name in TASKS.items():
        record(pathlib.Path(sys.argv[1]) / task, name)
