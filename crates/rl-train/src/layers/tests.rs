//! Tests of layers.

use std::path::PathBuf;

use super::*;

/// The registry of all tests.
fn registry() -> &'static Registry {
    static REGISTRY: std::sync::OnceLock<Registry> = std::sync::OnceLock::new();
    REGISTRY.get_or_init(Registry::default)
}

fn flag(name: &str) -> Origin {
    Origin::Flag(name.into())
}

fn layers(set: &[(&str, &str)]) -> Layers<'static> {
    let mut layers = Layers::new(registry());
    for (key, text) in set {
        layers.set(key, text, &flag("--here")).unwrap();
    }
    layers
}

#[test]
fn every_preset_is_a_whole_configuration_of_keys_that_its_algorithm_uses() {
    for preset in registry().presets() {
        let config = layers(&[("preset", preset.name())]).finish().unwrap();
        assert_eq!(config.run.preset, preset.name());
        assert!(
            preset.description().contains(' '),
            "{} says what it is",
            preset.name()
        );
        assert!(preset.word("env").is_some());
        let algorithm = registry().find_algorithm(preset.word("algo").unwrap());
        for key in preset.table().keys() {
            assert!(registry().key(key).is_some(), "{}: {key}", preset.name());
            let is_own = algorithm.unwrap().uses(key);
            let is_common = registry().users(key).next().is_none();
            assert!(is_own || is_common, "{}: {key}", preset.name());
        }
    }
}

#[test]
fn every_field_of_a_configuration_is_a_key_with_help() {
    let text = layers(&[]).finish().unwrap().to_table().unwrap();
    let own = registry().algorithms().iter().flat_map(|a| a.defaults());
    for name in text.keys().chain(own.map(|(name, _)| name)) {
        let key = registry().key(name);
        let help = key.map(|key| key.help).unwrap_or_default();
        assert!(help.len() > 5, "{name}: '{help}'");
    }
    let keys = registry().keys();
    let names: std::collections::BTreeSet<&str> = keys.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), keys.len(), "each once");
}

#[test]
fn counts_may_be_written_with_an_exponent_and_words_in_any_case() {
    let config = layers(&[("steps", "1e6"), ("env", "CARTPOLE"), ("algo", "PPO")]);
    let config = config.clone().finish().unwrap();
    assert_eq!(config.run.steps, Some(1_000_000));
    assert_eq!((&*config.run.env, &*config.run.algo), ("cartpole", "ppo"));
    let error = Layers::new(registry()).set("steps", "1.5", &flag("--steps"));
    let message = error.unwrap_err().to_string();
    assert_eq!(
        message,
        "steps = 1.5 (from --steps): allowed is a whole number from 0 to 9223372036854775807"
    );
}

#[test]
fn words_of_other_libraries_are_answered_with_ours() {
    for (other, ours) in crate::words::OTHERS {
        let error = Layers::new(registry()).set(other, "1", &flag("--set"));
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains(&format!("called '{ours}' here")),
            "{message}"
        );
        assert!(registry().key(ours).is_some(), "{ours}");
    }
}

#[test]
fn keys_of_another_algorithm_are_dropped_with_a_notice_if_they_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::fs::write(
        &path,
        "env = \"cartpole\"\nalgo = \"ppo\"\nclip_range = 0.3\ngamma = 0.5\n",
    )
    .unwrap();
    let mut layers = Layers::new(registry());
    layers.file(&path).unwrap();
    layers.set("algo", "vpg", &flag("--algo")).unwrap();
    let config = layers.finish().unwrap();
    assert_eq!(config.algorithm["gamma"].as_float(), Some(0.5));
    let [notice] = layers.notices() else {
        panic!("{:?}", layers.notices());
    };
    assert!(
        notice.contains("clip_range") && notice.contains("config.toml"),
        "{notice}"
    );
}

