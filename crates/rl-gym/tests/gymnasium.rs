//! Environments of a real Gymnasium, in the Python that `RL_GYM_PYTHON` names: `cargo xtask gymnasium` runs
//! these.

#![cfg(test)]

use std::process::Command;
use std::time::{Duration, Instant};

use rl_core::{
    BatchEnvironment, EnvironmentSource, Snapshot, Status, StepBuffers, Stream, play_episode,
};
use rl_envs::EnvironmentId;
use rl_gym::{GymBatch, GymConfig, GymError, GymSource};

fn python() -> String {
    std::env::var("RL_GYM_PYTHON").expect("RL_GYM_PYTHON names a Python with Gymnasium")
}

fn config(spec: &str) -> GymConfig {
    GymConfig::new(spec).unwrap().python(python())
}

fn rngs(n: u64) -> Vec<Stream> {
    (0..n).map(Stream::from_seed).collect()
}

/// Environments with the module of this folder, after their reset.
fn faulty(fault: &str, n: u64) -> GymBatch {
    let spec = format!("Faulty-v0?import=tests.faulty&{fault}");
    let config = config(&spec).deadline(Duration::from_secs(5));
    let mut batch = GymBatch::new(config, rngs(n)).unwrap();
    batch.reset_into(&mut vec![0.0; 2 * n as usize]).unwrap();
    batch
}

/// Python's own play: for every environment, one line per number, as the bits of it.
const DIRECT: &str = r#"
import gymnasium, json, struct, sys
import numpy as np
spec, seeds, actions = json.loads(sys.argv[1])
for lane, seed in enumerate(seeds):
    env = gymnasium.make(spec)
    def show(x):
        print(*np.atleast_1d(np.asarray(x, np.float32)).ravel().view(np.uint32))
    show(env.reset(seed=seed)[0])
    for step in actions:
        a = step[lane]
        a = int(a[0]) if isinstance(env.action_space, gymnasium.spaces.Discrete) else np.array(a, np.float32)
        obs, reward, terminated, truncated, _ = env.step(a)
        show(obs)
        print(struct.unpack("<Q", struct.pack("<d", reward))[0], int(terminated), int(truncated))
        if terminated or truncated:
            show(env.reset()[0])
"#;

fn bits(row: &[f32]) -> String {
    let words: Vec<String> = row.iter().map(|x| x.to_bits().to_string()).collect();
    words.join(" ")
}

#[test]
fn the_same_seeds_and_actions_give_the_same_observations_as_the_cartpole_of_this_project() {
    let n = 3;
    let mut batch = GymBatch::new(config("CartPole-v1"), rngs(n as u64)).unwrap();
    let mut stepped = StepBuffers::new(1, 4);
    batch.reset_into(&mut vec![0.0; 4 * n]).unwrap();
    for lane in 0..n {
        // Gymnasium's generator of a seed is the stream of that seed.
        let mut own = Stream::from_seed(batch.seed(lane).unwrap());
        let mut environment = EnvironmentId::CartPole.make().unwrap();
        let (mut first, mut next) = ([0.0; 4], [0.0; 4]);
        batch.restart(lane, &mut first).unwrap();
        // The second reset of both: the generators have gone on.
        environment.reset_into(&mut own, &mut next).unwrap();
        environment.reset_into(&mut own, &mut next).unwrap();
        assert_eq!(bits(&first), bits(&next), "lane {lane}");
        let (mut episodes, mut rng) = (0, Stream::from_seed(lane as u64));
        while episodes < 3 {
            let mut action = [0.0];
            batch.spaces().action.sample(&mut rng, &mut action);
            batch
                .step_lanes(&[lane], &action, stepped.as_mut())
                .unwrap();
            let (reward, status) = environment.step_into(&action, &mut own, &mut next).unwrap();
            let seen = bits(&stepped.observations);
            assert_eq!(seen, bits(&next), "lane {lane}, episode {episodes}");
            assert_eq!((stepped.rewards[0], stepped.statuses[0]), (reward, status));
            if status != Status::Running {
                episodes += 1;
                batch.restart(lane, &mut first).unwrap();
                environment.reset_into(&mut own, &mut next).unwrap();
                assert_eq!(bits(&first), bits(&next), "lane {lane}, episode {episodes}");
            }
        }
    }
}

