//! Optimizers of a flat vector of parameters.

use pulp::{Arch, NullaryFnOnce};
use rl_core::{State, StateError, StateReader, StateWriter};
use serde::{Deserialize, Serialize};

/// Constants of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the running mean of the gradients.
    pub beta1: f64,
    /// Decay of the running mean of the squared gradients.
    pub beta2: f64,
    /// Number added to the denominator of a step, against division by zero.
    pub epsilon: f64,
    /// Rectification of the step size (RAdam).
    pub rectified: bool,
}

/// Numbers of a step of [`Adam`], which subtracts `rate · m / (correction · √v + epsilon)` from a
/// parameter whose gradients have the running mean `m`, and their squares `v`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamFactors {
    /// Learning rate times what corrects `m`.
    pub rate: f32,
    /// Correction of `√v`; 0 for a step that does not look at it.
    pub correction: f32,
    /// Number that keeps the quotient finite.
    pub epsilon: f32,
}

impl Default for AdamConfig {
    /// Constants of Kingma and Ba: 0.9, 0.999 and 10⁻⁸, without rectification.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            rectified: false,
        }
    }
}

impl AdamConfig {
    /// Numbers of step `t ≥ 1` of learning rate `rate`, with `powers` `β₁ᵗ` and `β₂ᵗ`.
    pub fn factors(&self, t: u64, powers: [f64; 2], rate: f64) -> AdamFactors {
        let (rate, deviation) = (rate / (1.0 - powers[0]), (1.0 - powers[1]).sqrt());
        let (rate, correction, epsilon) = match self.rectified {
            false => (rate, deviation.recip(), self.epsilon),
            true => match self.rectification(t, powers[1]) {
                Some(r) => (rate * r * deviation, 1.0, self.epsilon),
                None => (rate, 0.0, 1.0),
            },
        };
        let [rate, correction, epsilon] = [rate, correction, epsilon].map(|x| x as f32);
        AdamFactors {
            rate,
            correction,
            epsilon,
        }
    }

    /// `rₜ` of Liu et al. 2020, algorithm 2; `None` as long as `ρₜ ≤ 5`, when the variance of the
    /// adaptive step size is too large. The paper's bound is 4, PyTorch's is 5: with its `β₂` the
    /// first five steps are plain ones, in place of four.
    fn rectification(&self, t: u64, beta2_power: f64) -> Option<f64> {
        let most = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = most - 2.0 * t as f64 * beta2_power / (1.0 - beta2_power);
        let of = |length: f64| (length - 4.0) * (length - 2.0) / length;
        (length > 5.0).then(|| (of(length) / of(most)).sqrt())
    }

    /// An optimizer of `len` parameters, before its first step.
    pub fn init(self, len: usize) -> Adam {
        Adam {
            config: self,
            steps: 0,
            powers: [1.0, 1.0],
            first_moment: vec![0.0; len],
            second_moment: vec![0.0; len],
        }
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1), rounded as PyTorch's is; rectified, RAdam (Liu et al. 2020,
/// "On the variance of the adaptive learning rate and beyond", algorithm 2) in PyTorch's form.
///
/// Arrays of its [`State`]: `first_moment` and `second_moment`, `[len]` each, and `steps`, `[1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    config: AdamConfig,
    /// Number of steps, `t`.
    steps: u64,
    /// `β₁ᵗ` and `β₂ᵗ`.
    powers: [f64; 2],
    /// Running mean of the gradients, `[len]`.
    first_moment: Vec<f32>,
    /// Running mean of the squared gradients, `[len]`.
    second_moment: Vec<f32>,
}

impl Adam {
    /// Changes the parameters, `[len]`, by one step of learning rate `rate` down
    /// `scale · gradient`, `[len]`.
    ///
    /// # Panics
    /// If either slice is not `[len]`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        check(self.first_moment.len(), parameters, gradient);
        let AdamConfig { beta1, beta2, .. } = self.config;
        self.steps += 1;
        self.powers[0] *= beta1;
        self.powers[1] *= beta2;
        Arch::new().dispatch(AdamStep {
            adam: self,
            parameters,
            gradient,
            scale,
            rate,
        });
    }
}

impl State for Adam {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("first_moment", &self.first_moment);
        out.f32s("second_moment", &self.second_moment);
        out.u64s("steps", &[self.steps]);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("first_moment", &mut self.first_moment)?;
        from.f32s("second_moment", &mut self.second_moment)?;
        let mut steps = [0];
        from.u64s("steps", &mut steps)?;
        [self.steps] = steps;
        let AdamConfig { beta1, beta2, .. } = self.config;
        self.powers = [beta1, beta2].map(|beta| power(beta, self.steps));
        Ok(())
    }
}

