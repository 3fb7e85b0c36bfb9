"""Do runs in Gymnasium's environments learn, and survive what their workers do?

Trains `gym:CartPole-v1`, and checks that it is solved; compares evaluations of two separate calls. Then an environment
that raises, hangs, ends, is killed from outside, returns NaN or writes into the answers: each run must end with 1,
an error that says where, and a checkpoint from which it goes on, between whole episodes to the same bits.

Needs tests/python/requirements.txt and a release build of `rl` with the feature gym; `cargo xtask gymnasium` sees to
both.
"""

import csv
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

FAULTY = common.ROOT / "crates/rl-gym/tests"
# Seconds that a worker may take, a hundred times what it takes.
DEADLINE = 5
# Words of the message of each fault.
FAULTS = {
    "raise": "ValueError: the motor is hot",
    "exit": "simulator: licence lost",
    "kill": "signal: 9",
    "nan": "is not a finite number",
    "rubbish": "Welcome to the simulator!",
    "hang": f"no answer within {DEADLINE} s",
}


def run(rl, *words, folder):
    command = [rl, *words, "--python", sys.executable, "--deadline", DEADLINE]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=folder)


def expect(is_so, message, done=None):
    if not is_so:
        sys.exit(f"error: {message}" + (f"\n{done.stdout}\n{done.stderr}" if done else ""))


def learns(rl, folder):
    done = run(rl, "train", "--env", "gym:CartPole-v1", "--algo", "ppo", "--out", "cartpole", "--quiet", folder=folder)
    expect(done.returncode == 0, "gym:CartPole-v1 does not train", done)
    summary = json.loads((folder / "cartpole/summary.json").read_text())
    mean = summary["evaluation"]["return_mean"]
    expect(mean >= 475, f"gym:CartPole-v1 returns {mean} after {summary['env_steps']} steps, not 475")
    judged = [run(rl, "eval", "cartpole", "--episodes", 5, "--json", folder=folder) for _ in range(2)]
    expect(judged[0].returncode == 0, "the policy cannot be judged", judged[0])
    expect(judged[0].stdout == judged[1].stdout, "two evaluations with one seed differ")
    print(f"gym:CartPole-v1: mean return {mean} after {summary['env_steps']} steps")


def rows(folder, run):
    """Rows of metrics.csv without times, as they are written."""
    with open(folder / run / "metrics.csv", newline="") as file:
        table = list(csv.DictReader(file))
    return [{key: cell for key, cell in row.items() if not key.endswith("_s")} for row in table]


def survives(rl, folder, fault, words, algo, whole):
    """A run that ends by a fault, and goes on; where `whole` is given, to the same bits as that run."""
    # The fault comes once, as the file tells, so that the resumed run goes on.
    once = folder / f"{fault}-{algo}.once"
    env = f"gym:Faulty-v0?import=faulty&fault={fault}&episode=25&once={once}"
    out = f"{fault}-{algo}"
    done = run(rl, *train(env, algo, out), folder=folder)
    expect(done.returncode == 1, f"{fault}: the run ended with {done.returncode}", done)
    for word in (words, "environment", "seed", "step"):
        expect(word in done.stderr, f"{fault}: the message lacks '{word}'", done)
    before = rows(folder, out)
    expect(before == whole[: len(before)] and 2 < len(before) < len(whole), f"{fault}: other updates before it", done)
    shutil.copytree(folder / out, folder / f"{out}-again")
    resumed = [run(rl, "train", "--resume", name, folder=folder) for name in (out, f"{out}-again")]
    for one in resumed:
        expect(one.returncode == 0, f"{fault}: the run does not go on", one)
    expect(rows(folder, out) == rows(folder, f"{out}-again"), f"{fault}: two resumed runs differ")
    is_anew = "start anew" in resumed[0].stderr
    if algo == "vpg":
        # Whole episodes, in an environment that draws nothing: nothing is lost between two updates.
        expect(not is_anew, f"{fault}: environments start anew between episodes", resumed[0])
        expect(rows(folder, out) == whole, f"{fault}: the resumed run is not the uninterrupted one")
    else:
        expect(is_anew, f"{fault}: nothing is said of restarted environments", resumed[0])
    print(f"{fault}, {algo}: {done.stderr.splitlines()[0][:120]}")


