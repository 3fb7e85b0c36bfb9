//! Every estimator of the policy gradient, with every baseline, against the exact gradient of a
//! finite MDP: those that are unbiased agree with it, those that are biased are seen to be.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use rl_core::baselines::{
    Peers, batch_baseline, group_advantages, group_baseline, spread_over_steps, time_baseline,
};
use rl_core::finite_mdp::{
    FiniteMdp, FiniteMdpEnvironment, PolicyValues, SoftmaxPolicy, StateWeighting, TabularPolicy,
    garnet,
};
use rl_core::{
    End, Environment, GaeConfig, Status, Stream, ValuedSteps, discounted_return,
    discounted_reward_to_go, n_step_returns,
};

const GAMMA: f64 = 0.9;
/// Trajectories of a batch.
const BATCH: usize = 8;
/// Batches; each gives one estimate of the gradient.
const BATCHES: usize = 20_000;
/// Two-sided quantile of the normal distribution at 99.9 % over all the comparisons of this file
/// together: 15 estimators of 10 numbers each (Bonferroni).
const QUANTILE: f64 = 4.51;

/// Whole episodes, one after the other.
#[derive(Default)]
struct Batch {
    states: Vec<usize>,
    actions: Vec<usize>,
    rewards: Vec<f32>,
    /// Steps of each episode.
    lengths: Vec<usize>,
}

impl Batch {
    fn draw(
        environment: &mut FiniteMdpEnvironment,
        policy: &TabularPolicy,
        rng: &mut Stream,
    ) -> Self {
        let mut batch = Self::default();
        for _ in 0..BATCH {
            let mut state = environment.reset(rng).unwrap().state();
            for length in 1.. {
                let mut left = rng.next_f64();
                let chosen = policy.row(state).iter().position(|p| {
                    left -= p;
                    left < 0.0
                });
                let action = chosen.unwrap_or(policy.actions() - 1);
                let step = environment.step(&action, rng).unwrap();
                batch.states.push(state);
                batch.actions.push(action);
                batch.rewards.push(step.reward as f32);
                state = step.observation.state();
                if step.status == Status::Terminated {
                    batch.lengths.push(length);
                    break;
                }
            }
        }
        batch
    }

    /// The trajectories as ranges of steps.
    fn trajectories(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let mut start = 0;
        self.lengths.iter().map(move |length| {
            start += length;
            start - length..start
        })
    }

    /// An estimate per step, made trajectory by trajectory.
    fn per_trajectory(&self, mut estimate: impl FnMut(&[f32], &[usize], &mut [f32])) -> Vec<f32> {
        let mut out = vec![0.0; self.rewards.len()];
        for steps in self.trajectories() {
            let (rewards, states) = (&self.rewards[steps.clone()], &self.states[steps.clone()]);
            estimate(rewards, states, &mut out[steps]);
        }
        out
    }

    fn rewards_to_go(&self) -> Vec<f32> {
        self.per_trajectory(|rewards, _, out| discounted_reward_to_go(rewards, GAMMA, 0.0, out))
    }

    /// The discounted return of each trajectory.
    fn returns(&self) -> Vec<f32> {
        let rewards = |steps| discounted_return(&self.rewards[steps], GAMMA);
        self.trajectories().map(rewards).collect()
    }

    /// A number per trajectory, at each of its steps.
    fn spread(&self, per_trajectory: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.rewards.len()];
        spread_over_steps(per_trajectory, &self.lengths, &mut out);
        out
    }

    fn gae(&self, lambda: f64, values: &[f64]) -> Vec<f32> {
        let gae = GaeConfig {
            gamma: GAMMA,
            lambda,
        }
        .validate()
        .unwrap();
        self.per_trajectory(|rewards, states, out| {
            let values: Vec<f32> = states.iter().map(|&s| values[s] as f32).collect();
            gae.advantages(trajectory(rewards, &values), out);
        })
    }

    fn n_step(&self, n: usize, values: &[f64]) -> Vec<f32> {
        let n = NonZeroUsize::new(n).unwrap();
        self.per_trajectory(|rewards, states, out| {
            let values: Vec<f32> = states.iter().map(|&s| values[s] as f32).collect();
            n_step_returns(trajectory(rewards, &values), GAMMA, n, out);
            for (x, value) in out.iter_mut().zip(values) {
                *x -= value;
            }
        })
    }
}

