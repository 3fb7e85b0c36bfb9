//! What holds for every distribution: its host and its device form are the same function, its
//! gradients are those of finite differences and of the tape, its numbers are those of its samples.

use burn::tensor::{Device, Tensor, TensorData};
use rl_core::{BoxSpace, Discrete, Space, Stream};

use super::*;

const DIM: usize = 2;

/// Mean of a sample and the standard error of that mean.
pub(super) fn mean_and_error(sample: &[f32]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = sample
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0);
    (mean, (variance / n).sqrt())
}

fn heads() -> Vec<Head> {
    let discrete = Space::Discrete(Discrete::new(11).unwrap());
    let bounded = Space::Box(BoxSpace::new(vec![-2.0, 0.5], vec![2.0, 0.75]).unwrap());
    let fits = |space: &Space| -> Vec<Head> {
        let kinds = DistributionKind::ALL.into_iter();
        kinds
            .filter_map(|kind| Head::new(kind, space).ok())
            .collect()
    };
    [fits(&discrete), fits(&bounded)].concat()
}

/// What a head makes a distribution of, and an action of it.
#[derive(Clone, Debug)]
struct Case {
    output: Vec<f32>,
    log_std: Vec<f32>,
    action: Vec<f32>,
}

fn draw(head: &Head, rng: &mut Stream) -> Case {
    let mut uniform =
        |n, low, high| -> Vec<f32> { (0..n).map(|_| rng.uniform(low, high) as f32).collect() };
    let output = uniform(head.outputs(), -1.5, 1.5);
    let log_std = if head.has_log_std() {
        uniform(DIM, -1.0, 0.4)
    } else {
        Vec::new()
    };
    let mut action = vec![f32::NAN; head.action_dim()];
    head.sample(&output, &log_std, rng, &mut action);
    Case {
        output,
        log_std,
        action,
    }
}

impl Case {
    fn log_prob(&self, head: &Head) -> f32 {
        head.log_prob(&self.output, &self.log_std, &self.action)
    }

    fn entropy(&self, head: &Head) -> f32 {
        head.entropy(&self.output, &self.log_std)
    }

    fn kl(&self, head: &Head, other: &Self) -> f32 {
        head.kl(&self.output, &self.log_std, &other.output, &other.log_std)
    }

    /// Gradients by outputs and by `ln σ`, one after the other.
    fn backward(&self, head: &Head, d_log_prob: f32, d_entropy: f32) -> Vec<f32> {
        let mut d_output = vec![f32::NAN; self.output.len()];
        let mut d_log_std = vec![0.0; self.log_std.len()];
        head.backward(
            &self.output,
            &self.log_std,
            &self.action,
            d_log_prob,
            d_entropy,
            &mut d_output,
            &mut d_log_std,
        );
        [d_output, d_log_std].concat()
    }

    fn fisher_product(&self, head: &Head, v: &[f32]) -> Vec<f32> {
        let (v_output, v_log_std) = v.split_at(self.output.len());
        let mut d_output = vec![f32::NAN; self.output.len()];
        let mut d_log_std = vec![0.0; self.log_std.len()];
        head.fisher_product(
            &self.output,
            &self.log_std,
            v_output,
            v_log_std,
            &mut d_output,
            &mut d_log_std,
        );
        [d_output, d_log_std].concat()
    }

    /// On a device, as a batch of one, with the parameters that it is made of.
    fn on_device(&self, head: &Head, device: &Device) -> (ActionDistribution, Vec<Tensor<1>>) {
        let floats = |xs: &[f32]| {
            let xs = Tensor::<1>::from_floats(xs, device);
            if device.is_autodiff() {
                xs.require_grad()
            } else {
                xs
            }
        };
        let output = floats(&self.output);
        let log_std = head.has_log_std().then(|| floats(&self.log_std));
        let distribution = head.distribution(output.clone().unsqueeze(), log_std.clone());
        (distribution, [output].into_iter().chain(log_std).collect())
    }

    fn action_on(&self, device: &Device) -> Tensor<2> {
        Tensor::<1>::from_floats(self.action.as_slice(), device).unsqueeze()
    }

