//! Agent that learns a table of action values.

use rl_core::finite_mdp::{FiniteMdp, SolverConfig};
use rl_core::{
    Agent, BoxError, Clock, LearnsOnline, Metrics, Space, State, StateError, StateReader,
    StateWriter, Status, Stream,
};
use rl_learn::Setup;

use super::config::TableConfig;
use super::lane::Lane;
use super::policy::TablePolicy;
use crate::schedule::Schedule;
use crate::target::best;

/// Rule by which a table learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Q,
    DoubleQ,
    /// With the number of steps.
    Sarsa(usize),
    ExpectedSarsa,
}

/// Agent with a table of action values, `[states, actions]`, that acts ε-greedily and learns at every
/// step. Of equally good actions, chance takes one.
///
/// ε and α change every 16 environment steps, as functions of the run's clock.
pub struct Tabular {
    config: TableConfig,
    method: Method,
    epsilon: Schedule,
    alpha: Schedule,
    actions: usize,
    table: Vec<f32>,
    /// The other table of double Q-learning; empty without.
    second: Vec<f32>,
    lanes: Vec<Lane>,
    optimum: Option<Optimum>,
    /// ε and α of the present, and the first environment step of the present.
    rates: (f64, f32, u64),
    /// Sum of the absolute errors since the last report, and their number.
    errors: (f64, u64),
}

/// Exact action values, for the entries of states that can be reached and left.
struct Optimum {
    entries: Vec<usize>,
    values: Vec<f64>,
}

impl Optimum {
    fn of(mdp: &FiniteMdp, states: usize) -> Result<Self, BoxError> {
        let exact = mdp.value_iteration(&SolverConfig::default())?;
        let reachable = mdp.reachable();
        let is_reachable = |entry: &usize| reachable[entry / mdp.actions()];
        let entries = (0..states * mdp.actions()).filter(is_reachable).collect();
        Ok(Self {
            entries,
            values: exact.action_values,
        })
    }
}

impl Tabular {
    pub(super) fn new(
        config: TableConfig,
        method: Method,
        setup: &Setup,
    ) -> Result<Self, BoxError> {
        let size = |space: &Space| match space {
            Space::Discrete(space) => space.n(),
            Space::Box(space) => space.dim(),
        };
        let spaces = &setup.spaces;
        let (states, actions) = (size(&spaces.observation), size(&spaces.action));
        let table = vec![config.initial_value as f32; states * actions];
        let optimum = match setup.source.finite_mdp(config.gamma) {
            Some(mdp) => Some(Optimum::of(&mdp?, states)?),
            None => None,
        };
        Ok(Self {
            method,
            epsilon: config.exploration.schedule(),
            alpha: config.step_size.schedule(),
            config,
            actions,
            second: if method == Method::DoubleQ {
                table.clone()
            } else {
                Vec::new()
            },
            table,
            lanes: vec![Lane::default(); setup.environments],
            optimum,
            rates: (0.0, 0.0, u64::MAX),
            errors: (0.0, 0),
        })
    }

    /// The action values, `[states, actions]`: the mean of both tables of double Q-learning.
    pub fn values(&self) -> Vec<f32> {
        if self.second.is_empty() {
            return self.table.clone();
        }
        let both = self.table.iter().zip(&self.second);
        both.map(|(a, b)| 0.5 * (a + b)).collect()
    }

    /// Root of the mean squared distance to the exact action values of the finite MDP, over the states
    /// that can be reached; `None` where it is not known.
    pub fn distance_to_optimum(&self) -> Option<f64> {
        let optimum = self.optimum.as_ref()?;
        let values = self.values();
        let squares = optimum
            .entries
            .iter()
            .map(|&entry| (f64::from(values[entry]) - optimum.values[entry]).powi(2));
        Some((squares.sum::<f64>() / optimum.entries.len() as f64).sqrt())
    }

    /// Takes ε and α from the clock.
    #[inline]
    fn set_rates(&mut self, clock: &Clock) {
        const STAIR: u64 = 16;
        let moment = clock.env_steps / STAIR * STAIR;
        if moment != self.rates.2 {
            let clock = Clock {
                env_steps: moment,
                ..*clock
            };
            self.rates = (
                self.epsilon.at(&clock),
                self.alpha.at(&clock) as f32,
                moment,
            );
        }
    }

