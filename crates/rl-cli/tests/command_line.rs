//! The words that `rl` understands, and what it says to others; agents at play.

mod common;

use std::fs;

use serde_json::Value;

use common::{Place, assert_failure, assert_success};

#[test]
fn parts_of_a_configuration_that_do_not_go_together_are_refused() {
    let place = Place::new();
    for (words, names) in [
        (
            "train --clip-range 0.2",
            ["clip_range", "not used by the algorithm vpg", "ppo"],
        ),
        (
            "train --algo ppo --minibatch-size 7",
            [
                "minibatch_size = 7",
                "--minibatch-size",
                "a divisor of the 256 steps",
            ],
        ),
        (
            "train --algo ppo --minibatch-size 512",
            [
                "minibatch_size = 512",
                "--minibatch-size",
                "a divisor of the 256 steps",
            ],
        ),
        (
            "train --algo ppo --minibatch-size 1",
            ["normalize_advantages = true", "false", "single step"],
        ),
        (
            "train --algo ppo --lambda 1.5",
            ["lambda = 1.5", "--lambda", "0 to 1"],
        ),
        (
            "train --algo ppo --epochs 0",
            ["epochs = 0", "--epochs", "from 1"],
        ),
        (
            "train --algo reinforce --baseline time",
            ["baseline = time", "--baseline", "none or value"],
        ),
        (
            "train --weighting gae",
            ["baseline = none", "value", "bootstraps"],
        ),
        (
            "train --env pendulum --distribution categorical",
            [
                "distribution = categorical",
                "--distribution",
                "diag-gaussian",
            ],
        ),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_program_without_a_word() {
    let place = Place::new();
    let mut child = place
        .command("list")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}

#[test]
fn list_shows_everything_as_text_and_as_json() {
    let place = Place::new();
    let text = assert_success(&place.rl("list"));
    for word in [
        "cartpole",
        "CartPole-v1",
        "vpg",
        "notebook-rtg",
        "notebook-total",
        "reinforce-lab",
        "wgpu",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    // Pairs without a preset are named, and what cannot learn, with the reason.
    let pairs = assert_success(&place.rl("list pairs"));
    assert!(
        pairs.contains("tuned: a2c, ppo, dqn, pqn; untuned: reinforce, vpg,"),
        "{pairs}"
    );
    let pairs = pairs.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        pairs.contains(
            "total-return cannot learn: until chance finds the goal, every return is -200"
        )
    );
    let presets = assert_success(&place.rl("list presets --json"));
    let presets: Value = serde_json::from_str(&presets).unwrap();
    assert_eq!(
        presets["presets"].as_array().unwrap().len(),
        rl_train::Registry::default().presets().len()
    );
}

#[test]
fn unknown_words_are_answered_with_the_nearest_and_all_allowed_ones() {
    let place = Place::new();
    for (words, names) in [
        (
            "train --env cartpol",
            ["'cartpol'", "--env", "Did you mean 'cartpole'?"],
        ),
        (
            "train --algo vgp",
            ["'vgp'", "--algo", "Allowed: reinforce, vpg, a2c"],
        ),
        (
            "train --preset notebook-rgt",
            ["'notebook-rgt'", "--preset", "'notebook-rtg'?"],
        ),
        ("train --backend wpgu", ["'wpgu'", "--backend", "'wgpu'?"]),
        ("train --set gama=0.9", ["'gama'", "--set gama", "'gamma'?"]),
        (
            "train --activation tanx",
            ["'tanx'", "--activation", "'tanh'?"],
        ),
        (
            "train --set weighting=reward",
            ["'reward'", "--set weighting", "reward-to-go"],
        ),
        ("train --gama 0.9", ["--gama", "--gamma", "unexpected"]),
        (
            "train --n-envs 8",
            ["'--n-envs'", "'--environments'", "called"],
        ),
        (
            "train --total-timesteps 1e5",
            ["'--total-timesteps'", "'--steps'", "called"],
        ),
        (
            "train --set n_steps=5",
            ["'n_steps'", "'steps_per_environment'", "called"],
        ),
        (
            "train --set resume=x",
            ["--set resume", "an option", "--resume"],
        ),
        (
            "eval x --n-eval-episodes 5",
            ["'--n-eval-episodes'", "unexpected", "Usage"],
        ),
        (
            "eval x --episodes 5e9",
            ["5e9", "--episodes", "1 to 4294967295"],
        ),
        ("tran", ["tran", "train", "unrecognized"]),
        ("list env", ["env", "envs", "algos"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn a_backend_that_was_not_compiled_in_says_how_to_build_it() {
    let place = Place::new();
    let output = place.rl("train --backend cuda");
    assert_failure(
        &output,
        2,
        &["'cuda'", "not part of this binary", "--features cuda"],
    );
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn values_of_another_type_or_range_are_named_with_their_origin() {
    let place = Place::new();
    for (words, names) in [
        ("train --gamma high", ["gamma", "'high'", "--gamma"]),
        ("train --gamma 1.5", ["1.5", "--gamma", "0 to 1"]),
        ("train --seed -1", ["seed", "-1", "--seed"]),
        ("train --updates 2.5", ["updates", "2.5", "--updates"]),
        (
            "train --threads 0",
            ["threads = 0", "--threads", "1 to 1024"],
        ),
        (
            "train --set environments=0",
            ["environments = 0", "--set environments", "1 to 65536"],
        ),
        (
            "train --set learning_rate=0",
            ["learning_rate = 0", "--set learning_rate", "positive"],
        ),
        ("train --set gamma", ["--set gamma", "key", "value"]),
        (
            "train --updates 1 --steps 1",
            ["--updates", "--steps", "exclude"],
        ),
        ("eval x --episodes 0", ["0", "--episodes", "from 1"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn a_configuration_file_is_checked_key_by_key() {
    let place = Place::new();
    for (text, names) in [
        ("gamma = 'high'", ["gamma = 'high'", "bad.toml", "a number"]),
        ("gama = 0.9", ["'gama'", "bad.toml", "'gamma'?"]),
        ("env = 'cartpol'", ["'cartpol'", "bad.toml", "'cartpole'?"]),
        ("env = 3", ["'3'", "bad.toml", "Allowed"]),
        ("gamma = 2.0", ["gamma = 2", "bad.toml", "0 to 1"]),
        ("gamma = ", ["bad.toml", "not TOML", "line 1"]),
        (
            "updates = 1\nsteps = 1",
            ["'updates'", "bad.toml", "exclude"],
        ),
    ] {
        place.write("bad.toml", text);
        assert_failure(&place.rl("train --config bad.toml"), 2, &names);
    }
    assert_failure(
        &place.rl("train --config none.toml"),
        2,
        &["none.toml", "cannot read"],
    );
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn options_win_over_set_which_wins_over_the_file_which_wins_over_the_preset() {
    let place = Place::new();
    place.write("file.toml", "gamma = 0.3\nlr = 0.3\nsize = 3\n");
    let words = "train --preset cartpole --size 5 --set size=4 --set lr=0.4 --config file.toml";
    let config = assert_success(&place.rl(&format!("{words} --print-config")));
    let config: toml::Table = config.parse().unwrap();
    assert_eq!(config["size"].as_integer(), Some(5));
    assert_eq!(config["learning_rate"].as_float(), Some(0.4));
    assert_eq!(config["gamma"].as_float(), Some(0.3));
    assert_eq!(config["steps_per_update"].as_integer(), Some(4000));
}

#[test]
fn a_directory_that_is_not_empty_is_left_as_it_is() {
    let place = Place::new();
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/precious.txt", "mine");
    let output = place.rl("train --updates 1 --out full");
    assert_failure(&output, 2, &["full", "--out", "not empty"]);
    assert_eq!(
        fs::read_to_string(place.path("full/precious.txt")).unwrap(),
        "mine"
    );
    assert_eq!(fs::read_dir(place.path("full")).unwrap().count(), 1);

    place.write("file", "mine");
    assert_failure(&place.rl("train --updates 1 --out file"), 1, &["file"]);
    assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "mine");

    fs::create_dir(place.path("empty")).unwrap();
    place.trained("empty", "");
}

#[test]
fn render_shows_the_episodes_that_eval_plays() {
    let place = Place::new();
    place.trained("run", "");
    for words in ["", "--stochastic"] {
        let line = assert_success(&place.rl(&format!("render run -o out.gif --seed 7 {words}")));
        let gif = fs::read(place.path("out.gif")).unwrap();
        assert!(gif.starts_with(b"GIF89a") && gif.ends_with(&[0x3b]));
        let evaluation = place.rl(&format!("eval run --episodes 1 --seed 7 --json {words}"));
        let evaluation: Value = serde_json::from_str(&assert_success(&evaluation)).unwrap();
        let episode_return = evaluation["returns"][0].as_f64().unwrap();
        let expected = format!("out.gif: return {episode_return:.2} in {episode_return} steps\n");
        assert_eq!(line, expected);
    }
    // The same agent, the same bytes; a policy is known by its file, too.
    assert_success(&place.rl("render run -o one.gif"));
    assert_success(&place.rl("render run/policy.safetensors -o two.gif"));
    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    assert_eq!(bytes("one.gif"), bytes("two.gif"));
}

#[test]
fn render_shows_other_players_as_files_and_directories() {
    let place = Place::new();
    let words = "render --random --env CartPole-v1 --episodes 2 -o frames";
    let line = assert_success(&place.rl(words));
    assert_eq!(line.matches("return").count(), 2, "{line}");
    let steps: usize = line
        .split_whitespace()
        .zip(line.split_whitespace().skip(1))
        .filter(|(before, _)| *before == "in")
        .map(|(_, steps)| steps.parse::<usize>().unwrap())
        .sum();
    // The state that an episode starts from, and one per step.
    let files = fs::read_dir(place.path("frames")).unwrap().count();
    assert_eq!(files, steps + 2);
    assert!(place.path("frames/frame-00000.png").exists());

    let line = assert_success(&place.rl("render --heuristic --env mountain-car -o last.png"));
    assert!(line.starts_with("last.png: return -1"), "{line}");
    assert!(
        fs::read(place.path("last.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

#[test]
fn render_says_what_is_wrong_with_a_call_and_leaves_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/precious.txt", "mine");
    for (words, code, names) in [
        ("render -o out.gif", 2, ["DIR", "--random", "--heuristic"]),
        ("render --random -o out.gif", 2, ["--env", "required", ""]),
        (
            "render run --random --env cartpole -o out.gif",
            2,
            ["DIR", "--random", "cannot"],
        ),
        (
            "render run --env cartpole -o out.gif",
            2,
            ["DIR", "--env", "cannot"],
        ),
        ("render run", 2, ["--out", "required", ""]),
        ("render run -o out.mp4", 2, ["'.mp4'", ".gif", ".png"]),
        (
            "render --random --env cartpol -o out.gif",
            2,
            ["'cartpol'", "--env", "'cartpole'?"],
        ),
        (
            "render --random --env cartpole -o full",
            2,
            ["full", "not empty", ""],
        ),
        (
            "render run -o out.gif",
            1,
            ["run", "policy.safetensors", "cannot read"],
        ),
        (
            "render --random --env cartpole -o nowhere/out.gif",
            1,
            ["nowhere/out.gif", "cannot write", ""],
        ),
    ] {
        assert_failure(&place.rl(words), code, &names);
    }
    assert_eq!(fs::read_dir(place.path("full")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 1);
}

#[test]
fn a_policy_file_that_is_missing_or_damaged_is_an_error() {
    let place = Place::new();
    assert_failure(
        &place.rl("eval nowhere"),
        1,
        &["nowhere", "policy.safetensors", "cannot read"],
    );

    place.trained("run", "");
    let path = place.path("run/policy.safetensors");
    let whole = fs::read(&path).unwrap();
    let text = |from: &str, to: &str| {
        let start = whole
            .windows(from.len())
            .position(|w| w == from.as_bytes())
            .unwrap();
        let mut bytes = whole.clone();
        bytes[start..start + from.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    for (bytes, names) in [
        (
            whole[..whole.len() / 2].to_vec(),
            ["policy.safetensors", "damaged"],
        ),
        (b"not a policy".to_vec(), ["policy.safetensors", "damaged"]),
        (
            text(r#""format_version":"1""#, r#""format_version":"9""#),
            ["format_version 9", "reads 1 to 1"],
        ),
        (
            text(r#""env":"cartpole""#, r#""env":"kartpole""#),
            ["'kartpole'", "does not exist"],
        ),
        // The first layer and its data as [64, 4] becomes one of [4, 64].
        (
            text(r#""shape":[64,4]"#, r#""shape":[4,64]"#),
            ["policy.layers.0", "shape"],
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_failure(&place.rl("eval run"), 1, &names);
    }
}

#[test]
fn a_run_without_a_policy_says_why_and_how_to_go_on() {
    let place = Place::new();
    place.trained("run", "--checkpoint-every 2");
    for name in ["policy.safetensors", "summary.json"] {
        fs::remove_file(place.path("run").join(name)).unwrap();
    }
    let names = [
        "interrupted after update 3",
        "rl train --resume run",
        "no policy.safetensors",
    ];
    assert_failure(&place.rl("eval run"), 1, &names);
    assert_failure(
        &place.rl("eval run --best"),
        1,
        &["best.safetensors", "--eval-every"],
    );
    fs::remove_dir_all(place.path("run/checkpoints")).unwrap();
    assert_failure(&place.rl("eval run"), 1, &["first checkpoint"]);

    // One that was killed between checkpoints has a policy, and is judged with a note.
    place.trained("killed", "");
    fs::remove_file(place.path("killed/summary.json")).unwrap();
    let output = place.rl("eval killed --episodes 1e1");
    assert!(assert_success(&output).contains("10 from seed 0"));
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.contains("last checkpoint; to go on: rl train --resume killed"),
        "{note}"
    );
}

#[test]
fn a_policy_for_another_shape_of_observations_is_an_error() {
    let place = Place::new();
    let space = rl_core::Space::Discrete(rl_core::Discrete::new(3).unwrap());
    let policy = rl_nets::PolicyFile {
        env: "cartpole".into(),
        algo: "vpg".into(),
        weights: rl_nets::PolicyConfig::new(6, &space).draw(&mut rl_core::Stream::from_seed(0)),
        action_space: space,
        value: None,
        normalization: None,
    };
    policy.save(place.path("policy.safetensors")).unwrap();
    let output = place.rl("eval policy.safetensors");
    assert_failure(
        &output,
        1,
        &["policy.safetensors", "takes 6 numbers", "4 numbers"],
    );
}

#[test]
fn random_actions_and_rules_of_thumb_are_judged_as_agents_are() {
    let place = Place::new();
    let mean = |words: &str| {
        let evaluation = assert_success(&place.rl(&format!("eval {words} --json")));
        let evaluation: Value = serde_json::from_str(&evaluation).unwrap();
        evaluation["return_mean"].as_f64().unwrap()
    };
    assert_eq!(mean("--heuristic --env CartPole-v1"), 500.0);
    // In Gymnasium it is 22.3, of deviation 11.8: 99.9 % of means of 1000 lie within 1.23.
    let random = mean("--random --env cartpole --episodes 1000");
    assert!((random - 22.3).abs() < 1.23, "{random}");
    for (words, names) in [
        ("eval", ["DIR", "--random"]),
        ("eval --random", ["--env", "required"]),
        ("eval --heuristic --env cartpol", ["cartpol", "'cartpole'"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
}
