"""Worker of rl-gym: steps Gymnasium environments for the process that started it.

Requests come on standard input, answers go to what was standard output when it started; what
environments print goes to standard error. All numbers are little-endian. A request is

    u32 operation | u32 m | payload
    0 STEP   m = n; f32 actions [n, action_dim]; an episode that ends is followed by the next
    1 LANES  u32 lanes [m] | f32 actions [m, action_dim]; an episode that ends is over
    2 RESET  u32 lanes [m] | i64 seeds [m], -1 for none
    3 SEED   u32 lanes [m] | i64 seeds [m]; for the next reset, whichever it is
    4 RENDER m is the lane

and its answer is

    u32 magic | u32 kind (0: steps, 1: failure of the whole) | u32 length | u32 0 | payload
    steps    f64 rewards [m] | u32 flags [m] | f32 observations [m, d] | f32 final observations [k, d] | JSON
             flags: 1 terminated, 2 truncated, 4 failed; k: rows with 1 or 2; JSON: [{lane, error}, ...] or nothing
    failure  JSON: {kind, error}
    picture  u32 width | u32 height | f32 steps per second | u8 rgb [height, width, 3]; its kind is 3

The first request is `u32 length | JSON {id, args, imports, n}`, and its answer has kind 2 and a JSON of spaces.
"""
import faulthandler
import json
import os
import signal
import struct
import sys
import threading
import time
import traceback

MAGIC = 0x4D594701
OLDEST = (1, 0)
here = [0]  # The environment that is stepped or reset.


def receive(buffer, at_least, have=0):
    """Reads until `at_least` bytes are there."""
    while have < at_least:
        count = os.readv(0, [memoryview(buffer)[have:]])
        if count == 0:
            raise EOFError
        have += count
    return have


def send(out, data):
    """Writes all bytes; ends the process if nobody reads them."""
    view = memoryview(data)
    try:
        while len(view):
            view = view[os.write(out, view):]
    except OSError:
        os._exit(0)


def answer(out, kind, value):
    text = json.dumps(value).encode()
    send(out, struct.pack("<4I", MAGIC, kind, len(text), 0) + text)


def follow(parent):
    """Ends the process when its parent has ended, also in the middle of a step."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


class Refusal(Exception):
    """An environment that does not fit, or cannot be made."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def describe(space, role):
    """The space as JSON; infinite bounds are null."""
    from gymnasium import spaces
    import numpy as np

    if isinstance(space, spaces.Discrete):
        return {"kind": "discrete", "n": int(space.n)}
    name = type(space).__name__
    if not isinstance(space, spaces.Box):
        cure = (
            "gymnasium.wrappers.FlattenObservation makes a Box of it"
            if role == "observation"
            else "gymnasium.wrappers.TransformAction can make a Box or a Discrete of it"
        )
        raise Refusal("space", f"{role}s are {name} ({space}); those of Box and Discrete are understood. {cure}")
    if role == "action" and space.dtype.kind != "f":
        raise Refusal("space", f"actions are a Box of {space.dtype}; a Box of floating-point numbers or a Discrete is "
                      "understood. gymnasium.wrappers.TransformAction can make one of it")
    if space.dtype.kind not in "fiub":
        raise Refusal("space", f"{role}s are a Box of {space.dtype}; a Box of real numbers is understood")
    if space.shape and 0 in space.shape or int(np.prod(space.shape)) == 0:
        raise Refusal("space", f"{role}s are a Box of shape {space.shape}, without a number")

    def bounds(values):
        return [float(x) if np.isfinite(x) else None for x in np.asarray(values, np.float64).ravel()]

    return {"kind": "box", "low": bounds(space.low), "high": bounds(space.high)}


