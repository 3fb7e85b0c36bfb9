//! Clipping gradients by their global norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Scales all gradients of a module together so that their joint L2 norm is at most `max_norm`
/// (Pascanu et al. 2013, algorithm 1), and returns the norm before that, `[1]`. Without `max_norm`
/// it only measures. Nothing is read back from the device.
///
/// Burn's own clipping by norm treats each tensor by itself, which changes the direction of the
/// whole gradient.
pub fn clip_global_norm<M: Module>(
    module: &M,
    grads: &mut GradientsParams,
    max_norm: Option<f32>,
) -> Option<Tensor<1>> {
    let mut squares = SumOfSquares { grads, sum: None };
    module.visit(&mut squares);
    let norm = squares.sum?.sqrt();
    if let Some(max_norm) = max_norm {
        // As in PyTorch's `clip_grad_norm_`.
        let scale = norm
            .clone()
            .add_scalar(1e-6)
            .recip()
            .mul_scalar(max_norm)
            .clamp_max(1.0);
        module.visit(&mut Scale { grads, scale });
    }
    Some(norm)
}

struct SumOfSquares<'a> {
    grads: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            let square = grad.square().sum();
            self.sum = Some(match self.sum.take() {
                None => square,
                Some(sum) => sum + square,
            });
        }
    }
}

struct Scale<'a> {
    grads: &'a mut GradientsParams,
    scale: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.remove::<D>(param.id) {
            self.grads
                .register(param.id, grad * self.scale.clone().unsqueeze());
        }
    }
}
