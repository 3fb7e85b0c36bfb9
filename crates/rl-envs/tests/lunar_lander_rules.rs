//! LunarLander by its rules: rewards, contacts, ends, wind, misuse and saved states.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{
    Environment, EnvironmentError, FlatEnvironment, Policy, Space, Status, Step, Stream,
};
use rl_envs::lunar_lander::{
    LunarLanderConfig, LunarLanderEnd, LunarLanderHeuristic, LunarLanderState, Wind,
};
use rl_envs::{LunarLander, LunarLanderContinuous};

/// Terrain as high as the pad, in m.
const PAD: [f64; 11] = [3.3; 11];

/// A craft at rest with closed legs.
fn hovering(position: [f64; 2], angle: f64) -> LunarLanderState {
    LunarLanderState {
        position,
        angle,
        velocity: [0.0; 2],
        angular_velocity: 0.0,
        openings: [0.35; 2],
        opening_rates: [0.0; 2],
        leg_contacts: [false; 2],
    }
}

/// Height of the lander's origin over level ground that its legs stand on, in m.
const STANDING: f64 = 0.623;

#[test]
fn engines_cost_their_fuel() {
    fn shaping(observation: &[f32; 8]) -> f64 {
        let [x, y, vx, vy, angle, ..] = observation.map(f64::from);
        -100.0 * (x.hypot(y) + vx.hypot(vy) + angle.abs())
    }
    const DISPERSION: [f64; 2] = [0.01, -0.02];
    let start = hovering([10.5, 9.0], 0.1);
    let cost = |first: [f32; 8], step: Result<Step<[f32; 8]>, EnvironmentError>| {
        let step = step.unwrap();
        shaping(&step.observation) - shaping(&first) - step.reward
    };
    for (action, expected) in [(0, 0.0), (1, 0.03), (2, 0.3), (3, 0.03)] {
        let mut lander = LunarLander::default();
        let first = lander.reset_to(&start, PAD);
        let cost = cost(first, lander.step_with_dispersion(action, DISPERSION));
        assert!((cost - expected).abs() < 1e-4, "{action}: {cost}");
    }
    for (action, expected) in [
        ([0.0, 0.5], 0.0),
        ([0.001, -0.5], 0.150_15),
        ([0.5, 0.75], 0.247_5),
        ([1.0, -1.0], 0.33),
        ([7.0, -3.0], 0.33),
        ([-7.0, 0.0], 0.0),
    ] {
        let mut lander = LunarLanderContinuous::default();
        let first = lander.reset_to(&start, PAD);
        let cost = cost(first, lander.step_with_dispersion(action, DISPERSION));
        assert!((cost - expected).abs() < 1e-4, "{action:?}: {cost}");
    }
}

#[test]
fn each_leg_on_the_ground_is_worth_ten() {
    let mut lander = LunarLander::default();
    lander.reset_to(&hovering([9.5, 3.3 + STANDING + 0.05], 0.05), PAD);
    let mut total = 0.0;
    let mut seen = [false; 2];
    let first = lander.state().unwrap();
    loop {
        let step = lander.step_with_dispersion(0, [0.0; 2]).unwrap();
        if step.status != Status::Running {
            break;
        }
        total += step.reward;
        let [.., leg_0, leg_1] = step.observation;
        seen = [seen[0] || leg_0 > 0.0, seen[1] || leg_1 > 0.0];
    }
    assert_eq!(seen, [true; 2]);
    // Rewards add up to the change of the shaping; the craft ends at rest.
    let distance = |state: LunarLanderState| {
        let [x, y] = state.position;
        100.0 * ((x - 10.0) / 10.0).hypot((y - 10.0 / 3.0 - 0.6) * 0.15) + 100.0 * state.angle.abs()
    };
    let gained = distance(first) - distance(lander.state().unwrap()) + 20.0;
    assert!((total - gained).abs() < 0.1, "{total} {gained}");
}

#[test]
fn the_flag_of_a_leg_that_slides_on_to_the_next_chunk_is_cleared_as_gymnasiums() {
    let mut lander = LunarLander::default();
    let mut state = hovering([9.0, 3.3 + STANDING], 0.0);
    state.velocity = [2.0, 0.0];
    lander.reset_to(&state, PAD);
    let mut flags = Vec::new();
    for _ in 0..15 {
        let step = lander.step_with_dispersion(0, [0.0; 2]).unwrap();
        let motion = lander.state().unwrap();
        // It stands all the while.
        assert!((motion.position[1] - 3.3 - STANDING).abs() < 0.01);
        flags.push((
            motion.position[0],
            step.observation[6] == 1.0,
            step.observation[7] == 1.0,
        ));
    }
    // The foot of leg 0, 0.86 m to the right, crosses x = 10; that of leg 1 crosses nothing.
    let (before, after): (Vec<_>, Vec<_>) = flags.iter().partition(|(x, ..)| x + 0.861 < 10.0);
    assert!(before.len() > 2 && after.len() > 4);
    assert!(
        before.iter().all(|(_, leg_0, leg_1)| *leg_0 && *leg_1),
        "{before:?}"
    );
    assert!(
        after[1..].iter().all(|(_, leg_0, leg_1)| !leg_0 && *leg_1),
        "{after:?}"
    );
}

