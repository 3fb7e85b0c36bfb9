//! Lanes of a batch that step by themselves, restart, are saved and are loaded: the same bits in
//! every form of batch, and however environments are split over batches.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::error::BatchError;
use rl_core::state::{Array, Scoped, ScopedReader};
use rl_core::{
    BatchEnvironment, EnvironmentError, EnvironmentSource, FlatEnvironment, Purpose, ScalarBatch,
    Snapshot, Space, StateReader, Status, StepBuffers, Stream,
};
use rl_envs::{CartPole, EnvironmentId, SimdBatch};

/// Environments of each test.
const N: usize = 5;

fn streams(seed: u64, indices: std::ops::Range<usize>) -> Vec<Stream> {
    indices
        .map(|i| Stream::derive(seed, Purpose::Environment, i as u32))
        .collect()
}

/// Environments split over batches, and called by their index.
struct Split(Vec<Box<dyn BatchEnvironment>>);

impl Split {
    /// The environments of a seed in every form: generic or the fastest, as 5 or as 2 and 3.
    fn forms(id: EnvironmentId, seed: u64) -> Vec<(&'static str, Self)> {
        let scalar = |range| -> Box<dyn BatchEnvironment> {
            let rngs = streams(seed, range);
            Box::new(ScalarBatch::try_new(|| id.make(), rngs).unwrap())
        };
        let fastest = |range| id.batch(streams(seed, range)).unwrap();
        vec![
            ("scalar", Self(vec![scalar(0..N)])),
            ("fastest", Self(vec![fastest(0..N)])),
            ("scalar, split", Self(vec![scalar(0..2), scalar(2..N)])),
            ("fastest, split", Self(vec![fastest(0..2), fastest(2..N)])),
        ]
    }

    /// The batch of an environment, and its lane there.
    fn at(&mut self, index: usize) -> (&mut dyn BatchEnvironment, usize) {
        let first = self.0[0].len();
        match index.checked_sub(first) {
            None => (&mut *self.0[0], index),
            Some(lane) => (&mut *self.0[1], lane),
        }
    }

    fn restart(&mut self, index: usize, observation: &mut [f32]) {
        let (batch, lane) = self.at(index);
        batch.restart(lane, observation).unwrap();
    }

    /// Steps the environments `lanes` into the first rows of `out`, those of a batch together.
    fn step_lanes(&mut self, lanes: &[usize], actions: &[f32], out: &mut StepBuffers) {
        let dim = out.observations.len() / out.rewards.len();
        let width = actions.len() / lanes.len();
        let mut first = 0;
        for batch in &mut self.0 {
            let range = first..first + batch.len();
            let rows: Vec<usize> = (0..lanes.len())
                .filter(|&row| range.contains(&lanes[row]))
                .collect();
            let its: Vec<usize> = rows.iter().map(|&row| lanes[row] - first).collect();
            let actions: Vec<f32> = rows
                .iter()
                .flat_map(|&row| actions[row * width..][..width].to_vec())
                .collect();
            let mut compact = StepBuffers::new(rows.len(), dim);
            batch.step_lanes(&its, &actions, compact.as_mut()).unwrap();
            for (from, &to) in rows.iter().enumerate() {
                let row = |i: usize| i * dim..(i + 1) * dim;
                out.observations[row(to)].copy_from_slice(&compact.observations[row(from)]);
                out.final_observations[row(to)]
                    .copy_from_slice(&compact.final_observations[row(from)]);
                out.rewards[to] = compact.rewards[from];
                out.statuses[to] = compact.statuses[from];
                out.episode_returns[to] = compact.episode_returns[from];
                out.episode_lengths[to] = compact.episode_lengths[from];
            }
            first = range.end;
        }
    }

    /// Steps all environments, with a reset where an episode ended.
    fn step_into(&mut self, actions: &[f32], out: &mut StepBuffers) {
        let dim = out.observations.len() / N;
        let width = actions.len() / N;
        let (mut actions, mut out) = (actions, out.as_mut());
        for batch in &mut self.0 {
            let (its, rest) = actions.split_at(batch.len() * width);
            let (now, later) = out.split_at(batch.len(), dim);
            batch.step_into(its, now).unwrap();
            (actions, out) = (rest, later);
        }
    }

    fn save(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for index in 0..N {
            let (batch, lane) = self.at(index);
            let mut out = Scoped::new(&mut snapshot, index.to_string());
            assert!(batch.save(lane, &mut out), "environment {index}");
        }
        snapshot
    }

    fn load(&mut self, snapshot: &Snapshot) {
        for index in 0..N {
            let (batch, lane) = self.at(index);
            let from = ScopedReader::new(snapshot, index.to_string());
            assert!(batch.load(lane, &from).unwrap(), "environment {index}");
        }
    }
}

