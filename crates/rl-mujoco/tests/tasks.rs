//! The tasks as environments: states that are saved, batches on threads, and misuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{
    BatchEnvironment, Environment, EnvironmentError, EnvironmentSource, Policy, RandomPolicy,
    Snapshot, Status, StepBuffers, Stream, shards,
};
use rl_mujoco::{HalfCheetah, MujocoTask};

/// The observations, rewards and statuses of `steps` steps of random actions, with resets where episodes end.
fn steps(batch: &mut dyn BatchEnvironment, first_lane: u64, steps: usize) -> Vec<String> {
    let (n, spaces) = (batch.len(), batch.spaces());
    let (dim, width) = (spaces.observation.flat_dim(), spaces.action.flat_dim());
    let mut policy = RandomPolicy::new(spaces.action);
    let mut rngs: Vec<Stream> = (0..n as u64)
        .map(|lane| Stream::from_seed(100 + first_lane + lane))
        .collect();
    let mut observations = vec![0.0; n * dim];
    let mut actions = vec![0.0; n * width];
    let mut buffers = StepBuffers::new(n, dim);
    let mut lanes = vec![String::new(); n];
    for _ in 0..steps {
        policy.act(&observations, &mut rngs, &mut actions);
        batch.step_into(&actions, buffers.as_mut()).unwrap();
        observations.copy_from_slice(&buffers.observations);
        for (lane, text) in lanes.iter_mut().enumerate() {
            let row = &buffers.observations[lane * dim..][..dim];
            let bits: Vec<u32> = row.iter().map(|x| x.to_bits()).collect();
            let (reward, status) = (buffers.rewards[lane].to_bits(), buffers.statuses[lane]);
            *text += &format!("{bits:?} {reward} {status:?}\n");
        }
    }
    lanes
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    for task in MujocoTask::ALL {
        let run = |threads: usize| {
            let batches = shards(task, 5, 0, 5, threads, 1).unwrap();
            let mut first = 0;
            let firsts = batches.iter().map(|batch| {
                first += batch.len() as u64;
                first - batch.len() as u64
            });
            let firsts: Vec<u64> = firsts.collect();
            std::thread::scope(|scope| {
                let workers: Vec<_> = batches
                    .into_iter()
                    .zip(firsts)
                    .map(|(mut batch, first)| {
                        scope.spawn(move || {
                            let dim = batch.spaces().observation.flat_dim();
                            batch.reset_into(&mut vec![0.0; batch.len() * dim]).unwrap();
                            steps(&mut *batch, first, 60)
                        })
                    })
                    .collect();
                let lanes = workers.into_iter().map(|worker| worker.join().unwrap());
                lanes.flatten().collect::<Vec<_>>()
            })
        };
        let one = run(1);
        assert_eq!(one.len(), 5);
        assert!(one == run(2) && one == run(5), "{}", task.name());
    }
}

#[test]
fn a_saved_environment_goes_on_to_the_bit() {
    for task in MujocoTask::ALL {
        let stream = || vec![Stream::from_seed(1)];
        let mut saved = task.batch(stream()).unwrap();
        let dim = saved.spaces().observation.flat_dim();
        saved.reset_into(&mut vec![0.0; dim]).unwrap();
        for length in [1, 37, 200] {
            steps(&mut *saved, 0, length);
            let mut snapshot = Snapshot::default();
            assert!(saved.save(0, &mut snapshot));
            let mut restored = task.batch(stream()).unwrap();
            assert!(restored.load(0, &snapshot).unwrap());
            let [went, goes] = [&mut saved, &mut restored].map(|batch| steps(&mut **batch, 9, 80));
            assert!(went == goes, "{} after {length} steps", task.name());
        }
    }
}

#[test]
fn positions_and_velocities_alone_would_lose_the_warm_start() {
    let mut environment = HalfCheetah::new().unwrap();
    let mut partly = HalfCheetah::new().unwrap();
    let mut policy = RandomPolicy::new(environment.action_space());
    let mut differing = 0;
    for seed in 0..20 {
        let mut rng = Stream::from_seed(seed);
        environment.reset(&mut rng).unwrap();
        let mut act = |environment: &mut HalfCheetah, rng: &mut Stream, steps: usize| {
            let mut action = [0.0; 6];
            for _ in 0..steps {
                policy.act(&[0.0; 17], std::slice::from_mut(rng), &mut action);
                environment
                    .step(&action, &mut Stream::from_seed(0))
                    .unwrap();
            }
            environment.simulation().qpos().to_vec()
        };
        act(&mut environment, &mut rng, 40);
        let simulation = environment.simulation();
        let (qpos, qvel) = (simulation.qpos().to_vec(), simulation.qvel().to_vec());
        partly.reset_to(&qpos, &qvel).unwrap();
        let after = act(&mut partly, &mut rng.clone(), 40);
        differing += usize::from(act(&mut environment, &mut rng, 40) != after);
    }
    assert!(differing > 0);
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let mut environment = HalfCheetah::v5().unwrap();
    let state = environment.save_state().unwrap();
    let mut other = state.clone();
    other[2] = 3.0;
    for (state, word) in [
        (&state[..state.len() - 1], "numbers where 93 are needed"),
        (&other[..], "3 is no integer from 0 to 2"),
    ] {
        let error = environment.restore_state(state).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    environment.restore_state(&state).unwrap();
    let error = environment.inner().save_state().unwrap();
    assert_eq!(error.len(), 93);
}

#[test]
fn misuse_is_an_error_and_leaves_the_state_alone() {
    let mut rng = Stream::from_seed(0);
    let mut environment = HalfCheetah::v5().unwrap();
    let step = environment.step(&[0.0; 6], &mut rng);
    assert_eq!(step, Err(EnvironmentError::NotReset));
    environment.reset(&mut rng).unwrap();
    let before = environment.save_state();
    let error = environment.step(&[f32::NAN; 6], &mut rng).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("outside the action space Box([-1, 1] ×"),
        "{error}"
    );
    assert_eq!(environment.save_state(), before);
}

#[test]
fn episodes_of_the_cheetah_are_truncated_after_a_thousand_steps() {
    let mut rng = Stream::from_seed(0);
    let mut environment = HalfCheetah::v5().unwrap();
    environment.reset(&mut rng).unwrap();
    let statuses: Vec<Status> = (0..1000)
        .map(|_| environment.step(&[0.1; 6], &mut rng).unwrap().status)
        .collect();
    assert!(statuses[..999].iter().all(|status| status.continues()));
    assert_eq!(statuses[999], Status::Truncated);
    let after = environment.step(&[0.1; 6], &mut rng);
    assert_eq!(after, Err(EnvironmentError::EpisodeOver));
}

#[test]
fn every_task_has_a_picture_that_moves() {
    for task in MujocoTask::ALL {
        let mut environment = task.make_drawable().unwrap();
        let mut rng = Stream::from_seed(0);
        let spaces = environment.spaces();
        let mut observation = vec![0.0; spaces.observation.flat_dim()];
        let empty = environment.draw();
        environment.reset_into(&mut rng, &mut observation).unwrap();
        let start = environment.draw();
        let action = vec![0.5; spaces.action.flat_dim()];
        for _ in 0..2 {
            environment
                .step_into(&action, &mut rng, &mut observation)
                .unwrap();
        }
        let later = environment.draw();
        assert!(empty != start && start != later, "{}", task.name());
    }
}