def make(setup):
    """The environments, and their description."""
    try:
        import gymnasium
    except ImportError as error:
        raise Refusal("gymnasium", f"{error} (in {sys.executable})") from error
    version = gymnasium.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise Refusal("version", version)
    sys.path.insert(0, os.getcwd())
    for module in setup["imports"]:
        try:
            __import__(module)
        except ImportError as error:
            if error.name is not None and module.split(".")[0] == error.name.split(".")[0]:
                raise Refusal("import", str(error)) from error
            raise
    try:
        # What the checker would look at is looked at here, or in the process that reads the answers.
        environments = [gymnasium.make(setup["id"], disable_env_checker=True, **setup["args"]) for _ in range(setup["n"])]
    except gymnasium.error.DependencyNotInstalled as error:
        raise Refusal("dependency", str(error)) from error
    except ModuleNotFoundError as error:
        raise Refusal("dependency", str(error)) from error
    except gymnasium.error.UnregisteredEnv as error:
        raise Refusal("id", str(error)) from error
    except gymnasium.error.Error as error:
        raise Refusal("make", f"{type(error).__name__}: {error}") from error
    first = environments[0]
    spec = first.spec
    return environments, {
        "gymnasium": version,
        "python": sys.version.split()[0],
        "observation": describe(first.observation_space, "observation"),
        "action": describe(first.action_space, "action"),
        "time_limit": getattr(spec, "max_episode_steps", None),
    }


def shortened():
    """The traceback without the lines of this file."""
    kind, error, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, error, trace)).rstrip()


