"""Are the environments of rl-py what Gymnasium's users expect, and do they do what Gymnasium's own do?

Every environment of the wheel passes Gymnasium's check_env. Where Gymnasium has the environment, spaces are equal, and the
same seeds and actions give the same episodes. The three autoreset modes are compared step by step with Gymnasium's
SyncVectorEnv over single environments of the wheel, and over Gymnasium's own CartPole. Trained policies act as `rl eval`
says they do. Each check is a function; ends with 1 if one fails.

Needs tests/python/requirements.txt, a release build of `rl` and the wheel; `cargo xtask gymnasium` sees to all of them.
"""

import copy
import json
import pickle
import sys
import tempfile
import threading
import traceback
import warnings
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium.error import ClosedEnvironmentError, NameNotFound, ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

import common
import rl_py

NEXT_STEP, SAME_STEP, DISABLED = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED
# Ids that Gymnasium has too, by a distance from its observations that rounding explains after hundreds of steps.
SAME = {
    "CartPole-v1": 1e-4,
    "Pendulum-v1": 1e-2,
    "MountainCar-v0": 1e-4,
    "MountainCarContinuous-v0": 1e-4,
    "Acrobot-v1": 1e-2,
    "FrozenLake-v1": 0,
    "FrozenLake8x8-v1": 0,
    "CliffWalking-v1": 0,
    "Taxi-v4": 0,
}
# Short runs whose policies act: an environment of each kind of spaces, and observations that are normalised.
RUNS = {
    "CartPole-v1": ["--preset", "cartpole-ppo", "--steps", "20000", "--eval-every", "5"],
    "Pendulum-v1": ["--env", "pendulum", "--algo", "ppo", "--preset", "none", "--steps", "5000", "--normalize-observations"],
    "Taxi-v4": ["--preset", "taxi-q", "--steps", "20000"],
}
# Steps of a comparison; Acrobot is chaotic.
# Gymnasium's CliffWalking has no time limit.
STEPS = {"Acrobot-v1": 60, "Pendulum-v1": 400, "CliffWalking-v1": 999}


