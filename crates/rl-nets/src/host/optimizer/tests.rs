//! Optimizers beside their formulas.

use rl_core::{Snapshot, State, Stream};

use super::adam::power;
use super::*;

const LEN: usize = 77;
const SCALE: f32 = 0.25;
const RATE: f64 = 0.01;

/// Asserts that steps of `step` equal those of the same formulas in `f64`, which `reference` applies to one
/// parameter, its gradient, its state and the number of the step.
fn assert_follows(
    mut step: impl FnMut(&mut [f32], &[f32]),
    reference: impl Fn(&mut f64, f64, &mut [f64; 2], i32),
) {
    let mut rng = Stream::from_seed(3);
    let mut parameters: Vec<f32> = (0..LEN).map(|_| rng.uniform(-1.0, 1.0) as f32).collect();
    let mut expected: Vec<f64> = parameters.iter().map(|&p| f64::from(p)).collect();
    let mut states = [[0.0; 2]; LEN];
    for t in 1..=20 {
        // Over six orders of magnitude, and one parameter that the loss does not depend on.
        let gradient: Vec<f32> = (0..LEN)
            .map(|i| rng.uniform(-1.0, 1.0) as f32 * 10_f32.powi(i as i32 % 7 - 4))
            .map(|g| if g.abs() < 1e-6 { 0.0 } else { g })
            .collect();
        step(&mut parameters, &gradient);
        for ((p, g), state) in expected.iter_mut().zip(&gradient).zip(&mut states) {
            reference(p, f64::from(SCALE) * f64::from(*g), state, t);
        }
        for (p, expected) in parameters.iter().zip(&expected) {
            let error = (f64::from(*p) - expected).abs();
            assert!(error < 1e-6, "step {t}: {p} instead of {expected}");
        }
    }
}

#[test]
fn adam_follows_its_formulas() {
    let mut adam = AdamConfig::default().init(LEN);
    assert_follows(
        |parameters, gradient| adam.step(parameters, gradient, SCALE, RATE),
        |p, g, [m, v], t| {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            let m_hat = *m / (1.0 - 0.9_f64.powi(t));
            let v_hat = *v / (1.0 - 0.999_f64.powi(t));
            *p -= RATE * m_hat / (v_hat.sqrt() + 1e-8);
        },
    );
}

#[test]
fn radam_follows_its_formulas_on_both_sides_of_the_rectification() {
    let config = AdamConfig {
        rectified: true,
        ..AdamConfig::default()
    };
    let mut radam = config.init(LEN);
    let rectified = std::cell::RefCell::new(std::collections::BTreeSet::new());
    assert_follows(
        |parameters, gradient| radam.step(parameters, gradient, SCALE, RATE),
        |p, g, [m, v], t| {
            let powers = [0.9_f64.powi(t), 0.999_f64.powi(t)];
            *m = 0.9 * *m + (1.0 - 0.9) * g;
            *v = 0.999 * *v + (1.0 - 0.999) * g * g;
            let m_hat = *m / (1.0 - powers[0]);
            let rho_inf = 2.0 / (1.0 - 0.999) - 1.0;
            let rho = rho_inf - 2.0 * f64::from(t) * powers[1] / (1.0 - powers[1]);
            if rho > 5.0 {
                rectified.borrow_mut().insert(t);
                let l = (1.0 - powers[1]).sqrt() / (v.sqrt() + 1e-8);
                let r =
                    (rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho);
                *p -= RATE * r.sqrt() * m_hat * l;
            } else {
                *p -= RATE * m_hat;
            }
        },
    );
    assert!(rectified.into_inner().into_iter().eq(6..=20));
}

#[test]
fn rms_prop_follows_its_formulas() {
    let mut rms_prop = RmsPropConfig::default().init(LEN);
    assert_follows(
        |parameters, gradient| rms_prop.step(parameters, gradient, SCALE, RATE),
        |p, g, [v, _], _| {
            *v = 0.99 * *v + 0.01 * g * g;
            *p -= RATE * g / (v.sqrt() + 1e-8);
        },
    );
}

#[test]
fn moments_of_gradients_that_have_become_0_do_so_too() {
    let mut adam = AdamConfig {
        beta2: 0.9,
        ..AdamConfig::default()
    }
    .init(1);
    let mut rms_prop = RmsPropConfig {
        alpha: 0.9,
        ..RmsPropConfig::default()
    }
    .init(1);
    let mut parameters = [[1.0], [1.0]];
    for t in 0..2000 {
        let gradient = [if t < 10 { 1e-3 } else { 0.0 }];
        adam.step(&mut parameters[0], &gradient, 1.0, RATE);
        rms_prop.step(&mut parameters[1], &gradient, 1.0, RATE);
        let moments = [
            adam.first_moment[0],
            adam.second_moment[0],
            rms_prop.mean_square[0],
        ];
        assert!(!moments.iter().any(|x| x.is_subnormal()), "step {t}");
        assert!(t < 900 || moments == [0.0; 3], "step {t}: {moments:?}");
    }
}

/// A saved and a restored optimizer after three more steps, each with its parameters.
fn go_on<O: State + Clone>(
    mut optimizer: O,
    mut restored: O,
    step: fn(&mut O, &mut [f32], &[f32], f32, f64),
) -> [(O, Vec<f32>); 2] {
    let mut rng = Stream::from_seed(5);
    let mut gradient = || -> Vec<f32> { (0..LEN).map(|_| rng.next_f64() as f32).collect() };
    let mut parameters = vec![1.0; LEN];
    for _ in 0..7 {
        step(&mut optimizer, &mut parameters, &gradient(), SCALE, RATE);
    }
    restored.load(&Snapshot::of(&optimizer)).unwrap();
    let mut others = parameters.clone();
    for _ in 0..3 {
        let gradient = gradient();
        step(&mut optimizer, &mut parameters, &gradient, SCALE, RATE);
        step(&mut restored, &mut others, &gradient, SCALE, RATE);
    }
    [(optimizer, parameters), (restored, others)]
}

#[test]
fn a_restored_optimizer_goes_on_with_the_same_bits() {
    for rectified in [false, true] {
        let config = AdamConfig {
            rectified,
            ..AdamConfig::default()
        };
        let adam = config.init(LEN);
        let [saved, restored] = go_on(adam.clone(), adam, Adam::step);
        assert_eq!(saved, restored);
    }
    let rms_prop = RmsPropConfig::default().init(LEN);
    let [saved, restored] = go_on(rms_prop.clone(), rms_prop, RmsProp::step);
    assert_eq!(saved, restored);
}

#[test]
fn the_state_of_an_optimizer_of_another_size_is_an_error() {
    let saved = Snapshot::of(&AdamConfig::default().init(3));
    let error = AdamConfig::default().init(4).load(&saved).unwrap_err();
    assert!(error.to_string().contains("'first_moment'"), "{error}");
    let saved = Snapshot::of(&RmsPropConfig::default().init(3));
    let error = RmsPropConfig::default().init(4).load(&saved).unwrap_err();
    assert!(error.to_string().contains("'mean_square'"), "{error}");
}

#[test]
fn a_power_of_any_number_of_steps_is_that_of_its_multiplications() {
    let mut product = 1.0;
    for steps in 0..10_000 {
        assert_eq!(power(0.9, steps).to_bits(), f64::to_bits(product));
        product *= 0.9;
    }
    assert_eq!(power(0.999, u64::MAX), power(0.999, 1_000_000));
    assert_eq!(power(1.0, u64::MAX), 1.0);
}
