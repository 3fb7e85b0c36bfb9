//! One environment alone, in a batch and in SIMD registers: the same bits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rl_core::error::BatchError;
use rl_core::{
    BatchEnvironment, Environment, EnvironmentError, EnvironmentSource, Flat, Purpose, ScalarBatch,
    Space, Status, StepBuffers, Stream,
};
use rl_envs::physics::Physics;
use rl_envs::simd::{
    AcrobotPhysics, CartPolePhysics, MountainCarContinuousPhysics, MountainCarPhysics,
    PendulumPhysics, Simulation,
};
use rl_envs::{CartPole, EnvironmentId, SimdBatch, TimeLimit};

/// Steps of each environment: enough for dozens of episodes.
const STEPS: usize = 10_000;

fn streams(seed: u64, indices: std::ops::Range<usize>) -> Vec<Stream> {
    indices
        .map(|i| Stream::derive(seed, Purpose::Environment, i as u32))
        .collect()
}

/// Random actions for one step, some of a box's beyond its bounds.
fn draw_actions(space: &Space, rng: &mut Stream, actions: &mut [f32]) {
    for action in actions {
        *action = match space {
            Space::Discrete(space) => space.sample(rng) as f32,
            Space::Box(space) => {
                1.5 * rng.uniform(space.low()[0].into(), space.high()[0].into()) as f32
            }
        };
    }
}

/// Everything a step writes, as bits.
fn bits(buffers: &StepBuffers) -> Vec<u64> {
    let single = |x: &f32| u64::from(x.to_bits());
    let ends = buffers.statuses.iter().zip(&buffers.episode_lengths);
    (buffers.observations.iter().map(single))
        .chain(buffers.final_observations.iter().map(single))
        .chain(buffers.rewards.iter().map(|x| x.to_bits()))
        .chain(buffers.episode_returns.iter().map(|x| x.to_bits()))
        .chain(ends.map(|(&status, &length)| ((status as u64) << 32) + length as u64))
        .collect()
}

/// Steps environment `i` alone, as a user would, and writes what a batch should.
struct Alone<E> {
    environment: E,
    rng: Stream,
    total: f64,
    length: usize,
}

impl<E: Environment> Alone<E> {
    fn step(&mut self, i: usize, action: f32, expected: &mut StepBuffers) {
        let dim = expected.observations.len() / expected.rewards.len();
        let row = i * dim..(i + 1) * dim;
        let action = E::Action::read(&[action]).unwrap();
        let step = self.environment.step(&action, &mut self.rng).unwrap();
        self.total += step.reward;
        self.length += 1;
        expected.rewards[i] = step.reward;
        expected.statuses[i] = step.status;
        step.observation
            .write(&mut expected.observations[row.clone()]);
        if step.status != Status::Running {
            step.observation
                .write(&mut expected.final_observations[row.clone()]);
            expected.episode_returns[i] = self.total;
            expected.episode_lengths[i] = self.length;
            let first = self.environment.reset(&mut self.rng).unwrap();
            first.write(&mut expected.observations[row]);
            (self.total, self.length) = (0.0, 0);
        }
    }
}

fn assert_all_forms_agree<P, const S: usize, const O: usize>(
    max_steps: usize,
    n: usize,
    seed: u64,
) -> Result<(), TestCaseError>
where
    P: Physics<S, O> + Default + 'static,
{
    let make = || TimeLimit::new(Simulation::<P, S, O>::new(), max_steps);
    let simd = |indices| SimdBatch::new(&make(), streams(seed, indices));
    let generic = |indices| ScalarBatch::new(make, streams(seed, indices));
    let mut forms: Vec<(&str, Box<dyn BatchEnvironment>)> = vec![
        ("generic batch", Box::new(generic(0..n))),
        ("SIMD batch", Box::new(simd(0..n))),
        (
            "SIMD batch without SIMD",
            Box::new(simd(0..n).without_simd()),
        ),
    ];
    let mut alone: Vec<_> = streams(seed, 0..n)
        .into_iter()
        .map(|rng| Alone {
            environment: make(),
            rng,
            total: 0.0,
            length: 0,
        })
        .collect();

    let mut expected = StepBuffers::new(n, O);
    for (row, alone) in expected.observations.chunks_mut(O).zip(&mut alone) {
        row.copy_from_slice(&alone.environment.reset(&mut alone.rng).unwrap());
    }
    let mut outs = vec![StepBuffers::new(n, O); forms.len()];
    for ((name, form), out) in forms.iter_mut().zip(&mut outs) {
        form.reset_into(&mut out.observations).unwrap();
        prop_assert_eq!(bits(out), bits(&expected), "{} after reset", name);
    }

    let mut rng = Stream::from_seed(seed);
    let mut actions = vec![0.0; n];
    let mut ends = 0;
    for step in 0..STEPS {
        draw_actions(&P::ACTIONS.space(), &mut rng, &mut actions);
        for (i, (alone, &action)) in alone.iter_mut().zip(&actions).enumerate() {
            alone.step(i, action, &mut expected);
        }
        ends += expected
            .statuses
            .iter()
            .filter(|&&status| status != Status::Running)
            .count();
        for ((name, form), out) in forms.iter_mut().zip(&mut outs) {
            form.step_into(&actions, out.as_mut()).unwrap();
            prop_assert!(bits(out) == bits(&expected), "{}, step {}", name, step);
        }
    }
    prop_assert!(ends >= n * STEPS / max_steps, "{} episodes ended", ends);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cartpole_is_the_same_in_every_form(n in 1_usize..20, seed in 0..u64::MAX) {
        assert_all_forms_agree::<CartPolePhysics, 4, 4>(500, n, seed)?;
    }

    #[test]
    fn a_short_time_limit_is_the_same_in_every_form(n in 1_usize..20, seed in 0..u64::MAX) {
        assert_all_forms_agree::<CartPolePhysics, 4, 4>(12, n, seed)?;
    }

    #[test]
    fn pendulum_is_the_same_in_every_form(n in 1_usize..20, seed in 0..u64::MAX) {
        assert_all_forms_agree::<PendulumPhysics, 2, 3>(200, n, seed)?;
    }

    #[test]
    fn mountain_car_is_the_same_in_every_form(n in 1_usize..20, seed in 0..u64::MAX) {
        assert_all_forms_agree::<MountainCarPhysics, 2, 2>(200, n, seed)?;
    }

    #[test]
    fn mountain_car_continuous_is_the_same_in_every_form(n in 1_usize..20, seed in 0..u64::MAX) {
        assert_all_forms_agree::<MountainCarContinuousPhysics, 2, 2>(999, n, seed)?;
    }

    #[test]
    fn acrobot_is_the_same_in_every_form(n in 1_usize..20, seed in 0..u64::MAX) {
        assert_all_forms_agree::<AcrobotPhysics, 4, 6>(500, n, seed)?;
    }
}

