//! Environment of a finite MDP.

use std::sync::Arc;

use super::mdp::FiniteMdp;
use crate::space::SpaceError;
use crate::{Discrete, Environment, EnvironmentError, Flat, Space, Status, Step, Stream};

/// Environment whose transitions and rewards are those of a [`FiniteMdp`].
///
/// | | |
/// |---|---|
/// | observation | the state, one-hot, `[states]` |
/// | action | one of the MDP's |
/// | reward | `R(s,a)`, not discounted |
/// | reset | a state drawn from the initial distribution |
/// | terminated | on arrival in a terminal state |
///
/// A reset and a step draw one random number each. Episodes are never truncated; where a policy may
/// never reach a terminal state, wrap the environment in a time limit. Clones share the tables.
#[derive(Clone, Debug)]
pub struct FiniteMdpEnvironment {
    mdp: Arc<FiniteMdp>,
    action_space: Space,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    NotStarted,
    Running(usize),
    Over(usize),
}

/// A state as a one-hot vector, `[states]`: 1 at the index of the state, 0 elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneHot {
    states: usize,
    state: usize,
}

impl OneHot {
    /// The state.
    pub fn state(&self) -> usize {
        self.state
    }
}

impl Flat for OneHot {
    fn flat_len(&self) -> usize {
        self.states
    }

    fn write(&self, flat: &mut [f32]) {
        assert_eq!(flat.len(), self.states, "a number for each state");
        flat.fill(0.0);
        flat[self.state] = 1.0;
    }

    fn read(flat: &[f32]) -> Option<Self> {
        state_of(flat).map(|state| Self {
            states: flat.len(),
            state,
        })
    }
}

/// The state that a one-hot observation stands for; `None` if it is not one-hot.
pub fn state_of(observation: &[f32]) -> Option<usize> {
    let state = observation.iter().position(|&x| x != 0.0)?;
    let (one, rest) = observation[state..].split_first()?;
    (*one == 1.0 && rest.iter().all(|&x| x == 0.0)).then_some(state)
}

impl FiniteMdpEnvironment {
    /// The environment of an MDP.
    ///
    /// # Errors
    /// [`SpaceError::Size`] for more actions than `f32` tells apart.
    pub fn new(mdp: FiniteMdp) -> Result<Self, SpaceError> {
        Ok(Self {
            action_space: Space::Discrete(Discrete::new(mdp.actions())?),
            mdp: Arc::new(mdp),
            phase: Phase::NotStarted,
        })
    }

    /// The MDP.
    pub fn mdp(&self) -> &FiniteMdp {
        &self.mdp
    }

    /// The current state, or the last one of an episode that is over; `None` before the first
    /// reset.
    pub fn state(&self) -> Option<usize> {
        match self.phase {
            Phase::NotStarted => None,
            Phase::Running(state) | Phase::Over(state) => Some(state),
        }
    }

    fn observe(&self, state: usize) -> OneHot {
        OneHot {
            states: self.mdp.states(),
            state,
        }
    }
}

impl Environment for FiniteMdpEnvironment {
    type Observation = OneHot;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::within(vec![(0.0, 1.0); self.mdp.states()])
    }

    fn action_space(&self) -> Space {
        self.action_space.clone()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<OneHot, EnvironmentError> {
        let state = draw(self.mdp.initial(), rng);
        self.phase = Phase::Running(state);
        Ok(self.observe(state))
    }

    fn step(&mut self, action: &usize, rng: &mut Stream) -> Result<Step<OneHot>, EnvironmentError> {
        let state = match self.phase {
            Phase::NotStarted => return Err(EnvironmentError::NotReset),
            Phase::Over(_) => return Err(EnvironmentError::EpisodeOver),
            Phase::Running(state) => state,
        };
        if *action >= self.mdp.actions() {
            return Err(EnvironmentError::outside(action, &self.action_space));
        }
        let next = draw(self.mdp.transition(state, *action), rng);
        let status = if self.mdp.is_terminal(next) {
            self.phase = Phase::Over(next);
            Status::Terminated
        } else {
            self.phase = Phase::Running(next);
            Status::Running
        };
        Ok(Step {
            observation: self.observe(next),
            reward: self.mdp.reward(state, *action),
            status,
        })
    }

    /// The phase (0 before the first reset, 1 in an episode, 2 after one) and the state.
    fn save_state(&self) -> Option<Vec<f64>> {
        Some(match self.phase {
            Phase::NotStarted => vec![0.0, 0.0],
            Phase::Running(state) => vec![1.0, state as f64],
            Phase::Over(state) => vec![2.0, state as f64],
        })
    }

    fn restore_state(&mut self, saved: &[f64]) -> Result<(), EnvironmentError> {
        let states = self.mdp.states();
        let refused = || {
            let reason = format!("{saved:?} is no phase from 0 to 2 with one of {states} states");
            EnvironmentError::state(reason)
        };
        let &[phase, state] = saved else {
            return Err(refused());
        };
        let index = state as usize;
        if index >= states || index as f64 != state {
            return Err(refused());
        }
        self.phase = match phase {
            0.0 => Phase::NotStarted,
            1.0 => Phase::Running(index),
            2.0 => Phase::Over(index),
            _ => return Err(refused()),
        };
        Ok(())
    }
}

