//! Parts of agents: learners and actors.

use rl_learn::{ConfigError, Learner, OptimizerConfig, Setup};
use rl_nets::{Actor, Networks};

/// A learner of networks, as a setup has it.
pub(crate) fn learner(
    config: &OptimizerConfig,
    networks: Networks,
    setup: &Setup,
) -> Result<Box<dyn Learner>, ConfigError> {
    let mut learner = config.init(networks, &setup.device)?;
    learner.set_threads(&setup.threads);
    Ok(learner)
}

/// The actor that samples from the policy of a learner.
pub(crate) fn actor(learner: &(impl Learner + ?Sized)) -> Actor {
    actor_of(learner.networks())
}

/// The actor that samples from the policy among networks.
#[expect(
    clippy::expect_used,
    reason = "agents draw a policy, and ask for that of these networks alone"
)]
pub(crate) fn actor_of(networks: &Networks) -> Actor {
    Actor::of(networks).expect("there is a policy among the networks")
}