def raises(kind, function, *args, **kwargs):
    """The message of the exception, which must be of this very kind."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        return str(error)
    raise AssertionError(f"no {kind.__name__}")


def same(left, right, where=""):
    """Fails unless two results are equal: types, dtypes, shapes, keys and numbers."""
    assert type(left) is type(right), f"{where}: {type(left)} and {type(right)}"
    if isinstance(left, dict):
        assert left.keys() == right.keys(), f"{where}: {sorted(left)} and {sorted(right)}"
        for key in left:
            same(left[key], right[key], f"{where}[{key!r}]")
    elif isinstance(left, (tuple, list)):
        assert len(left) == len(right), where
        for i, (a, b) in enumerate(zip(left, right)):
            same(a, b, f"{where}[{i}]")
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype and left.shape == right.shape, f"{where}: {left.dtype} {right.dtype}"
        if left.dtype == object:
            same(list(left), list(right), where)
        else:
            assert np.array_equal(left, right), f"{where}: {left} and {right}"
    else:
        assert left == right, f"{where}: {left} and {right}"


def every_environment_passes_check_env():
    for name in rl_py.ENVIRONMENTS:
        env = gymnasium.make(name, render_mode="rgb_array").unwrapped
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Of spaces that are Gymnasium's own.
            warnings.filterwarnings("ignore", message=".*Box observation space (max|min)imum value is -?infinity.*")
            warnings.filterwarnings("ignore", message=".*recommend using a symmetric and normalized space.*")
            check_env(env)
        assert env.spec.id == name


def spaces_are_gymnasiums():
    for name in SAME:
        ours, theirs = gymnasium.make(f"rl/{name}"), gymnasium.make(name)
        assert ours.observation_space == theirs.observation_space, f"{name}: {ours.observation_space}"
        assert ours.action_space == theirs.action_space, name
        assert ours.unwrapped.max_episode_steps == theirs.spec.max_episode_steps or name == "CliffWalking-v1", name
        assert ours.metadata["render_fps"] == theirs.metadata["render_fps"], name
        vector = gymnasium.make_vec(f"rl/{name}", num_envs=3)
        synced = SyncVectorEnv([partial(gymnasium.make, name)] * 3)
        for space in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
            assert getattr(vector, space) == getattr(synced, space), f"{name}: {space}"


def seeds_and_actions_give_gymnasiums_episodes():
    for name, tolerance in SAME.items():
        ours, theirs = gymnasium.make(f"rl/{name}"), gymnasium.make(name)
        ours.action_space.seed(1)
        for seed in (0, 7, 2**40):
            pair = ours.reset(seed=seed)[0], theirs.reset(seed=seed)[0]
            assert type(pair[0]) is type(pair[1]), name
            episodes = 0
            for step in range(STEPS.get(name, 1000)):
                assert np.allclose(*pair, atol=tolerance, rtol=0), f"{name}, seed {seed}, step {step}: {pair}"
                action = ours.action_space.sample()
                mine, other = ours.step(action), theirs.step(action)
                assert mine[2:4] == other[2:4], f"{name}, seed {seed}, step {step}: {mine} {other}"
                assert abs(mine[1] - float(other[1])) <= tolerance, f"{name}: rewards {mine[1]} {other[1]}"
                pair = mine[0], other[0]
                if mine[2] or mine[3]:
                    episodes += 1
                    # Their later episodes, without a seed, are the same, too.
                    pair = ours.reset()[0], theirs.reset()[0]
            assert episodes > 0 or name in ("Acrobot-v1", "CliffWalking-v1"), name


def an_episode_may_end_in_both_ways_at_once():
    # Against the wall, and along the cliff to its end with the last step.
    up, right, down, left = range(4)
    actions = [left] * (1000 - 13) + [up] + [right] * 11 + [down]
    ours = gymnasium.make("rl/CliffWalking-v1")
    ours.reset(seed=0)
    flags = [ours.step(action)[2:4] for action in actions]
    assert flags[:-1] == [(False, False)] * 999 and flags[-1] == (True, True), flags[-1]
    vector = gymnasium.make_vec("rl/CliffWalking-v1", num_envs=1, autoreset_mode=SAME_STEP)
    vector.reset(seed=0)
    for action in actions:
        _, _, terminated, truncated, _ = vector.step(np.array([action]))
    assert terminated[0] and truncated[0]


def the_modes_are_those_of_gymnasiums_vector_over_our_environments():
    for name in rl_py.ENVIRONMENTS:
        for mode in AutoresetMode:
            ours = gymnasium.make_vec(name, num_envs=5, autoreset_mode=mode)
            theirs = SyncVectorEnv([partial(gymnasium.make, name)] * 5, autoreset_mode=mode)
            assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"] is mode
            compare(ours, theirs, name, mode, seed=3)


def the_modes_are_those_of_gymnasiums_own_cartpole():
    for mode in AutoresetMode:
        ours = gymnasium.make_vec("rl/CartPole-v1", num_envs=8, autoreset_mode=mode)
        theirs = SyncVectorEnv([partial(gymnasium.make, "CartPole-v1")] * 8, autoreset_mode=mode)
        compare(ours, theirs, "CartPole-v1", mode, seed=11, close=1e-4)


def compare(ours, theirs, name, mode, seed, close=None):
    """Takes the same steps in both, some of them after resets, and compares all that comes back."""

    def check(left, right, where):
        if close is None:
            return same(left, right, where)
        near = lambda a, b: np.allclose(np.stack(a), np.stack(b), atol=close)
        assert near(left[0], right[0]), where
        *left, left_info = left
        *right, right_info = right
        same(left[1:], right[1:], where)
        assert left_info.keys() == right_info.keys(), where
        if "final_obs" in left_info:
            left_final, right_final = left_info.pop("final_obs"), right_info.pop("final_obs")
            mask = left_info["_final_obs"]
            assert near(left_final[mask], right_final[mask]), where
            assert [one is None for one in left_final] == [one is None for one in right_final] == list(~mask), where
        same(left_info, right_info, where)

    rng = np.random.default_rng(seed)
    ours.action_space.seed(seed)
    check(ours.reset(seed=seed), theirs.reset(seed=seed), f"{name}, {mode}, reset")
    ends = 0
    for step in range(1010):
        where = f"{name}, {mode}, step {step}"
        actions = ours.action_space.sample()
        mine, other = ours.step(actions), theirs.step(actions)
        ended = mine[2] | mine[3]
        ends += ended.sum()
        check(mine, other, where)
        # Resets of a part, with and without seeds; where nothing resets by itself, of all that ended.
        mask = ended | (rng.random(ours.num_envs) < 0.05) & (np.arange(ours.num_envs) < 2)
        if mode is DISABLED and ended.any() or step % 50 == 49 and mask.any():
            if mode is not DISABLED:
                mask &= ~ended
            if not mask.any():
                continue
            seeds = [int(rng.integers(1000)) if rng.random() < 0.5 else None for _ in mask]
            check(
                ours.reset(seed=seeds, options={"reset_mask": mask}),
                theirs.reset(seed=seeds, options={"reset_mask": mask.copy()}),
                f"{where}, reset of {mask}",
            )
        elif step == 3:
            check(ours.reset(), theirs.reset(), f"{where}, reset of all")
    assert ends > 0, f"{name}: no episode ended"


def statistics_of_episodes_are_gymnasiums():
    for mode in (NEXT_STEP, SAME_STEP):
        ours = gymnasium.make_vec("rl/CartPole-v1", num_envs=4, autoreset_mode=mode)
        theirs = SyncVectorEnv([partial(gymnasium.make, "CartPole-v1")] * 4, autoreset_mode=mode)
        pair = RecordEpisodeStatistics(ours), RecordEpisodeStatistics(theirs)
        for envs in pair:
            envs.reset(seed=2)
        ours.action_space.seed(2)
        seen = 0
        for _ in range(300):
            actions = ours.action_space.sample()
            left, right = (envs.step(actions)[4] for envs in pair)
            assert left.keys() == right.keys()
            if "episode" in left:
                seen += 1
                same(left["_episode"], right["_episode"])
                for key in ("r", "l"):
                    same(left["episode"][key], right["episode"][key], key)
        assert seen > 10


def large_batches_do_what_small_ones_do():
    for mode in AutoresetMode:
        large = gymnasium.make_vec("rl/CartPole-v1", num_envs=130, autoreset_mode=mode)
        small = [gymnasium.make_vec("rl/CartPole-v1", num_envs=13, autoreset_mode=mode) for _ in range(10)]
        whole = large.reset(seed=0)[0]
        parts = [envs.reset(seed=13 * i)[0] for i, envs in enumerate(small)]
        large.action_space.seed(0)
        for _ in range(100):
            same(whole, np.concatenate(parts))
            actions = large.action_space.sample()
            whole, *_, terminated, truncated, _ = large.step(actions)
            parts = [envs.step(part)[0] for envs, part in zip(small, np.split(actions, 10))]
            if mode is DISABLED and (mask := terminated | truncated).any():
                whole = large.reset(options={"reset_mask": mask})[0]
                for i, part in enumerate(np.split(mask, 10)):
                    if part.any():
                        parts[i] = small[i].reset(options={"reset_mask": part})[0]


def nothing_returned_is_written_again():
    envs = gymnasium.make_vec("rl/CartPole-v1", num_envs=70, autoreset_mode=SAME_STEP)
    kept = [envs.reset(seed=0)[0]]
    copies = [kept[0].copy()]
    for _ in range(30):
        step = envs.step(np.ones(70, dtype=np.int64))
        kept += step[:4]
        copies += [array.copy() for array in step[:4]]
    assert all(np.array_equal(array, before) for array, before in zip(kept, copies))
    assert kept[1].flags.carray


def copies_and_pickles_go_on_to_the_bit():
    for name in rl_py.ENVIRONMENTS:
        env = gymnasium.make(name).unwrapped
        pickle.loads(pickle.dumps(env)).reset(seed=0)
        env.reset(seed=5)
        env.action_space.seed(0)
        env.step(env.action_space.sample())
        others = [pickle.loads(pickle.dumps(env)), copy.deepcopy(env)]
        for _ in range(150):
            action = env.action_space.sample()
            step = env.step(action)
            for other in others:
                same(other.step(action), step, name)
            if step[2] or step[3]:
                first = env.reset()
                for other in others:
                    same(other.reset(), first, name)
        for mode in AutoresetMode:
            envs = gymnasium.make_vec(name, num_envs=3, autoreset_mode=mode)
            envs.reset(seed=1)
            envs.action_space.seed(0)
            for step in range(60):
                if step == 30:
                    other = pickle.loads(pickle.dumps(envs))
                actions = envs.action_space.sample()
                result = envs.step(actions)
                if step >= 30:
                    same(other.step(actions), result, f"{name}, {mode}")
                if mode is DISABLED and (mask := result[2] | result[3]).any():
                    first = envs.reset(options={"reset_mask": mask})
                    if step >= 30:
                        same(other.reset(options={"reset_mask": mask}), first)


def pictures_are_of_the_state():
    for name in rl_py.ENVIRONMENTS:
        env = gymnasium.make(name, render_mode="rgb_array")
        env.reset(seed=0)
        frame = env.render()
        assert frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3 and frame.std() > 0
        envs = gymnasium.make_vec(name, num_envs=2, render_mode="rgb_array")
        envs.reset(seed=0)
        frames = envs.render()
        assert len(frames) == 2 and np.array_equal(frames[0], frame), name


def environments_end_when_closed():
    env = gymnasium.make("rl/Taxi-v4")
    env.reset()
    env.close()
    env.close()
    for call in (env.reset, partial(env.step, 0), partial(pickle.loads(pickle.dumps(env.unwrapped)).step, 0)):
        assert "closed" in raises(ClosedEnvironmentError, call)
    envs = gymnasium.make_vec("rl/Taxi-v4", num_envs=2)
    envs.reset()
    envs.close()
    envs.close()
    for call in (envs.reset, partial(envs.step, np.zeros(2, dtype=int))):
        assert "closed" in raises(ClosedEnvironmentError, call)


def unseeded_environments_differ():
    firsts = {tuple(gymnasium.make("rl/CartPole-v1").reset()[0]) for _ in range(5)}
    assert len(firsts) == 5
    rows = gymnasium.make_vec("rl/CartPole-v1", num_envs=5).reset()[0]
    assert len({tuple(row) for row in rows}) == 5


def threads_step_batches_of_their_own():
    def play(result):
        envs = gymnasium.make_vec("rl/CartPole-v1", num_envs=256, autoreset_mode=SAME_STEP)
        envs.reset(seed=0)
        result.append(sum(envs.step(np.zeros(256, dtype=np.int64))[1].sum() for _ in range(200)))

    results = []
    threads = [threading.Thread(target=play, args=(results,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [256 * 200.0] * 3


def misuse_is_a_clear_exception():
    raises(NameNotFound, gymnasium.make, "rl/CartPol-v1")
    message = raises(ValueError, rl_py.Env, "CartPol-v1")
    assert "CartPol-v1" in message and "CartPole-v1, Pendulum-v1" in message
    raises(ValueError, rl_py.VectorEnv, "cartpole", 0)
    raises(ValueError, rl_py.VectorEnv, "cartpole", 2, "Sometimes")
    raises(ValueError, rl_py.Env, "cartpole", render_mode="human")
    message = raises(ValueError, gymnasium.make_vec, "rl/CartPole-v1", num_envs=2, max_episode_steps=100)
    assert "100" in message and "500" in message

    env = rl_py.Env("cartpole")
    assert "reset" in raises(ResetNeeded, env.step, 0)
    assert "'low'" in raises(ValueError, env.reset, options={"low": 0.1})
    raises(ValueError, env.reset, seed=-1)
    raises(ValueError, env.reset, seed=2**64)
    raises(TypeError, env.reset, seed=1.5)
    env.reset(seed=0)
    for action in (2, -1, np.int64(5), 2**40):
        assert f"{action}" in raises(ValueError, env.step, action)
    for action in (0.5, "left", None, np.array([0.0, 1.0])):
        raises(TypeError, env.step, action)
    while not any(env.step(0)[2:4]):
        pass
    assert "reset" in raises(ResetNeeded, env.step, 0)

    pendulum = rl_py.Env("Pendulum-v1")
    pendulum.reset(seed=0)
    for action in ([0.5], np.array([0.5]), np.array([0.5], dtype=np.float32), (1,)):
        pendulum.step(action)
    for action in (0.5, [0.5, 0.5], [float("nan")], np.zeros((1, 1), dtype=np.float32)):
        raises(ValueError, pendulum.step, action)

    envs = rl_py.VectorEnv("cartpole", 3)
    raises(ResetNeeded, envs.step, np.zeros(3, dtype=np.int64))
    envs.reset(seed=0)
    for dtype in (np.int32, np.uint8):
        envs.step(np.array([0, 1, 0], dtype=dtype))
    envs.step(np.zeros(6, dtype=np.int64)[::2])
    for actions in (np.zeros(2, dtype=int), np.zeros((3, 1), dtype=int), np.array([0, 2, 0]), np.array([0, -1, 0])):
        raises(ValueError, envs.step, actions)
    raises(TypeError, envs.step, np.zeros(3))
    raises(ValueError, envs.reset, seed=[1, 2])
    raises(ValueError, envs.reset, options={"reset_mask": np.zeros(3, dtype=bool)})
    raises(ValueError, envs.reset, options={"reset_mask": [True, False, False]})
    disabled = rl_py.VectorEnv("cartpole", 2, DISABLED)
    disabled.reset(seed=0)
    while not disabled.step(np.zeros(2, dtype=np.int64))[2].any():
        pass
    assert "reset_mask" in raises(ResetNeeded, disabled.step, np.zeros(2, dtype=np.int64))


def policies_act_as_rl_eval_says(rl, folder):
    for name, options in RUNS.items():
        run = folder / name
        common.call([rl, "train", *options, "--quiet", "--no-report", "--out", run])
        policy = rl_py.Policy(run)
        text, _ = common.call([rl, "eval", run, "--episodes", 20, "--seed", 1000, "--json"])
        env = gymnasium.make(f"rl/{name}")
        assert policy.action_space == env.action_space, name
        returns = [play(env, policy, 1000 + k) for k in range(20)]
        assert np.allclose(returns, json.loads(text)["returns"], rtol=1e-9, atol=0), name

        # A batch gives the actions of its rows, whatever holds them.
        rows = [env.reset(seed=seed)[0] for seed in range(5)]
        alone = [policy(row) for row in rows]
        together = policy(np.array(rows))
        assert np.array_equal(together, np.array(alone)) and together.dtype == np.array(alone).dtype, name
        assert np.array_equal(policy(list(np.array(rows).tolist())), together), name
        assert all(env.action_space.contains(action) for action in alone), name
        drawn = [rl_py.Policy(run, seed=seed)(rows[0], deterministic=False) for seed in (1, 1, 2, 3, 4, 5)]
        assert np.array_equal(drawn[0], drawn[1]), name
        same(pickle.loads(pickle.dumps(policy))(rows[0]), alone[0])
        assert policy.predict(rows[0])[1] is None


def play(env, policy, seed):
    """The return of the episode that starts from reset(seed=seed)."""
    observation, _ = env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, _ = env.step(policy(observation))
        total += reward
        over = terminated or truncated
    return total


def wrong_policies_are_clear_exceptions(folder):
    run = folder / "CartPole-v1"
    assert rl_py.Policy(run, best=True)(np.zeros(4)) in (0, 1)
    assert rl_py.Policy(str(run / "policy.safetensors")).env == rl_py.Policy(run).env == "cartpole"
    raises(FileNotFoundError, rl_py.Policy, folder / "none")
    assert "policy.safetensors" in raises(FileNotFoundError, rl_py.Policy, folder)
    assert "best.safetensors" in raises(FileNotFoundError, rl_py.Policy, folder / "Taxi-v4", best=True)
    damaged = folder / "damaged.safetensors"
    damaged.write_bytes((run / "policy.safetensors").read_bytes()[:100])
    assert "damaged" in raises(ValueError, rl_py.Policy, damaged)
    policy = rl_py.Policy(run)
    for observation in (np.zeros(3), np.zeros((2, 3)), np.zeros((1, 1, 4)), 0.5):
        assert "[4] or [n, 4]" in raises(ValueError, policy, observation)
    assert "finite" in raises(ValueError, policy, [0.0, np.nan, 0.0, 0.0])
    taxi = rl_py.Policy(folder / "Taxi-v4")
    for observation in (500, -1, 0.5, [3, 500]):
        raises(ValueError, taxi, observation)


def main():
    args = common.parser(__doc__).parse_args()
    rl = common.binary(args.rl)
    with tempfile.TemporaryDirectory() as folder:
        run(rl, Path(folder))


def run(rl, folder):
    checks = [
        every_environment_passes_check_env,
        spaces_are_gymnasiums,
        seeds_and_actions_give_gymnasiums_episodes,
        an_episode_may_end_in_both_ways_at_once,
        the_modes_are_those_of_gymnasiums_vector_over_our_environments,
        the_modes_are_those_of_gymnasiums_own_cartpole,
        statistics_of_episodes_are_gymnasiums,
        large_batches_do_what_small_ones_do,
        nothing_returned_is_written_again,
        copies_and_pickles_go_on_to_the_bit,
        pictures_are_of_the_state,
        environments_end_when_closed,
        unseeded_environments_differ,
        threads_step_batches_of_their_own,
        misuse_is_a_clear_exception,
        partial(policies_act_as_rl_eval_says, rl, folder),
        partial(wrong_policies_are_clear_exceptions, folder),
    ]
    failed = 0
    for check in checks:
        name = getattr(check, "func", check).__name__.replace("_", " ")
        try:
            check()
            print(f"rl_py: {name}", flush=True)
        except Exception:
            failed += 1
            print(f"rl_py: FAILED: {name}", flush=True)
            traceback.print_exc()
    print(f"rl_py: {len(checks) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
