//! Small programs, one idea each; `cargo run --release -p rl-examples --example NAME` runs one.
//!
//! - `train_cartpole`: a policy for CartPole-v1, in half a second.
//! - `own_environment`: an environment of one's own, learned by proximal policy optimization.
//! - `own_observer`: an observer of one's own, which ends a run that has stopped learning.
//! - `own_network`: a Burn module of one's own as the policy.
//! - `resume`: a run that is stopped half way, and resumed from its files to the same bits.
//! - `evaluate_many`: a trained policy in a hundred environments side by side.
//! - `bounded_actions`: a Gaussian, a squashed Gaussian and a Beta policy on a bounded torque.
//! - `random_batch`: a thousand environments in SIMD registers, pushed at random.
//! - `act_from_file`: a policy written to disk, read back, and acting without tensors.
//! - `vpg_on_one_page`, `ppo_on_one_page`: the algorithms written out, with Burn and the environments
//!   alone.

/// Snippets of the page of questions, run as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../docs/questions.md")]
struct Questions;

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_an_example_that_runs() {
        let block = format!("```rust\n{}```", include_str!("train_cartpole.rs"));
        assert!(include_str!("../README.md").contains(&block));
    }

    #[test]
    fn the_documentation_shows_the_program_outside_of_the_workspace_as_it_is() {
        let page = include_str!("../docs/downstream.md");
        let main = include_str!("../tests/downstream/src/main.rs");
        assert!(page.contains(&format!("```rust\n{main}```")));
        let manifest = include_str!("../tests/downstream/Cargo.toml");
        let profile = manifest.split_once("[profile.release.package.\"*\"]");
        let lines = profile.map_or("no profile", |(_, lines)| lines);
        assert!(page.contains(&format!("[profile.release.package.\"*\"]{lines}```")));
    }
}
