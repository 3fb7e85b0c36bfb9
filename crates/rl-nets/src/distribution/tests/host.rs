//! The host form against finite differences, quadrature and its own samples.

use rl_core::{BoxSpace, Space, Stream};

use super::*;

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
    let space = Space::Box(BoxSpace::symmetric([1.0, 1.0]));
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
