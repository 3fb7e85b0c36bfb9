//! Tests of replay against a list of everything that happened.

use proptest::prelude::*;
use rl_core::{Snapshot, State, Status};

use super::*;

/// Number that says which step of which environment an observation is of.
fn mark(environment: usize, t: usize) -> f32 {
    (environment * 1000 + t) as f32
}

/// Everything that happened: reward and status of each step `t` of each environment.
type Story = Vec<Vec<(f32, Status)>>;

fn stories() -> impl Strategy<Value = Story> {
    let status = prop_oneof![
        4 => Just(Status::Running),
        1 => Just(Status::Terminated),
        1 => Just(Status::Truncated),
    ];
    let step = (-3.0_f32..3.0, status);
    (1_usize..4, 1_usize..40).prop_flat_map(move |(environments, steps)| {
        prop::collection::vec(prop::collection::vec(step.clone(), steps), environments)
    })
}

/// Takes in a story. The observation of step `t` is its mark, and the one after it that of `t` plus
/// a half, which no other step has.
fn push(replay: &mut Replay, story: &Story) {
    for t in 0..story[0].len() {
        for (environment, steps) in story.iter().enumerate() {
            let (reward, status) = steps[t];
            let observation = [mark(environment, t)];
            replay.push(Transition {
                observation: &observation,
                action: (t % 3) as f32,
                reward,
                status,
                next_observation: &[observation[0] + 0.5],
            });
        }
    }
}

/// Reward over up to `n` steps from step `t`, factor of the value after them, and observation there.
fn reference(steps: &[(f32, Status)], t: usize, n: usize, gamma: f64) -> (f64, f64, usize) {
    let (mut sum, mut factor) = (0.0, 1.0);
    for (k, &(reward, status)) in steps[t..].iter().take(n).enumerate() {
        sum += factor * f64::from(reward);
        factor *= gamma;
        match status {
            Status::Terminated => return (sum, 0.0, t + k),
            Status::Truncated => return (sum, factor, t + k),
            Status::Running if k + 1 == n || t + k + 1 == steps.len() => {
                return (sum, factor, t + k);
            }
            Status::Running => {}
        }
    }
    unreachable!("a step at least")
}

proptest! {
    #[test]
    fn rewards_over_n_steps_equal_those_of_the_whole_story(
        story in stories(), rounds in 1_usize..40, n_step in 1_usize..6,
        gamma in 0.0..=1.0_f64, prioritised: bool,
    ) {
        let environments = story.len();
        let mut replay = Replay::new(rounds * environments, environments, 1, 3).unwrap();
        if prioritised {
            let config = Prioritization { exponent: 0.6, epsilon: 1e-3 };
            replay = replay.prioritized(config).unwrap();
        }
        push(&mut replay, &story);
        let mut sample = Sample::default();
        replay.sample(Draw { size: 64, n_step, gamma, beta: 0.5 }, &mut sample);
        prop_assert_eq!(sample.len(), 64);
        for row in 0..64 {
            let found = sample.observations[row] as usize;
            let (environment, t) = (found / 1000, found % 1000);
            let steps = &story[environment];
            prop_assert!(t + rounds >= steps.len(), "an overwritten transition");
            prop_assert_eq!(sample.actions[row], (t % 3) as f32);
            let (reward, discount, last) = reference(steps, t, n_step, gamma);
            prop_assert!((f64::from(sample.rewards[row]) - reward).abs() < 1e-5);
            prop_assert!((f64::from(sample.discounts[row]) - discount).abs() < 1e-6);
            prop_assert_eq!(sample.next_observations[row], mark(environment, last) + 0.5);
        }
    }

    #[test]
    fn a_buffer_taken_up_again_draws_the_same(
        story in stories(), rounds in 1_usize..40, prioritised: bool,
    ) {
        let environments = story.len();
        let make = || {
            let replay = Replay::new(rounds * environments, environments, 1, 3).unwrap();
            let config = Prioritization { exponent: 0.6, epsilon: 1e-3 };
            if prioritised { replay.prioritized(config).unwrap() } else { replay }
        };
        let (mut replay, mut sample) = (make(), Sample::default());
        let draw = Draw { size: 16, n_step: 3, gamma: 0.9, beta: 0.5 };
        push(&mut replay, &story);
        replay.sample(draw, &mut sample);
        let errors: Vec<f32> = sample.rewards.clone();
        replay.set_priorities(&sample, &errors).unwrap();
        let mut snapshot = Snapshot::default();
        replay.save(&mut snapshot);
        let mut other = make();
        other.load(&snapshot).unwrap();
        prop_assert_eq!(&other, &replay);
        let mut again = Sample::default();
        for _ in 0..3 {
            push(&mut replay, &story);
            push(&mut other, &story);
            replay.sample(draw, &mut sample);
            other.sample(draw, &mut again);
            prop_assert_eq!(&again, &sample);
        }
    }
}

