//! Networks of action values that learn, and the policy that acts by them.

use std::borrow::Cow;

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{BoxError, Space, State, StateError, StateReader, StateWriter, Stream};
use rl_learn::{
    ConfigError, FitReport, Learner, OptimizerConfig, Plan, Samples, Setup, Term, UpdateError, fit,
};
use rl_nets::{ActionValueForm, Networks, network_inputs};

use crate::GreedyPolicy;
use crate::evaluator::{Evaluator, greedy};
use crate::noisy::{NoiseOf, NoisyNetworks};
use crate::target::TargetNetwork;

/// Algorithms for continuous actions, named where action values cannot be had.
const CONTINUOUS: &str = "reinforce, vpg, a2c, a3c, trpo, ppo";

/// Refuses a setup that action values cannot be learned in.
///
/// # Errors
/// [`ConfigError`] for continuous actions, and for a distribution of actions.
pub fn check_setup(algorithm: &'static str, setup: &Setup) -> Result<(), ConfigError> {
    let action = &setup.spaces.action;
    if !matches!(action, Space::Discrete(_)) {
        let allowed = format!("{CONTINUOUS}, for the continuous actions {action}");
        return Err(ConfigError::new("algo", algorithm, allowed));
    }
    if let Some(kind) = setup.networks.distribution {
        let allowed = "none: action values have no distribution";
        return Err(ConfigError::new("distribution", kind, allowed));
    }
    Ok(())
}

/// Network of action values with its optimizer, and the greedy policy of the values as they were last published.
pub struct ActionValues {
    learner: Box<dyn Learner>,
    setup: Setup,
    policy: GreedyPolicy,
    /// `true` if the network has learned since the policy was made.
    moved: bool,
    evaluator: Evaluator,
    /// `true` if the evaluator has the network's parameters.
    is_followed: bool,
    /// The network with its noise; `None` without noisy layers.
    noisy: Option<Box<NoisyNetworks>>,
}

impl ActionValues {
    /// The network that a setup describes, with action values in some form.
    ///
    /// # Errors
    /// [`ConfigError`] for a network or an optimizer that cannot be made.
    pub fn new(
        setup: &Setup,
        optimizer: &OptimizerConfig,
        form: ActionValueForm,
    ) -> Result<Self, BoxError> {
        let networks = drawn(setup, form)?;
        Self::of(optimizer.init(networks, &setup.device)?, setup)
    }

    /// As [`new`](Self::new), with noisy layers ([`Noise`](rl_learn::Noise)): what acts, and what chooses actions, has noise.
    ///
    /// # Errors
    /// [`ConfigError`] for a network or an optimizer that cannot be made, or that is a user's own.
    pub fn noisy(
        setup: &Setup,
        optimizer: &OptimizerConfig,
        form: ActionValueForm,
    ) -> Result<Self, BoxError> {
        let networks = drawn(setup, form)?;
        let noise = NoiseOf::Gradient.noise(&networks, setup.seed)?;
        let learner = optimizer.init_noisy(networks, noise, &setup.device)?;
        let noisy = NoisyNetworks::new(&*learner, setup.seed)?;
        Ok(Self {
            is_followed: false,
            noisy: Some(Box::new(noisy)),
            ..Self::of(learner, setup)?
        })
    }

    fn of(mut learner: Box<dyn Learner>, setup: &Setup) -> Result<Self, BoxError> {
        learner.set_threads(&setup.threads);
        Ok(Self {
            policy: greedy(learner.networks())?,
            evaluator: Evaluator::new(learner.networks())?,
            is_followed: true,
            learner,
            setup: setup.clone(),
            moved: false,
            noisy: None,
        })
    }

    /// A target network that begins as this one is, with noise of its own on noisy layers.
    ///
    /// # Errors
    /// If a module of one's own cannot be copied.
    pub fn target(&self) -> Result<TargetNetwork, BoxError> {
        let target = TargetNetwork::new(self.networks())?;
        Ok(match self.noisy {
            None => target,
            Some(_) => {
                let noise = NoiseOf::Target.noise(self.networks(), self.setup.seed)?;
                target.with_noise(self.deviations(), noise)
            }
        })
    }

