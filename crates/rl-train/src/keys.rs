//! The keys of a configuration: their names, their help, and the words they may take.

use rl_envs::EnvironmentId;
use rl_nets::{Activation, DistributionKind};

use crate::layers::users;
use crate::{Algo, Backend, NO_PRESET, PRESETS};

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
    word("algo", "Algorithm", || Algo::ALL.map(Algo::name).to_vec()),
    key(
        "seed",
        "N",
        "Seed of every random stream; the same seed gives the same bits",
    ),
    word("backend", "Burn backend to learn on", || {
        Backend::ALL.map(Backend::name).to_vec()
    }),
    word(
        "learner",
        "Who computes gradients: `fused` on a CPU, or Burn's tape",
        || vec!["auto", "burn", "fused"],
    ),
    key(
        "threads",
        "N",
        "Threads to act and learn on; any number gives the same bits",
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
        "steps_per_environment",
        "N",
        "Steps of each environment per update",
    ),
    key(
        "group_size",
        "N",
        "Environments that start their episodes from the same states",
    ),
    key(
        "normalize_observations",
        "BOOL",
        "Shift and scale observations to mean 0 and deviation 1",
    ),
    key(
        "normalize_rewards",
        "BOOL",
        "Divide rewards by the deviation of the discounted return",
    ),
    key(
        "reward_scale",
        "X",
        "Factor on the rewards that are learned from",
    ),
    key("gamma", "X", "Discount, 0 to 1"),
    key(
        "lambda",
        "X",
        "Decay of the advantage estimate's trace, 0 to 1",
    ),
    word("weighting", "Weight of the log-probabilities", || {
        vec!["total-return", "reward-to-go", "n-step", "gae"]
    }),
    word("baseline", "What is taken from the weight", || {
        vec!["none", "batch", "time", "group", "group-scaled", "value"]
    }),
    key("n_step", "N", "Steps of n-step returns"),
    key(
        "normalize_advantages",
        "BOOL",
        "Shift and scale the weights of a batch (of a minibatch in ppo) to mean 0 and deviation 1",
    ),
    key("epochs", "N", "Passes over a batch"),
    key("minibatch_size", "N", "Steps per optimizer step"),
    key(
        "clip_range",
        "X",
        "How far ratios may move from 1; inf for no limit",
    ),
    key(
        "anneal_clip_range",
        "BOOL",
        "Lower the clip range linearly to 0 over the run",
    ),
    key(
        "value_clip_range",
        "X",
        "How far a value may move before its error is clipped",
    ),
    key(
        "target_kl",
        "X",
        "Divergence in nats: the size of trpo's steps; ppo starts no epoch beyond 1.5 times it",
    ),
    key(
        "entropy_coefficient",
        "X",
        "Coefficient of the entropy bonus",
    ),
    key(
        "value_coefficient",
        "X",
        "Coefficient of the value function's mean squared error",
    ),
    word("optimizer", "Optimizer", || vec!["adam", "rmsprop"]),
    key("learning_rate", "X", "Step size (also: lr)"),
    key(
        "anneal_learning_rate",
        "BOOL",
        "Lower the step size linearly to 0 over the run",
    ),
    key(
        "optimizer_epsilon",
        "X",
        "What keeps the optimizer's divisions finite",
    ),
    key(
        "max_grad_norm",
        "X",
        "Largest global norm of a gradient; inf for no limit",
    ),
    word(
        "value_targets",
        "What a value function is fitted to",
        || vec!["monte-carlo", "n-step", "lambda"],
    ),
    key(
        "value_learning_rate",
        "X",
        "Step size of a value function with an optimizer of its own",
    ),
    key("value_iterations", "N", "Its regression steps per update"),
    key(
        "cg_iterations",
        "N",
        "Iterations of the conjugate gradient method",
    ),
    key(
        "cg_damping",
        "X",
        "What is added to the Fisher information's diagonal",
    ),
    key("line_search_steps", "N", "Steps that the line search tries"),
    key(
        "line_search_factor",
        "X",
        "What a refused step is multiplied by",
    ),
    key(
        "shared_layers",
        "BOOL",
        "Whether policy and value function share their hidden layers",
    ),
    key("n_layers", "N", "Hidden layers of each network"),
    key("size", "N", "Units per hidden layer"),
    word("activation", "Activation of the hidden layers", || {
        Activation::ALL.map(Activation::name).to_vec()
    }),
    word("initialization", "How weights are drawn", || {
        vec!["orthogonal", "pytorch"]
    }),
    word(
        "distribution",
        "Distribution of the actions [default: categorical or diag-gaussian, by the space]",
        || DistributionKind::ALL.map(DistributionKind::name).to_vec(),
    ),
    key("log_std", "X", "Initial ln σ of a Gaussian policy"),
];

impl Key {
    /// The algorithms that have it of their own; none for a key of every run.
    pub fn algos(&self) -> Vec<&'static str> {
        users(self.name).map(Algo::name).collect()
    }
}

fn preset_names() -> Vec<&'static str> {
    let names = PRESETS.iter().map(|preset| preset.name);
    names.chain([NO_PRESET]).collect()
}

fn environment_names() -> Vec<&'static str> {
    EnvironmentId::ALL.iter().map(|id| id.name()).collect()
}