    #[inline]
    fn row(&self, state: usize) -> std::ops::Range<usize> {
        state * self.actions..(state + 1) * self.actions
    }

    /// The action that is taken in a state.
    #[inline]
    fn choose(&self, state: usize, rng: &mut Stream) -> usize {
        let (row, epsilon) = (self.row(state), self.rates.0);
        // One number decides everything: within ε and above it, it is uniform.
        let drawn = rng.next_f64();
        if drawn < epsilon {
            let any = (drawn / epsilon * self.actions as f64) as u32;
            return (any as usize).min(self.actions - 1);
        }
        let share = (drawn - epsilon) / (1.0 - epsilon);
        let values = &self.table[row.clone()];
        let best = if self.second.is_empty() {
            one_of_the_best(values.iter().copied(), share)
        } else {
            let both = values.iter().zip(&self.second[row]);
            one_of_the_best(both.map(|(a, b)| a + b), share)
        };
        // None is the best of values that are not numbers.
        best.min(self.actions - 1)
    }

    /// Moves an entry of a table towards a target.
    #[inline]
    fn learn(&mut self, entry: usize, second: bool, target: f32) {
        let table = if second {
            &mut self.second
        } else {
            &mut self.table
        };
        let error = target - table[entry];
        table[entry] += self.rates.1 * error;
        self.errors.0 += f64::from(error.abs());
        self.errors.1 += 1;
    }

    fn learn_sarsa(&mut self, lane: usize, n: usize, reward: f32, end: bool, bootstrap: f32) {
        let gamma = self.config.gamma as f32;
        let entry = self.lanes[lane].entry;
        self.lanes[lane].pending.push_back((entry, reward));
        while end || self.lanes[lane].pending.len() >= n {
            let target = self.lanes[lane].pending_return(gamma, bootstrap);
            match self.lanes[lane].pending.pop_front() {
                Some((entry, _)) => self.learn(entry, false, target),
                None => break,
            }
        }
    }
}

/// The largest of some numbers.
#[inline]
fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
}

/// The index of one of the largest numbers, the one at a share in `[0, 1)` of them.
#[inline]
fn one_of_the_best(values: impl Iterator<Item = f32> + Clone, share: f64) -> usize {
    let largest = largest(values.clone());
    let ties = values.clone().filter(|&value| value == largest).count();
    let rank = ((share * ties as f64) as u32 as usize).min(ties.saturating_sub(1));
    // Without a branch: which of them it is, is by chance.
    let mut seen = 0;
    values.fold(0, |index, value| {
        seen += usize::from(value == largest);
        index + usize::from(seen <= rank)
    })
}

impl Agent for Tabular {
    type Policy = TablePolicy;

    fn policy(&self) -> TablePolicy {
        TablePolicy::new(self.values(), self.actions)
    }
}

impl LearnsOnline for Tabular {
    fn start(
        &mut self,
        lane: usize,
        observation: &[f32],
        clock: &Clock,
        rng: &mut Stream,
        action: &mut [f32],
    ) {
        self.set_rates(clock);
        let state = observation[0] as usize;
        let chosen = self.choose(state, rng);
        self.lanes[lane].entry = state * self.actions + chosen;
        self.lanes[lane].pending.clear();
        action[0] = chosen as f32;
    }

    fn step(
        &mut self,
        lane: usize,
        reward: f32,
        status: Status,
        observation: &[f32],
        clock: &Clock,
        rng: &mut Stream,
        action: &mut [f32],
    ) -> Result<(), BoxError> {
        self.set_rates(clock);
        let state = observation[0] as usize;
        let gamma = self.config.gamma as f32;
        let entry = self.lanes[lane].entry;
        let row = self.row(state);
        // Nothing follows a termination; a truncated episode would have gone on.
        let follows = |value: f32| if status.bootstraps() { value } else { 0.0 };
        match self.method {
            Method::Q => {
                let best = largest(self.table[row].iter().copied());
                self.learn(entry, false, reward + gamma * follows(best));
            }
            Method::DoubleQ => {
                let second = rng.next_f64() < 0.5;
                let (own, other) = if second {
                    (&self.second, &self.table)
                } else {
                    (&self.table, &self.second)
                };
                let action = best(&own[row.clone()]);
                let value = other[row.start + action];
                self.learn(entry, second, reward + gamma * follows(value));
            }
            Method::ExpectedSarsa => {
                let row = &self.table[row];
                let best = largest(row.iter().copied());
                let mean = row.iter().sum::<f32>() / row.len() as f32;
                let epsilon = self.rates.0 as f32;
                let expected = (1.0 - epsilon) * best + epsilon * mean;
                self.learn(entry, false, reward + gamma * follows(expected));
            }
            Method::Sarsa(n) => {
                let next = if status.bootstraps() {
                    state * self.actions + self.choose(state, rng)
                } else {
                    0
                };
                let value = follows(self.table[next]);
                self.learn_sarsa(lane, n, reward, !status.continues(), value);
                if status.continues() {
                    self.lanes[lane].entry = next;
                    action[0] = (next - row.start) as f32;
                }
                return Ok(());
            }
        }
        if status.continues() {
            let chosen = self.choose(state, rng);
            self.lanes[lane].entry = state * self.actions + chosen;
            action[0] = chosen as f32;
        }
        Ok(())
    }

