//! Trust region policy optimization.

use rl_core::{BoxError, Clock, Metrics, Rollout, Rollouts, normalize};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, OptimizerConfig, Range, Samples, Setup, Surrogate, Term,
    UpdateError, Valid, config,
};
use rl_nets::Actor;

use crate::actor_learner::actor_of;
use crate::{ActorLearner, PolicyGradient, UpdateRule};

/// Norm of the residual, as a share of the gradient's, at which the conjugate gradient method stops,
/// and the share of `xᵀg` that `xᵀr`, which is 0 in exact arithmetic, may reach. Iterations beyond
/// lengthen the step along directions in which `F` has next to no curvature, where the divergence is
/// not the quadratic that the step is scaled by.
const CG_TOLERANCE: f64 = 1e-2;

config! {
    /// Trust region policy optimization (TRPO; Schulman et al. 2015, appendix C): the step that
    /// maximises the surrogate's linear part while the mean divergence's quadratic part stays at δ,
    ///
    /// ```text
    /// θ' = θ + √(2δ / xᵀHx) x,    H x = g,    H = F + damping I
    /// ```
    ///
    /// with the gradient `g` of the surrogate and the entropy bonus and the policy's Fisher
    /// information `F`, then shortened until these have grown and the divergence itself is at most δ.
    /// The system is solved by the conjugate gradient method, which needs products with `H` only. A
    /// value function is fitted after it.
    ///
    /// The defaults are those of Stable-Baselines3's contributions.
    ///
    /// ```
    /// use rl_core::{Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_pg::TrpoConfig;
    ///
    /// let config = TrpoConfig { steps_per_environment: 64, ..TrpoConfig::default() };
    /// let setup = Setup::new(CartPole::v1, Budget::Updates(2))?;
    /// let mut clock = Clock::start(setup.horizon);
    /// let (mut agent, mut rollouts) = TrpoConfig::build(&config.validate(setup)?)?;
    /// let mut metrics = Metrics::default();
    /// rollouts.update(&mut agent, &mut clock, &mut metrics)?;
    /// assert!(metrics.get("kl").is_some_and(|kl| kl <= 0.01));
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct TrpoConfig {
        /// Steps of each environment per update.
        pub steps_per_environment: usize = 2048, Range::AtLeast(1.0);
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Decay of the advantage estimate's trace, 0 to 1.
        pub lambda: f64 = 0.95, Range::Unit;
        /// Divergence in nats that a step has at most.
        pub target_kl: f64 = 0.01, Range::Positive;
        /// Lower the divergence linearly to 0 over the run's budget.
        pub anneal_target_kl: bool = false;
        /// Iterations of the conjugate gradient method.
        pub cg_iterations: usize = 15, Range::REPETITIONS;
        /// Number that is added to the Fisher information's diagonal.
        pub cg_damping: f64 = 0.1, Range::NotNegative;
        /// Steps that the line search tries.
        pub line_search_steps: usize = 10, Range::REPETITIONS;
        /// Factor on a refused step.
        pub line_search_factor: f64 = 0.8, Range::Above(0.0, 1.0);
        /// Coefficient of the entropy bonus.
        pub entropy_coefficient: f64 = 0.0, Range::NotNegative;
        /// Shift and scale the advantages of a batch to mean 0 and deviation 1.
        pub normalize_advantages: bool = true;
        /// Regression steps of the value function per update.
        pub value_iterations: usize = 80, Range::REPETITIONS;
        flatten
        /// The value function's optimizer; the policy needs none.
        pub optimizer: OptimizerConfig = OptimizerConfig::adam(1e-3);
    }
}