/// Random actions, `[rows, action_dim]`, those of a box up to half beyond its bounds.
fn draw_actions(space: &Space, rng: &mut Stream, rows: usize) -> Vec<f32> {
    let mut actions = vec![0.0; rows * space.flat_dim()];
    for action in actions.chunks_exact_mut(space.flat_dim()) {
        space.sample(rng, action);
        if let Space::Box(_) = space {
            action.iter_mut().for_each(|x| *x *= 1.5);
        }
    }
    actions
}

/// Everything a step wrote, as bits.
fn bits(out: &StepBuffers) -> Vec<u64> {
    let single = |x: &f32| u64::from(x.to_bits());
    let ends = out.statuses.iter().zip(&out.episode_lengths);
    (out.observations.iter().map(single))
        .chain(out.final_observations.iter().map(single))
        .chain(out.rewards.iter().map(|x| x.to_bits()))
        .chain(out.episode_returns.iter().map(|x| x.to_bits()))
        .chain(ends.map(|(&status, &length)| ((status as u64) << 32) + length as u64))
        .collect()
}

fn dims(id: EnvironmentId) -> (usize, Space) {
    let spaces = id.make().unwrap().spaces();
    (spaces.observation.flat_dim(), spaces.action)
}

/// Environment `index` alone.
struct Alone {
    environment: Box<dyn FlatEnvironment>,
    rng: Stream,
    total_reward: f64,
    length: usize,
}

impl Alone {
    fn reset(&mut self, observation: &mut [f32]) {
        self.environment
            .reset_into(&mut self.rng, observation)
            .unwrap();
        (self.total_reward, self.length) = (0.0, 0);
    }

    /// Takes a step and writes row `row`, as a batch should.
    fn step(&mut self, action: &[f32], row: usize, out: &mut StepBuffers) {
        let dim = out.observations.len() / out.rewards.len();
        let observation = &mut out.observations[row * dim..][..dim];
        let step = self
            .environment
            .step_into(action, &mut self.rng, observation);
        let (reward, status) = step.unwrap();
        self.total_reward += reward;
        self.length += 1;
        (out.rewards[row], out.statuses[row]) = (reward, status);
        if status != Status::Running {
            out.final_observations[row * dim..][..dim].copy_from_slice(observation);
            (out.episode_returns[row], out.episode_lengths[row]) = (self.total_reward, self.length);
        }
    }
}

#[test]
fn lanes_that_step_by_themselves_do_what_environments_do_alone() {
    for &id in EnvironmentId::ALL {
        let (dim, space) = dims(id);
        for (form, mut batch) in Split::forms(id, 3) {
            let mut alone: Vec<Alone> = streams(3, 0..N)
                .into_iter()
                .map(|rng| Alone {
                    environment: id.make().unwrap(),
                    rng,
                    total_reward: 0.0,
                    length: 0,
                })
                .collect();
            let mut rng = Stream::from_seed(7);
            let (mut ours, mut theirs) = (vec![0.0; dim], vec![0.0; dim]);
            let mut over = [true; N];
            let mut episodes = 0;
            while episodes < 4 * N {
                // Some of the lanes, in any order.
                let mut lanes: Vec<usize> = (0..N).filter(|_| rng.below(3) > 0).collect();
                for i in (1..lanes.len()).rev() {
                    lanes.swap(i, rng.below(i + 1));
                }
                for &lane in lanes.iter().filter(|&&lane| over[lane]) {
                    batch.restart(lane, &mut ours);
                    alone[lane].reset(&mut theirs);
                    assert_eq!(ours, theirs, "{id}, {form}: a first observation");
                }
                if lanes.is_empty() {
                    continue;
                }
                let actions = draw_actions(&space, &mut rng, lanes.len());
                let [mut out, mut expected] = [(); 2].map(|()| StepBuffers::new(lanes.len(), dim));
                batch.step_lanes(&lanes, &actions, &mut out);
                let rows = actions.chunks_exact(space.flat_dim()).enumerate();
                for ((row, action), &lane) in rows.zip(&lanes) {
                    alone[lane].step(action, row, &mut expected);
                    over[lane] = expected.statuses[row] != Status::Running;
                    episodes += usize::from(over[lane]);
                }
                assert!(bits(&out) == bits(&expected), "{id}, {form}");
            }
        }
    }
}