/// Batches of seven CartPoles in every form, started.
fn cartpoles() -> Vec<Box<dyn BatchEnvironment>> {
    let simd = |indices| SimdBatch::new(&CartPole::v1(), streams(1, indices));
    vec![
        Box::new(ScalarBatch::new(CartPole::v1, streams(1, 0..7))),
        Box::new(simd(0..7)),
    ]
}

#[test]
fn a_refused_action_is_named_and_changes_nothing() {
    for refused in [2.0, -1.0, 0.5, f32::NAN, f32::INFINITY] {
        for (mut batch, mut twin) in cartpoles().into_iter().zip(cartpoles()) {
            let (mut out, mut untouched) = (StepBuffers::new(7, 4), StepBuffers::new(7, 4));
            batch.reset_into(&mut out.observations).unwrap();
            twin.reset_into(&mut untouched.observations).unwrap();
            let mut actions = [1.0; 7];
            actions[5] = refused;
            let error = batch.step_into(&actions, out.as_mut()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "environment 5: action [{refused:?}] is outside the action space Discrete(2)"
                )
            );
            assert_eq!(out, untouched);
            for _ in 0..100 {
                batch.step_into(&[1.0; 7], out.as_mut()).unwrap();
                twin.step_into(&[1.0; 7], untouched.as_mut()).unwrap();
                assert_eq!(out, untouched);
            }
        }
    }
}

#[test]
fn a_step_before_the_first_reset_is_an_error() {
    for mut batch in cartpoles() {
        let error = batch.step_into(&[1.0; 7], StepBuffers::new(7, 4).as_mut());
        assert_eq!(
            error,
            Err(BatchError::Environment {
                environment: 0,
                source: EnvironmentError::NotReset
            })
        );
    }
}

#[test]
fn a_buffer_of_the_wrong_length_is_an_error_that_names_it() {
    for mut batch in cartpoles() {
        assert_eq!(
            batch.reset_into(&mut [0.0; 27]).unwrap_err().to_string(),
            "observations holds 27 numbers; 7 environments need 28"
        );
        let mut out = StepBuffers::new(7, 4);
        batch.reset_into(&mut out.observations).unwrap();
        assert_eq!(
            batch
                .step_into(&[1.0; 6], out.as_mut())
                .unwrap_err()
                .to_string(),
            "actions holds 6 numbers; 7 environments need 7"
        );
        out.rewards.pop();
        assert_eq!(
            batch
                .step_into(&[1.0; 7], out.as_mut())
                .unwrap_err()
                .to_string(),
            "rewards holds 6 numbers; 7 environments need 7"
        );
    }
}

#[test]
fn a_step_allocates_nothing() {
    for &id in EnvironmentId::ALL {
        let mut batch = id.batch(streams(0, 0..9)).unwrap();
        let spaces = batch.spaces();
        let space = spaces.action;
        let mut out = StepBuffers::new(9, spaces.observation.flat_dim());
        let mut actions = vec![0.0; 9 * space.flat_dim()];
        let mut rng = Stream::from_seed(0);
        batch.reset_into(&mut out.observations).unwrap();
        let allocations = allocation_counter::measure(|| {
            for _ in 0..2000 {
                for action in actions.chunks_mut(space.flat_dim()) {
                    space.sample(&mut rng, action);
                }
                batch.step_into(&actions, out.as_mut()).unwrap();
            }
        });
        assert_eq!(allocations.count_total, 0, "{id}");
    }
}
