//! The policy gradient with rewards to go (Williams 1992) on one page: an independent form of it.
use burn::module::Param;
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use rl_core::{BoxError, Environment, Stream};
use rl_envs::CartPole;

const ENVIRONMENTS: usize = 8; // of which each plays an episode per update
const LEARNING_RATE: f64 = 5e-3;
const GAMMA: f32 = 0.99;
const MAX_GRAD_NORM: f32 = 0.5;

/// Weight `[inputs, outputs]` and bias `[1, outputs]` of a linear layer.
pub type Layer = [Param<Tensor<2>>; 2];

/// A policy π(a|o): a network with tanh between its layers, whose outputs are logits.
#[derive(Module, Debug)]
pub struct Policy {
    pub(crate) layers: Vec<Layer>,
}

fn matrix<const N: usize>(rows: &[[f32; N]]) -> Tensor<2> {
    Tensor::<1>::from_floats(rows.as_flattened(), &Device::flex()).reshape([rows.len(), N])
}

impl Policy {
    /// 4 → 64 → 64 → 2 units: weights uniform in ±1/√inputs, biases of 0.
    fn draw(rng: &mut Stream) -> Self {
        let layers = [[4, 64], [64, 64], [64, 2]].map(|shape: [usize; 2]| {
            let bound = (shape[0] as f64).sqrt().recip();
            let weight = (0..shape[0] * shape[1]).map(|_| rng.uniform(-bound, bound) as f32);
            let bias = TensorData::zeros::<f32, _>([1, shape[1]]);
            [TensorData::new(weight.collect(), shape), bias]
                .map(|data| Param::from_data(data, &Device::flex().autodiff()))
        });
        let layers = layers.into();
        Self { layers }
    }

    /// ln π(·|o), `[rows, 2]`.
    fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
        let layer = |x: Tensor<2>, [w, b]: &Layer| x.matmul(w.val()) + b.val();
        let first = layer(observations, &self.layers[0]);
        let rest = self.layers[1..].iter();
        let logits = rest.fold(first, |x, it| layer(x.tanh(), it));
        burn::tensor::activation::log_softmax(logits, 1)
    }

    /// The gradient of L = -mean ln π(a|o) A over rows of o, a and R: down it the expected return
    /// grows. The advantages A are the rewards to go R, shifted and scaled to mean 0 and deviation
    /// 1, so that their mean is a baseline.
    pub fn gradient(&self, batch: &[[f32; 6]]) -> GradientsParams {
        let column = |i| matrix(batch).narrow(1, i, 1);
        let log_policy = self.forward(matrix(batch).narrow(1, 0, 4));
        let log_probs = log_policy.gather(1, column(4).int());
        let centred = column(5) - column(5).mean_dim(0);
        let advantages = centred.clone() / (centred.square().mean_dim(0).sqrt() + 1e-8);
        let loss = -(log_probs * advantages).mean();
        GradientsParams::from_grads(loss.backward(), self)
    }

    /// Clips by the norm of all gradients together: g min(1, max / ‖g‖).
    fn clip(&self, gradients: &mut GradientsParams) {
        let parameters = self.layers.iter().flatten();
        let all = parameters.filter_map(|it| Some((it.id, gradients.remove::<2>(it.id)?)));
        let all: Vec<_> = all.collect();
        let squares = all.iter().map(|(_, g)| g.clone().square().sum());
        let norm = squares.map(Tensor::into_scalar::<f32>).sum::<f32>().sqrt();
        let factor = (MAX_GRAD_NORM / (norm + 1e-6)).min(1.0);
        for (id, gradient) in all {
            gradients.register(id, gradient * factor);
        }
    }
}

/// Trains, and returns the mean return of the episodes of each update.
pub(crate) fn train(seed: u64, updates: usize) -> Result<Vec<f64>, BoxError> {
    let rng = &mut Stream::from_seed(seed);
    let mut policy = Policy::draw(rng);
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let mut environments = vec![CartPole::v1(); ENVIRONMENTS];
    let mut curve = Vec::new();
    for update in 0..updates {
        let old = policy.valid(); // the network apart from the tape
        let firsts = environments.iter_mut().map(|it| it.reset(rng));
        let mut shown = firsts.collect::<Result<Vec<_>, _>>()?;
        let mut episodes = vec![vec![]; ENVIRONMENTS];
        let mut running = [true; ENVIRONMENTS];
        while running.contains(&true) {
            let log_policy = old.forward(matrix(&shown)).into_data();
            let log_left = log_policy.iter::<f32>().step_by(2);
            for ((i, environment), log_left) in environments.iter_mut().enumerate().zip(log_left) {
                if running[i] {
                    let action = usize::from(rng.next_f64() as f32 >= log_left.exp());
                    let step = environment.step(&action, rng)?;
                    let [x, v, angle, w] = shown[i];
                    episodes[i].push([x, v, angle, w, action as f32, step.reward as f32]);
                    shown[i] = step.observation;
                    running[i] = step.status.continues();
                }
            }
        }
        let rewards = episodes.iter().flatten().map(|row| f64::from(row[5]));
        curve.push(rewards.sum::<f64>() / ENVIRONMENTS as f64);

        // Rₜ = rₜ + γ Rₜ₊₁, the last step first. A time limit counts as an end, since nothing here
        // estimates what would follow it.
        for episode in &mut episodes {
            let mut reward_to_go = 0.0;
            for row in episode.iter_mut().rev() {
                reward_to_go = row[5] + GAMMA * reward_to_go;
                row[5] = reward_to_go;
            }
        }
        let mut gradients = policy.gradient(&episodes.concat());
        policy.clip(&mut gradients);
        let rate = LEARNING_RATE * (1.0 - update as f64 / updates as f64);
        policy = adam.step(rate, policy, gradients);
    }
    Ok(curve)
}

fn main() -> Result<(), BoxError> {
    for (update, mean_return) in (1..).zip(train(0, 60)?) {
        println!("update {update:>2}: mean return {mean_return:.1}");
    }
    Ok(())
}