/// Steps every form until no environment of it is where its episode began, some lanes by
/// themselves, and returns it with the observations to act on.
fn midway(id: EnvironmentId) -> Vec<(&'static str, Split, StepBuffers)> {
    let (dim, space) = dims(id);
    let forms = Split::forms(id, 11).into_iter();
    let run = |(form, mut batch): (_, Split)| {
        let mut rng = Stream::from_seed(2);
        let mut out = StepBuffers::new(N, dim);
        for (lane, row) in out.observations.chunks_exact_mut(dim).enumerate() {
            batch.restart(lane, row);
        }
        for _ in 0..137 {
            batch.step_into(&draw_actions(&space, &mut rng, N), &mut out);
        }
        let actions = draw_actions(&space, &mut rng, N);
        batch.step_lanes(&[0, 1, 2, 3, 4], &actions, &mut out);
        for lane in 0..N {
            if out.statuses[lane] != Status::Running {
                batch.restart(lane, &mut out.observations[lane * dim..][..dim]);
            }
        }
        (form, batch, out)
    };
    forms.map(run).collect()
}

#[test]
fn what_is_saved_in_the_middle_of_an_episode_goes_on_with_the_same_bits_in_every_form() {
    for &id in EnvironmentId::ALL {
        let (dim, space) = dims(id);
        let mut saved = midway(id).into_iter();
        let (_, mut original, start) = saved.next().unwrap();
        let snapshot = original.save();
        for (form, mut other, out) in saved {
            assert_eq!(bits(&out), bits(&start), "{id}, {form}");
            assert_eq!(other.save(), snapshot, "{id}: saved by {form}");
        }
        // Streams of another seed, which loading replaces; one of the batches has a past.
        let mut resumed = Split::forms(id, 999);
        for lane in 0..N {
            resumed[1].1.restart(lane, &mut vec![0.0; dim]);
        }
        for (form, resumed) in &mut resumed {
            resumed.load(&snapshot);
            assert_eq!(resumed.save(), snapshot, "{id}: loaded by {form}");
        }
        let mut rng = Stream::from_seed(5);
        let mut expected = start.clone();
        let mut outs = vec![start; resumed.len()];
        let mut ends = 0;
        for step in 0..1500 {
            let actions = draw_actions(&space, &mut rng, N);
            original.step_into(&actions, &mut expected);
            let statuses = expected.statuses.iter();
            ends += statuses
                .filter(|&&status| status != Status::Running)
                .count();
            for ((form, resumed), out) in resumed.iter_mut().zip(&mut outs) {
                resumed.step_into(&actions, out);
                assert!(bits(out) == bits(&expected), "{id}, {form}, step {step}");
            }
        }
        assert!(ends >= N, "{id}: {ends} ends");
    }
}

#[test]
fn an_episode_that_is_over_is_saved_as_such() {
    for (form, mut batch) in Split::forms(EnvironmentId::CartPole, 1) {
        let mut out = StepBuffers::new(N, 4);
        for lane in 0..N {
            batch.restart(lane, &mut [0.0; 4]);
        }
        let mut lanes: Vec<usize> = (0..N).collect();
        while !lanes.is_empty() {
            let pushes = vec![1.0; lanes.len()];
            batch.step_lanes(&lanes, &pushes, &mut out);
            let mut row = 0;
            lanes.retain(|_| {
                row += 1;
                out.statuses[row - 1] == Status::Running
            });
        }
        let snapshot = batch.save();
        for (other, mut resumed) in Split::forms(EnvironmentId::CartPole, 2) {
            resumed.load(&snapshot);
            assert_eq!(resumed.save(), snapshot, "{form}, {other}");
            let (shard, lane) = resumed.at(0);
            let step = shard.step_lanes(&[lane], &[1.0], StepBuffers::new(1, 4).as_mut());
            let over = BatchError::Environment {
                environment: 0,
                source: EnvironmentError::EpisodeOver,
            };
            assert_eq!(step, Err(over));
        }
    }
}

/// Batches of three CartPoles, the first two of which are started.
fn cartpoles() -> [Box<dyn BatchEnvironment>; 2] {
    let rngs = || streams(0, 0..3);
    let mut batches: [Box<dyn BatchEnvironment>; 2] = [
        Box::new(ScalarBatch::new(CartPole::v1, rngs())),
        Box::new(SimdBatch::new(&CartPole::v1(), rngs())),
    ];
    for batch in &mut batches {
        batch.restart(0, &mut [0.0; 4]).unwrap();
        batch.restart(1, &mut [0.0; 4]).unwrap();
    }
    batches
}

