//! MuJoCo's tasks by name, which need MuJoCo's library.

use crate::usage::UsageError;

/// The names of the tasks with their ids in Gymnasium, known without the library, too.
const TASKS: [(&str, &str); 8] = [
    ("half-cheetah", "HalfCheetah-v5"),
    ("hopper", "Hopper-v5"),
    ("walker2d", "Walker2d-v5"),
    ("swimmer", "Swimmer-v5"),
    ("reacher", "Reacher-v5"),
    ("inverted-pendulum", "InvertedPendulum-v5"),
    ("inverted-double-pendulum", "InvertedDoublePendulum-v5"),
    ("ant", "Ant-v5"),
];

/// The reason why a name of a task names none in a program without the library; `None` for other names, and in a program
/// with the library.
pub(crate) fn fault(name: &str) -> Option<UsageError> {
    let is = |word: &str| word.eq_ignore_ascii_case(name);
    let is_task = TASKS.iter().any(|(short, id)| is(short) || is(id));
    (is_task && !cfg!(feature = "mujoco")).then(|| {
        UsageError(format!(
            "'{name}' takes a program with MuJoCo: `cargo xtask mujoco` fetches its library, and \
             `cargo xtask train` builds with it from then on, as does cargo build --release -p rl-cli \
             --features mujoco"
        ))
    })
}

/// The tasks.
#[cfg(feature = "mujoco")]
pub(crate) fn entries() -> impl Iterator<Item = crate::EnvironmentEntry> {
    use rl_core::EnvironmentError;
    use rl_mujoco::MujocoTask;

    MujocoTask::ALL.iter().map(|&task| {
        let entry = crate::EnvironmentEntry::new(task.name(), task)
            .described(format!("{}, by MuJoCo", task.gymnasium_id()))
            .alias(task.gymnasium_id())
            .drawn_by_attempt(move || task.make_drawable().map_err(EnvironmentError::own));
        match task.solved_at() {
            Some(solved) => entry.solved_at(solved),
            None => entry,
        }
    })
}

/// The presets of the tasks.
#[cfg(feature = "mujoco")]
pub(crate) fn presets() -> impl Iterator<Item = crate::Preset> {
    crate::presets::preset_files![
        "half-cheetah-ppo",
        "half-cheetah-ppo-3m",
        "half-cheetah-trpo",
        "half-cheetah-vpg",
        "hopper-ppo",
        "walker2d-ppo",
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(feature = "mujoco"))]
    fn a_task_without_the_library_says_what_to_run() {
        for name in ["half-cheetah", "halfcheetah-V5"] {
            let message = fault(name).unwrap().to_string();
            for word in [name, "`cargo xtask mujoco`", "--features mujoco"] {
                assert!(message.contains(word), "{message}");
            }
        }
        assert_eq!(fault("cartpole").map(|fault| fault.to_string()), None);
    }

    #[test]
    #[cfg(feature = "mujoco")]
    fn the_names_are_those_of_the_tasks() {
        let tasks = rl_mujoco::MujocoTask::ALL.iter();
        let names: Vec<_> = tasks
            .map(|task| (task.name(), task.gymnasium_id()))
            .collect();
        assert_eq!(names, TASKS);
        assert!(fault("half-cheetah").is_none());
    }
}
