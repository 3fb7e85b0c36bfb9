//! Words of other libraries, and misspelled ones.

use crate::usage::Origin;

/// Words of other libraries, with the keys that they stand for.
pub(crate) const OTHERS: [(&str, &str); 53] = [
    ("anneal_lr", "anneal_learning_rate"),
    ("backtrack_coeff", "line_search_factor"),
    ("backtrack_iters", "line_search_steps"),
    ("batch_size", "minibatch_size"),
    ("cg_iters", "cg_iterations"),
    ("cg_max_steps", "cg_iterations"),
    ("clip_coef", "clip_range"),
    ("clip_param", "clip_range"),
    ("clip_ratio", "clip_range"),
    ("clip_range_vf", "value_clip_range"),
    ("cliprange", "clip_range"),
    ("damping_coeff", "cg_damping"),
    ("discount", "gamma"),
    ("discount_factor", "gamma"),
    ("ent_coef", "entropy_coefficient"),
    ("entropy_coef", "entropy_coefficient"),
    ("entropy_coeff", "entropy_coefficient"),
    ("env_id", "env"),
    ("env_name", "env"),
    ("eval_freq", "eval_every"),
    ("gae_lambda", "lambda"),
    ("grad_clip", "max_grad_norm"),
    ("hidden_size", "size"),
    ("hidden_sizes", "size"),
    ("iterations", "updates"),
    ("lam", "lambda"),
    ("learning_steps", "updates"),
    ("log_interval", "log_every"),
    ("log_std_init", "log_std"),
    ("max_episodes", "episodes"),
    ("max_steps", "steps"),
    ("n_envs", "environments"),
    ("n_epochs", "epochs"),
    ("n_eval_episodes", "eval_episodes"),
    ("n_steps", "steps_per_environment"),
    ("net_arch", "size"),
    ("norm_adv", "normalize_advantages"),
    ("normalize_advantage", "normalize_advantages"),
    ("nsteps", "steps_per_environment"),
    ("num_envs", "environments"),
    ("num_episodes", "episodes"),
    ("num_steps", "steps_per_environment"),
    ("num_updates", "updates"),
    ("pi_lr", "learning_rate"),
    ("rollout_length", "steps_per_environment"),
    ("steps_per_epoch", "steps_per_update"),
    ("total_steps", "steps"),
    ("total_timesteps", "steps"),
    ("train_v_iters", "value_iterations"),
    ("update_epochs", "epochs"),
    ("value_loss_coef", "value_coefficient"),
    ("vf_coef", "value_coefficient"),
    ("vf_lr", "value_learning_rate"),
];

/// The key that another library's word stands for, in whatever spelling: `n-envs`, `N_ENVS`.
pub fn key_of_others(word: &str) -> Option<&'static str> {
    let word = word.trim_start_matches('-').replace('-', "_");
    let mut others = OTHERS.iter();
    others
        .find(|(other, _)| other.eq_ignore_ascii_case(&word))
        .map(|(_, ours)| *ours)
}

/// The message for a word that is not one of those allowed.
pub(crate) fn unknown(kind: &str, word: &str, allowed: &[&str], origin: &Origin) -> String {
    let hint =
        nearest(word, allowed).map_or(String::new(), |near| format!(" Did you mean '{near}'?"));
    format!(
        "unknown {kind} '{word}' (from {origin}).{hint} Allowed: {}",
        allowed.join(", ")
    )
}

/// The word nearest to a misspelled one, if one is near.
pub fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let scored = allowed
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate));
    scored
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, near)| near)
}
