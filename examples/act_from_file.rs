//! A policy written to disk, read back, and acting on the host without tensors.
use rl::core::{Environment, Space, Stream, run_episode};
use rl::envs::CartPole;
use rl::nets::{
    ActionChoice, Activation, Head, LayerWeights, MlpWeights, PolicyFile, PolicyWeights,
};

/// One linear layer, by hand: push to the side that the pole leans and falls to.
fn by_hand(action_space: &Space) -> PolicyWeights {
    let layer = LayerWeights {
        input_size: 4,
        output_size: 2,
        // A row per input: cart position, cart velocity, pole angle, pole velocity. A column per action.
        weight: vec![-0.1, 0.1, -0.2, 0.2, -1.0, 1.0, -1.0, 1.0],
        bias: vec![0.0, 0.0],
        norm: None,
    };
    PolicyWeights {
        head: Head::of(action_space),
        mlp: MlpWeights {
            layers: vec![layer],
            activation: Activation::Identity,
            output_activation: Activation::Identity,
        },
        log_std: None,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("policy.safetensors");
    let mut environment = CartPole::v1();
    let policy = PolicyFile {
        env: "cartpole".into(),
        algo: "by-hand".into(),
        action_space: environment.action_space(),
        weights: by_hand(&environment.action_space()),
        value: None,
        normalization: None,
    };
    policy.save(&path)?;

    let loaded = PolicyFile::load(&path)?;
    assert_eq!(loaded, policy);
    let mut actor = loaded.policy(ActionChoice::Mode);
    let (mut resets, mut actions) = (Stream::from_seed(0), Stream::from_seed(1));
    for episode in 1..=5 {
        let played = run_episode(&mut environment, &mut actor, &mut resets, &mut actions)?;
        println!("episode {episode}: return {}", played.total_reward);
    }
    Ok(())
}