#[test]
fn a_craft_let_down_gently_falls_asleep_where_it_was_put() {
    let mut lander = LunarLander::default();
    lander.reset_to(&hovering([9.5, 3.3 + STANDING + 0.1], 0.02), PAD);
    let last = (0..300)
        .map(|_| lander.step_with_dispersion(0, [0.0; 2]).unwrap())
        .find(|step| step.status != Status::Running)
        .unwrap();
    assert_eq!(last.status, Status::Terminated);
    assert_eq!(last.reward, 100.0);
    assert_eq!(lander.scene().unwrap().end, Some(LunarLanderEnd::Landed));
    assert_eq!(last.observation[6..], [1.0, 1.0]);
    let LunarLanderState {
        position: [x, y],
        angle,
        ..
    } = lander.state().unwrap();
    assert!((x - 9.5).abs() < 0.02, "{x}");
    assert!((y - 3.3 - STANDING).abs() < 0.01, "{y}");
    assert!(angle.abs() < 0.02, "{angle}");
}

/// The way that a craft slides in two seconds on a slope, in m over the ground.
fn slide(slope: f64) -> f64 {
    let angle = slope.atan();
    let terrain = std::array::from_fn(|i| 3.0 + slope * 2.0 * i as f64);
    let foot = 3.0 + slope * 11.0;
    let start = [11.0 - STANDING * angle.sin(), foot + STANDING * angle.cos()];
    let mut lander = LunarLander::default();
    lander.reset_to(&hovering(start, angle), terrain);
    for _ in 0..100 {
        if lander.step_with_dispersion(0, [0.0; 2]).unwrap().status != Status::Running {
            break;
        }
    }
    let [x, y] = lander.state().unwrap().position;
    (x - start[0]).hypot(y - start[1])
}

#[test]
fn friction_holds_below_its_angle_and_lets_go_above() {
    // The coefficient is the geometric mean of 0.1 and 0.2.
    let friction = 0.02_f64.sqrt();
    assert!(slide(0.9 * friction) < 0.02, "{}", slide(0.9 * friction));
    let steep = 2.0 * friction;
    // Half a t² of what friction leaves of gravity.
    let expected = 0.5 * 10.0 * (steep - friction) / steep.hypot(1.0) * 4.0;
    let way = slide(steep);
    assert!((way / expected - 1.0).abs() < 0.1, "{way} {expected}");
}

#[test]
fn a_symmetric_drop_stays_symmetric() {
    let mut lander = LunarLander::default();
    let mut state = hovering([10.0, 4.0], 0.0);
    state.velocity = [0.0, -1.0];
    lander.reset_to(&state, PAD);
    let mut touched = false;
    for _ in 0..400 {
        let step = lander.step_with_dispersion(0, [0.0; 2]).unwrap();
        let LunarLanderState {
            position,
            angle,
            openings,
            leg_contacts,
            ..
        } = lander.state().unwrap();
        // Contacts are solved one after the other, to a tolerance.
        for asymmetry in [position[0] - 10.0, angle, openings[0] - openings[1]] {
            assert!(asymmetry.abs() < 1e-4, "{asymmetry}");
        }
        assert_eq!(leg_contacts[0], leg_contacts[1]);
        touched |= leg_contacts[0];
        if step.status != Status::Running {
            break;
        }
    }
    assert!(touched);
    assert_eq!(lander.scene().unwrap().end, Some(LunarLanderEnd::Landed));
}

#[test]
fn wind_pushes_only_in_the_air() {
    let windy = LunarLanderConfig {
        wind: Some(Wind::default()),
        ..LunarLanderConfig::default()
    };
    let mut lander = windy.init().unwrap();
    let mut drift = |height: f64| {
        lander.reset_to(&hovering([10.0, height], 0.0), PAD);
        for _ in 0..20 {
            lander.step_with_dispersion(0, [0.0; 2]).unwrap();
        }
        lander.state().unwrap().position[0] - 10.0
    };
    assert!(drift(10.0) > 0.05, "{}", drift(10.0));
    // The first step takes off no more than the wind's pattern, which starts from nothing, gives.
    assert!(
        drift(3.3 + STANDING).abs() < 1e-3,
        "{}",
        drift(3.3 + STANDING)
    );
}

#[test]
fn a_ridge_that_pokes_the_lander_between_its_corners_is_a_crash() {
    let mut terrain = PAD;
    terrain[5] = 4.5;
    let mut lander = LunarLander::default();
    lander.reset_to(&hovering([10.0, 5.2], 0.0), terrain);
    let step = (0..50)
        .map(|_| lander.step_with_dispersion(0, [0.0; 2]).unwrap())
        .find(|step| step.status != Status::Running)
        .unwrap();
    assert_eq!(lander.scene().unwrap().end, Some(LunarLanderEnd::Crashed));
    assert_eq!(step.reward, -100.0);
    // Its underside, a third of a metre below its origin, met the tip: corners were higher.
    assert!((lander.state().unwrap().position[1] - 4.5 - 1.0 / 3.0).abs() < 0.05);
}