def train(env, algo, out):
    words = ["train", "--env", env, "--algo", algo, "--environments", 2, "--updates", 60, "--out", out, "--quiet"]
    if algo == "vpg":
        words += ["--steps-per-update", 40]
    return [*words, "--checkpoint-every", 1, "--no-report"]


def uninterrupted(rl, folder, algo):
    done = run(rl, *train("gym:Faulty-v0?import=faulty", algo, f"whole-{algo}"), folder=folder)
    expect(done.returncode == 0, f"the run without a fault ended with {done.returncode}", done)
    return rows(folder, f"whole-{algo}")


def draws(rl, folder):
    """The pictures are those of Gymnasium's rgb_array."""
    words = ["render", "--random", "--env", "gym:Faulty-v0?import=faulty", "-o"]
    done = run(rl, *words, "faulty.gif", folder=folder)
    expect(done.returncode == 0 and (folder / "faulty.gif").read_bytes()[:6] == b"GIF89a", "no animation", done)
    done = run(rl, *words, "faulty.png", folder=folder)
    size = struct.unpack(">2I", (folder / "faulty.png").read_bytes()[16:24])
    expect(done.returncode == 0 and size == (30, 20), f"a picture of {size}", done)
    words[3] += "&fault=flat"
    done = run(rl, *words, "flat.gif", folder=folder)
    expect(done.returncode == 1 and "shape (30, 3)" in done.stderr, "a picture of another shape", done)
    print("pictures are drawn")


def children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def begun(rl, folder, out):
    """A long run with two workers, once it has a checkpoint; and its workers."""
    words = ["train", "--env", "gym:CartPole-v1", "--algo", "ppo", "--steps", "1e9", "--threads", "2", "--out", out]
    command = [rl, *words, "--checkpoint-every", "1", "--quiet", "--python", sys.executable]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        time.sleep(0.1)
        if list((folder / out / "checkpoints").glob("*")) and len(children(process.pid)) >= 2:
            return process, children(process.pid)
    sys.exit(f"error: {out}: no checkpoint within a minute")


def killed_from_outside(rl, folder):
    # The last ones step; the first is that of evaluations.
    process, workers = begun(rl, folder, "outside")
    os.kill(workers[-1], signal.SIGKILL)
    _, message = process.communicate(timeout=120)
    expect(process.returncode == 1 and "signal: 9" in message, f"a killed worker: {process.returncode} {message}")
    resumed = run(rl, "train", "--resume", "outside", "--updates", 20, folder=folder)
    expect(resumed.returncode in (0, 2), "the run does not go on after its worker was killed", resumed)
    print("a worker that is killed ends the run, which goes on")


def dies_with_its_parent(rl, folder):
    process, workers = begun(rl, folder, "parent")
    process.kill()
    process.wait()
    for _ in range(50):
        if not any(alive(worker) for worker in workers):
            print("workers end with their parent")
            return
        time.sleep(0.1)
    sys.exit("error: workers outlive their parent")


def main():
    arguments = common.parser(__doc__).parse_args()
    rl = common.binary(arguments.rl)
    os.environ["PYTHONPATH"] = str(FAULTY)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        learns(rl, folder)
        draws(rl, folder)
        for algo, faults in (("a2c", FAULTS), ("vpg", ("raise", "kill", "hang"))):
            whole = uninterrupted(rl, folder, algo)
            for fault in faults:
                survives(rl, folder, fault, FAULTS[fault], algo, whole)
        killed_from_outside(rl, folder)
        dies_with_its_parent(rl, folder)


if __name__ == "__main__":
    main()