#[test]
fn two_names_of_one_value_are_refused_in_one_layer() {
    for keys in [
        ["updates", "steps"],
        ["lr", "learning_rate"],
        ["steps", "episodes"],
    ] {
        let error = exclusive(&keys, &"--set").unwrap_err().to_string();
        assert!(
            error.contains(keys[0]) && error.contains("exclude"),
            "{error}"
        );
    }
}

#[test]
fn a_preset_may_be_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.toml");
    std::fs::write(
        &path,
        "# Mine\nenv = \"pendulum\"\nalgo = \"ppo\"\nsteps = 5000\nepochs = 3\n",
    )
    .unwrap();
    let text = path.display().to_string();
    let config = layers(&[("preset", &text), ("epochs", "4")])
        .finish()
        .unwrap();
    assert_eq!(config.run.preset, text);
    assert_eq!(
        (&*config.run.env, config.run.steps),
        ("pendulum", Some(5000))
    );
    assert_eq!(config.algorithm["epochs"].as_integer(), Some(4));
    std::fs::write(&path, "epoch = 3\n").unwrap();
    let error = Layers::new(registry()).set("preset", &text, &flag("--preset"));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("Did you mean 'epochs'?")
    );
}

#[test]
fn later_values_win_and_all_win_over_the_preset() {
    let mut layers = layers(&[("lr", "0.5"), ("steps", "5000"), ("env", "CartPole-v1")]);
    let config = layers.clone().finish().unwrap();
    assert_eq!(layers.get("learning_rate").unwrap(), "0.5");
    assert_eq!((config.run.steps, config.run.updates), (Some(5000), None));
    assert_eq!(config.run.env, "cartpole");
    for (key, text) in [("updates", "7"), ("preset", "notebook-rtg"), ("lr", "0.25")] {
        layers.set(key, text, &flag("--here")).unwrap();
    }
    assert_eq!(layers.get("learning_rate").unwrap(), "0.25");
    let config = layers.finish().unwrap();
    assert_eq!((config.run.steps, config.run.updates), (None, Some(7)));
    assert_eq!(config.run.preset, "notebook-rtg");
}

#[test]
fn environment_and_algorithm_choose_their_preset() {
    let preset = |set: &[(&str, &str)]| layers(set).finish().unwrap().run.preset;
    assert_eq!(preset(&[]), registry().presets()[0].name());
    assert_eq!(preset(&[("algo", "ppo")]), "cartpole-ppo");
    assert_eq!(preset(&[("env", "pendulum")]), "pendulum-ppo");
    assert_eq!(preset(&[("env", "acrobot"), ("algo", "trpo")]), NO_PRESET);
    assert_eq!(
        preset(&[("preset", "cartpole-ppo"), ("algo", "a2c")]),
        "cartpole-ppo"
    );
}

#[test]
fn words_and_directories_may_look_like_numbers() {
    let config = layers(&[("out", "1"), ("env", "'cartpole'")])
        .finish()
        .unwrap();
    assert_eq!(config.run.out, Some(PathBuf::from("1")));
    assert_eq!(config.run.env, "cartpole");
    let error = Layers::new(registry()).set("env", "3", &flag("--here"));
    assert!(error.unwrap_err().to_string().contains("unknown env '3'"));
}

