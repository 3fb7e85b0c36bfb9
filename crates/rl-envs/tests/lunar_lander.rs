//! LunarLander against traces recorded from Gymnasium 1.4.0 (`tests/golden/README.md`): closely in
//! the air, where there is little to choose, and in distribution over whole episodes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use rl_core::{Environment, Flat, Policy, RandomPolicy, Status, Step, Stream};
use rl_envs::lunar_lander::{
    LunarLanderEnd, LunarLanderHeuristic, LunarLanderScene, LunarLanderState,
};
use rl_envs::{LunarLander, LunarLanderContinuous, TimeLimit};

const DISCRETE: &str = "lunarlander";
const CONTINUOUS: &str = "lunarlander_continuous";
const PAD: [f64; 11] = [3.3; 11];

type Row = HashMap<String, String>;

fn path(file: &str) -> String {
    format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn rows(file: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path(file)).unwrap();
    let rows: Result<Vec<_>, _> = reader.deserialize().collect();
    rows.unwrap()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn dispersion(row: &Row) -> [f64; 2] {
    ["disp0", "disp1"].map(|column| number(row, column))
}

fn observation(row: &Row) -> [f64; 8] {
    std::array::from_fn(|i| number(row, &format!("obs{i}")))
}

/// The recorded motion of three bodies as that of the craft.
fn state(row: &Row) -> LunarLanderState {
    let get = |name: &str| number(row, name);
    let contact = |name: &str| row.get(name).is_some_and(|flag| flag == "1");
    LunarLanderState {
        position: [get("lander_x"), get("lander_y")],
        angle: get("lander_angle"),
        velocity: [get("lander_vx"), get("lander_vy")],
        angular_velocity: get("lander_omega"),
        openings: [
            get("leg0_angle") - get("lander_angle"),
            get("lander_angle") - get("leg1_angle"),
        ],
        opening_rates: [
            get("leg0_omega") - get("lander_omega"),
            get("lander_omega") - get("leg1_omega"),
        ],
        leg_contacts: [contact("contact0"), contact("contact1")],
    }
}

/// Either environment, as far as the tests need them alike.
trait Lander: Environment<Observation = [f32; 8]> + Default {
    const GOLDEN: &str;
    const HEURISTIC: LunarLanderHeuristic;
    fn v0() -> TimeLimit<Self>;
    fn start(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8];
    fn replay(&mut self, action: Self::Action, dispersion: [f64; 2]) -> Step<[f32; 8]>;
    fn motion(&self) -> LunarLanderState;
    fn seen(&self) -> LunarLanderScene;
    fn recorded_action(row: &Row) -> Self::Action;
}

impl Lander for LunarLander {
    const GOLDEN: &str = DISCRETE;
    const HEURISTIC: LunarLanderHeuristic = LunarLanderHeuristic::Discrete;
    fn v0() -> TimeLimit<Self> {
        Self::v0()
    }
    fn start(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8] {
        self.reset_to(state, terrain)
    }
    fn replay(&mut self, action: usize, dispersion: [f64; 2]) -> Step<[f32; 8]> {
        self.step_with_dispersion(action, dispersion).unwrap()
    }
    fn motion(&self) -> LunarLanderState {
        self.state().unwrap()
    }
    fn seen(&self) -> LunarLanderScene {
        self.scene().unwrap()
    }
    fn recorded_action(row: &Row) -> usize {
        row["action"].parse().unwrap()
    }
}

impl Lander for LunarLanderContinuous {
    const GOLDEN: &str = CONTINUOUS;
    const HEURISTIC: LunarLanderHeuristic = LunarLanderHeuristic::Continuous;
    fn v0() -> TimeLimit<Self> {
        Self::v0()
    }
    fn start(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8] {
        self.reset_to(state, terrain)
    }
    fn replay(&mut self, action: [f32; 2], dispersion: [f64; 2]) -> Step<[f32; 8]> {
        self.step_with_dispersion(action, dispersion).unwrap()
    }
    fn motion(&self) -> LunarLanderState {
        self.state().unwrap()
    }
    fn seen(&self) -> LunarLanderScene {
        self.scene().unwrap()
    }
    fn recorded_action(row: &Row) -> [f32; 2] {
        ["action_main", "action_lateral"].map(|column| row[column].parse().unwrap())
    }
}

/// The worst deviations from the recorded segments: of position, angle, velocity, angular velocity
/// and reward.
fn free_flight_errors<L: Lander>(noise: &str) -> [f64; 5] {
    let steps = rows(&format!("{}/freeflight.csv", L::GOLDEN));
    let mut worst = [0.0_f64; 5];
    let mut compared = 0;
    for segment in rows(&format!("{}/freeflight_index.csv", L::GOLDEN)) {
        if segment["noise"] != noise {
            continue;
        }
        let mut lander = L::default();
        lander.start(&state(&segment), PAD);
        for row in steps
            .iter()
            .filter(|row| row["segment"] == segment["segment"])
        {
            let step = lander.replay(L::recorded_action(&segment), dispersion(row));
            let ours = lander.motion();
            let off = |ours: [f64; 2], theirs: [&str; 2]| {
                let [x, y] = theirs.map(|column| number(row, column));
                (ours[0] - x).abs().max((ours[1] - y).abs())
            };
            let errors = [
                off(ours.position, ["x", "y"]),
                (ours.angle - number(row, "angle")).abs(),
                off(ours.velocity, ["vx", "vy"]),
                (ours.angular_velocity - number(row, "omega")).abs(),
                (step.reward - number(row, "reward")).abs(),
            ];
            worst = std::array::from_fn(|i| worst[i].max(errors[i]));
            compared += 1;
        }
    }
    assert!(compared >= 240, "{compared} steps were compared");
    worst
}

fn assert_free_flight<L: Lander>(noise: &str) {
    let [position, angle, velocity, ..] = free_flight_errors::<L>(noise);
    let place = format!("{}, noise {noise}", L::GOLDEN);
    assert!(position <= 0.01, "{place}: position off by {position} m");
    assert!(angle <= 0.005, "{place}: angle off by {angle} rad");
    assert!(velocity <= 0.02, "{place}: velocity off by {velocity} m/s");
}

#[test]
fn free_flight_without_dispersion_follows_the_recorded_segments() {
    assert_free_flight::<LunarLander>("0");
    assert_free_flight::<LunarLanderContinuous>("0");
}

#[test]
fn free_flight_under_the_recorded_dispersions_follows_the_recorded_segments() {
    assert_free_flight::<LunarLander>("1");
    assert_free_flight::<LunarLanderContinuous>("1");
}

#[test]
fn steps_in_the_air_equal_the_recorded_transitions() {
    fn check<L: Lander>() {
        let mut compared = 0;
        for row in rows(&format!("{}/transitions.csv", L::GOLDEN)) {
            // Above 7 m there is no terrain, and legs past their stop are Box2D's alone.
            let before = state(&row);
            let legs_rest = before.openings.iter().all(|opening| *opening < 0.351);
            if before.position[1] < 8.5 || !legs_rest || row["terminated"] == "1" {
                continue;
            }
            let mut lander = L::default();
            lander.start(&before, PAD);
            let step = lander.replay(L::recorded_action(&row), dispersion(&row));
            for (ours, theirs) in step.observation.iter().zip(observation(&row)) {
                let error = (f64::from(*ours) - theirs).abs();
                assert!(error < 1e-3, "row {}: {ours} {theirs}", row["id"]);
            }
            assert!((step.reward - number(&row, "reward")).abs() < 0.1);
            compared += 1;
        }
        assert!(compared > 20, "{compared} rows were compared");
    }
    check::<LunarLander>();
    check::<LunarLanderContinuous>();
}

#[test]
fn a_seed_starts_over_gymnasiums_terrain_with_gymnasiums_push() {
    fn check<L: Lander>() {
        let starts = rows(&format!("{}/starts.csv", L::GOLDEN));
        assert_eq!(starts.len(), 20);
        for row in &starts {
            let mut lander = L::default();
            let first = lander
                .reset(&mut Stream::from_seed(row["seed"].parse().unwrap()))
                .unwrap();
            for (i, height) in lander.seen().terrain.iter().enumerate() {
                let recorded = number(row, &format!("terrain_y{i}"));
                assert!((height - recorded).abs() < 1e-6, "seed {}", row["seed"]);
            }
            for (i, (ours, theirs)) in first.iter().zip(observation(row)).enumerate() {
                let error = (f64::from(*ours) - theirs).abs();
                assert!(
                    error < 2e-6,
                    "seed {}, obs{i}: {ours} {theirs}",
                    row["seed"]
                );
            }
        }
    }
    check::<LunarLander>();
    check::<LunarLanderContinuous>();
}

#[test]
fn a_seed_draws_the_recorded_dispersions_step_by_step() {
    fn check<L: Lander>() {
        let mut lander = L::default();
        let mut rng = Stream::from_seed(0);
        let mut compared = 0;
        let mut flying = false;
        for row in rows(&format!("{}/heuristic_steps.csv", L::GOLDEN)) {
            if row["t"] == "0" {
                rng = Stream::from_seed(row["seed"].parse().unwrap());
                lander.reset(&mut rng).unwrap();
                flying = true;
            }
            let recorded = observation(&row);
            flying = flying && recorded[6] == 0.0 && recorded[7] == 0.0;
            if !flying {
                continue;
            }
            let drawn = [0; 2].map({
                let mut rng = rng.clone();
                move |_| rng.uniform(-1.0, 1.0) / 30.0
            });
            for (drawn, recorded) in drawn.iter().zip(dispersion(&row)) {
                assert!((drawn - recorded).abs() < 1e-8, "{drawn} {recorded}");
            }
            let step = lander.step(&L::recorded_action(&row), &mut rng).unwrap();
            flying = step.observation[6..] == [0.0; 2];
            if !flying {
                continue;
            }
            for (ours, theirs) in step.observation.iter().zip(recorded) {
                let error = (f64::from(*ours) - theirs).abs();
                let place = format!("seed {}, step {}", row["seed"], row["t"]);
                // A flight of 150 steps adds up the errors of each.
                assert!(error < 0.02, "{place}: {ours} {theirs}");
            }
            compared += 1;
        }
        assert!(compared > 400, "{compared} steps were compared");
    }
    check::<LunarLander>();
    check::<LunarLanderContinuous>();
}

/// Return, length and end of an episode.
type Outcome = (f64, usize, Option<LunarLanderEnd>);

/// Episodes of a policy from the seeds on; actions have streams of their own.
fn play<L: Lander>(mut policy: impl Policy, seeds: std::ops::Range<u64>) -> Vec<Outcome> {
    let mut environment = L::v0();
    seeds
        .map(|seed| {
            let mut rng = Stream::from_seed(seed);
            let mut action_rng = [Stream::from_seed(1_000_000 + seed)];
            let mut observation = environment.reset(&mut rng).unwrap();
            let mut flat = vec![0.0; environment.action_space().flat_dim()];
            let mut total = 0.0;
            for length in 1.. {
                policy.act(&observation, &mut action_rng, &mut flat);
                let action = L::Action::read(&flat).unwrap();
                let step = environment.step(&action, &mut rng).unwrap();
                observation = step.observation;
                total += step.reward;
                if step.status != Status::Running {
                    return (total, length, environment.inner().seen().end);
                }
            }
            unreachable!("the time limit ends an episode")
        })
        .collect()
}

fn mean(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().map(|outcome| outcome.0).sum::<f64>() / outcomes.len() as f64
}

fn share(outcomes: &[Outcome], end: LunarLanderEnd) -> f64 {
    let count = outcomes.iter().filter(|outcome| outcome.2 == Some(end));
    count.count() as f64 / outcomes.len() as f64
}

/// The means of a thousand episodes vary by less than 4 (one standard error); the tolerances are
/// what EnvPool allows its port.
#[test]
fn the_heuristic_does_as_well_as_over_box2d() {
    fn check<L: Lander>(expected: f64) {
        let outcomes = play::<L>(L::HEURISTIC, 0..1000);
        let mean = mean(&outcomes);
        assert!((mean - expected).abs() <= 20.0, "{}: {mean}", L::GOLDEN);
        let landed = share(&outcomes, LunarLanderEnd::Landed);
        println!(
            "{}: mean return {mean:.1}, {:.1} % landed",
            L::GOLDEN,
            100.0 * landed
        );
        assert!(landed >= 0.85, "{}: {landed}", L::GOLDEN);
    }
    // Means of Gymnasium over the same seeds.
    check::<LunarLander>(243.4);
    check::<LunarLanderContinuous>(282.8);
}

#[test]
fn the_heuristic_fares_alike_over_the_recorded_seeds() {
    fn check<L: Lander>(least: usize) {
        let recorded = rows(&format!("{}/heuristic_episodes.csv", L::GOLDEN));
        assert_eq!(recorded.len(), 50);
        let agree = recorded.iter().filter(|row| {
            let seed = row["seed"].parse().unwrap();
            let end = play::<L>(L::HEURISTIC, seed..seed + 1)[0].2;
            name(end) == row["outcome"]
        });
        let agree = agree.count();
        assert!(agree >= least, "{}: {agree} of 50", L::GOLDEN);
    }
    check::<LunarLander>(43);
    check::<LunarLanderContinuous>(48);
}

fn name(end: Option<LunarLanderEnd>) -> &'static str {
    match end {
        None => "time_limit",
        Some(LunarLanderEnd::Landed) => "landed",
        Some(LunarLanderEnd::Crashed) => "crashed",
        Some(LunarLanderEnd::OutOfBounds) => "out_of_bounds",
    }
}

