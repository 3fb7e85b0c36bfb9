"""How far does LunarLander-lite fly from Gymnasium's LunarLander-v3?

Records segments of 30 steps in the air under one constant action, each from the state of all three bodies after up to
60 random actions, in the layout of `crates/rl-envs/tests/golden`, and has `rl parity` compare them: the largest
distance of each quantity, and how many numbers are beyond its tolerance.

Needs `pip install "gymnasium[box2d]" numpy` and a release build of `rl`.
"""

import csv
import pathlib
import subprocess
import tempfile

import gymnasium
import numpy as np

import common

ACTIONS = ["coast", "left_engine", "main_engine", "right_engine"]
STEPS, MOST_BEFORE, SCALE, ALOFT = 30, 60, 30.0, 7.9
POSE = ["x", "y", "vx", "vy", "angle", "omega"]


class Recorder:
    """A generator that remembers what was drawn from it."""

    def __init__(self, rng):
        self.rng, self.drawn = rng, []

    def uniform(self, *args):
        self.drawn.append(self.rng.uniform(*args))
        return self.drawn[-1]

    def __getattr__(self, name):
        return getattr(self.rng, name)


def pose(body):
    return [*body.position, *body.linearVelocity, body.angle, body.angularVelocity]


def touches(world):
    return any(leg.ground_contact for leg in world.legs) or world.lander.position.y < ALOFT


def fly(env, action, seed, before):
    """State at the beginning and rows of a segment; None if it does not stay in the air."""
    world = env.unwrapped
    env.reset(seed=seed)
    env.action_space.seed(seed)
    for _ in range(before):
        if env.step(env.action_space.sample())[2]:
            return None
    start = [x for body in (world.lander, *world.legs) for x in pose(body)] + [world.helipad_y]
    world.np_random = recorder = Recorder(world.np_random)
    rows = []
    for t in range(STEPS):
        reward, terminated = env.step(action)[1:3]
        if terminated or touches(world):
            return None
        dispersion = [x / SCALE for x in recorder.drawn[-2:]]
        legs = [leg.angle for leg in world.legs]
        rows.append([t, *dispersion, *pose(world.lander), *legs, reward, 0])
    return start, rows


def main():
    p = common.parser(__doc__)
    p.add_argument("--segments", type=int, default=1000, help="number of segments [default: 1000]")
    args = p.parse_args()
    rl = common.binary(args.rl)
    env = gymnasium.make("LunarLander-v3")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory, "lunarlander")
        folder.mkdir()
        with open(folder / "freeflight_index.csv", "w", newline="") as index, open(
            folder / "freeflight.csv", "w", newline=""
        ) as steps:
            index, steps = csv.writer(index), csv.writer(steps)
            bodies = [f"{body}_{name}" for body in ("lander", "leg0", "leg1") for name in POSE]
            index.writerow(["segment", "name", "action", "reset_seed", "preroll_steps", *bodies, "helipad_y"])
            names = ["segment", "t", "disp0", "disp1", *POSE, "leg0_angle", "leg1_angle", "reward", "contact"]
            steps.writerow(names)
            segment, seed = 0, 700_000
            while segment < args.segments:
                seed, before, action = seed + 1, int(rng.integers(MOST_BEFORE + 1)), segment % len(ACTIONS)
                flight = fly(env, action, seed, before)
                if flight:
                    index.writerow([segment, ACTIONS[action], action, seed, before, *flight[0]])
                    steps.writerows([segment, *row] for row in flight[1])
                    segment += 1
        # Some numbers may be beyond their tolerances; those are what is to be seen.
        print(subprocess.run([rl, "parity", directory], capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