    fn parameters(&self) -> Vec<f32> {
        [self.output.clone(), self.log_std.clone()].concat()
    }

    fn with_parameter(&self, i: usize, value: f32) -> Self {
        let mut case = self.clone();
        match i.checked_sub(self.output.len()) {
            None => case.output[i] = value,
            Some(j) => case.log_std[j] = value,
        }
        case
    }
}

fn scalar(tensor: Tensor<1>) -> f32 {
    tensor.into_scalar::<f32>()
}

#[track_caller]
fn assert_close(a: f32, b: f32, tolerance: f32, what: impl std::fmt::Debug) {
    let close = (a - b).abs() <= tolerance * b.abs().max(1.0);
    assert!(close, "{a} instead of {b}: {what:?}");
}

#[test]
fn host_and_device_have_the_same_log_prob_entropy_kl_and_mode() {
    let device = Device::default();
    let mut rng = Stream::from_seed(0);
    for head in heads() {
        for _ in 0..100 {
            let (p, q) = (draw(&head, &mut rng), draw(&head, &mut rng));
            let (device_p, _) = p.on_device(&head, &device);
            let (device_q, _) = q.on_device(&head, &device);
            let what = (head.kind(), &p);
            let log_prob = scalar(device_p.log_prob(p.action_on(&device)));
            assert_close(p.log_prob(&head), log_prob, 1e-5, what);
            assert_close(p.entropy(&head), scalar(device_p.entropy()), 1e-5, what);
            let kl = scalar(device_p.kl(&device_q).unwrap());
            assert_close(p.kl(&head, &q), kl, 1e-5, what);
            let mut mode = vec![f32::NAN; head.action_dim()];
            head.mode(&p.output, &mut mode);
            let device_mode = device_p.mode().into_data();
            for (a, b) in mode.iter().zip(device_mode.iter::<f32>()) {
                assert_close(*a, b, 1e-6, what);
            }
        }
    }
}

#[test]
fn backward_is_the_gradient_of_the_tape() {
    let device = Device::default().autodiff();
    let mut rng = Stream::from_seed(1);
    for head in heads() {
        for _ in 0..20 {
            let case = draw(&head, &mut rng);
            for (d_log_prob, d_entropy) in [(1.0, 0.0), (0.0, 1.0), (-1.7, 0.3)] {
                let (distribution, parameters) = case.on_device(&head, &device);
                let loss = distribution
                    .log_prob(case.action_on(&device))
                    .mul_scalar(d_log_prob)
                    + distribution.entropy().mul_scalar(d_entropy);
                let grads = loss.backward();
                let tape: Vec<f32> = parameters
                    .iter()
                    .flat_map(|parameter| match parameter.grad(&grads) {
                        Some(grad) => grad.into_data().iter::<f32>().collect::<Vec<_>>(),
                        None => vec![0.0; parameter.dims()[0]],
                    })
                    .collect();
                let host = case.backward(&head, d_log_prob, d_entropy);
                assert_eq!(host.len(), tape.len());
                for (a, b) in host.iter().zip(&tape) {
                    assert_close(*a, *b, 1e-5, (head.kind(), &case, d_log_prob, d_entropy));
                }
            }
        }
    }
}

#[test]
fn backward_is_the_slope_of_log_prob_and_entropy() {
    let mut rng = Stream::from_seed(2);
    for head in heads() {
        for _ in 0..20 {
            let case = draw(&head, &mut rng);
            let gradients = [
                case.backward(&head, 1.0, 0.0),
                case.backward(&head, 0.0, 1.0),
            ];
            for (i, x) in case.parameters().into_iter().enumerate() {
                // Rounding of 1e-6 over a width of 2⁻⁶, and a curvature of its square.
                let step = 2.0_f32.powi(-7);
                let (up, down) = (
                    case.with_parameter(i, x + step),
                    case.with_parameter(i, x - step),
                );
                for (f, gradient) in [Case::log_prob, Case::entropy].iter().zip(&gradients) {
                    let slope = (f(&up, &head) - f(&down, &head)) / (2.0 * step);
                    assert_close(gradient[i], slope, 1e-3, (head.kind(), &case, i));
                }
            }
        }
    }
}

