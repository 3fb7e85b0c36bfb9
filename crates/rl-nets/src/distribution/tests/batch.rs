//! The gradient of a batch of rows against those of its rows.

use super::*;

/// Heads whose logits fill a part of a register, all of it, and more; and all others.
fn all_heads() -> Vec<Head> {
    let logits = [1, 2, 3, 7, 8, 9].map(|n| {
        let space = Space::discrete(n);
        Head::new(DistributionKind::Categorical, &space).unwrap()
    });
    [logits.to_vec(), heads()].concat()
}

/// The derivative of a loss by the log-probability and the entropy of a row.
fn slope(row: usize) -> [f32; 2] {
    [0.5 + row as f32 * 0.125, -0.25 * (1 + row % 3) as f32]
}

#[test]
fn the_gradient_of_a_batch_is_that_of_its_rows() {
    const PADDING: usize = 3;
    let mut rng = Stream::from_seed(8);
    for head in all_heads() {
        for n in [1, 7, 16, 67] {
            let shared = draw(&head, &mut rng).log_std;
            let cases: Vec<Case> = (0..n)
                .map(|_| Case {
                    log_std: shared.clone(),
                    ..draw(&head, &mut rng)
                })
                .collect();
            let width = head.outputs() + PADDING;
            let (mut outputs, mut actions) = (Vec::new(), Vec::new());
            for case in &cases {
                outputs.extend(&case.output);
                outputs.extend([9.0; PADDING]);
                actions.extend(&case.action);
            }
            let mut seen = Vec::new();
            let mut loss = |quantities: &[[f32; 2]], derivatives: &mut [[f32; 2]]| {
                for (quantities, derivatives) in quantities.iter().zip(derivatives) {
                    *derivatives = slope(seen.len());
                    seen.push(*quantities);
                }
            };
            let mut d_outputs = vec![7.0; outputs.len()];
            let mut d_log_std = vec![0.5; shared.len()];
            let gradients = Some((&mut d_outputs[..], &mut d_log_std[..]));
            head.differentiate(&outputs, width, &shared, &actions, &mut loss, gradients);
            let without = std::mem::take(&mut seen);
            assert_eq!(without.len(), n);

            let mut expected_log_std = vec![0.5; shared.len()];
            for (row, case) in cases.iter().enumerate() {
                let what = (head.kind(), head.outputs(), n, row);
                assert_close(without[row][0], case.log_prob(&head), 1e-5, what);
                assert_close(without[row][1], case.entropy(&head), 1e-5, what);
                let [d_log_prob, d_entropy] = slope(row);
                let expected = case.backward(&head, d_log_prob, d_entropy);
                let (expected, of_log_std) = expected.split_at(head.outputs());
                let (found, padding) = d_outputs[row * width..][..width].split_at(head.outputs());
                for (found, expected) in found.iter().zip(expected) {
                    assert_close(*found, *expected, 1e-5, what);
                }
                assert_eq!(padding, [7.0; PADDING], "{what:?}");
                let sums = expected_log_std.iter_mut().zip(of_log_std);
                sums.for_each(|(sum, x)| *sum += x);
            }
            for (found, expected) in d_log_std.iter().zip(&expected_log_std) {
                assert_close(*found, *expected, 1e-4, (head.kind(), n));
            }
        }
    }
}

#[test]
fn a_loss_is_told_the_same_of_each_row_where_no_gradient_is_asked_for() {
    let mut rng = Stream::from_seed(9);
    for head in all_heads() {
        let Case {
            output,
            log_std,
            action,
        } = draw(&head, &mut rng);
        let (outputs, actions) = (output.repeat(67), action.repeat(67));
        let mut told = [Vec::new(), Vec::new()];
        let mut d_outputs = vec![0.0; outputs.len()];
        let mut d_log_std = vec![0.0; log_std.len()];
        for (with, told) in told.iter_mut().enumerate() {
            let loss =
                |quantities: &[[f32; 2]], _: &mut [[f32; 2]]| told.extend_from_slice(quantities);
            let gradients = (with == 1).then_some((&mut d_outputs[..], &mut d_log_std[..]));
            head.differentiate(&outputs, output.len(), &log_std, &actions, loss, gradients);
        }
        assert_eq!(told[0].len(), 67);
        assert_eq!(told[0], told[1]);
        assert!(d_outputs.iter().all(|&x| x == 0.0), "a loss of no slope");
    }
}