#[test]
fn a_key_of_another_algorithm_is_refused_and_named() {
    let error = layers(&[("algo", "vpg"), ("clip_range", "0.2")]).finish();
    let message = error.unwrap_err().to_string();
    for word in [
        "clip_range",
        "--here",
        "not used by the algorithm vpg",
        "by ppo",
    ] {
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn a_configuration_survives_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    for preset in registry().presets() {
        let set = [("preset", preset.name()), ("seed", "7")];
        let config = layers(&set).finish().unwrap();
        std::fs::write(
            &path,
            toml::to_string(&config.to_repeat().unwrap()).unwrap(),
        )
        .unwrap();
        let mut layers = Layers::new(registry());
        layers.file(&path).unwrap();
        assert_eq!(layers.finish().unwrap(), config, "{}", preset.name());
    }
}

#[test]
fn what_is_out_of_range_is_named_with_its_origin() {
    for (algo, key, text) in [
        ("vpg", "gamma", "1.5"),
        ("vpg", "gamma", "nan"),
        ("vpg", "learning_rate", "0"),
        ("vpg", "max_grad_norm", "-1"),
        ("vpg", "threads", "0"),
        ("vpg", "environments", "0"),
        ("vpg", "steps_per_update", "0"),
        ("vpg", "updates", "0"),
        ("vpg", "steps", "0"),
        ("vpg", "size", "0"),
        ("vpg", "n_layers", "17"),
        ("vpg", "reward_scale", "inf"),
        ("vpg", "n_step", "0"),
        ("vpg", "group_size", "3"),
        ("vpg", "distribution", "beta"),
        ("reinforce", "baseline", "batch"),
        ("a2c", "lambda", "-0.5"),
        ("a2c", "value_coefficient", "0"),
        ("trpo", "target_kl", "0"),
        ("trpo", "line_search_factor", "1"),
        ("ppo", "epochs", "0"),
        ("ppo", "minibatch_size", "0"),
        ("ppo", "minibatch_size", "7"),
        ("ppo", "minibatch_size", "1000000"),
        ("ppo", "clip_range", "0"),
        ("ppo", "value_clip_range", "-1"),
        ("ppo", "entropy_coefficient", "-0.1"),
    ] {
        let message = layers(&[("algo", algo), (key, text)])
            .start()
            .err()
            .unwrap()
            .to_string();
        assert!(
            message.contains(key) && message.contains("--here"),
            "{message}"
        );
    }
}

#[test]
fn parts_that_do_not_go_together_are_refused() {
    for (set, word) in [
        (vec![("algo", "vpg"), ("weighting", "gae")], "baseline"),
        (
            vec![("normalize_advantages", "true"), ("steps_per_update", "1")],
            "steps_per_update",
        ),
        (vec![("algo", "vpg"), ("baseline", "group")], "group_size"),
        (
            vec![("algo", "ppo"), ("minibatch_size", "1")],
            "normalize_advantages",
        ),
        (
            vec![("env", "pendulum"), ("distribution", "categorical")],
            "distribution",
        ),
    ] {
        let message = layers(&set).start().err().unwrap().to_string();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn numbers_that_nothing_holds_are_named_as_they_were_typed() {
    for (key, text, allowed) in [
        (
            "seed",
            "9223372036854775808",
            "from 0 to 9223372036854775807",
        ),
        ("steps", "1e30", "a whole number from 0"),
        ("steps", "-5", "a whole number from 0"),
        ("lr", "1e400", "up to 1.7e308"),
        ("gamma", "1e-400", "larger than 1e-308"),
        ("lr", "1\nupdates=3", "a number"),
        ("steps", "1 # or 2", "a whole number"),
        ("updates", "high", "a whole number"),
    ] {
        let error = Layers::new(registry()).set(key, text, &flag("--here"));
        let message = error.unwrap_err().to_string();
        let shown = text.replace('\n', "\\n");
        assert!(
            message.contains(&shown) && message.contains(allowed),
            "{message}"
        );
        assert!(
            !message.contains("i64") && !message.contains("f64"),
            "{message}"
        );
    }
    let held = layers(&[("gamma", "0e-400"), ("steps", "9223372036854775807")]);
    assert_eq!(held.get("steps").unwrap(), "9223372036854775807");
}

#[test]
fn a_preset_of_a_program_is_checked_like_a_file() {
    for (toml, word) in [
        ("env = cartpole", "not TOML"),
        ("env = \"cartpole\"\nalgo = \"vpg\"\ngama = 0.9", "'gamma'?"),
        (
            "env = \"cartpole\"\nalgo = \"vpg\"\nsteps = 0.5",
            "a whole number",
        ),
    ] {
        let registry = Registry::default().preset("mine", toml);
        let mut layers = Layers::new(&registry);
        layers.set("preset", "mine", &flag("--preset")).unwrap();
        let message = layers.finish().unwrap_err().to_string();
        assert!(
            message.contains("mine") && message.contains(word),
            "{message}"
        );
    }
    // An exponent is a whole number there, too.
    let registry =
        Registry::default().preset("mine", "env = \"cartpole\"\nalgo = \"vpg\"\nsteps = 1e5");
    let mut layers = Layers::new(&registry);
    layers.set("preset", "mine", &flag("--preset")).unwrap();
    assert_eq!(layers.finish().unwrap().run.steps, Some(100_000));
}

#[test]
fn a_policy_to_start_from_brings_its_normalisation_or_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let run = |set: &[(&str, &str)]| {
        let common = [
            ("env", "pendulum"),
            ("algo", "ppo"),
            ("updates", "2"),
            ("environments", "2"),
        ];
        layers(&[&common[..], set].concat())
            .start()
            .map(|(_, run)| run)
    };
    for (name, normalize) in [("normalised", "true"), ("raw", "false")] {
        let mut first = run(&[("normalize_observations", normalize)]).unwrap();
        first.run(&mut []).unwrap();
        first.policy().save(path(name)).unwrap();
        let path = path(name);
        let from = [
            ("init_from", path.as_str()),
            ("normalize_observations", normalize),
            ("seed", "9"),
        ];
        let second = run(&from).unwrap();
        // The value function is a new one.
        let of_policy = |run: &dyn Run| {
            let mut arrays = run.policy().record().arrays;
            arrays.retain(|array| !array.name.starts_with("value."));
            arrays
        };
        assert_eq!(of_policy(&*second), of_policy(&*first), "{name}");
        let other = if normalize == "true" { "false" } else { "true" };
        let refused = run(&[
            ("init_from", path.as_str()),
            ("normalize_observations", other),
        ]);
        let message = refused.err().unwrap().to_string();
        assert!(
            message.contains("normalize_observations") && message.contains(name),
            "{message}"
        );
    }
}

#[test]
fn schedules_keep_a_horizon_of_their_own() {
    let rates = |set: &[(&str, &str)]| -> Vec<f64> {
        let common = [
            ("preset", "cartpole-a2c"),
            ("anneal_learning_rate", "true"),
            ("lr", "1"),
        ];
        let (_, mut run) = layers(&[&common[..], set].concat()).start().unwrap();
        let updates = 0..4;
        updates
            .map(|_| run.step().unwrap().get("learning_rate").unwrap())
            .collect()
    };
    // Step sizes fall from the first update to the last, and that reaches the agent.
    assert_eq!(rates(&[("updates", "4")]), [1.0, 0.75, 0.5, 0.25]);
    assert_eq!(
        rates(&[("updates", "4"), ("horizon", "2 updates")])[..2],
        [1.0, 0.5]
    );
    assert_eq!(
        rates(&[("updates", "4"), ("horizon", "8e0 updates")])[..2],
        [1.0, 0.875]
    );
    let message = layers(&[("horizon", "soon")])
        .finish()
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("horizon = soon") && message.contains("--here"),
        "{message}"
    );
}

#[test]
fn keys_of_networks_are_refused_where_there_is_none_and_left_out_of_its_file() {
    let table = [("env", "frozen-lake"), ("algo", "q-learning")];
    let written = layers(&table).finish().unwrap().to_repeat().unwrap();
    assert!(!written.contains_key("size") && written.contains_key("gamma"));
    for key in [("size", "16"), ("init_from", "policy.safetensors")] {
        let message = layers(&[table[0], table[1], key]).finish().unwrap_err();
        let told = format!(
            "{} (from --here) is not used by the algorithm q-learning",
            key.0
        );
        assert!(message.to_string().contains(&told), "{message}");
    }
}