impl UpdateRule<Rollout> for TrpoConfig {
    fn update(
        &self,
        agent: &mut ActorLearner,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let observations = agent.inputs(rollout.observations());
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let mut estimates = agent.estimates(&rollout.view(), &observations, &gae, true)?;
        if self.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let samples = Samples {
            observations: &observations,
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            log_probs: &estimates.log_probs,
            ..Samples::default()
        };
        let entropy = EntropyBonus(self.entropy_coefficient as f32);
        let terms: [&dyn Term; 2] = [&Surrogate::Ratio, &entropy];

        let start = agent.learner.networks().flat();
        let mut gradient = vec![0.0; start.len()];
        let measured = agent.learner.gradient(&samples, &terms, &mut gradient)?;
        agent.setup.reduce.mean_f32(&mut gradient)?;
        gradient.iter_mut().for_each(|g| *g = -*g);
        let (direction, curvature) = self.natural_direction(agent, &observations, &gradient)?;

        let mut kl = None;
        // No curvature, no gradient: nothing to be gained.
        if curvature > 0.0 {
            let target_kl = self.target_kl_at(clock.done());
            let length = (2.0 * target_kl / curvature).sqrt();
            let step = (direction.as_slice(), length, target_kl);
            let found = self.line_search(agent, &samples, &start, step);
            if !matches!(found, Ok(Some(_))) {
                agent.learner.set_parameters(&start);
            }
            kl = found?;
        }
        let rate = self.optimizer.learning_rate_at(clock.done());
        let error = agent.fit_value(&observations, &estimates.returns, rate)?;

        for (term, value) in terms.iter().zip(&measured.terms) {
            metrics.put(term.name(), *value);
        }
        metrics.put("grad_norm", measured.grad_norm);
        metrics.put("kl", kl.unwrap_or(0.0));
        metrics.put("line_search_success", f64::from(u8::from(kl.is_some())));
        metrics.put("value_loss", error.unwrap_or(f64::NAN));
        metrics.put("explained_variance", estimates.explained_variance());
        metrics.put("learning_rate", rate);
        Ok(())
    }
}

impl TrpoConfig {
    /// Solves `(F + damping I) x = g` by the conjugate gradient method (Hestenes & Stiefel 1952),
    /// and returns `x` and `xᵀ(F + damping I)x`.
    fn natural_direction(
        &self,
        agent: &mut ActorLearner,
        observations: &[f32],
        gradient: &[f32],
    ) -> Result<(Vec<f32>, f64), BoxError> {
        let mut x = vec![0.0; gradient.len()];
        let mut product = vec![0.0; gradient.len()];
        let mut residual = gradient.to_vec();
        let mut direction = gradient.to_vec();
        let of_gradient = dot(gradient, gradient);
        let mut squares = of_gradient;
        for _ in 0..self.cg_iterations {
            if squares <= CG_TOLERANCE.powi(2) * of_gradient {
                break;
            }
            self.damped_product(agent, observations, &direction, &mut product)?;
            let alpha = (squares / dot(&direction, &product)) as f32;
            add_scaled(&mut x, alpha, &direction);
            add_scaled(&mut residual, -alpha, &product);
            if dot(&x, &residual).abs() > CG_TOLERANCE * dot(&x, gradient) {
                break;
            }
            let next = dot(&residual, &residual);
            let beta = (next / squares) as f32;
            for (d, r) in direction.iter_mut().zip(&residual) {
                *d = r + beta * *d;
            }
            squares = next;
        }
        self.damped_product(agent, observations, &x, &mut product)?;
        let curvature = dot(&x, &product);
        Ok((x, curvature))
    }

    /// `(F + damping I) v` over all processes.
    fn damped_product(
        &self,
        agent: &mut ActorLearner,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), BoxError> {
        agent
            .learner
            .fisher_vector_product(observations, vector, product)?;
        agent.setup.reduce.mean_f32(product)?;
        add_scaled(product, self.cg_damping as f32, vector);
        Ok(())
    }

    /// δ, of which at least some is left past the end of the budget.
    fn target_kl_at(&self, done: f64) -> f64 {
        let left = if self.anneal_target_kl {
            1.0 - done
        } else {
            1.0
        };
        self.target_kl * left.max(1e-6)
    }