/// A buffer of `n` transitions of one environment, whose observations are 0, 1, …
fn numbered(n: usize, prioritization: Option<Prioritization>) -> Replay {
    let mut replay = Replay::new(n, 1, 1, 0).unwrap();
    if let Some(config) = prioritization {
        replay = replay.prioritized(config).unwrap();
    }
    push(&mut replay, &vec![vec![(1.0, Status::Running); n]]);
    replay
}

fn drawn(replay: &mut Replay, size: usize, beta: f64) -> Sample {
    let (mut sample, n_step, gamma) = (Sample::default(), 1, 0.9);
    let draw = Draw {
        size,
        n_step,
        gamma,
        beta,
    };
    replay.sample(draw, &mut sample);
    sample
}

/// Shares of the transitions among many draws.
fn shares(replay: &mut Replay, n: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n];
    for _ in 0..1000 {
        for &x in &drawn(replay, 100, 0.0).observations {
            counts[x as usize] += 1e-5;
        }
    }
    counts
}

const PROPORTIONAL: Prioritization = Prioritization {
    exponent: 0.5,
    epsilon: 1e-6,
};

#[test]
fn uniform_draws_are_uniform_over_a_part_filled_and_a_full_buffer() {
    let mut replay = numbered(10, None);
    // Standard error of a share p of 10⁵ draws: √(p(1-p)/10⁵) = 9.5e-4 for p = 0.1; five of them.
    for share in shares(&mut replay, 10) {
        assert!((share - 0.1).abs() < 5e-3, "{share}");
    }
    let mut part = Replay::new(1000, 1, 1, 0).unwrap();
    push(&mut part, &vec![vec![(1.0, Status::Running); 5]]);
    for share in shares(&mut part, 5) {
        assert!((share - 0.2).abs() < 7e-3, "{share}");
    }
}

/// Transitions 0 to 3, prioritised by the errors -1, -4, -9 and -16.
fn of_squared_errors() -> Replay {
    let mut replay = numbered(4, Some(PROPORTIONAL));
    // Often enough that every transition is drawn.
    for _ in 0..20 {
        let sample = drawn(&mut replay, 16, 0.0);
        let errors = sample.observations.iter();
        let errors: Vec<f32> = errors.map(|x| -(x + 1.0) * (x + 1.0)).collect();
        replay.set_priorities(&sample, &errors).unwrap();
    }
    replay
}

#[test]
fn shares_of_prioritised_draws_are_those_of_the_priorities_raised_once() {
    let mut replay = of_squared_errors();
    for (i, share) in shares(&mut replay, 4).into_iter().enumerate() {
        // √p: 1, 2, 3, 4 of 10; the draws are stratified, which only lowers the error.
        assert!((share - (i + 1) as f64 / 10.0).abs() < 8e-3, "{i} {share}");
    }
}

#[test]
fn importance_weights_undo_the_probabilities_and_the_rarest_has_weight_one() {
    let mut replay = of_squared_errors();
    for beta in [0.0, 0.4, 1.0] {
        let sample = drawn(&mut replay, 64, beta);
        for (&x, &weight) in sample.observations.iter().zip(&sample.weights) {
            // (N P)^-β over the largest: N = 4, P = (x + 1)/10, the largest that of P = 1/10.
            let of = |p: f64| (4.0 * p).powf(-beta);
            let expected = of(f64::from(x + 1.0) / 10.0) / of(0.1);
            assert!((f64::from(weight) - expected).abs() < 1e-6, "{x} {weight}");
        }
    }
}