#[test]
fn random_actions_fail_as_they_do_over_box2d() {
    fn check<L: Lander>() {
        let summary = std::fs::read_to_string(path(&format!("{}/summary.json", L::GOLDEN)));
        let summary: serde_json::Value = serde_json::from_str(&summary.unwrap()).unwrap();
        let random = &summary["random_500"];
        let policy = RandomPolicy::new(L::default().action_space());
        let outcomes = play::<L>(policy, 0..1000);
        let (ours, theirs) = (mean(&outcomes), random["return"]["mean"].as_f64().unwrap());
        assert!(
            (ours - theirs).abs() <= 20.0,
            "{}: {ours} {theirs}",
            L::GOLDEN
        );
        let length = outcomes.iter().map(|outcome| outcome.1 as f64).sum::<f64>() / 1000.0;
        let recorded = random["length"]["mean"].as_f64().unwrap();
        assert!((length - recorded).abs() <= 12.0, "{}: {length}", L::GOLDEN);
        let crashed = random["outcomes"]["crashed"].as_f64().unwrap() / 500.0;
        let ours = share(&outcomes, LunarLanderEnd::Crashed);
        assert!(
            (ours - crashed).abs() <= 0.06,
            "{}: {ours} {crashed}",
            L::GOLDEN
        );
    }
    check::<LunarLander>();
    check::<LunarLanderContinuous>();
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let play = || play::<LunarLanderContinuous>(LunarLanderHeuristic::Continuous, 5..25);
    let bits = |outcomes: Vec<Outcome>| -> Vec<_> {
        let bits = |(total, length, _): &Outcome| (total.to_bits(), *length);
        outcomes.iter().map(bits).collect()
    };
    assert_eq!(bits(play()), bits(play()));
}
