//! Evaluation of a head on the host, for a batch of observations.

use pulp::{Arch, NullaryFnOnce};

use super::Head;
use crate::distribution::DistributionKind;
use crate::distribution::categorical::{ROWS, Softmaxes};

impl Head {
    /// Writes [`log_prob`](Self::log_prob) of each row of a batch into `log_probs` `[n]`, with the
    /// same bits. The rows of `outputs` `[n, width]` begin with the head's outputs; `actions` is
    /// `[n, action_dim]`.
    pub fn log_probs(
        &self,
        outputs: &[f32],
        width: usize,
        log_std: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
    ) {
        let mut log_probs = log_probs.iter_mut();
        let write = |rows: &[[f32; 2]], _: &mut [[f32; 2]]| {
            for (&[log_prob, _], out) in rows.iter().zip(&mut log_probs) {
                *out = log_prob;
            }
        };
        self.differentiate(outputs, width, log_std, actions, write, None);
    }

    /// Computes the gradient of a loss that depends on `ln π(action)` and the entropy of each row
    /// of a batch. `loss` is called with these two numbers of some rows at a time, in order, and
    /// writes the derivatives of the loss by them over zeros. Where `gradients` are `(d_outputs, d_log_std)`, the
    /// gradient overwrites the head's part of the rows of `d_outputs` `[n, width]`, and is added to
    /// `d_log_std`.
    ///
    /// It does the work of [`log_prob`](Self::log_prob), [`entropy`](Self::entropy) and
    /// [`backward`](Self::backward) in one call, which for up to 8 logits is many times faster:
    /// each row has a lane of the machine's registers, and its exponentials are computed once.
    pub fn differentiate(
        &self,
        outputs: &[f32],
        width: usize,
        log_std: &[f32],
        actions: &[f32],
        loss: impl FnMut(&[[f32; 2]], &mut [[f32; 2]]),
        gradients: Option<(&mut [f32], &mut [f32])>,
    ) {
        let mut loss = loss;
        let n = self.outputs();
        let dim = self.action_dim();
        if self.kind == DistributionKind::Categorical && Softmaxes::fit(n) {
            Arch::new().dispatch(FewLogits {
                n,
                outputs,
                width,
                actions,
                loss,
                d_outputs: gradients.map(|(d_outputs, _)| d_outputs),
            });
            return;
        }
        let (mut d_outputs, d_log_std) = match gradients {
            None => (None, [].as_mut_slice()),
            Some((d_outputs, d_log_std)) => (Some(d_outputs.chunks_mut(ROWS * width)), d_log_std),
        };
        let blocks = outputs.chunks(ROWS * width).zip(actions.chunks(ROWS * dim));
        for (outputs, actions) in blocks {
            let rows = outputs.chunks_exact(width).zip(actions.chunks_exact(dim));
            let (mut quantities, mut derivatives) = ([[0.0; 2]; ROWS], [[0.0; 2]; ROWS]);
            let count = rows.len();
            for ((row, action), quantities) in rows.clone().zip(&mut quantities) {
                let output = &row[..n];
                *quantities = [
                    self.log_prob(output, log_std, action),
                    self.entropy(output, log_std),
                ];
            }
            loss(&quantities[..count], &mut derivatives[..count]);
            let Some(d_outputs) = d_outputs.as_mut().and_then(Iterator::next) else {
                continue;
            };
            let d_rows = d_outputs.chunks_exact_mut(width);
            for (((row, action), [d_log_prob, d_entropy]), d_row) in
                rows.zip(derivatives).zip(d_rows)
            {
                let output = &row[..n];
                let d_output = &mut d_row[..n];
                self.backward(
                    output, log_std, action, d_log_prob, d_entropy, d_output, d_log_std,
                );
            }
        }
    }
}

/// [`Head::differentiate`] for a few logits: `n` of them, at the start of each row of `outputs`.
struct FewLogits<'a, F> {
    n: usize,
    outputs: &'a [f32],
    width: usize,
    actions: &'a [f32],
    loss: F,
    d_outputs: Option<&'a mut [f32]>,
}

impl<F: FnMut(&[[f32; 2]], &mut [[f32; 2]])> NullaryFnOnce for FewLogits<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            n,
            outputs,
            width,
            actions,
            mut loss,
            mut d_outputs,
        } = self;
        let blocks = outputs.chunks(ROWS * width).zip(actions.chunks(ROWS));
        for (block, (outputs, actions)) in blocks.enumerate() {
            let softmaxes = Softmaxes::new(outputs, width, n);
            let (mut quantities, mut derivatives) = ([[0.0; 2]; ROWS], [[0.0; 2]; ROWS]);
            for (i, action) in actions.chunks_exact(1).enumerate() {
                quantities[i] = [softmaxes.log_prob(i, action), softmaxes.entropy(i)];
            }
            let count = actions.len();
            loss(&quantities[..count], &mut derivatives[..count]);
            let d_log_prob = derivatives.map(|[d_log_prob, _]| d_log_prob);
            let d_entropy = derivatives.map(|[_, d_entropy]| d_entropy);
            if let Some(d_outputs) = &mut d_outputs {
                let d_outputs = &mut d_outputs[block * ROWS * width..][..outputs.len()];
                softmaxes.backward(actions, &d_log_prob, &d_entropy, d_outputs, width);
            }
        }
    }
}