    /// The network; on noisy layers, of the means.
    pub fn networks(&self) -> &Networks {
        self.learner.networks()
    }

    /// Deviations of the noisy layers; empty without.
    pub fn deviations(&self) -> &[f32] {
        self.learner.deviations()
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.policy.actions()
    }

    /// Observations as the network takes them.
    pub fn inputs<'a>(&self, observations: &'a [f32]) -> Cow<'a, [f32]> {
        network_inputs(&self.setup.spaces.observation, observations)
    }

    /// The published policy, with the noise of noisy layers and the probability `epsilon` of a random action.
    pub fn acting(&mut self, epsilon: f64) -> &GreedyPolicy {
        let policy = match &mut self.noisy {
            None => &mut self.policy,
            Some(noisy) => noisy.policy(),
        };
        policy.set_epsilon(epsilon);
        policy
    }

    /// The published policy without noise and without random actions.
    pub fn greedy(&self) -> GreedyPolicy {
        self.policy.clone().with_epsilon(0.0)
    }

    /// Publishes the values as they are: the policy acts by them from now on, and with new noise.
    ///
    /// # Errors
    /// If a module of one's own cannot be copied.
    pub fn publish(&mut self) -> Result<(), BoxError> {
        if self.moved {
            self.policy = greedy(self.learner.networks())?;
            if let Some(noisy) = &mut self.noisy {
                noisy.renew(&*self.learner)?;
            }
            self.moved = false;
        }
        Ok(())
    }

    /// Writes the present quantiles `[n, actions, quantiles]` of inputs `[n, inputs]`: the values, where no distribution
    /// is learned. Noisy layers have one noise until they learn again.
    ///
    /// # Errors
    /// If a module of one's own cannot be copied.
    pub fn evaluate(&mut self, inputs: &[f32], quantiles: &mut Vec<f32>) -> Result<(), BoxError> {
        if !self.is_followed {
            match &mut self.noisy {
                None => self.evaluator.follow(&self.learner.networks().flat())?,
                Some(noisy) => self.evaluator.follow(noisy.choose(&*self.learner))?,
            }
            self.is_followed = true;
        }
        self.evaluator.evaluate(inputs, quantiles);
        Ok(())
    }

    /// Moves the network down the loss of TD errors, over the processes of the setup.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn fit(
        &mut self,
        samples: &Samples<'_>,
        term: &dyn Term,
        plan: &Plan,
        shuffling: Option<&mut Stream>,
    ) -> Result<FitReport, UpdateError> {
        (self.moved, self.is_followed) = (true, false);
        let reduce = &*self.setup.reduce;
        fit(
            self.learner.as_mut(),
            samples,
            &[term],
            plan,
            shuffling,
            reduce,
        )
    }
}

impl State for ActionValues {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(&mut Scoped::new(out, "learner"));
        if let Some(noisy) = &self.noisy {
            noisy.save(&mut Scoped::new(out, "noise"));
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        (self.moved, self.is_followed) = (false, false);
        self.learner.load(&ScopedReader::new(from, "learner"))?;
        let failed = |error: BoxError| StateError::value("learner", error.to_string());
        self.policy = greedy(self.learner.networks()).map_err(failed)?;
        if let Some(noisy) = &mut self.noisy {
            noisy.load(&ScopedReader::new(from, "noise"))?;
            noisy.follow(&*self.learner).map_err(failed)?;
        }
        Ok(())
    }
}

/// The network that a setup describes, with its first weights.
fn drawn(setup: &Setup, form: ActionValueForm) -> Result<Networks, ConfigError> {
    (setup.networks).draw_action_values(form, &setup.spaces, setup.seed, &setup.device)
}