#[test]
fn the_same_seeds_and_actions_give_the_same_bits_as_gymnasium_itself() {
    let n = 3;
    for (id, steps, ends) in [
        ("CartPole-v1", 120, true),
        ("Pendulum-v1", 230, true),
        ("MountainCarContinuous-v0", 50, false),
        ("FrozenLake-v1", 80, true),
    ] {
        let mut batch = GymBatch::new(config(id), rngs(n as u64)).unwrap();
        let spaces = batch.spaces();
        let (dim, width) = (spaces.observation.flat_dim(), spaces.action.flat_dim());
        let mut buffers = StepBuffers::new(n, dim);
        batch.reset_into(&mut buffers.observations).unwrap();
        let mut lines = vec![Vec::new(); n];
        for (lane, lines) in lines.iter_mut().enumerate() {
            lines.push(bits(&buffers.observations[lane * dim..][..dim]));
        }
        let seeds: Vec<u64> = (0..n).map(|lane| batch.seed(lane).unwrap()).collect();
        let mut rng = Stream::from_seed(9);
        let mut played = Vec::new();
        for _ in 0..steps {
            let mut actions = vec![0.0; n * width];
            for action in actions.chunks_exact_mut(width) {
                spaces.action.sample(&mut rng, action);
            }
            batch.step_into(&actions, buffers.as_mut()).unwrap();
            for (lane, lines) in lines.iter_mut().enumerate() {
                let row = &buffers.observations[lane * dim..][..dim];
                let last = &buffers.final_observations[lane * dim..][..dim];
                let status = buffers.statuses[lane];
                let ended = status != Status::Running;
                lines.push(bits(if ended { last } else { row }));
                let flags = [Status::Terminated, Status::Truncated]
                    .map(|end| u8::from(status == end).to_string());
                let reward = buffers.rewards[lane].to_bits();
                lines.push(format!("{reward} {}", flags.join(" ")));
                if ended {
                    lines.push(bits(row));
                }
            }
            let rows: Vec<Vec<f32>> = actions.chunks(width).map(<[f32]>::to_vec).collect();
            played.push(rows);
        }
        let argument = serde_json::json!([id, seeds, played]).to_string();
        let direct = Command::new(python())
            .args(["-c", DIRECT, &argument])
            .output()
            .unwrap();
        assert!(direct.status.success(), "{direct:?}");
        let direct = String::from_utf8(direct.stdout).unwrap();
        let ours = lines.concat();
        let is_end = |line: &String| line.ends_with(" 1 0") || line.ends_with(" 0 1");
        assert_eq!(ours.iter().any(is_end), ends, "{id}");
        for (number, (ours, direct)) in ours.iter().zip(direct.lines()).enumerate() {
            assert_eq!(ours, direct, "{id}, line {number}");
        }
        assert_eq!(ours.len(), direct.lines().count());
    }
}

#[test]
fn environments_are_the_same_however_they_are_split_over_workers() {
    let source = GymSource::new(config("CartPole-v1"));
    let play = |shards: usize| {
        let mut all = Vec::new();
        for mut batch in rl_core::shards(&source, 3, 0, 4, shards, 1).unwrap() {
            let n = batch.len();
            let mut buffers = StepBuffers::new(n, 4);
            batch.reset_into(&mut buffers.observations).unwrap();
            for step in 0..60 {
                let actions = vec![f32::from(step % 2 == 0); n];
                batch.step_into(&actions, buffers.as_mut()).unwrap();
            }
            all.extend(buffers.observations);
        }
        all
    };
    assert_eq!(play(1), play(3));
}

#[test]
fn each_fault_ends_in_an_error_that_says_where_and_a_reset_goes_on() {
    for (fault, words) in [
        (
            "raise",
            &["ValueError: the motor is hot", "faulty.py", "Traceback"][..],
        ),
        (
            "shape",
            &["ValueError: an observation of shape (2,); its space has (2, 1)"],
        ),
        ("nan", &["observation[1] = NaN is not a finite number"]),
        ("reward", &["reward inf is not a finite number"]),
        ("hang", &["no answer within 5 s", "faulty.py", "in step"]),
        ("kill", &["ended by itself (signal: 9"]),
        ("exit", &["exit status: 7", "simulator: licence lost"]),
        (
            "rubbish",
            &["what is no answer: 'Welcome to the simulator!"],
        ),
    ] {
        let mut batch = faulty(&format!("fault={fault}&at=3"), 2);
        let mut buffers = StepBuffers::new(2, 2);
        for _ in 0..3 {
            batch.step_into(&[0.0, 1.0], buffers.as_mut()).unwrap();
        }
        let seed = batch.seed(0).unwrap();
        let error = batch.step_into(&[0.0, 1.0], buffers.as_mut()).unwrap_err();
        let message = error.to_string();
        let place = format!("seed {seed}, episode 1 since then, step 3");
        for word in words.iter().chain(&["environment 0", &*place]) {
            assert!(message.contains(word), "{fault}: {message}");
        }
        assert!(batch.has_failed(0), "{fault}");
        let refused = batch.step_into(&[0.0, 1.0], buffers.as_mut()).unwrap_err();
        assert!(
            refused.to_string().contains("call reset first"),
            "{refused}"
        );
        batch.reset_into(&mut buffers.observations).unwrap();
        batch.step_into(&[0.0, 1.0], buffers.as_mut()).unwrap();
        assert_eq!(buffers.observations, [1.0; 4], "{fault}");
    }
}

