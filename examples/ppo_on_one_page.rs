//! Proximal policy optimization (Schulman et al. 2017) on one page: an independent form of it.
use burn::module::Param;
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use rl_core::{BoxError, Environment, Stream};
use rl_envs::CartPole;

const ENVIRONMENTS: usize = 8;
const STEPS: usize = 128; // of each environment per update
const EPOCHS: usize = 4;
const MINIBATCH: usize = 128;
const LEARNING_RATE: f64 = 2e-3;
const GAMMA: f32 = 0.99;
const LAMBDA: f32 = 0.95;
const CLIP_RANGE: f32 = 0.2;
const ENTROPY_COEFFICIENT: f32 = 0.01;
const VALUE_COEFFICIENT: f32 = 0.5;
const MAX_GRAD_NORM: f32 = 0.5;

/// Weight `[inputs, outputs]` and bias `[1, outputs]` of a linear layer.
pub type Layer = [Param<Tensor<2>>; 2];

/// A policy π(a|o) and a value function V(o), networks with tanh between their layers.
#[derive(Module, Debug)]
pub struct ActorCritic {
    pub(crate) actor: Vec<Layer>,
    pub(crate) critic: Vec<Layer>,
}

fn matrix<const N: usize>(rows: &[[f32; N]]) -> Tensor<2> {
    Tensor::<1>::from_floats(rows.as_flattened(), &Device::flex()).reshape([rows.len(), N])
}

/// Layers of 4 → 64 → 64 → `outputs` units: weights uniform in ±1/√inputs, biases of 0.
fn network(outputs: usize, rng: &mut Stream) -> Vec<Layer> {
    let draw = |shape: [usize; 2]| {
        let bound = (shape[0] as f64).sqrt().recip();
        let weight = (0..shape[0] * shape[1]).map(|_| rng.uniform(-bound, bound) as f32);
        let bias = TensorData::zeros::<f32, _>([1, shape[1]]);
        [TensorData::new(weight.collect(), shape), bias]
            .map(|data| Param::from_data(data, &Device::flex().autodiff()))
    };
    [[4, 64], [64, 64], [64, outputs]].map(draw).into()
}

impl ActorCritic {
    /// ln π(·|o), `[rows, 2]`, and V(o), `[rows, 1]`.
    fn forward(&self, observations: Tensor<2>) -> [Tensor<2>; 2] {
        let layer = |x: Tensor<2>, [w, b]: &Layer| x.matmul(w.val()) + b.val();
        let [logits, values] = [&self.actor, &self.critic].map(|layers| {
            let first = layer(observations.clone(), &layers[0]);
            layers[1..].iter().fold(first, |x, it| layer(x.tanh(), it))
        });
        [burn::tensor::activation::log_softmax(logits, 1), values]
    }

    /// The gradient of the loss over rows of o, a, ln π_old(a|o), A and R: with the ratio
    /// r = π(a|o) / π_old(a|o) and the advantage A normalised to mean 0 and deviation 1,
    /// L = -mean min(r A, clip(r, 1-ε, 1+ε) A) - c_H mean H(π(·|o)) + c_V mean (V(o) - R)².
    pub fn gradient(&self, batch: &[[f32; 8]]) -> GradientsParams {
        let column = |i| matrix(batch).narrow(1, i, 1);
        let [log_policy, values] = self.forward(matrix(batch).narrow(1, 0, 4));
        let log_probs = log_policy.clone().gather(1, column(4).int());
        let ratios = (log_probs - column(5)).exp();
        let centred = column(6) - column(6).mean_dim(0);
        let advantages = centred.clone() / (centred.square().mean_dim(0).sqrt() + 1e-8);
        let clipped = ratios.clone().clamp(1.0 - CLIP_RANGE, 1.0 + CLIP_RANGE);
        let surrogate = (ratios * advantages.clone()).min_pair(clipped * advantages);
        let entropy = -(log_policy.clone().exp() * log_policy).sum_dim(1);
        let error = (values - column(7)).square().mean() * VALUE_COEFFICIENT;
        let loss = error - surrogate.mean() - entropy.mean() * ENTROPY_COEFFICIENT;
        GradientsParams::from_grads(loss.backward(), self)
    }