#[test]
fn a_lane_that_is_in_no_episode_or_does_not_exist_is_an_error_before_anything_moves() {
    for mut batch in cartpoles() {
        let before = Snapshot::of_lane(&*batch, 0);
        let mut out = StepBuffers::new(3, 4);
        let untouched = out.clone();
        let mut refused = |lanes: &[usize], actions: &[f32]| {
            let (part, _) = out.as_mut().split_at(lanes.len(), 4);
            let error = batch.step_lanes(lanes, actions, part).unwrap_err();
            error.to_string()
        };
        let not_reset = "environment 2: step before the first reset; call reset first";
        assert_eq!(refused(&[2, 0], &[1.0; 2]), not_reset);
        assert_eq!(refused(&[0, 3], &[1.0; 2]), "environment 3 of a batch of 3");
        assert_eq!(
            refused(&[0, 1], &[1.0, 7.0]),
            "environment 1: action [7.0] is outside the action space Discrete(2)"
        );
        assert_eq!(
            refused(&[0], &[1.0; 2]),
            "actions holds 2 numbers; 1 environments need 1"
        );
        assert_eq!(out, untouched);
        assert_eq!(Snapshot::of_lane(&*batch, 0), before);
        let all = batch.step_into(&[1.0; 3], out.as_mut()).unwrap_err();
        assert_eq!(all.to_string(), not_reset);
        let restart = batch.restart(3, &mut [0.0; 4]).unwrap_err();
        assert_eq!(restart.to_string(), "environment 3 of a batch of 3");
        assert!(!batch.save(2, &mut Snapshot::default()));
    }
}

trait OfLane {
    fn of_lane(batch: &dyn BatchEnvironment, lane: usize) -> Self;
}

impl OfLane for Snapshot {
    fn of_lane(batch: &dyn BatchEnvironment, lane: usize) -> Self {
        let mut snapshot = Self::default();
        batch.save(lane, &mut snapshot);
        snapshot
    }
}

#[test]
fn a_lane_that_was_never_started_keeps_its_stream() {
    for mut batch in cartpoles() {
        let snapshot = Snapshot::of_lane(&*batch, 2);
        assert_eq!(snapshot.arrays().count(), 1);
        // Lane 0 goes on as lane 2 would.
        assert_eq!(batch.load(0, &snapshot), Ok(false));
        let (mut ours, mut theirs) = ([0.0; 4], [1.0; 4]);
        batch.restart(0, &mut ours).unwrap();
        batch.restart(2, &mut theirs).unwrap();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_state_that_does_not_fit_is_an_error_that_says_why() {
    for mut batch in cartpoles() {
        let whole = Snapshot::of_lane(&*batch, 0);
        let numbers = whole.length("state").unwrap();
        let mut state = vec![0.0; numbers];
        whole.f64s("state", &mut state).unwrap();
        let mut refused = |episode: [u64; 2], state: &[f64]| {
            let mut snapshot = whole.clone();
            snapshot.insert("episode", Array::U64(episode.to_vec()));
            snapshot.insert("state", Array::F64(state.to_vec()));
            batch.load(0, &snapshot).unwrap_err().to_string()
        };
        assert_eq!(
            refused([4, 0], &state),
            "'episode' of the saved state: 4 is none of the phases 1 to 3"
        );
        assert!(refused([1, 0], &state[1..]).starts_with("'state' of the saved state: "));
        assert!(refused([1, 0], &[&state[..], &[0.0]].concat()).contains("1 numbers too many"));
        let half = [&[0.5], &state[1..]].concat();
        assert!(refused([1, 0], &half).contains("0.5 is no integer from 0 to 1"));
        // Refused, the lane is in no episode.
        let step = batch.step_lanes(&[0], &[1.0], StepBuffers::new(1, 4).as_mut());
        assert!(step.is_err());
    }
}

#[test]
fn lanes_that_step_and_restart_allocate_nothing() {
    for &id in EnvironmentId::ALL {
        let (dim, space) = dims(id);
        let mut batch = id.batch(streams(0, 0..9)).unwrap();
        let mut out = StepBuffers::new(9, dim);
        batch.reset_into(&mut out.observations).unwrap();
        let mut actions = vec![0.0; 4 * space.flat_dim()];
        let mut rng = Stream::from_seed(0);
        let lanes = [7, 0, 3, 4];
        let counted = allocation_counter::measure(|| {
            for _ in 0..1000 {
                for action in actions.chunks_exact_mut(space.flat_dim()) {
                    space.sample(&mut rng, action);
                }
                let (some, _) = out.as_mut().split_at(4, dim);
                batch.step_lanes(&lanes, &actions, some).unwrap();
                for (row, &lane) in lanes.iter().enumerate() {
                    if out.statuses[row] != Status::Running {
                        let first = &mut out.observations[row * dim..][..dim];
                        batch.restart(lane, first).unwrap();
                    }
                }
            }
        });
        assert_eq!(counted.count_total, 0, "{id}");
    }
}