    /// Shortens a step along `direction` from `start` until the objective has grown and the divergence
    /// is at most δ (`target_kl`), and returns the divergence. Without such a step, and after an error, the learner is
    /// left with the last that was tried.
    fn line_search(
        &self,
        agent: &mut ActorLearner,
        samples: &Samples<'_>,
        start: &[f32],
        (direction, mut length, target_kl): (&[f32], f64, f64),
    ) -> Result<Option<f64>, BoxError> {
        let before = self.objective(agent, samples, samples.log_probs, agent.actor())?;
        let mut log_probs = vec![0.0; samples.log_probs.len()];
        let mut candidate = vec![0.0; start.len()];
        for _ in 0..self.line_search_steps {
            candidate.copy_from_slice(start);
            add_scaled(&mut candidate, length as f32, direction);
            agent.learner.set_parameters(&candidate);
            let actor = actor_of(agent.networks());
            let (old, threads) = (agent.actor(), &agent.setup.threads);
            let kl = old.mean_kl(&actor, samples.observations, threads);
            let kl = mean_over_ranks(agent, kl)?;
            let (observations, actions) = (samples.observations, samples.actions);
            let learner = agent.learner.as_mut();
            match learner.evaluate(observations, actions, &mut log_probs, &mut []) {
                // A step too far for the numbers is refused as any other.
                Ok(()) | Err(UpdateError::Evaluation { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let after = self.objective(agent, samples, &log_probs, &actor)?;
            if after > before && kl <= target_kl {
                agent.set_actor(actor);
                return Ok(Some(kl));
            }
            length *= self.line_search_factor;
        }
        Ok(None)
    }

    /// The surrogate and the entropy bonus, which the line search wants to see grow, of a policy
    /// with these `log_probs` of the actions.
    fn objective(
        &self,
        agent: &ActorLearner,
        samples: &Samples<'_>,
        log_probs: &[f32],
        actor: &Actor,
    ) -> Result<f64, BoxError> {
        let rows = samples
            .log_probs
            .iter()
            .zip(log_probs)
            .zip(samples.advantages);
        let weighted = rows.map(|((&old, &new), &advantage)| {
            (f64::from(new) - f64::from(old)).exp() * f64::from(advantage)
        });
        let mut objective = weighted.sum::<f64>() / log_probs.len() as f64;
        if self.entropy_coefficient > 0.0 {
            let entropy = actor.mean_entropy(samples.observations, &agent.setup.threads);
            objective += self.entropy_coefficient * entropy;
        }
        mean_over_ranks(agent, objective)
    }
}

fn mean_over_ranks(agent: &ActorLearner, number: f64) -> Result<f64, BoxError> {
    let (mut sum, reduce) = ([number], &agent.setup.reduce);
    reduce.sum_f64(&mut sum)?;
    Ok(sum[0] / reduce.ranks() as f64)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// `y += factor · x`.
fn add_scaled(y: &mut [f32], factor: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

impl Algorithm for TrpoConfig {
    const NAME: &'static str = "trpo";
    const DESCRIPTION: &'static str =
        "trust region policy optimization: natural gradient steps of a set size";

    type Agent = PolicyGradient<Self>;
    type Interaction = Rollouts<Actor>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        let allowed = "a multi-layer perceptron for the algorithm trpo, whose steps are natural \
                       gradients";
        let perceptron = !setup.networks.own.has_policy();
        ConfigError::unless(perceptron, "networks", "a policy of one's own", allowed)?;
        let steps = setup.steps("steps_per_environment", self.steps_per_environment)?;
        ConfigError::normalized(self.normalize_advantages, steps)
    }

    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let iterations = config.value_iterations;
        let learner = ActorLearner::with_value_function(setup, &config.optimizer, iterations)?;
        let collection = setup.collection(1, config.gamma);
        let rollouts = Rollouts::new(collection, config.steps_per_environment)?;
        Ok((PolicyGradient::new(config, learner), rollouts))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rl_core::{Budget, Reduce};
    use rl_envs::CartPole;
    use rl_nets::Device;

    use super::*;

    /// Two processes of which the other has nothing.
    struct Alone;

    impl Reduce for Alone {
        fn ranks(&self) -> usize {
            2
        }

        fn rank(&self) -> usize {
            0
        }

        fn mean_f32(&self, _values: &mut [f32]) -> Result<(), BoxError> {
            Err("the gradient is given".into())
        }

        fn sum_f64(&self, _values: &mut [f64]) -> Result<(), BoxError> {
            Ok(())
        }
    }

    fn agent(reduce: Option<Arc<dyn Reduce>>) -> ActorLearner {
        let mut setup = Setup {
            device: Device::flex(),
            ..Setup::new(CartPole::v1, Budget::Updates(1)).unwrap()
        };
        if let Some(reduce) = reduce {
            setup.reduce = reduce;
        }
        let config = TrpoConfig::default();
        ActorLearner::with_value_function(&setup, &config.optimizer, 1).unwrap()
    }

    const OBSERVATIONS: [f32; 8] = [0.1, -0.2, 0.3, -0.4, -0.5, 0.6, -0.7, 0.8];

    fn samples<'a>(log_probs: &'a [f32], advantages: &'a [f32]) -> Samples<'a> {
        Samples {
            observations: &OBSERVATIONS,
            actions: &[0.0, 1.0],
            advantages,
            log_probs,
            ..Samples::default()
        }
    }

    #[test]
    fn the_objective_is_the_mean_weighted_ratio_and_the_bonus_over_the_processes() {
        let config = TrpoConfig {
            entropy_coefficient: 0.5,
            ..TrpoConfig::default()
        };
        for (reduce, ranks) in [(None, 1.0), (Some(Arc::new(Alone) as Arc<dyn Reduce>), 2.0)] {
            let agent = agent(reduce);
            let samples = samples(&[-1.0, -2.0], &[3.0, 5.0]);
            let objective = config.objective(&agent, &samples, &[-0.5, -2.5], agent.actor());
            let ratio = 0.5_f64.exp();
            let surrogate = (3.0 * ratio + 5.0 / ratio) / 2.0;
            let entropy = agent
                .actor()
                .mean_entropy(&OBSERVATIONS, &agent.setup.threads);
            assert!(entropy > 0.5, "{entropy}");
            let expected = (surrogate + 0.5 * entropy) / ranks;
            let objective = objective.unwrap();
            assert!(
                (objective - expected).abs() < 1e-6,
                "{objective} {expected}"
            );
        }
    }

    #[test]
    fn a_step_is_refused_that_gains_nothing_or_goes_too_far() {
        let config = TrpoConfig {
            entropy_coefficient: 0.0,
            line_search_steps: 1,
            target_kl: 0.01,
            ..TrpoConfig::default()
        };
        let mut agent = agent(None);
        let start = agent.networks().flat();
        let log_probs = agent.log_probs(&OBSERVATIONS, &[0.0, 1.0]).unwrap();
        let samples = samples(&log_probs, &[1.0, 1.0]);
        let mut gradient = vec![0.0; start.len()];
        let terms: [&dyn Term; 1] = [&Surrogate::Ratio];
        agent
            .learner
            .gradient(&samples, &terms, &mut gradient)
            .unwrap();
        let mut search = |length: f64| {
            let step = (gradient.as_slice(), length, config.target_kl);
            let found = config.line_search(&mut agent, &samples, &start, step);
            agent.learner.set_parameters(&start);
            agent.set_actor(actor_of(agent.networks()));
            found.unwrap()
        };
        // Down the gradient of the loss the surrogate grows.
        let kl = search(-1e-2).unwrap();
        assert!(kl > 0.0 && kl <= 0.01, "{kl}");
        assert_eq!(search(1e-2), None, "the surrogate has shrunk");
        assert_eq!(search(-1e2), None, "the divergence is too large");
    }
}
