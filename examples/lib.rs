//! Small programs, one idea each; `cargo run --release -p rl-examples --example NAME` runs one.
//!
//! - `train_cartpole`: vanilla policy gradient on CartPole-v1, the loop written out.
//! - `own_environment`: an environment of one's own, and an agent that learns it.
//! - `random_batch`: a thousand environments in SIMD registers, pushed at random.
//! - `ppo_pendulum`: proximal policy optimization on rollouts of a batch, and its evaluation.
//! - `bounded_actions`: a Gaussian, a squashed Gaussian and a Beta policy on a bounded torque.
//! - `act_from_file`: a policy written to disk, read back, and acting without tensors.

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_an_example_that_runs() {
        let block = format!("```rust\n{}```", include_str!("train_cartpole.rs"));
        assert!(include_str!("../README.md").contains(&block));
    }
}
