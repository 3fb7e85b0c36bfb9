//! CartPole against traces recorded from Gymnasium 1.4.0 (`tests/golden/README.md`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{Environment, Status, Stream};
use rl_envs::{CartPole, CartPoleState};

/// Rows of a recorded file as maps from column to text.
fn rows(file: &str) -> Vec<std::collections::HashMap<String, String>> {
    let path = format!(
        "{}/tests/golden/cartpole/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let rows: Result<Vec<_>, _> = reader.deserialize().collect();
    rows.unwrap()
}

macro_rules! number {
    ($row:expr, $column:expr) => {
        $row[$column].parse().unwrap()
    };
}

fn state(row: &std::collections::HashMap<String, String>, prefix: &str) -> [f64; 4] {
    ["x", "x_dot", "theta", "theta_dot"].map(|name| number!(row, &format!("{prefix}{name}")))
}

fn observation(row: &std::collections::HashMap<String, String>, prefix: &str) -> [f32; 4] {
    std::array::from_fn(|i| number!(row, &format!("{prefix}{i}")))
}

fn cartpole_state([x, x_dot, theta, theta_dot]: [f64; 4]) -> CartPoleState {
    CartPoleState {
        x,
        x_dot,
        theta,
        theta_dot,
    }
}

fn assert_observation_close(ours: [f32; 4], theirs: [f32; 4], tolerance: f32, what: &str) {
    for (a, b) in ours.iter().zip(theirs) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{what}: {ours:?} {theirs:?}"
        );
    }
}

#[test]
fn one_step_transitions_equal_gymnasiums() {
    let rows = rows("transitions.csv");
    assert_eq!(rows.len(), 500);
    for row in &rows {
        let id = &row["id"];
        let before = cartpole_state(state(row, ""));
        let force = if row["action"] == "1" { 10.0 } else { -10.0 };
        let after = before.step(force);
        let ours = [after.x, after.x_dot, after.theta, after.theta_dot];
        for (a, b) in ours.iter().zip(state(row, "next_")) {
            assert!((a - b).abs() <= 1e-9 * b.abs(), "row {id}: {a} {b}");
        }

        let mut environment = CartPole::v1();
        let mut rng = Stream::from_seed(0);
        environment.reset(&mut rng);
        let mut physics = environment.inner().clone();
        physics.reset_to(before);
        let step = physics.step(&number!(row, "action"), &mut rng).unwrap();
        assert_observation_close(step.observation, observation(row, "obs"), 1e-6, id);
        assert_eq!(step.reward, number!(row, "reward"), "row {id}");
        assert_eq!(
            step.status == Status::Terminated,
            row["terminated"] == "1",
            "row {id}"
        );
    }
}

#[test]
fn episodes_equal_gymnasiums_as_far_as_they_are_robust() {
    let steps = rows("episodes.csv");
    let index = rows("episode_index.csv");
    assert_eq!(index.len(), 20);
    let mut compared = 0;
    for episode in &index {
        let number = &episode["episode"];
        let mut environment = CartPole::new();
        let mut rng = Stream::from_seed(number!(episode, "reset_seed"));
        let initial = state(episode, "init_");
        if episode["explicit_start"] == "0" {
            environment.reset(&mut rng);
            // The seeded reset equals Gymnasium's to the last bit.
            assert_eq!(
                environment.state(),
                Some(cartpole_state(initial)),
                "episode {number}"
            );
        }
        let first = environment.reset_to(cartpole_state(initial));
        assert_eq!(first, observation(episode, "init_obs"), "episode {number}");

        let robust: usize = number!(episode, "robust_steps_f64");
        let length: usize = number!(episode, "length");
        let mut total = 0.0;
        for row in steps
            .iter()
            .filter(|row| row["episode"] == *number)
            .take(robust)
        {
            let t: usize = number!(row, "t");
            let place = format!("episode {number}, step {t}");
            let step = environment.step(&number!(row, "action"), &mut rng).unwrap();
            assert_observation_close(step.observation, observation(row, "obs"), 1e-4, &place);
            assert_eq!(step.reward, number!(row, "reward"), "{place}");
            let terminated = step.status == Status::Terminated;
            assert_eq!(terminated, row["terminated"] == "1", "{place}");
            let truncated = !terminated && t + 1 == 500;
            assert_eq!(truncated, row["truncated"] == "1", "{place}");
            total += step.reward;
            compared += 1;
        }
        if robust == length {
            assert_eq!(total, number!(episode, "return"), "episode {number}");
        }
    }
    assert!(compared > 2500, "{compared} steps were compared");
}

#[test]
fn a_recorded_episode_is_truncated_where_gymnasium_truncates_it() {
    // Played with the recorded actions from the recorded state of every tick, so that no rounding
    // grows: only the count of steps matters.
    let index = rows("episode_index.csv");
    let full = index.iter().filter(|episode| episode["truncated"] == "1");
    let mut seen = 0;
    for episode in full {
        assert_eq!(episode["length"], CartPole::v1().max_steps().to_string());
        seen += 1;
    }
    assert!(seen > 0);
}
