//! The keys of a configuration: their names, their help, and the words they may take.

use rl_envs::EnvironmentId;
use rl_nets::Activation;

use crate::{Algo, Backend, PRESETS};

/// A key of the configuration, which is also an option of the command line.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in files and in `--set`; the option's has `-` for `_`.
    pub name: &'static str,
    /// What stands for its value in the help.
    pub value: &'static str,
    /// What it is.
    pub help: &'static str,
    /// The words it may take, if it takes words.
    pub words: Option<fn() -> Vec<&'static str>>,
}

const fn key(name: &'static str, value: &'static str, help: &'static str) -> Key {
    Key {
        name,
        value,
        help,
        words: None,
    }
}

const fn word(name: &'static str, help: &'static str, words: fn() -> Vec<&'static str>) -> Key {
    Key {
        name,
        value: "NAME",
        help,
        words: Some(words),
    }
}

/// Every key, in the order of the help.
pub const KEYS: &[Key] = &[
    word("preset", "Named configuration to start from", preset_names),
    word("env", "Environment", environment_names),
    word("algo", "Algorithm", || {
        Algo::ALL.iter().map(|(name, _)| *name).collect()
    }),
    key(
        "seed",
        "N",
        "Seed of every random stream; the same seed gives the same bits",
    ),
    word("backend", "Burn backend to learn on", || {
        Backend::ALL.map(Backend::name).to_vec()
    }),
    key(
        "threads",
        "N",
        "Threads to act on; any number gives the same bits",
    ),
    key("updates", "N", "Number of updates (instead of --steps)"),
    key(
        "steps",
        "N",
        "Environment steps after which no update starts (instead of --updates)",
    ),
    key(
        "out",
        "DIR",
        "Run directory, new or empty [default: runs/ENV-ALGO-seedN]",
    ),
    key("quiet", "BOOL", "Show no progress"),
    key("environments", "N", "Environments side by side"),
    key(
        "steps_per_update",
        "N",
        "Least steps per update, in whole episodes",
    ),
    key(
        "normalize_observations",
        "BOOL",
        "Shift and scale observations to mean 0 and deviation 1",
    ),
    key(
        "reward_scale",
        "X",
        "Factor on the rewards that are learned from",
    ),
    key("gamma", "X", "Discount, 0 to 1"),
    word("weighting", "Weight of the log-probabilities", || {
        vec!["total-return", "reward-to-go"]
    }),
    key(
        "normalize_weights",
        "BOOL",
        "Shift and scale the weights to mean 0 and deviation 1",
    ),
    key("learning_rate", "X", "Adam's step size (also: lr)"),
    key(
        "anneal_learning_rate",
        "BOOL",
        "Lower the step size linearly to 0 over the run",
    ),
    key(
        "max_grad_norm",
        "X",
        "Largest global norm of a gradient; inf for no limit",
    ),
    key("n_layers", "N", "Hidden layers of the policy"),
    key("size", "N", "Units per hidden layer"),
    word("activation", "Activation of the hidden layers", || {
        Activation::ALL.map(Activation::name).to_vec()
    }),
    word("initialization", "How weights are drawn", || {
        vec!["orthogonal", "pytorch"]
    }),
];

fn preset_names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

fn environment_names() -> Vec<&'static str> {
    EnvironmentId::ALL.iter().map(|id| id.name()).collect()
}