#[test]
fn backward_adds_to_the_gradient_of_log_std() {
    for head in heads().iter().filter(|head| head.has_log_std()) {
        let case = draw(head, &mut Stream::from_seed(3));
        let once = case.backward(head, 1.0, 0.5);
        let (mut d_output, mut d_log_std) = ([f32::NAN; DIM], [10.0; DIM]);
        head.backward(
            &case.output,
            &case.log_std,
            &case.action,
            1.0,
            0.5,
            &mut d_output,
            &mut d_log_std,
        );
        assert_eq!(d_output, once[..DIM]);
        assert_eq!(d_log_std.map(|d| d - 10.0).map(|d| (d * 1e4).round()), {
            let added = [once[DIM], once[DIM + 1]];
            added.map(|d| (d * 1e4).round())
        });
    }
}

/// Actions and their probabilities: every index, or the middles of a fine grid of the box.
fn grid(head: &Head, case: &Case, visit: &mut dyn FnMut(&Case, f64)) {
    const CELLS: usize = 400;
    let mut at = case.clone();
    let Space::Box(space) = head.space() else {
        for i in 0..head.outputs() {
            at.action[0] = i as f32;
            visit(&at, f64::from(at.log_prob(head)).exp());
        }
        return;
    };
    let (mut low, mut high) = (space.low().to_vec(), space.high().to_vec());
    if matches!(
        head.kind(),
        DistributionKind::DiagGaussian | DistributionKind::StateGaussian
    ) {
        // Wide enough for a deviation of e^1.5 around 1.5.
        (low, high) = (vec![-30.0; DIM], vec![30.0; DIM]);
    }
    let cell = |i: usize, d: usize| {
        // Denser towards the bounds, where densities may be steep.
        let (from, to) = (i as f64 / CELLS as f64, (i as f64 + 1.0) / CELLS as f64);
        let x = |t: f64| t.powi(3) * (10.0 - 15.0 * t + 6.0 * t * t);
        let width = f64::from(high[d]) - f64::from(low[d]);
        let middle = f64::from(low[d]) + x(0.5 * (from + to)) * width;
        (middle as f32, (x(to) - x(from)) * width)
    };
    let second: Vec<(f32, f64)> = (0..CELLS).map(|i| cell(i, 1)).collect();
    for i in 0..CELLS {
        let (x, width) = cell(i, 0);
        for &(y, height) in &second {
            at.action = vec![x, y];
            visit(&at, f64::from(at.log_prob(head)).exp() * width * height);
        }
    }
}

#[test]
fn probabilities_sum_to_one_and_make_the_entropy() {
    let mut rng = Stream::from_seed(4);
    for head in heads() {
        let mut cases: Vec<Case> = (0..4).map(|_| draw(&head, &mut rng)).collect();
        if head.kind() == DistributionKind::SquashedGaussian {
            // Most of it near a bound, and most of it near both.
            for (mean, log_std) in [(2.0, -0.7), (0.0, 0.5)] {
                cases[0].output.fill(mean);
                cases[0].log_std.fill(log_std);
                cases.push(cases[0].clone());
            }
        }
        if head.kind() == DistributionKind::Beta {
            // At one bound; flat; and narrow.
            for output in [[-8.0, -8.0, 3.0, 3.0], [-9.0; 4], [20.0, 20.0, 12.0, 12.0]] {
                cases[0].output = output.to_vec();
                cases.push(cases[0].clone());
            }
        }
        for case in cases {
            let (mut total, mut entropy) = (0.0, 0.0);
            grid(&head, &case, &mut |at, p| {
                total += p;
                entropy -= p * f64::from(at.log_prob(&head));
            });
            assert!(
                (total - 1.0).abs() < 1e-4,
                "{} {case:?}: {total}",
                head.kind()
            );
            assert_close(
                case.entropy(&head),
                entropy as f32,
                1e-3,
                (head.kind(), &case),
            );
        }
    }
}

