//! Tests of saving, resuming and failing, for every interaction.

use super::*;

/// Learns nothing but how often it was asked to, and acts at random.
#[derive(Clone)]
struct Idle {
    policy: Random,
    updates: u64,
    /// Sum of all observations and rewards.
    seen: f64,
}

#[derive(Clone)]
pub(super) struct Random(pub(super) RandomPolicy);

impl Policy for Random {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        self.0.act(observations, rngs, actions);
    }
}

impl SavedPolicy for Random {
    fn record(&self) -> PolicyRecord {
        PolicyRecord::default()
    }

    fn set_choice(&mut self, _choice: ActionChoice) {}

    fn boxed_clone(&self) -> Box<dyn SavedPolicy> {
        Box::new(self.clone())
    }
}

impl Idle {
    fn new() -> Self {
        Self {
            policy: Random(policy()),
            updates: 0,
            seen: 0.0,
        }
    }

    fn see(&mut self, observations: &[f32], rewards: &[f32]) {
        self.updates += 1;
        let numbers = observations.iter().chain(rewards);
        self.seen += numbers.map(|&x| f64::from(x)).sum::<f64>();
    }
}

impl State for Idle {
    fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("updates", &[self.updates]);
        out.f64s("seen", &[self.seen]);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let (mut updates, mut seen) = ([0], [0.0]);
        from.u64s("updates", &mut updates)?;
        from.f64s("seen", &mut seen)?;
        ([self.updates], [self.seen]) = (updates, seen);
        Ok(())
    }
}

impl Agent for Idle {
    type Policy = Random;

    fn policy(&self) -> Random {
        self.policy.clone()
    }
}

impl Acts for Idle {
    fn actor(&mut self, _index: usize, _clock: &Clock) -> &Random {
        &self.policy
    }
}

impl Learns<Rollout> for Idle {
    fn update(&mut self, x: &Rollout, _: &Clock, _: &mut Metrics) -> Result<(), BoxError> {
        self.see(x.observations(), x.rewards());
        Ok(())
    }
}

impl Learns<TrajectoryStore> for Idle {
    fn update(&mut self, x: &TrajectoryStore, _: &Clock, _: &mut Metrics) -> Result<(), BoxError> {
        self.see(x.observations(), x.rewards());
        Ok(())
    }
}

impl LearnsOnline for Idle {
    fn start(&mut self, _: usize, _: &[f32], _: &Clock, rng: &mut Stream, action: &mut [f32]) {
        action[0] = rng.below(3) as f32;
    }

    fn step(
        &mut self,
        _: usize,
        reward: f32,
        _: Status,
        observation: &[f32],
        _: &Clock,
        rng: &mut Stream,
        action: &mut [f32],
    ) -> Result<(), BoxError> {
        self.see(observation, &[reward]);
        action[0] = rng.below(3) as f32;
        Ok(())
    }

    fn report(&mut self, metrics: &mut Metrics) {
        metrics.put("seen", self.seen);
    }
}

struct Run<I>(Idle, I, Clock);

impl<I: Interact<Idle>> Run<I> {
    fn new(interaction: I) -> Self {
        Self(Idle::new(), interaction, Clock::start(Budget::Updates(10)))
    }

    fn update(&mut self) -> Metrics {
        let mut metrics = Metrics::default();
        self.1
            .update(&mut self.0, &mut self.2, &mut metrics)
            .unwrap();
        metrics
    }

    fn load(&mut self, snapshot: &Snapshot) -> Vec<usize> {
        self.0.load(snapshot).unwrap();
        self.1.load(snapshot).unwrap()
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::of(&self.0);
        self.1.save(&mut snapshot);
        snapshot
    }
}

/// Six updates equal three, a restoration, and three more, on other threads too.
fn resumes<I: Interact<Idle>>(make: impl Fn(usize) -> I) {
    let mut whole = Run::new(make(1));
    (0..3).for_each(|_| _ = whole.update());
    let snapshot = whole.snapshot();
    let after: Vec<Metrics> = (0..3).map(|_| whole.update()).collect();
    for threads in [1, 2, 5] {
        let mut resumed = Run::new(make(threads));
        assert_eq!(resumed.load(&snapshot), [0; 0]);
        assert_eq!(resumed.snapshot(), snapshot, "{threads} threads");
        let again: Vec<Metrics> = (0..3).map(|_| resumed.update()).collect();
        assert_eq!(
            format!("{again:?}"),
            format!("{after:?}"),
            "{threads} threads"
        );
        assert_eq!(resumed.snapshot(), whole.snapshot(), "{threads} threads");
    }
}

fn transformed(environments: usize, threads: usize) -> CollectConfig {
    let mut config = config(environments, threads);
    config.gamma = 0.9;
    config.transform = TransformConfig {
        normalize_observations: true,
        normalize_rewards: true,
        reward_scale: 0.1,
    };
    config
}

#[test]
fn every_interaction_resumes_to_the_bit_on_any_number_of_threads() {
    resumes(|threads| Rollouts::new(transformed(5, threads), 7).unwrap());
    resumes(|threads| Episodes::new(transformed(5, threads), 60).unwrap());
    resumes(|threads| Steps::new(config(5, threads), 7).unwrap());
}

