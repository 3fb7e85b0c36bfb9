//! The algorithms on one page learn: programs without a learner of this project.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/ppo_on_one_page.rs"]
#[expect(
    dead_code,
    reason = "a program's `main`, and what only other tests ask for"
)]
mod ppo_on_one_page;
#[path = "../examples/vpg_on_one_page.rs"]
#[expect(
    dead_code,
    reason = "a program's `main`, and what only other tests ask for"
)]
mod vpg_on_one_page;

/// The first and the last mean return of a training.
fn ends(curve: &[f64]) -> [f64; 2] {
    [*curve.first().unwrap(), *curve.last().unwrap()]
}

#[test]
fn vpg_on_one_page_learns_cartpole() {
    let [first, last] = ends(&vpg_on_one_page::train(100, 60).unwrap());
    assert!(first < 60.0, "nothing is learned yet: {first}");
    assert!(last > 150.0, "{last}");
}

#[test]
fn ppo_on_one_page_learns_cartpole() {
    let [first, last] = ends(&ppo_on_one_page::train(100, 60).unwrap());
    assert!(first < 60.0, "nothing is learned yet: {first}");
    assert!(last > 300.0, "{last}");
}

#[test]
fn the_same_seed_gives_the_same_curve() {
    let ppo = || ppo_on_one_page::train(101, 3).unwrap();
    let vpg = || vpg_on_one_page::train(101, 3).unwrap();
    assert_eq!([ppo(), vpg()], [ppo(), vpg()]);
}