/// `βᵗ` with the rounding of `t` multiplications, one per step.
fn power(beta: f64, steps: u64) -> f64 {
    let mut power = 1.0;
    for _ in 0..steps {
        let next = power * beta;
        // Nothing changes once it has underflowed.
        if next == power {
            break;
        }
        power = next;
    }
    power
}

struct AdamStep<'a> {
    adam: &'a mut Adam,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    scale: f32,
    rate: f64,
}

impl NullaryFnOnce for AdamStep<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Adam {
            config,
            steps,
            powers,
            first_moment,
            second_moment,
        } = self.adam;
        let [beta1, beta2] = [config.beta1 as f32, config.beta2 as f32];
        let [rest1, rest2] = [(1.0 - config.beta1) as f32, (1.0 - config.beta2) as f32];
        let AdamFactors {
            rate,
            correction,
            epsilon,
        } = config.factors(*steps, *powers, self.rate);
        let moments = first_moment.iter_mut().zip(second_moment);
        for ((parameter, &g), (m, v)) in self.parameters.iter_mut().zip(self.gradient).zip(moments)
        {
            let g = self.scale * g;
            *m = flushed(beta1.mul_add(*m, rest1 * g));
            *v = flushed(beta2.mul_add(*v, rest2 * (g * g)));
            *parameter -= rate * (*m / v.sqrt().mul_add(correction, epsilon));
        }
    }
}

/// Constants of [`RmsProp`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RmsPropConfig {
    /// Decay of the running mean of the squared gradients.
    pub alpha: f64,
    /// Number added to the denominator of a step, against division by zero.
    pub epsilon: f64,
}

impl Default for RmsPropConfig {
    /// Constants of PyTorch: 0.99 and 10⁻⁸.
    fn default() -> Self {
        Self {
            alpha: 0.99,
            epsilon: 1e-8,
        }
    }
}

impl RmsPropConfig {
    /// An optimizer of `len` parameters, before its first step.
    pub fn init(self, len: usize) -> RmsProp {
        RmsProp {
            config: self,
            mean_square: vec![0.0; len],
        }
    }
}

/// RMSProp (Tieleman and Hinton 2012) as PyTorch has it: `ε` outside of the root, no momentum.
///
/// Array of its [`State`]: `mean_square`, `[len]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RmsProp {
    config: RmsPropConfig,
    /// Running mean of the squared gradients, `[len]`.
    mean_square: Vec<f32>,
}

impl RmsProp {
    /// Changes the parameters, `[len]`, by one step of learning rate `rate` down
    /// `scale · gradient`, `[len]`.
    ///
    /// # Panics
    /// If either slice is not `[len]`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        check(self.mean_square.len(), parameters, gradient);
        Arch::new().dispatch(RmsPropStep {
            rms_prop: self,
            parameters,
            gradient,
            scale,
            rate: rate as f32,
        });
    }
}

impl State for RmsProp {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("mean_square", &self.mean_square);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("mean_square", &mut self.mean_square)
    }
}

struct RmsPropStep<'a> {
    rms_prop: &'a mut RmsProp,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    scale: f32,
    rate: f32,
}

impl NullaryFnOnce for RmsPropStep<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let RmsProp {
            config,
            mean_square,
        } = self.rms_prop;
        let (alpha, rest) = (config.alpha as f32, (1.0 - config.alpha) as f32);
        let epsilon = config.epsilon as f32;
        let gradients = self.gradient.iter().zip(mean_square);
        for (parameter, (&g, v)) in self.parameters.iter_mut().zip(gradients) {
            let g = self.scale * g;
            *v = flushed(alpha.mul_add(*v, rest * (g * g)));
            *parameter -= self.rate * (g / (v.sqrt() + epsilon));
        }
    }
}

/// The number, or 0 if it is subnormal. Means of gradients that have become 0, as those of units that are never active, halve and
/// halve; on some processors an operation on a subnormal number takes a hundred times as long as on another.
#[inline(always)]
fn flushed(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0 } else { x }
}

fn check(len: usize, parameters: &[f32], gradient: &[f32]) {
    assert_eq!(parameters.len(), len, "the optimizer's parameters");
    assert_eq!(gradient.len(), len, "a derivative per parameter");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::{Snapshot, Stream};

    const LEN: usize = 77;
    const SCALE: f32 = 0.25;
    const RATE: f64 = 0.01;

    /// Steps with `step` and with the same formulas in `f64`, which `reference` applies to one
    /// parameter, its gradient, its state and the number of the step.
    fn compare(
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
        compare(
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
        compare(
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
                    let r = (rho - 4.0) * (rho - 2.0) * rho_inf
                        / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho);
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
        compare(
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
}