#[test]
fn ends_are_told_apart_and_final_observations_are_kept() {
    let mut batch = faulty("at=100", 2);
    let mut buffers = StepBuffers::new(2, 2);
    for step in 1..=6 {
        batch.step_into(&[0.0, 1.0], buffers.as_mut()).unwrap();
        let expected = match step {
            5 => [Status::Running, Status::Truncated],
            6 => [Status::Terminated, Status::Running],
            _ => [Status::Running; 2],
        };
        assert_eq!(buffers.statuses, expected, "step {step}");
    }
    assert_eq!(buffers.observations, [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(buffers.final_observations, [6.0, 6.0, 5.0, 5.0]);
    assert_eq!(buffers.episode_returns, [0.0, 5.0]);
    assert_eq!(buffers.episode_lengths, [6, 5]);
}

#[test]
fn lanes_step_alone_and_their_episodes_end_there() {
    let mut batch = faulty("at=100", 3);
    let mut buffers = StepBuffers::new(1, 2);
    for _ in 0..5 {
        batch.step_lanes(&[1], &[1.0], buffers.as_mut()).unwrap();
    }
    assert_eq!(buffers.statuses, [Status::Truncated]);
    assert_eq!(buffers.observations, [5.0, 5.0]);
    let over = batch
        .step_lanes(&[1], &[1.0], buffers.as_mut())
        .unwrap_err();
    assert!(
        over.to_string().contains("after the end of the episode"),
        "{over}"
    );
    batch.restart(1, &mut buffers.observations).unwrap();
    assert_eq!(buffers.observations, [0.0, 0.0]);
    let mut saved = Snapshot::default();
    assert!(!batch.save(1, &mut saved));
    assert!(!batch.load(1, &saved).unwrap());
    batch
        .step_lanes(&[0, 2], &[1.0; 2], StepBuffers::new(2, 2).as_mut())
        .unwrap();
}

#[test]
fn what_cannot_be_made_says_what_to_do() {
    for (spec, words) in [
        ("CartPol-v1", &["CartPole", "import=MODULE"][..]),
        ("CartPole-v7", &["`v1`"]),
        ("LunarLander-v3", &["pip install"]),
        (
            "X-v0?import=no_such_module",
            &["No module named 'no_such_module'"],
        ),
        ("CartPole-v1?colour=1", &["colour", "TypeError"]),
        (
            "Odd-v0?import=tests.faulty&observation=dict",
            &["Dict", "FlattenObservation"],
        ),
        (
            "Odd-v0?import=tests.faulty&action=multi",
            &["MultiDiscrete", "TransformAction"],
        ),
        (
            "Odd-v0?import=tests.faulty&action=integers",
            &["Box of int32", "TransformAction"],
        ),
    ] {
        let error = GymBatch::new(config(spec), rngs(1)).unwrap_err();
        let message = error.to_string();
        for word in words {
            assert!(message.contains(word), "{spec}: {message}");
        }
    }
    let bare = config("CartPole-v1").python("no-such-python");
    let error = GymBatch::new(bare, rngs(1)).unwrap_err();
    assert!(matches!(error, GymError::NoPython { .. }), "{error}");
    assert!(error.to_string().contains("GymConfig::python"), "{error}");
}

#[test]
fn the_same_stream_gives_the_same_episode_in_a_worker_that_is_taken_over() {
    let source = GymSource::new(config("CartPole-v1"));
    let play = || {
        let mut environment = source.make().unwrap();
        let mut policy = rl_core::RandomPolicy::new(environment.spaces().action);
        let (mut rng, mut actions) = (Stream::from_seed(4), Stream::from_seed(5));
        let mut first = Vec::new();
        play_episode(
            &mut environment,
            &mut policy,
            &mut rng,
            &mut actions,
            |_, event| {
                first.push(format!("{event:?}"));
                Ok::<_, rl_core::EnvironmentError>(())
            },
        )
        .unwrap();
        first
    };
    let first = play();
    let start = Instant::now();
    assert_eq!(play(), first);
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "no worker was started"
    );
}