/// An index drawn by the probabilities, from one random number.
pub(super) fn draw(probabilities: &[f64], rng: &mut Stream) -> usize {
    let mut left = rng.next_f64();
    let mut last = 0;
    for (index, &probability) in probabilities.iter().enumerate() {
        if probability > 0.0 {
            if left < probability {
                return index;
            }
            left -= probability;
            last = index;
        }
    }
    // Rounding may leave a rest, which goes to the last possible index.
    last
}

#[cfg(test)]
mod tests {
    use super::super::{SoftmaxPolicy, StateWeighting, chain, garnet};
    use super::*;
    use crate::{CollectConfig, Episodes, discounted_reward_to_go, run_episode};

    fn flat(observation: OneHot) -> Vec<f32> {
        let mut flat = vec![f32::NAN; observation.flat_len()];
        observation.write(&mut flat);
        flat
    }

    #[test]
    fn an_observation_is_the_state_one_hot() {
        let mut environment = FiniteMdpEnvironment::new(chain(3, 1.0).unwrap()).unwrap();
        let rng = &mut Stream::from_seed(0);
        assert_eq!(environment.state(), None);
        assert_eq!(flat(environment.reset(rng).unwrap()), [1.0, 0.0, 0.0]);
        let step = environment.step(&1, rng).unwrap();
        assert_eq!(flat(step.observation), [0.0, 1.0, 0.0]);
        assert_eq!((step.reward, step.status), (0.0, Status::Running));
        let step = environment.step(&1, rng).unwrap();
        assert_eq!(flat(step.observation), [0.0, 0.0, 1.0]);
        assert_eq!(step.observation.state(), 2);
        assert_eq!((step.reward, step.status), (1.0, Status::Terminated));
        assert_eq!(environment.state(), Some(2));
    }

    #[test]
    fn every_observation_lies_in_its_space_and_stands_for_its_state() {
        let mdp = garnet(5, 2, 3, 1, 1.0, &mut Stream::from_seed(3)).unwrap();
        let environment = FiniteMdpEnvironment::new(mdp).unwrap();
        for state in 0..5 {
            let observation = environment.observe(state);
            let flat = flat(observation);
            assert!(environment.observation_space().contains(&flat));
            assert_eq!(state_of(&flat), Some(state));
            assert_eq!(OneHot::read(&flat), Some(observation));
        }
        for other in [&[][..], &[0.0, 0.0], &[1.0, 1.0], &[0.5, 0.0], &[f32::NAN]] {
            assert_eq!(state_of(other), None);
        }
    }

    #[test]
    fn misuse_is_an_error_that_leaves_no_trace() {
        let mut environment = FiniteMdpEnvironment::new(chain(2, 1.0).unwrap()).unwrap();
        let mut rng = Stream::from_seed(0);
        let before = rng.clone();
        let step = environment.step(&1, &mut rng);
        assert_eq!(step, Err(EnvironmentError::NotReset));
        assert_eq!(rng, before);
        environment.reset(&mut rng).unwrap();
        let before = rng.clone();
        assert_eq!(
            environment.step(&2, &mut rng).unwrap_err().to_string(),
            "action 2 is outside the action space Discrete(2)"
        );
        assert_eq!((&rng, environment.state()), (&before, Some(0)));
        environment.step(&1, &mut rng).unwrap();
        let before = rng.clone();
        let step = environment.step(&1, &mut rng);
        assert_eq!(step, Err(EnvironmentError::EpisodeOver));
        assert_eq!((rng, environment.state()), (before, Some(1)));
    }

    #[test]
    fn the_mean_of_sampled_returns_is_the_expected_return() {
        let mut rng = Stream::from_seed(1);
        let mdp = garnet(6, 3, 6, 1, 1.0, &mut rng).unwrap();
        let logits = (0..18).map(|_| rng.uniform(-1.0, 1.0)).collect();
        let mut policy = SoftmaxPolicy::new(6, 3, logits).unwrap().probabilities();
        let expected = mdp.expected_return(&policy).unwrap();
        let mut environment = FiniteMdpEnvironment::new(mdp).unwrap();
        let n = 50_000.0;
        let (mut sum, mut squares) = (0.0, 0.0);
        let mut action_rng = Stream::from_seed(2);
        for _ in 0..n as usize {
            let episode = run_episode(&mut environment, &mut policy, &mut rng, &mut action_rng);
            let sampled = episode.unwrap().total_reward;
            sum += sampled;
            squares += sampled * sampled;
        }
        let mean: f64 = sum / n;
        let standard_error = ((squares / n - mean * mean) / n).sqrt();
        // 99.9 % of a normal distribution lies within 3.3 standard deviations.
        assert!(
            (mean - expected).abs() < 3.3 * standard_error,
            "{mean} {expected}"
        );
        // The interval does not contain 0.
        assert!(
            expected.abs() > 10.0 * standard_error,
            "{expected} {standard_error}"
        );
    }

