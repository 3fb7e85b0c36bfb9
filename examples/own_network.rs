//! A Burn module of one's own as the policy: two layers, the second of which sees the observation too.
use burn::prelude::*;
use rl::prelude::*;

#[derive(Module, Debug)]
struct Skip {
    layers: [nn::Linear; 2],
}

impl Forward for Skip {
    fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
        let hidden = self.layers[0].forward(observations.clone()).tanh();
        self.layers[1].forward(Tensor::cat(vec![hidden, observations], 1))
    }
}

fn main() -> Result<(), BoxError> {
    let own = OwnNetworks::default().policy(|device| Skip {
        layers: [(4, 32), (36, 2)].map(|(i, o)| nn::LinearConfig::new(i, o).init(device)),
    });
    let trainer = Trainer::new(VpgConfig::default(), CartPole::v1);
    let mut trainer = trainer.networks(own.into()).updates(50).build()?;
    trainer.run(&mut [&mut Progress::stderr()])?;
    Ok(())
}