    fn report(&mut self, metrics: &mut Metrics) {
        let (sum, n) = std::mem::take(&mut self.errors);
        metrics.put("td_error", if n == 0 { f64::NAN } else { sum / n as f64 });
        metrics.put("epsilon", self.rates.0);
        metrics.put("learning_rate", self.rates.1.into());
        if let Some(distance) = self.distance_to_optimum() {
            metrics.put("q_error", distance);
        }
    }
}

impl State for Tabular {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("table", &self.table);
        if !self.second.is_empty() {
            out.f32s("second", &self.second);
        }
        let entries: Vec<u64> = self.lanes.iter().map(|lane| lane.entry as u64).collect();
        out.u64s("entries", &entries);
        let pending = || self.lanes.iter().flat_map(|lane| &lane.pending);
        let lengths: Vec<u64> = self.lanes.iter().map(|l| l.pending.len() as u64).collect();
        out.u64s("pending", &lengths);
        let entries: Vec<u64> = pending().map(|&(entry, _)| entry as u64).collect();
        out.u64s("pending_entries", &entries);
        let rewards: Vec<f32> = pending().map(|&(_, reward)| reward).collect();
        out.f32s("pending_rewards", &rewards);
        // They belong to a moment of an earlier update, perhaps.
        let (epsilon, alpha, moment) = self.rates;
        out.f64s("rates", &[epsilon, alpha.into()]);
        out.u64s("rates_moment", &[moment]);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("table", &mut self.table)?;
        if !self.second.is_empty() {
            from.f32s("second", &mut self.second)?;
        }
        let entry = |name: &str, entry: u64| {
            let index = usize::try_from(entry).unwrap_or(usize::MAX);
            if index < self.table.len() {
                return Ok(index);
            }
            let reason = format!("{entry} is no entry of a table of {}", self.table.len());
            Err(StateError::value(name, reason))
        };
        let mut entries = vec![0; self.lanes.len()];
        from.u64s("entries", &mut entries)?;
        let mut lengths = vec![0; self.lanes.len()];
        from.u64s("pending", &mut lengths)?;
        let total = from.length("pending_rewards").unwrap_or(0);
        let (mut pending, mut rewards) = (vec![0; total], vec![0.0; total]);
        from.u64s("pending_entries", &mut pending)?;
        from.f32s("pending_rewards", &mut rewards)?;
        if lengths.iter().copied().fold(0, u64::saturating_add) != total as u64 {
            let reason = format!("{lengths:?} are not together {total} steps");
            return Err(StateError::value("pending", reason));
        }
        let mut steps = pending.into_iter().zip(rewards);
        let mut lanes = Vec::with_capacity(self.lanes.len());
        for (first, length) in entries.into_iter().zip(lengths) {
            let pending = steps.by_ref().take(length as usize);
            lanes.push(Lane {
                entry: entry("entries", first)?,
                pending: pending
                    .map(|(index, reward)| Ok((entry("pending_entries", index)?, reward)))
                    .collect::<Result<_, StateError>>()?,
            });
        }
        let (mut rates, mut moment) = ([0.0; 2], [0]);
        from.f64s("rates", &mut rates)?;
        from.u64s("rates_moment", &mut moment)?;
        self.lanes = lanes;
        self.rates = (rates[0], rates[1] as f32, moment[0]);
        Ok(())
    }
}
