//! Gymnasium's environments on the command line, where no Python is needed. What needs one is in
//! `tests/python/gymnasium_train.py`.

mod common;

use common::{Place, assert_failure};

#[test]
#[cfg(not(feature = "gym"))]
fn without_the_feature_a_name_says_how_to_get_it() {
    let place = Place::new();
    let output = place.rl("train --env gym:CartPole-v1");
    let names = ["'gym:CartPole-v1'", "--features gym"];
    assert_failure(&output, 2, &names);
    let output = place.rl("eval --random --env GYM:CartPole-v1");
    assert_failure(&output, 2, &["'GYM:CartPole-v1'", "--features gym"]);
}

#[cfg(feature = "gym")]
mod with_the_feature {
    use super::*;

    #[test]
    fn a_wrong_call_is_refused_before_a_worker_starts() {
        let place = Place::new();
        for (words, names) in [
            (
                "--env gym:X?y",
                &["'y' is not KEY=VALUE", "gym:ID?KEY=VALUE"][..],
            ),
            ("--env gym:", &["'' is no id"]),
            (
                "--env cartpole --import mine",
                &["--env gym:ID", "'cartpole'"],
            ),
            (
                "--env gym:X-v0 --env-arg size",
                &["'size' is not KEY=VALUE"],
            ),
            ("--env gym:X-v0 --env-arg a=1&b=2", &["'a=1&b=2'"]),
            (
                "--env gym:X-v0 --import a-b",
                &["'a-b' is no name of a module"],
            ),
            ("--env gym:X-v0 --deadline 0", &["'0'", "0.1 to 1e6"]),
            ("--resume r --env-arg a=1", &["--resume", "--env-arg"]),
        ] {
            let output = place.rl(&format!("train {words}"));
            assert_failure(&output, 2, names);
        }
        assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
    }

    #[test]
    fn without_python_the_error_says_what_to_type() {
        let place = Place::new();
        for words in ["train --env gym:X-v0", "eval --random --env gym:X-v0"] {
            let output = place.rl(&format!("{words} --python ./no-python"));
            assert_failure(&output, 1, &["'./no-python'", "--python PATH"]);
        }
        assert!(
            !place.path("runs").exists(),
            "a run that cannot begin leaves nothing"
        );
        // The trainings of a sweep are processes of their own.
        let output = place.rl("sweep --env gym:X-v0 --seeds 1 --python ./no-python");
        assert_failure(&output, 1, &["'./no-python'"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_is_no_python_is_an_error_and_not_a_wait() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;
        use std::time::{Duration, Instant};

        let place = Place::new();
        for (script, names) in [
            (
                "echo Hello from nowhere",
                &["no answer", "Hello from nowhere"][..],
            ),
            ("echo broken >&2; exit 3", &["exit status: 3", "broken"]),
            ("sleep 30", &["no answer within", "--deadline SECONDS"]),
        ] {
            place.write("python", &format!("#!/bin/sh\n{script}\n"));
            set_permissions(place.path("python"), Permissions::from_mode(0o755)).unwrap();
            let words = "train --env gym:X-v0 --python ./python --deadline 0.2";
            let start = Instant::now();
            assert_failure(&place.rl(words), 1, names);
            assert!(start.elapsed() < Duration::from_secs(20), "{script}");
        }
    }
}
