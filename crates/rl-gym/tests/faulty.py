"""An environment that counts, and fails in a chosen way at a chosen step."""
import os
import signal
import sys
import time

import gymnasium
import numpy as np


class Faulty(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1e6, 1e6, (2, 1), np.float64)
    action_space = gymnasium.spaces.Discrete(2, start=5)

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, fault="none", at=3, once="", episode=1, render_mode=None):
        self.render_mode = render_mode
        # With `once`, a file that remembers the fault, it comes a single time.
        self.fault, self.at, self.once, self.wait = fault, at, once, episode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        self.wait -= 1
        return np.full((2, 1), self.steps, np.float64), {}

    def step(self, action):
        assert action in (5, 6), action
        reward = float(action - 5)
        observation = np.full((2, 1), self.steps + 1, np.float64)
        if self.steps == self.at and self.wait <= 0 and not (self.once and os.path.exists(self.once)):
            if self.once:
                open(self.once, "w").close()
            if self.fault == "raise":
                raise ValueError("the motor is hot")
            if self.fault == "hang":
                time.sleep(3600)
            if self.fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.fault == "exit":
                sys.stderr.write("simulator: licence lost\n")
                os._exit(7)
            if self.fault == "nan":
                observation[1] = np.nan
            if self.fault == "reward":
                reward = np.inf
            if self.fault == "shape":
                observation = observation[:, 0]
            if self.fault == "rubbish":
                # The descriptor of the answers is a variable of the worker that steps this.
                frame = sys._getframe()
                while "out" not in frame.f_locals:
                    frame = frame.f_back
                os.write(frame.f_locals["out"], b"Welcome to the simulator!\n")
        print("step", self.steps)
        self.steps += 1
        return observation, reward, self.steps == 6, self.steps == 5 and action == 6, {}


    def render(self):
        picture = np.zeros((20, 30, 3), np.uint8)
        picture[:, : 5 * self.steps] = (255, 128, 0)
        return picture[0] if self.fault == "flat" else picture


class Odd(Faulty):
    def __init__(self, observation="", action=""):
        super().__init__()
        spaces = gymnasium.spaces
        if observation == "dict":
            self.observation_space = spaces.Dict(x=spaces.Discrete(2))
        if action == "multi":
            self.action_space = spaces.MultiDiscrete([2, 2])
        if action == "integers":
            self.action_space = spaces.Box(0, 3, (2,), np.int32)


gymnasium.register("Faulty-v0", Faulty)
gymnasium.register("Odd-v0", Odd)