    #[test]
    fn next_states_are_drawn_by_their_probabilities() {
        let mut rng = Stream::from_seed(4);
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            counts[draw(&[0.0, 0.25, 0.5, 0.25, 0.0], &mut rng)] += 1;
        }
        // 99.9 % of a binomial(10000, 1/4) lies within 3.3 standard deviations of 43.3.
        assert!(counts[1].abs_diff(2500) < 143, "{counts:?}");
        assert!(counts[3].abs_diff(2500) < 143, "{counts:?}");
        assert_eq!((counts[0], counts[4]), (0, 0));
    }

    #[test]
    fn the_mean_of_sampled_policy_gradients_is_the_exact_one() {
        let mut rng = Stream::from_seed(6);
        let mdp = garnet(4, 2, 4, 1, 0.8, &mut rng).unwrap();
        let logits = (0..8).map(|_| rng.uniform(-1.0, 1.0)).collect();
        let policy = SoftmaxPolicy::new(4, 2, logits).unwrap();
        for weighting in [StateWeighting::Discounted, StateWeighting::Undiscounted] {
            let exact = mdp.policy_gradient(&policy, weighting).unwrap();
            let weight: f64 = match weighting {
                StateWeighting::Discounted => mdp.gamma(),
                StateWeighting::Undiscounted => 1.0,
            };
            let made = mdp.clone();
            let config = CollectConfig::new(move || FiniteMdpEnvironment::new(made.clone()));
            let mut episodes = Episodes::new(config.seed(7), 400_000).unwrap();
            let collection = episodes.collect(&policy.probabilities(), 400_000);
            let (mut n, mut sum, mut squares) = (0.0, [0.0; 8], [0.0; 8]);
            for trajectory in collection.unwrap().trajectories.iter() {
                // Williams 1992: each score is weighted by the discounted reward-to-go.
                let (mut sampled, mut returns) = ([0.0; 8], vec![0.0; trajectory.len()]);
                discounted_reward_to_go(trajectory.rewards, mdp.gamma(), 0.0, &mut returns);
                for (t, observation) in trajectory.observations.chunks_exact(4).enumerate() {
                    let (state, action) = (state_of(observation).unwrap(), trajectory.actions[t]);
                    let weight = weight.powi(t as i32) * f64::from(returns[t]);
                    policy.add_score(state, action as usize, weight, &mut sampled);
                }
                n += 1.0;
                for i in 0..8 {
                    sum[i] += sampled[i];
                    squares[i] += sampled[i] * sampled[i];
                }
            }
            // 99.9 % of 8 standard normal numbers lie within 3.9 together; those of the terminal
            // state, the last two, are 0.
            for i in 0..8 {
                let mean: f64 = sum[i] / n;
                let standard_error = ((squares[i] / n - mean * mean) / n).sqrt();
                assert!(
                    (mean - exact[i]).abs() <= 3.9 * standard_error,
                    "{weighting:?} {i}"
                );
            }
        }
    }

    #[test]
    fn experience_is_collected_as_from_any_environment() {
        let environment = FiniteMdpEnvironment::new(chain(4, 1.0).unwrap()).unwrap();
        let policy = SoftmaxPolicy::zeros(4, 2).unwrap().probabilities();
        let config = CollectConfig::new(move || environment.clone()).environments(3);
        let mut episodes = Episodes::new(config, 100).unwrap();
        let collection = episodes.collect(&policy, 100).unwrap();
        for trajectory in collection.trajectories.iter() {
            assert_eq!(state_of(trajectory.final_observation), Some(3));
            assert_eq!(trajectory.rewards.iter().sum::<f32>(), 1.0);
        }
    }

    #[test]
    fn a_draw_at_the_end_of_a_probability_belongs_to_the_next() {
        let drawn = Stream::from_seed(0).next_f64();
        let draw = |probabilities: &[f64]| draw(probabilities, &mut Stream::from_seed(0));
        assert_eq!(draw(&[drawn, 1.0 - drawn]), 1);
        assert_eq!(draw(&[drawn + 1e-9, 1.0 - drawn]), 0);
        assert_eq!(draw(&[0.0, 1.0, 0.0]), 1);
        // What rounding leaves goes to the last that is possible.
        assert_eq!(draw(&[0.1, 0.1, 0.0]), 1);
    }
}