#[test]
fn normalised_observations_and_rewards_mean_the_same_for_episodes_and_rollouts() {
    let mut episodes = Episodes::new(transformed(4, 1), 4000).unwrap();
    let mut rollouts = Rollouts::new(transformed(4, 1), 1000).unwrap();
    for _ in 0..3 {
        episodes.collect(&policy(), 4000).unwrap();
        rollouts.collect(&policy(), 1000).unwrap();
    }
    let store = &episodes.collect(&policy(), 4000).unwrap().trajectories;
    let rollout = &rollouts.collect(&policy(), 1000).unwrap().rollout;
    for (a, b) in [
        (store.observations(), rollout.observations()),
        (store.rewards(), rollout.rewards()),
    ] {
        let mean = |xs: &[f32]| xs.iter().map(|&x| f64::from(x)).sum::<f64>() / xs.len() as f64;
        // 16,000 steps, of which neighbours are alike: the means agree to some hundredths.
        assert!((mean(a) - mean(b)).abs() < 0.05, "{} {}", mean(a), mean(b));
    }
    assert!(store.observations().iter().all(|x| x.abs() < 5.0));
}

#[test]
fn an_environment_that_cannot_be_saved_starts_anew_and_is_named() {
    let make = || {
        let made = AtomicUsize::new(0);
        let source = move || Countdown {
            // The first is made to know the spaces.
            forgetful: made.fetch_add(1, Ordering::SeqCst) == 2,
            ..Countdown::default()
        };
        Rollouts::new(CollectConfig::new(source).environments(3).seed(7), 7).unwrap()
    };
    let mut run = Run::new(make());
    run.update();
    let snapshot = run.snapshot();
    let mut resumed = Run::new(make());
    let anew = resumed.load(&snapshot);
    assert_eq!(anew.len(), 1, "{anew:?}");
    resumed.update();
}

/// Fails, or panics, at one step of one environment.
#[derive(Clone)]
struct Fragile {
    inner: Countdown,
    steps: usize,
    fails_at: usize,
    panics: bool,
}

impl Environment for Fragile {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        self.inner.observation_space()
    }

    fn action_space(&self) -> Space {
        self.inner.action_space()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        self.inner.reset(rng)
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        self.steps += 1;
        if self.steps == self.fails_at {
            assert!(!self.panics, "on purpose");
            return Err(EnvironmentError::own("the simulator died"));
        }
        self.inner.step(action, rng)
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        self.inner.save_state()
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.inner.restore_state(state)
    }
}

/// A failure of one of four environments is told, and ends neither the run nor the chance to save it.
fn survives_a_failure<I: Interact<Idle>>(make: impl Fn(CollectConfig) -> I) {
    for (panics, reason) in [
        (false, "the simulator died"),
        (true, "panicked: on purpose"),
    ] {
        for threads in [1, 2] {
            let made = Arc::new(AtomicUsize::new(0));
            let source = move || Fragile {
                inner: Countdown::default(),
                steps: 0,
                // One of them is made to know the spaces, and takes no step.
                fails_at: if made.fetch_add(1, Ordering::SeqCst) == 2 {
                    12
                } else {
                    0
                },
                panics,
            };
            let config = CollectConfig::new(source)
                .environments(4)
                .seed(3)
                .threads(Threads::new(threads).unwrap());
            let mut run = Run::new(make(config));
            run.update();
            let error = run
                .1
                .update(&mut run.0, &mut run.2, &mut Metrics::default())
                .unwrap_err()
                .to_string();
            for word in ["environment ", "seed 3", "step ", reason] {
                assert!(error.contains(word), "'{word}' is not in: {error}");
            }
            let mut resumed = Run::new(make(config_of(4)));
            assert_eq!(resumed.load(&run.snapshot()).len(), 1);
            resumed.update();
            run.update();
        }
    }
}

#[test]
fn a_failing_environment_is_named_and_the_run_can_be_saved_and_goes_on() {
    survives_a_failure(|config| Rollouts::new(config, 10).unwrap());
    survives_a_failure(|config| Steps::new(config, 10).unwrap());
}

fn config_of(environments: usize) -> CollectConfig {
    CollectConfig::new(Countdown::default)
        .environments(environments)
        .seed(3)
}

#[test]
fn a_policy_with_its_normalisation_acts_on_what_environments_show() {
    let mut rollouts = Rollouts::new(transformed(2, 1), 50).unwrap();
    rollouts.collect(&policy(), 1000).unwrap();
    let normalization = rollouts.normalization().clone();
    let moments = normalization.moments().unwrap();
    let mut raw = [12.0];
    moments.normalize(&mut raw);
    let mut shown = Transformed::new(Listed([raw[0]; 3]), normalization.clone());
    let mut action = [0.0];
    shown.act(&[12.0], &mut [Stream::from_seed(0)], &mut action);
    assert_eq!(action, raw);
    let record = Transformed::new(Random(policy()), normalization).record();
    let names: Vec<&str> = record.arrays.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["obs_norm.mean", "obs_norm.var"]);
    let _ = FlatEnvironment::spaces(&Countdown::default());
}

/// An update that takes its time is timed, and its normalisation is shown.
fn is_timed_and_normalised<I: Interact<Idle>>(interaction: I) -> usize {
    let mut run = Run::new(interaction);
    run.update();
    assert!(run.1.normalization().moments().is_some());
    assert!(run.1.acting() > std::time::Duration::ZERO);
    run.1.recent_episodes()
}

#[test]
fn an_interaction_tells_its_normalisation_its_time_and_the_episodes_of_late() {
    let config = || transformed(2, 1);
    assert_eq!(
        is_timed_and_normalised(Rollouts::new(config(), 50).unwrap()),
        100
    );
    // Many episodes of one update speak for themselves.
    assert_eq!(
        is_timed_and_normalised(Episodes::new(config(), 50).unwrap()),
        0
    );
    assert_eq!(
        is_timed_and_normalised(Episodes::new(config(), 1).unwrap()),
        100
    );
    assert_eq!(Idle::new().actors(), 1, "an agent acts by one policy");
}
