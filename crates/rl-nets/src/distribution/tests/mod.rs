//! Properties of every distribution: its forms on the host and on a device are the same function,
//! its gradients are those of finite differences and of the tape, its entropy and divergence are
//! those of its samples.

use rl_core::{BoxSpace, Discrete, Space, Stream};

use super::{DistributionKind, Head};

mod batch;
mod device;
mod host;

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
    // Neither side is 1 wide, nor are both in all.
    let bounded = Space::Box(BoxSpace::new(vec![-2.0, 0.5], vec![2.0, 1.0]).unwrap());
    let fits = |space: &Space| -> Vec<Head> {
        let kinds = DistributionKind::ALL.into_iter();
        kinds
            .filter_map(|kind| Head::new(kind, space).ok())
            .collect()
    };
    [fits(&discrete), fits(&bounded)].concat()
}

/// Parameters of a distribution, and an action of it.
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
    let log_std = uniform(if head.has_log_std() { DIM } else { 0 }, -1.0, 0.4);
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

#[track_caller]
fn assert_close(a: f32, b: f32, tolerance: f32, what: impl std::fmt::Debug) {
    let close = (a - b).abs() <= tolerance * b.abs().max(1.0);
    assert!(close, "{a} instead of {b}: {what:?}");
}

#[test]
fn a_head_that_does_not_fit_its_space_names_what_does() {
    let discrete = Space::Discrete(Discrete::new(3).unwrap());
    let unbounded = Space::Box(BoxSpace::symmetric([1.0, f32::INFINITY]));
    let point = Space::Box(BoxSpace::new(vec![1.0], vec![1.0]).unwrap());
    let too_wide = Space::Box(BoxSpace::symmetric([3e38]));
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
        (
            DistributionKind::Beta,
            &too_wide,
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