/// A terminated trajectory: whatever value its final observation has is not read.
fn trajectory<'a>(rewards: &'a [f32], values: &'a [f32]) -> ValuedSteps<'a> {
    ValuedSteps::Trajectory {
        rewards,
        values,
        final_value: f32::NAN,
        end: End::Terminated,
    }
}

fn difference(a: Vec<f32>, b: Vec<f32>) -> Vec<f32> {
    a.into_iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The weight of the score of a step.
enum Weights {
    /// With the return of the whole trajectory, discounted from its start.
    Whole(Vec<f32>),
    /// With what follows the step, discounted from there: `γᵗ` is still to come.
    FromStep(Vec<f32>),
}
use Weights::{FromStep, Whole};

type Estimator = fn(&Batch, &PolicyValues) -> Weights;

const UNBIASED: [(&str, Estimator); 11] = [
    ("total return", |batch, _| {
        Whole(batch.spread(&batch.returns()))
    }),
    (
        "total return, mean of the other trajectories",
        |batch, _| {
            let returns = batch.returns();
            let mut baseline = vec![0.0; BATCH];
            group_baseline(&returns, Peers::Others, &mut baseline);
            Whole(batch.spread(&difference(returns, baseline)))
        },
    ),
    ("reward-to-go", |batch, _| FromStep(batch.rewards_to_go())),
    ("reward-to-go, batch mean of the others", |batch, _| {
        let returns = batch.rewards_to_go();
        let mut baseline = vec![0.0; returns.len()];
        batch_baseline(&returns, &batch.lengths, Peers::Others, &mut baseline);
        FromStep(difference(returns, baseline))
    }),
    (
        "reward-to-go, mean of the others at the time step",
        |batch, _| {
            let returns = batch.rewards_to_go();
            let mut baseline = vec![0.0; returns.len()];
            time_baseline(&returns, &batch.lengths, Peers::Others, &mut baseline);
            FromStep(difference(returns, baseline))
        },
    ),
    ("reward-to-go, value function", |batch, exact| {
        let values = batch.states.iter().map(|&s| exact.values[s] as f32);
        FromStep(difference(batch.rewards_to_go(), values.collect()))
    }),
    ("GAE(0) on the exact value function", |batch, exact| {
        FromStep(batch.gae(0.0, &exact.values))
    }),
    ("GAE(0.95) on the exact value function", |batch, exact| {
        FromStep(batch.gae(0.95, &exact.values))
    }),
    ("GAE(1) on a wrong value function", |batch, exact| {
        let wrong: Vec<f64> = exact.values.iter().map(|value| 3.0 - value).collect();
        FromStep(batch.gae(1.0, &wrong))
    }),
    (
        "1-step return on the exact value function",
        |batch, exact| FromStep(batch.n_step(1, &exact.values)),
    ),
    (
        "3-step return on the exact value function",
        |batch, exact| FromStep(batch.n_step(3, &exact.values)),
    ),
];

const BIASED: [(&str, Estimator); 4] = [
    ("total return, mean of all trajectories", |batch, _| {
        let returns = batch.returns();
        let mut baseline = vec![0.0; BATCH];
        group_baseline(&returns, Peers::All, &mut baseline);
        Whole(batch.spread(&difference(returns, baseline)))
    }),
    (
        "total return, divided by the group's deviation",
        |batch, _| {
            let mut advantages = vec![0.0; BATCH];
            group_advantages(&batch.returns(), &mut advantages);
            Whole(batch.spread(&advantages))
        },
    ),
    ("GAE(0) on a wrong value function", |batch, exact| {
        let wrong: Vec<f64> = exact.values.iter().map(|value| 3.0 - value).collect();
        FromStep(batch.gae(0.0, &wrong))
    }),
    (
        "reward-to-go without the discount of its time",
        |batch, _| {
            // As most implementations have it: steps count alike, however late.
            Whole(batch.rewards_to_go())
        },
    ),
];

/// Mean and standard error of each number of the gradient.
fn estimate(
    estimator: Estimator,
    mdp: &FiniteMdp,
    softmax: &SoftmaxPolicy,
    batches: &[Batch],
) -> Vec<(f64, f64)> {
    let exact = mdp.evaluate(&softmax.probabilities()).unwrap();
    let size = mdp.states() * mdp.actions();
    let (mut sums, mut squares) = (vec![0.0; size], vec![0.0; size]);
    for batch in batches {
        let weights = estimator(batch, &exact);
        let mut gradient = vec![0.0; size];
        for steps in batch.trajectories() {
            let mut discount = 1.0;
            for t in steps {
                let weight = match &weights {
                    Whole(weights) => f64::from(weights[t]),
                    FromStep(weights) => discount * f64::from(weights[t]),
                };
                let (state, action) = (batch.states[t], batch.actions[t]);
                softmax.add_score(state, action, weight / BATCH as f64, &mut gradient);
                discount *= GAMMA;
            }
        }
        for ((sum, square), x) in sums.iter_mut().zip(&mut squares).zip(gradient) {
            *sum += x;
            *square += x * x;
        }
    }
    let n = batches.len() as f64;
    let moments = sums.into_iter().zip(squares).map(|(sum, square)| {
        let mean = sum / n;
        (mean, ((square / n - mean * mean) / n).sqrt())
    });
    moments.collect()
}

fn setting() -> (FiniteMdp, SoftmaxPolicy, Vec<Batch>) {
    let mut rng = Stream::from_seed(11);
    let mdp = garnet(5, 2, 3, 1, GAMMA, &mut rng).unwrap();
    let logits = (0..10).map(|_| rng.uniform(-1.0, 1.0)).collect();
    let softmax = SoftmaxPolicy::new(5, 2, logits).unwrap();
    let policy = softmax.probabilities();
    let mut environment = FiniteMdpEnvironment::new(mdp.clone()).unwrap();
    let batches = (0..BATCHES)
        .map(|_| Batch::draw(&mut environment, &policy, &mut rng))
        .collect();
    (mdp, softmax, batches)
}

/// The largest distance from the exact gradient, in standard errors.
fn distance(estimates: &[(f64, f64)], exact: &[f64]) -> f64 {
    let distances = estimates.iter().zip(exact).map(|((mean, error), exact)| {
        // Terminal states have no score.
        if *error == 0.0 {
            assert_eq!((*mean, *exact), (0.0, 0.0));
            return 0.0;
        }
        (mean - exact).abs() / error
    });
    distances.fold(0.0, f64::max)
}

#[test]
fn the_mean_of_an_unbiased_estimator_is_the_exact_gradient_and_of_a_biased_one_is_not() {
    let (mdp, softmax, batches) = setting();
    let exact = mdp
        .policy_gradient(&softmax, StateWeighting::Discounted)
        .unwrap();
    for (name, estimator) in UNBIASED {
        let distance = distance(&estimate(estimator, &mdp, &softmax, &batches), &exact);
        println!("{name}: {distance:.1} standard errors off");
        assert!(
            distance < QUANTILE,
            "{name}: {distance} standard errors off"
        );
    }
    for (name, estimator) in BIASED {
        let distance = distance(&estimate(estimator, &mdp, &softmax, &batches), &exact);
        println!("biased: {name}: {distance:.1} standard errors off");
        assert!(
            distance > QUANTILE,
            "{name}: {distance} standard errors off"
        );
    }
}

#[test]
fn rewards_to_go_and_baselines_lower_the_variance() {
    let (mdp, softmax, batches) = setting();
    let variance = |name: &str| -> f64 {
        let (_, estimator) = UNBIASED.iter().find(|(other, _)| *other == name).unwrap();
        let estimates = estimate(*estimator, &mdp, &softmax, &batches);
        estimates.iter().map(|(_, error)| error * error).sum()
    };
    let (total, to_go) = (variance("total return"), variance("reward-to-go"));
    assert!(to_go < 0.9 * total, "{to_go} {total}");
    for name in [
        "reward-to-go, value function",
        "GAE(0.95) on the exact value function",
    ] {
        assert!(variance(name) < 0.9 * to_go, "{name}");
    }
}