class Stepper:
    """Environments with the buffers of their requests and answers."""

    def __init__(self, environments):
        import numpy as np
        from gymnasium import spaces

        self.np = np
        self.environments = environments
        n = len(environments)
        observation, action = environments[0].observation_space, environments[0].action_space
        self.discrete = isinstance(observation, spaces.Discrete)
        self.first = int(observation.start) if self.discrete else 0
        self.shape = () if self.discrete else observation.shape
        self.dim = max(1, int(np.prod(self.shape)))
        self.acts = None if isinstance(action, spaces.Discrete) else (action.dtype, action.shape)
        self.first_action = int(action.start) if self.acts is None else 0
        self.width = 1 if self.acts is None else int(np.prod(action.shape))
        self.seeds = [None] * n
        self.calls = [environment.step for environment in environments]
        self.request = bytearray(8 + n * max(12, 4 + 4 * self.width))
        self.layouts = {}
        self.layout(n)

    def layout(self, m):
        """Buffers of an answer for `m` environments."""
        if m not in self.layouts:
            np, dim = self.np, self.dim
            start = 16 + 12 * m
            data = bytearray(start + 8 * m * dim)
            rewards = memoryview(data)[16 : 16 + 8 * m].cast("d")
            flags = memoryview(data)[16 + 8 * m : start].cast("I")
            rows = np.frombuffer(data, np.float32, 2 * m * dim, start).reshape((2 * m,) + tuple(self.shape))
            if self.discrete:
                rows = rows.reshape(2 * m)
            views = [rows[i : i + 1].reshape(self.shape) for i in range(2 * m)]
            self.layouts[m] = (data, rewards, flags, views, start)
        return self.layouts[m]

    def show(self, observation, view):
        """Writes an observation."""
        if self.discrete:
            view[...] = int(observation) - self.first
            return
        if getattr(observation, "shape", None) != self.shape:
            observation = self.np.asarray(observation)
            if observation.shape != self.shape:
                raise ValueError(
                    f"an observation of shape {observation.shape}; its space has {self.shape}"
                )
        view[...] = observation

    def reset(self, lane, view):
        seed, self.seeds[lane] = self.seeds[lane], None
        self.show(self.environments[lane].reset(seed=seed)[0], view)

    def actions(self, m, start):
        """The actions of a request, each a value of its own."""
        np = self.np
        if self.acts is None:
            first = self.first_action
            return [first + int(x) for x in memoryview(self.request)[start : start + 4 * m].cast("f")]
        dtype, shape = self.acts
        rows = np.frombuffer(self.request, np.float32, m * self.width, start).reshape((m,) + tuple(shape))
        return [row.astype(dtype) for row in rows]

    def steps(self, lanes, actions, resets):
        m = len(lanes)
        data, rewards, flags, views, start = self.layout(m)
        ended, failures, calls, show = 0, [], self.calls, self.show
        # What comes most often does without a call.
        plain, array, shape = not self.discrete, self.np.ndarray, self.shape
        for row, lane in enumerate(lanes):
            here[0] = lane
            try:
                observation, reward, terminated, truncated, _ = calls[lane](actions[row])
                rewards[row] = reward
                if terminated or truncated:
                    flags[row] = (1 if terminated else 0) | (2 if truncated else 0)
                    show(observation, views[m + ended])
                    if resets:
                        self.reset(lane, views[row])
                    else:
                        show(observation, views[row])
                    ended += 1
                elif plain and type(observation) is array and observation.shape == shape:
                    flags[row] = 0
                    views[row][...] = observation
                else:
                    flags[row] = 0
                    show(observation, views[row])
            except Exception:
                flags[row] = 4
                failures.append({"lane": lane, "error": shortened()})
        return data, start + 4 * self.dim * (m + ended), failures

    def resets(self, lanes):
        data, rewards, flags, views, start = self.layout(len(lanes))
        failures = []
        for row, lane in enumerate(lanes):
            rewards[row], flags[row] = 0.0, 0
            here[0] = lane
            try:
                self.reset(lane, views[row])
            except Exception:
                flags[row] = 4
                failures.append({"lane": lane, "error": shortened()})
        return data, start + 4 * self.dim * len(lanes), failures

    def render(self, out, lane):
        here[0] = lane
        try:
            picture = self.np.asarray(self.environments[lane].render())
            if picture.dtype != self.np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise ValueError(
                    f"render() returns an array of {picture.dtype} and shape {picture.shape}; a picture is of uint8 and "
                    "shape (height, width, 3)"
                )
            speed = float(self.environments[lane].metadata.get("render_fps") or 30)
        except Exception:
            answer(out, 1, {"kind": "raised", "error": shortened()})
            return
        height, width, _ = picture.shape
        send(out, struct.pack("<6If", MAGIC, 3, 12 + picture.size, 0, width, height, speed) + picture.tobytes())

    def serve(self, out):
        request = self.request
        everyone = list(range(len(self.environments)))
        head = struct.Struct("<2I").unpack_from
        answer_head = struct.Struct("<4I").pack_into
        while True:
            have = receive(request, 8)
            operation, m = head(request)
            if operation == 4:
                self.render(out, m)
                continue
            size = 8 + m * (4 * self.width if operation == 0 else 4 + (4 * self.width if operation == 1 else 8))
            if have < size:
                receive(request, size, have)
            if operation == 0:
                data, end, failures = self.steps(everyone, self.actions(m, 8), True)
            else:
                lanes = struct.unpack_from(f"<{m}I", request, 8)
                if operation == 1:
                    data, end, failures = self.steps(lanes, self.actions(m, 8 + 4 * m), False)
                else:
                    for lane, seed in zip(lanes, struct.unpack_from(f"<{m}q", request, 8 + 4 * m)):
                        self.seeds[lane] = seed if seed >= 0 else self.seeds[lane]
                    if operation == 3:
                        answer(out, 2, {})
                        continue
                    data, end, failures = self.resets(lanes)
            text = json.dumps(failures).encode() if failures else b""
            answer_head(data, 0, MAGIC, 0, end - 16 + len(text), 0)
            send(out, memoryview(data)[:end] if not text else bytes(memoryview(data)[:end]) + text)


def main():
    out = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=follow, args=(os.getppid(),), daemon=True).start()
    # At the deadline the process is asked where it is.
    signal.signal(signal.SIGUSR1, lambda *_: os.write(2, f"rl-gym: in environment {here[0]}\n".encode()))
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=False, chain=True)
    length = bytearray(4)
    receive(length, 4)
    text = bytearray(struct.unpack("<I", length)[0])
    receive(text, len(text))
    try:
        environments, description = make(json.loads(text))
        stepper = Stepper(environments)
    except Refusal as refusal:
        answer(out, 1, {"kind": refusal.kind, "error": str(refusal)})
        return
    except Exception:
        answer(out, 1, {"kind": "raised", "error": shortened()})
        return
    answer(out, 2, description)
    try:
        stepper.serve(out)
    except EOFError:
        for environment in environments:
            environment.close()
    except Exception:
        answer(out, 1, {"kind": "raised", "error": traceback.format_exc().rstrip()})


if __name__ == "__main__":
    main()
