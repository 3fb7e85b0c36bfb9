//! MuJoCo's tasks on the command line.

mod common;

use common::Place;

#[test]
#[cfg(not(feature = "mujoco"))]
fn without_the_feature_a_name_says_how_to_get_it() {
    let place = Place::new();
    let names = ["`cargo xtask mujoco`", "--features mujoco"];
    for words in ["train --env half-cheetah", "eval --random --env Ant-v5"] {
        common::assert_failure(&place.rl(words), 2, &names);
    }
}

#[cfg(feature = "mujoco")]
mod with_the_feature {
    use super::*;
    use crate::common::{assert_success, metrics};

    /// Settings of a small run, in a task with contacts and short episodes.
    const SMALL: &str = "--preset none --env hopper --algo ppo --set environments=4 --set steps_per_environment=32 \
                         --checkpoint-every 3 --seed 1 --quiet";

    #[test]
    fn a_run_that_was_resumed_is_the_run_that_was_not_and_threads_change_nothing() {
        let place = Place::new();
        for (name, words) in [
            ("whole", "--updates 6 --threads 1"),
            ("threads", "--updates 6 --threads 2"),
            ("resumed", "--updates 3"),
        ] {
            assert_success(&place.rl(&format!("train {SMALL} {words} --out {name}")));
        }
        assert_success(&place.rl("train --resume resumed --updates 6 --quiet"));
        let whole = metrics(&place.path("whole/metrics.csv"));
        assert_eq!(whole.len(), 7);
        for other in ["threads", "resumed"] {
            assert_eq!(metrics(&place.path(&format!("{other}/metrics.csv"))), whole);
        }
        assert!(!place.path("MUJOCO_LOG.TXT").exists());
    }

    #[test]
    fn a_task_is_listed_judged_and_drawn() {
        let place = Place::new();
        let list = assert_success(&place.rl("list envs"));
        assert!(list.contains("half-cheetah") && list.contains("HalfCheetah-v5"));
        let words = "eval --random --env HALFCHEETAH-V5 --episodes 2 --json";
        assert!(assert_success(&place.rl(words)).contains("half-cheetah"));
        let words = "render --random --env hopper --episodes 1 -o hopper.gif";
        assert_success(&place.rl(words));
        assert!(place.path("hopper.gif").exists());
    }

    #[test]
    fn parity_knows_the_tasks() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../rl-mujoco/tests/golden");
        let place = Place::new();
        let mut parity = place.command("parity");
        let table = assert_success(&parity.arg(golden).output().unwrap());
        assert!(table.contains("half_cheetah: passed"), "{table}");
    }
}