#[test]
fn fisher_product_is_the_mean_of_the_scores_with_themselves() {
    let mut rng = Stream::from_seed(5);
    for head in heads() {
        let case = draw(&head, &mut rng);
        let n = case.parameters().len();
        let v: Vec<f32> = (0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect();
        let mut expected = vec![0.0; n];
        grid(&head, &case, &mut |at, p| {
            let score = at.backward(&head, 1.0, 0.0);
            let along: f64 = score.iter().zip(&v).map(|(s, v)| f64::from(s * v)).sum();
            for (sum, s) in expected.iter_mut().zip(score) {
                *sum += p * along * f64::from(s);
            }
        });
        for (found, expected) in case.fisher_product(&head, &v).iter().zip(expected) {
            assert_close(*found, expected as f32, 1e-3, (head.kind(), &case));
        }
    }
}

#[test]
fn samples_have_the_entropy_and_the_divergence_of_the_distribution() {
    const N: usize = 200_000;
    let mut rng = Stream::from_seed(6);
    for head in heads() {
        let (mut p, q) = (draw(&head, &mut rng), draw(&head, &mut rng));
        let (mut surprise, mut log_ratio) = (Vec::new(), Vec::new());
        for _ in 0..N {
            head.sample(&p.output, &p.log_std, &mut rng, &mut p.action);
            let log_p = p.log_prob(&head);
            surprise.push(-log_p);
            log_ratio.push(log_p - head.log_prob(&q.output, &q.log_std, &p.action));
        }
        for (sample, exact) in [(surprise, p.entropy(&head)), (log_ratio, p.kl(&head, &q))] {
            let (mean, error) = mean_and_error(&sample);
            // 99.9 %: 3.29 standard errors.
            let distance = (mean - f64::from(exact)).abs();
            assert!(distance < 3.29 * error, "{}: {mean} {exact}", head.kind());
        }
        assert!(p.kl(&head, &p).abs() < 1e-12);
    }
}

#[test]
fn the_device_samples_what_the_host_does() {
    const N: usize = 50_000;
    let mut rng = Stream::from_seed(7);
    for head in heads() {
        let case = draw(&head, &mut rng);
        let outputs = TensorData::new(case.output.repeat(N), [N, case.output.len()]);
        let log_std = head
            .has_log_std()
            .then(|| Tensor::from_floats(case.log_std.as_slice(), &Device::default()));
        let outputs = Tensor::from_data(outputs, &Device::default());
        let distribution = head.distribution(outputs, log_std);
        let actions = distribution.sample(&mut rng);
        let log_probs = distribution.log_prob(actions.clone()).into_data();
        let surprise: Vec<f32> = log_probs.iter::<f32>().map(|x| -x).collect();
        let (mean, error) = mean_and_error(&surprise);
        let distance = (mean - f64::from(case.entropy(&head))).abs();
        assert!(distance < 3.29 * error, "{}: {mean} ± {error}", head.kind());

        let actions: Vec<f32> = actions.into_data().iter::<f32>().collect();
        let mut host = Vec::with_capacity(actions.len());
        let mut action = vec![0.0; head.action_dim()];
        for _ in 0..N {
            head.sample(&case.output, &case.log_std, &mut rng, &mut action);
            host.extend_from_slice(&action);
        }
        for i in 0..head.action_dim() {
            let column = |xs: &[f32]| -> Vec<f32> {
                xs.iter()
                    .copied()
                    .skip(i)
                    .step_by(head.action_dim())
                    .collect()
            };
            let ((a, a_error), (b, b_error)) = (
                mean_and_error(&column(&actions)),
                mean_and_error(&column(&host)),
            );
            let bound = 3.29 * a_error.hypot(b_error);
            assert!((a - b).abs() < bound, "{}: {a} {b}", head.kind());
        }
    }
}

#[test]
fn extreme_outputs_give_finite_numbers_and_actions_of_the_space() {
    let mut rng = Stream::from_seed(8);
    for head in heads() {
        for size in [30.0, 1e3, 1e4] {
            for signs in 0..16_usize {
                let sign = |i: usize| {
                    if signs >> (i % 4) & 1 == 0 {
                        -size
                    } else {
                        size
                    }
                };
                let output: Vec<f32> = (0..head.outputs()).map(sign).collect();
                for log_std in [-15.0, 3.0] {
                    let log_std = vec![log_std; if head.has_log_std() { DIM } else { 0 }];
                    let mut case = Case {
                        output: output.clone(),
                        log_std,
                        action: vec![f32::NAN; head.action_dim()],
                    };
                    for mode in [true, false] {
                        if mode {
                            head.mode(&case.output, &mut case.action);
                        } else {
                            head.sample(&case.output, &case.log_std, &mut rng, &mut case.action);
                        }
                        let bounded = !matches!(
                            head.kind(),
                            DistributionKind::DiagGaussian | DistributionKind::StateGaussian
                        );
                        let action = &case.action;
                        assert!(head.space().admits(action), "{} {case:?}", head.kind());
                        assert!(!bounded || head.space().contains(action), "{case:?}");
                        let v = vec![1.0; case.parameters().len()];
                        let numbers = [
                            vec![case.log_prob(&head), case.entropy(&head)],
                            case.backward(&head, 1.0, 1.0),
                            case.fisher_product(&head, &v),
                        ];
                        let numbers = numbers.concat();
                        let finite = numbers.iter().all(|x| x.is_finite());
                        assert!(finite, "{} {case:?}: {numbers:?}", head.kind());
                    }
                }
            }
        }
    }
}

#[test]
fn a_clamped_log_std_has_no_gradient() {
    let space = Space::Box(BoxSpace::symmetric(&[1.0, 1.0]).unwrap());
    let head = Head::new(DistributionKind::StateGaussian, &space).unwrap();
    let case = Case {
        output: vec![0.1, -0.2, 2.5, -21.0],
        log_std: Vec::new(),
        action: vec![0.3, -0.2],
    };
    let held = case.with_parameter(2, 2.0).with_parameter(3, -20.0);
    assert_eq!(case.log_prob(&head), held.log_prob(&head));
    assert_eq!(case.backward(&head, 1.0, 1.0)[2..], [0.0; 2]);
    assert_eq!(case.fisher_product(&head, &[1.0; 4])[2..], [0.0; 2]);
    let gradient = held.backward(&head, 1.0, 0.5);
    assert!(gradient[2..].iter().all(|&d| d != 0.0));
}

#[test]
fn a_head_that_does_not_fit_its_space_names_what_does() {
    let discrete = Space::Discrete(Discrete::new(3).unwrap());
    let unbounded = Space::Box(BoxSpace::symmetric(&[1.0, f32::INFINITY]).unwrap());
    let point = Space::Box(BoxSpace::new(vec![1.0], vec![1.0]).unwrap());
    for (kind, space, allowed) in [
        (
            DistributionKind::DiagGaussian,
            &discrete,
            "one of categorical has",
        ),
        (DistributionKind::Beta, &discrete, "one of categorical has"),
        (
            DistributionKind::Categorical,
            &unbounded,
            "one of diag-gaussian, state-gaussian has",
        ),
        (
            DistributionKind::SquashedGaussian,
            &unbounded,
            "one of diag-gaussian, state-gaussian has",
        ),
        (
            DistributionKind::Beta,
            &point,
            "one of diag-gaussian, state-gaussian has",
        ),
    ] {
        let message = Head::new(kind, space).unwrap_err().to_string();
        for part in [kind.name(), &space.to_string(), allowed] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn a_head_survives_serde_and_a_misfit_does_not() {
    for head in heads() {
        let text = serde_json::to_string(&head).unwrap();
        assert_eq!(serde_json::from_str::<Head>(&text).unwrap(), head);
    }
    let misfit = r#"{"kind":"beta","space":{"kind":"discrete","n":2}}"#;
    let error = serde_json::from_str::<Head>(misfit)
        .unwrap_err()
        .to_string();
    assert!(error.contains("'beta'"), "{error}");
}
