//! Configurations of the tabular methods.

use rl_core::{BoxError, Budget, Space, Steps};
use rl_learn::{Algorithm, ConfigError, Range, ScheduleSpan, Setup, Valid, config};

use super::agent::{Method, Tabular};
use super::policy::TablePolicy;
use super::step_size::StepSizeConfig;
use crate::ExplorationConfig;

config! {
    /// Table of action values and its surroundings.
    pub struct TableConfig {
        /// Steps of each environment per update.
        pub steps_per_environment: usize = 1000, Range::AtLeast(1.0);
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Action values at the beginning; above what can be reached, they make an agent try all.
        pub initial_value: f64 = 0.0, Range::Between(-1e9, 1e9);
        flatten
        /// The exploration.
        pub exploration: ExplorationConfig = ExplorationConfig {
            exploration_fraction: 0.5,
            ..ExplorationConfig::default()
        };
        flatten
        /// The step size.
        pub step_size: StepSizeConfig = StepSizeConfig::default();
    }
}

config! {
    /// Q-learning (Watkins 1989):
    ///
    /// ```text
    /// Q(s, a) ← Q(s, a) + α [r + γ max_b Q(s', b) - Q(s, a)]
    /// ```
    ///
    /// and, with `double` (van Hasselt 2010), two tables of which a fair coin says which is changed,
    /// `A(s, a) ← A(s, a) + α [r + γ B(s', argmax_b A(s', b)) - A(s, a)]`, while their mean is acted on.
    /// After a termination nothing follows; after a truncation the last observation's values do.
    pub struct QLearningConfig {
        /// Two tables, one of which says which action is best and the other what it is worth.
        pub double: bool = false;
        flatten
        /// The table.
        pub table: TableConfig = TableConfig::default();
    }
}

config! {
    /// SARSA (Rummery & Niranjan 1994), over `n` steps (Sutton & Barto 2018, chapter 7):
    ///
    /// ```text
    /// Q(s, a) ← Q(s, a) + α [Σ_{i<k} γ^i rᵢ + γ^k Q(s_k, a_k) - Q(s, a)]
    /// ```
    ///
    /// with the action `a_k` that is taken next. `k` is `n`, or the steps to the end of the episode where
    /// that comes first; after a termination nothing follows, after a truncation an action is drawn for the
    /// last observation.
    pub struct SarsaConfig {
        /// Steps of the return, at most those of an episode.
        pub n_step: usize = 1, Range::Between(1.0, 10_000.0);
        flatten
        /// The table.
        pub table: TableConfig = TableConfig::default();
    }
}

config! {
    /// Expected SARSA (van Seijen et al. 2009): SARSA with the mean over the next action,
    ///
    /// ```text
    /// Q(s, a) ← Q(s, a) + α [r + γ ((1 - ε) max_b Q(s', b) + ε 1/|A| Σ_b Q(s', b)) - Q(s, a)]
    /// ```
    pub struct ExpectedSarsaConfig {
        flatten
        /// The table.
        pub table: TableConfig = TableConfig::default();
    }
}

impl TableConfig {
    /// Sizes of the table, for spaces that have one.
    fn check(&self, algorithm: &'static str, setup: &Setup) -> Result<(), ConfigError> {
        let (observation, action) = (&setup.spaces.observation, &setup.spaces.action);
        if matches!(action, Space::Box(_)) {
            let allowed =
                format!("reinforce, vpg, a2c, a3c, trpo, ppo, for the continuous actions {action}");
            return Err(ConfigError::new("algo", algorithm, allowed));
        }
        if matches!(observation, Space::Box(_)) {
            let allowed = format!(
                "dqn, pqn, ppo, a2c, vpg, for the observations {observation}: a table has a row for \
                 each index of a discrete space"
            );
            return Err(ConfigError::new("algo", algorithm, allowed));
        }
        self.exploration.check()?;
        self.step_size.check()
    }

    fn build(
        &self,
        method: Method,
        setup: &Setup,
    ) -> Result<(Tabular, Steps<TablePolicy>), BoxError> {
        let steps = Steps::new(setup.collection(1, self.gamma), self.steps_per_environment)?;
        Ok((Tabular::new(self.clone(), method, setup)?, steps))
    }
}

macro_rules! algorithm {
    ($config:ident, $name:literal, $description:literal, $method:expr, $check:expr) => {
        impl Algorithm for $config {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = $description;
            const HAS_NETWORKS: bool = false;

            type Agent = Tabular;
            type Interaction = Steps<TablePolicy>;

            fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
                self.table.check(Self::NAME, setup)?;
                let check: fn(&Self, &Setup) -> Result<(), ConfigError> = $check;
                check(self, setup)
            }

            fn schedules(&self, horizon: Budget) -> Vec<ScheduleSpan> {
                let table = &self.table;
                let epsilon = table.exploration.schedule().span("ε", horizon);
                vec![epsilon, table.step_size.schedule().span("α", horizon)]
            }

            fn build(valid: &Valid<Self>) -> Result<(Tabular, Self::Interaction), BoxError> {
                let method: fn(&Self) -> Method = $method;
                let config = valid.config();
                config.table.build(method(config), valid.setup())
            }
        }
    };
}

algorithm!(
    QLearningConfig,
    "q-learning",
    "a table of action values, by the best next action",
    |config| if config.double {
        Method::DoubleQ
    } else {
        Method::Q
    },
    |_, _| Ok(())
);
algorithm!(
    SarsaConfig,
    "sarsa",
    "a table of action values, by the next action that is taken",
    |config| Method::Sarsa(config.n_step),
    |config, setup| {
        let longest = setup.longest_episode;
        let allowed = format!("at most {longest}, the steps of an episode");
        ConfigError::unless(config.n_step <= longest, "n_step", config.n_step, &allowed)
    }
);
algorithm!(
    ExpectedSarsaConfig,
    "expected-sarsa",
    "a table of action values, by the mean over the next action",
    |_| Method::ExpectedSarsa,
    |_, _| Ok(())
);
