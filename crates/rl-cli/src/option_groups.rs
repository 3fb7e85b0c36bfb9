//! Groups of the options of `rl train`, as its help shows them.

/// Group of the options of Gymnasium's environments.
pub const GYM: &str = "Gymnasium, as in --env gym:CartPole-v1 --env-arg sutton_barto_reward=true";

/// Groups of options with an example, and the options in them.
const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Run, as in --env acrobot --algo ppo --seed 1 --steps 2e5",
        &[
            "env",
            "algo",
            "preset",
            "seed",
            "steps",
            "updates",
            "episodes",
            "horizon",
            "set",
            "config",
            "print_config",
            "out",
            "resume",
            "init_from",
            "threads",
            "backend",
        ],
    ),
    (
        "Evaluation and early stop, as in --eval-every 10 --stop-at 475 --time-limit 10m",
        &[
            "eval_every",
            "eval_episodes",
            "eval_gamma",
            "stop_at",
            "time_limit",
        ],
    ),
    (
        "Screen and files, as in --progress line --checkpoint-every 30s",
        &[
            "progress",
            "quiet",
            "json",
            "no_report",
            "log_every",
            "checkpoint_every",
            "checkpoint_keep",
        ],
    ),
    (
        "Environments, as in --environments 16 --normalize-observations",
        &[
            "environments",
            "normalize_observations",
            "normalize_rewards",
            "reward_scale",
        ],
    ),
    (GYM, &["env_arg", "import", "python", "deadline"]),
    (
        "Networks, as in --size 64 --n-layers 2 --activation tanh",
        &[
            "size",
            "n_layers",
            "activation",
            "layer_norm",
            "initialization",
            "distribution",
            "log_std",
            "init_seed",
        ],
    ),
    (
        "Optimizer, as in --learning-rate 3e-4 --max-grad-norm 0.5",
        &[
            "learning_rate",
            "anneal_learning_rate",
            "optimizer",
            "optimizer_epsilon",
            "max_grad_norm",
            "learner",
        ],
    ),
];

/// Group of all other options, which are keys of algorithms.
const ALGORITHM: &str = "Algorithm, as in --algo ppo --gamma 0.99 --lambda 0.95";

/// Options that the short help shows.
const COMMON: [&str; 14] = [
    "env",
    "algo",
    "preset",
    "seed",
    "steps",
    "updates",
    "set",
    "out",
    "resume",
    "eval_every",
    "stop_at",
    "time_limit",
    "progress",
    "quiet",
];

/// The group of an option, and its place in it.
pub fn group_of(option: &str) -> (&'static str, usize) {
    let place = |(_, options): &(_, &[&str])| options.iter().position(|known| *known == option);
    let mut groups = GROUPS.iter();
    let found = groups.find_map(|group| Some((group.0, place(group)?)));
    found.unwrap_or((ALGORITHM, 0))
}

/// Returns `true` for an option that the short help shows.
pub fn is_common(option: &str) -> bool {
    COMMON.contains(&option)
}