#[test]
fn leaving_the_world_terminates() {
    let mut lander = LunarLander::default();
    let mut state = hovering([19.9, 10.0], 0.0);
    state.velocity = [10.0, 0.0];
    lander.reset_to(&state, PAD);
    let step = lander.step_with_dispersion(0, [0.0; 2]).unwrap();
    assert_eq!((step.reward, step.status), (-100.0, Status::Terminated));
    assert_eq!(
        lander.scene().unwrap().end,
        Some(LunarLanderEnd::OutOfBounds)
    );
}

#[test]
fn misuse_is_an_error_and_changes_nothing() {
    let mut rng = Stream::from_seed(0);
    let mut lander = LunarLander::default();
    assert_eq!(lander.step(&0, &mut rng), Err(EnvironmentError::NotReset));
    lander.reset(&mut rng).unwrap();
    let (state, stream) = (lander.state(), rng.clone());
    let error = lander.step(&4, &mut rng).unwrap_err();
    assert_eq!(
        error.to_string(),
        "action 4 is outside the action space Discrete(4)"
    );
    assert_eq!((lander.state(), &rng), (state, &stream));
    while lander.step(&0, &mut rng).unwrap().status == Status::Running {}
    assert_eq!(
        lander.step(&0, &mut rng),
        Err(EnvironmentError::EpisodeOver)
    );

    let mut lander = LunarLanderContinuous::default();
    lander.reset(&mut rng).unwrap();
    let (state, stream) = (lander.state(), rng.clone());
    for action in [[f32::NAN, 0.0], [0.0, f32::INFINITY]] {
        let error = lander.step(&action, &mut rng).unwrap_err();
        assert!(matches!(error, EnvironmentError::ActionOutsideSpace { .. }));
        assert_eq!((lander.state(), &rng), (state, &stream));
    }
}

#[test]
fn actions_and_time_limit_are_gymnasiums_and_observations_bounded_by_the_legs_alone() {
    let environment = LunarLander::v0();
    assert_eq!(environment.max_steps(), 1000);
    assert_eq!(LunarLanderContinuous::v0().max_steps(), 1000);
    assert!(matches!(environment.action_space(), Space::Discrete(space) if space.n() == 4));
    let Space::Box(space) = environment.observation_space() else {
        panic!("a box");
    };
    // At full throttle the craft climbs past every bound that Gymnasium's space has.
    let no_bound = [f32::INFINITY; 6];
    assert_eq!(space.high(), [&no_bound[..], &[1.0; 2]].concat());
    assert_eq!(space.low(), [&no_bound.map(|x| -x)[..], &[0.0; 2]].concat());
    let space = LunarLanderContinuous::default().action_space();
    assert!(matches!(space, Space::Box(space) if space.high() == [1.0; 2]));
}

/// Episodes of the heuristic, each step by a new instance that took up the state of the last one,
/// beside one that plays them by itself; the number that came to rest.
fn landed_from_saved_states<E: FlatEnvironment>(
    make: impl Fn() -> E,
    mut policy: LunarLanderHeuristic,
    episodes: u64,
) -> usize {
    let mut landed = 0;
    let mut original = make();
    let mut action = vec![0.0; original.spaces().action.flat_dim()];
    for seed in 0..episodes {
        let mut rng = Stream::from_seed(seed);
        let mut observation = [0.0; 8];
        original.reset_into(&mut rng, &mut observation).unwrap();
        let mut state = original.save_flat().unwrap();
        let mut twin_rng = rng.clone();
        loop {
            let mut twin = make();
            twin.restore_flat(&state).unwrap();
            assert_eq!(twin.save_flat().unwrap(), state);
            policy.act(
                &observation,
                std::slice::from_mut(&mut rng.clone()),
                &mut action,
            );
            let step = original.step_into(&action, &mut rng, &mut observation);
            let mut seen = [0.0; 8];
            let twins = twin.step_into(&action, &mut twin_rng, &mut seen);
            assert_eq!((&twins, seen), (&step, observation), "seed {seed}");
            state = twin.save_flat().unwrap();
            let (reward, status) = step.unwrap();
            if status != Status::Running {
                landed += usize::from(reward == 100.0);
                break;
            }
        }
    }
    landed
}

#[test]
fn a_craft_that_is_saved_at_every_step_comes_to_rest_as_one_that_is_not() {
    use LunarLanderHeuristic::{Continuous, Discrete};
    assert!(landed_from_saved_states(LunarLander::v0, Discrete, 10) > 7);
    assert!(landed_from_saved_states(LunarLanderContinuous::v0, Continuous, 10) > 7);
    let config = LunarLanderConfig {
        wind: Some(Wind::default()),
        ..LunarLanderConfig::default()
    };
    assert!(landed_from_saved_states(|| config.init().unwrap(), Discrete, 10) > 5);
}
