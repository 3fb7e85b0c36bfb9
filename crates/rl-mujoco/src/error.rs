//! Errors of MuJoCo's library and its models.

/// Version of MuJoCo's library.
pub const VERSION: &str = "3.17.0";

/// Reason why a task cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MujocoError {
    /// A library of another version.
    #[error(
        "MuJoCo's library is of version {found}; {VERSION} is needed: `cargo xtask mujoco` fetches it, and \
         MUJOCO_DYNAMIC_LINK_DIR names the folder of another libmujoco.so"
    )]
    Version {
        /// The version.
        found: String,
    },
    /// A model that MuJoCo does not load.
    #[error("MuJoCo does not load the model of {task}: {reason}")]
    Model {
        /// Name of the task.
        task: &'static str,
        /// MuJoCo's reason.
        reason: String,
    },
    /// A model of other sizes than the rules are written for.
    #[error("the model of {task} has {found} {quantity}; its rules are for {expected}")]
    Size {
        /// Name of the task.
        task: &'static str,
        /// Actuators or geoms.
        quantity: &'static str,
        /// Their number in the model.
        found: usize,
        /// Their number in the rules.
        expected: usize,
    },
}
