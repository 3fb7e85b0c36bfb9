//! The host form against the device's.

use burn::tensor::{Device, Tensor, TensorData};
use rl_core::Stream;

use super::*;
use crate::distribution::ActionDistribution;

/// Cases with the same `ln σ`, as a batch has them.
fn draw_batch(head: &Head, n: usize, rng: &mut Stream) -> Vec<Case> {
    let first = draw(head, rng);
    let rest = (1..n).map(|_| Case {
        log_std: first.log_std.clone(),
        ..draw(head, rng)
    });
    let rest: Vec<Case> = rest.collect();
    [vec![first], rest].concat()
}

/// `[n, width]`.
fn rows(cases: &[Case], row: fn(&Case) -> &[f32], device: &Device) -> Tensor<2> {
    let numbers: Vec<f32> = cases.iter().flat_map(row).copied().collect();
    let shape = [cases.len(), numbers.len() / cases.len()];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn actions(cases: &[Case], device: &Device) -> Tensor<2> {
    rows(cases, |case| &case.action, device)
}

fn distribution(head: &Head, cases: &[Case], device: &Device) -> ActionDistribution {
    let outputs = rows(cases, |case| &case.output, device);
    let log_std = head
        .has_log_std()
        .then(|| Tensor::from_floats(cases[0].log_std.as_slice(), device));
    head.distribution(outputs, log_std).unwrap()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn host_and_device_have_the_same_log_prob_entropy_kl_and_mode() {
    let device = Device::default();
    let mut rng = Stream::from_seed(0);
    for head in heads() {
        for _ in 0..4 {
            let [p, q] = [(); 2].map(|()| draw_batch(&head, 50, &mut rng));
            let [on_p, on_q] = [&p, &q].map(|cases| distribution(&head, cases, &device));
            let modes = numbers(on_p.mode());
            let columns = [
                on_p.log_prob(actions(&p, &device)),
                on_p.entropy(),
                on_p.kl(&on_q).unwrap(),
            ]
            .map(numbers);
            for (i, (p, q)) in p.iter().zip(&q).enumerate() {
                let host = [p.log_prob(&head), p.entropy(&head), p.kl(&head, q)];
                for (host, column) in host.into_iter().zip(&columns) {
                    assert_close(host, column[i], 1e-5, (head.kind(), p, q));
                }
                let mut mode = vec![f32::NAN; head.action_dim()];
                head.mode(&p.output, &mut mode);
                for (a, b) in mode.iter().zip(&modes[i * mode.len()..]) {
                    assert_close(*a, *b, 1e-6, (head.kind(), p));
                }
            }
        }
    }
}

#[test]
fn backward_is_the_gradient_of_the_tape() {
    const N: usize = 20;
    let device = Device::default().autodiff();
    let mut rng = Stream::from_seed(1);
    for head in heads() {
        for (d_log_prob, d_entropy) in [(1.0, 0.0), (0.0, 1.0), (-1.7, 0.3)] {
            let cases = draw_batch(&head, N, &mut rng);
            let outputs = rows(&cases, |case| &case.output, &device).require_grad();
            let log_std = head.has_log_std().then(|| {
                Tensor::<1>::from_floats(cases[0].log_std.as_slice(), &device).require_grad()
            });
            let distribution = head.distribution(outputs.clone(), log_std.clone()).unwrap();
            let loss = distribution
                .log_prob(actions(&cases, &device))
                .mul_scalar(d_log_prob)
                + distribution.entropy().mul_scalar(d_entropy);
            let grads = loss.sum().backward();
            // The entropy of a Gaussian is no function of the outputs.
            let of_outputs = outputs
                .grad(&grads)
                .map_or_else(|| vec![0.0; N * head.outputs()], numbers);
            let of_log_std = log_std.and_then(|log_std| log_std.grad(&grads));

            let mut d_log_std = vec![0.0; cases[0].log_std.len()];
            for (case, tape) in cases.iter().zip(of_outputs.chunks(head.outputs())) {
                let mut d_output = vec![f32::NAN; head.outputs()];
                head.backward(
                    &case.output,
                    &case.log_std,
                    &case.action,
                    d_log_prob,
                    d_entropy,
                    &mut d_output,
                    &mut d_log_std,
                );
                for (host, tape) in d_output.iter().zip(tape) {
                    assert_close(*host, *tape, 1e-5, (head.kind(), case, d_log_prob));
                }
            }
            let of_log_std = of_log_std.map(numbers).unwrap_or_default();
            assert_eq!(d_log_std.len(), of_log_std.len());
            for (host, tape) in d_log_std.iter().zip(&of_log_std) {
                assert_close(*host, *tape, 1e-5, (head.kind(), d_log_prob, "ln σ"));
            }
        }
    }
}