    /// Clips by the norm of all gradients together: g min(1, max / ‖g‖).
    fn clip(&self, gradients: &mut GradientsParams) {
        let parameters = self.actor.iter().chain(&self.critic).flatten();
        let all = parameters.filter_map(|it| Some((it.id, gradients.remove::<2>(it.id)?)));
        let all: Vec<_> = all.collect();
        let squares = all.iter().map(|(_, g)| g.clone().square().sum());
        let norm = squares.map(Tensor::into_scalar::<f32>).sum::<f32>().sqrt();
        let factor = (MAX_GRAD_NORM / (norm + 1e-6)).min(1.0);
        all.into_iter()
            .for_each(|(id, g)| gradients.register(id, g * factor));
    }
}

/// Trains, and returns the mean return of the last 20 episodes after each update.
pub(crate) fn train(seed: u64, updates: usize) -> Result<Vec<f64>, BoxError> {
    let numbers = |tensor: Tensor<2>| Vec::from_iter(tensor.into_data().iter::<f32>());
    let rng = &mut Stream::from_seed(seed);
    let (actor, critic) = (network(2, rng), network(1, rng));
    let mut model = ActorCritic { actor, critic };
    let mut adam = AdamConfig::new().with_epsilon(1e-5).init();
    let mut environments = vec![CartPole::v1(); ENVIRONMENTS];
    let firsts = environments.iter_mut().map(|it| it.reset(rng));
    let mut shown = firsts.collect::<Result<Vec<_>, _>>()?;
    let (mut totals, mut ended, mut curve) = ([0.0; ENVIRONMENTS], vec![], vec![]);
    for update in 0..updates {
        let old = model.valid(); // the networks apart from the tape
        let (mut rows, mut steps) = (vec![], vec![]);
        for _ in 0..STEPS {
            let [log_policy, values] = old.forward(matrix(&shown)).map(numbers);
            for (i, environment) in environments.iter_mut().enumerate() {
                let action = usize::from(rng.next_f64() as f32 >= log_policy[2 * i].exp());
                let log_prob = log_policy[2 * i + action];
                let [x, v, angle, w] = shown[i];
                rows.push([x, v, angle, w, action as f32, log_prob, 0.0, values[i]]); // A, V(o)
                let step = environment.step(&action, rng)?;
                shown[i] = step.observation;
                totals[i] += step.reward;
                if !step.status.continues() {
                    shown[i] = environment.reset(rng)?;
                    ended.push(std::mem::take(&mut totals[i]));
                }
                steps.push(step);
            }
        }
        // δₜ = rₜ + γ V(oₜ₊₁) - V(oₜ), Aₜ = δₜ + γ λ Aₜ₊₁ and Rₜ = Aₜ + V(oₜ), the last step first. A
        // terminal state is worth nothing, one that was cut off is; no trace crosses an end.
        let next: Vec<[f32; 4]> = steps.iter().map(|step| step.observation).collect();
        let [_, next] = old.forward(matrix(&next)).map(numbers);
        for (i, (step, next)) in steps.iter().zip(next).enumerate().rev() {
            let bootstrap = f32::from(step.status.bootstraps()) * GAMMA * next;
            let trace = f32::from(step.status.continues()) * GAMMA * LAMBDA;
            let following = rows.get(i + ENVIRONMENTS).map_or(0.0, |row| row[6]);
            rows[i][6] = step.reward as f32 + bootstrap - rows[i][7] + trace * following;
            rows[i][7] += rows[i][6];
        }
        let rate = LEARNING_RATE * (1.0 - update as f64 / updates as f64);
        for _ in 0..EPOCHS {
            (1..rows.len()).for_each(|i| rows.swap(i, rng.below(i + 1)));
            for batch in rows.chunks(MINIBATCH) {
                let mut gradients = model.gradient(batch);
                model.clip(&mut gradients);
                model = adam.step(rate, model, gradients);
            }
        }
        let last = &ended[ended.len().saturating_sub(20)..];
        curve.push(last.iter().sum::<f64>() / last.len() as f64);
    }
    Ok(curve)
}

fn main() -> Result<(), BoxError> {
    for (update, mean_return) in (1..).zip(train(0, 60)?) {
        println!("update {update:>2}: mean return {mean_return:.1}");
    }
    Ok(())
}