#[test]
fn weighted_prioritised_draws_have_the_mean_of_uniform_ones() {
    let mut replay = of_squared_errors();
    let (mut sum, mut weights) = (0.0, 0.0);
    for _ in 0..2000 {
        let sample = drawn(&mut replay, 50, 1.0);
        for (&x, &weight) in sample.observations.iter().zip(&sample.weights) {
            sum += f64::from(x * weight);
            weights += f64::from(weight);
        }
    }
    // Of 0, 1, 2 and 3; the deviation of a weighted draw is below 1.5, and there are 10⁵.
    assert!((sum / weights - 1.5).abs() < 5.0 * 1.5 / 1e5_f64.sqrt());
}

#[test]
fn a_new_transition_gets_the_largest_priority_so_far_even_after_that_one_is_gone() {
    let mut replay = numbered(2, Some(PROPORTIONAL));
    let sample = drawn(&mut replay, 64, 0.0);
    replay.set_priorities(&sample, &[2.5; 64]).unwrap();
    let sample = drawn(&mut replay, 64, 0.0);
    replay.set_priorities(&sample, &[0.5; 64]).unwrap();
    push(&mut replay, &vec![vec![(1.0, Status::Running); 1]]);
    // √2.5 against √0.5: the weight at β = 1 of the newest is √0.2.
    let sample = drawn(&mut replay, 64, 1.0);
    let newest = sample.observations.iter().position(|&x| x == 0.0);
    let weight = sample.weights[newest.unwrap()];
    assert!((weight - 0.2_f32.sqrt()).abs() < 1e-4, "{weight}");
}

#[test]
fn priorities_of_overwritten_transitions_are_not_set() {
    let mut replay = numbered(4, Some(PROPORTIONAL));
    let sample = drawn(&mut replay, 64, 0.0);
    push(&mut replay, &vec![vec![(1.0, Status::Running); 3]]);
    let before = replay.clone();
    let (mut overwritten, mut kept) = (sample.clone(), sample);
    let is_kept = |x: f32| x == 3.0;
    overwritten.slots.retain(|&slot| !is_kept(slot as f32));
    kept.slots.retain(|&slot| is_kept(slot as f32));
    replay.set_priorities(&overwritten, &[9.0; 64]).unwrap();
    assert_eq!(replay, before);
    replay.set_priorities(&kept, &[9.0; 64]).unwrap();
    assert_ne!(replay, before);
}

#[test]
fn an_error_that_is_not_finite_is_refused_with_its_row() {
    let mut replay = numbered(4, Some(PROPORTIONAL));
    let sample = drawn(&mut replay, 3, 0.0);
    let error = replay.set_priorities(&sample, &[0.0, f32::NAN, 1.0]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the TD error of drawn transition 1 is NaN: it has no priority"
    );
}

#[test]
fn sizes_and_exponents_out_of_their_range_are_refused_by_name() {
    let message = |size, environments| {
        Replay::new(size, environments, 4, 0)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message(7, 8),
        "buffer_size = 7 is out of range: allowed is a number from 8 to 2147483647"
    );
    assert!(message(usize::MAX, 1).starts_with("buffer_size = "));
    let message = |exponent, epsilon| {
        let config = Prioritization { exponent, epsilon };
        let replay = Replay::new(8, 1, 4, 0).unwrap();
        replay.prioritized(config).unwrap_err().to_string()
    };
    for (exponent, epsilon, start) in [
        (1.5, 1e-6, "priority_exponent = 1.5"),
        (-0.1, 1e-6, "priority_exponent = -0.1"),
        (0.6, 0.0, "priority_epsilon = 0"),
    ] {
        assert!(message(exponent, epsilon).starts_with(start));
    }
}

#[test]
fn a_state_of_another_size_is_refused_with_both_sizes() {
    let mut snapshot = Snapshot::default();
    numbered(5, None).save(&mut snapshot);
    let error = numbered(6, None).load(&snapshot).unwrap_err().to_string();
    assert_eq!(
        error,
        "'buffer' of the saved state: buffer_size is 5 transitions; 6 are asked for here"
    );
}
