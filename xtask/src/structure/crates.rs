//! Arrows between the crates of the workspace.

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

/// The crates below the runs.
const PARTS: &[&str] = &[
    "rl-core",
    "rl-envs",
    "rl-gym",
    "rl-mujoco",
    "rl-nets",
    "rl-learn",
    "rl-pg",
    "rl-value",
];

/// Crates of `crates/`, from the bottom up, each with those that it may depend on.
const ALLOWED: [(&str, &[&[&str]]); 13] = [
    ("rl-core", &[]),
    ("rl-envs", &[&["rl-core"]]),
    ("rl-gym", &[&["rl-core"]]),
    ("rl-mujoco", &[&["rl-core", "rl-envs"]]),
    ("rl-nets", &[&["rl-core"]]),
    ("rl-py", &[&["rl-core", "rl-envs", "rl-nets"]]),
    ("rl-learn", &[&["rl-core", "rl-nets"]]),
    ("rl-pg", &[&["rl-core", "rl-nets", "rl-learn"]]),
    ("rl-value", &[&["rl-core", "rl-nets", "rl-learn"]]),
    ("rl-train", &[PARTS]),
    ("rl", &[PARTS, &["rl-train"]]),
    ("rl-lab", &[PARTS, &["rl-train"]]),
    ("rl-cli", &[PARTS, &["rl-train", "rl-lab"]]),
];

/// Packages that training must do without: those of a command line and of files of pictures.
const NOT_FOR_TRAINING: [&str; 4] = ["clap", "indicatif", "gif", "png"];

/// Package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Names of the packages that it depends on by `[dependencies]`.
    dependencies: Vec<String>,
    /// Paths of the roots of its library and its programs.
    pub roots: Vec<String>,
}

/// The packages of the workspace, from the output of `cargo metadata --no-deps`.
///
/// # Errors
/// If the output is not of the documented form.
pub fn packages(metadata: &str) -> Result<Vec<Package>> {
    let metadata: Value = serde_json::from_str(metadata)?;
    list(&metadata, "packages")?.iter().map(package).collect()
}

fn package(package: &Value) -> Result<Package> {
    let dependencies = list(package, "dependencies")?.iter();
    let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
    let targets = list(package, "targets")?.iter().filter(|target| {
        let kinds = target["kind"].as_array().into_iter().flatten();
        kinds
            .filter_map(Value::as_str)
            .any(|kind| ["lib", "bin", "cdylib"].contains(&kind))
    });
    Ok(Package {
        name: text(package, "name")?,
        dependencies: normal.map(|one| text(one, "name")).collect::<Result<_>>()?,
        roots: targets
            .map(|one| text(one, "src_path"))
            .collect::<Result<_>>()?,
    })
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    let list = value[key].as_array();
    list.with_context(|| format!("`cargo metadata` gives no list `{key}`"))
}

fn text(value: &Value, key: &str) -> Result<String> {
    let text = value[key].as_str().map(str::to_owned);
    text.ok_or_else(|| anyhow!("`cargo metadata` gives no text `{key}`"))
}

/// Returns `true` for the crates that people use, as against tests, examples and this program.
pub fn is_product(name: &str) -> bool {
    name == "rl" || name.starts_with("rl-") && !["rl-tests", "rl-examples"].contains(&name)
}

/// The arrows between crates that are not allowed, one message each.
pub fn faults(packages: &[Package]) -> Vec<String> {
    let mut faults = Vec::new();
    for Package {
        name, dependencies, ..
    } in packages
    {
        let ours = dependencies.iter().filter(|other| is_product(other));
        let allowed = match ALLOWED.iter().find(|(known, _)| known == name) {
            Some((_, allowed)) => allowed.concat(),
            None if name == "xtask" => Vec::new(),
            None if !is_product(name) => continue,
            None => {
                faults.push(format!(
                    "{name} is not in the table of xtask/src/structure/crates.rs: say there what \
                     it may depend on"
                ));
                continue;
            }
        };
        for other in ours.filter(|other| !allowed.contains(&other.as_str())) {
            let allowed = match allowed.as_slice() {
                [] => "no crate of the workspace".to_owned(),
                names => names.join(", "),
            };
            faults.push(format!(
                "{name} depends on {other}; it may depend on {allowed}"
            ));
        }
    }
    faults
}

/// The packages that rl-train must not depend on, directly or through others, one message each.
/// `tree` is the output of `cargo tree -p rl-train -e normal --prefix none`.
pub fn faults_of_training(tree: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let mut found: Vec<&str> = names
        .filter(|name| NOT_FOR_TRAINING.contains(name))
        .collect();
    found.sort_unstable();
    found.dedup();
    let fault = |name| format!("rl-train depends on {name} (`cargo tree -p rl-train -i {name}`)");
    found.into_iter().map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.into(),
            dependencies: dependencies.iter().map(|&name| name.into()).collect(),
            roots: Vec::new(),
        }
    }

    #[test]
    fn arrows_of_the_table_are_allowed_and_others_named() {
        let allowed = ALLOWED.map(|(name, others)| package(name, &others.concat()));
        assert!(faults(&allowed).is_empty());
        let other = [
            package("rl-core", &["serde"]),
            package("rl-envs", &["rl-core", "rl-nets", "rand"]),
            package("rl-tests", &["rl-train", "rl-lab"]),
        ];
        assert_eq!(
            faults(&other),
            ["rl-envs depends on rl-nets; it may depend on rl-core"]
        );
    }

    #[test]
    fn the_table_has_every_crate_below_those_that_use_it() {
        for (index, (name, others)) in ALLOWED.iter().enumerate() {
            let below = &ALLOWED[..index];
            for other in others.concat() {
                assert!(
                    below.iter().any(|(known, _)| *known == other),
                    "{name} {other}"
                );
            }
        }
    }

    #[test]
    fn a_crate_that_is_not_in_the_table_is_an_error() {
        let faults = faults(&[package("rl-new", &[])]);
        assert!(
            faults[0].starts_with("rl-new is not in the table"),
            "{faults:?}"
        );
    }

    #[test]
    fn this_program_depends_on_no_crate_of_the_workspace() {
        assert_eq!(
            faults(&[package("xtask", &["anyhow", "rl-core"])]),
            ["xtask depends on rl-core; it may depend on no crate of the workspace"]
        );
    }

    #[test]
    fn packages_are_read_from_cargos_metadata() {
        let metadata = r#"{"packages": [{"name": "rl-nets",
            "dependencies": [{"name": "rl-core", "kind": null}, {"name": "approx", "kind": "dev"}],
            "targets": [{"kind": ["lib"], "src_path": "/w/src/lib.rs"},
                        {"kind": ["cdylib"], "src_path": "/w/src/python.rs"},
                        {"kind": ["test"], "src_path": "/w/tests/a.rs"}]}]}"#;
        let [package] = &packages(metadata).unwrap()[..] else {
            panic!("one package");
        };
        assert_eq!(package.name, "rl-nets");
        assert_eq!(package.dependencies, ["rl-core"]);
        assert_eq!(package.roots, ["/w/src/lib.rs", "/w/src/python.rs"]);
        let error = packages(r#"{"packages": [{}]}"#).unwrap_err().to_string();
        assert!(error.contains("`dependencies`"), "{error}");
    }

    #[test]
    fn what_training_must_do_without_is_found_once() {
        let tree = "rl-train v0.1.0 (/w)\ngif v0.14.2\nrl-envs v0.1.0\ngif v0.14.2 (*)\npng-x v1\n";
        let faults = faults_of_training(tree);
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].starts_with("rl-train depends on gif"),
            "{faults:?}"
        );
    }
}
