//! Choice of the backend that `rl` is built with, from the same arguments that `rl` will read.
//!
//! Only the options that name a backend are read here, and only the backend's name is checked:
//! other mistakes in arguments or files are left for `rl` to report.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::usage::{self, UsageError};

/// Backends that `rl-train` has a feature for, by that feature's name.
const BACKENDS: [&str; 6] = ["flex", "ndarray", "wgpu", "vulkan", "metal", "cuda"];

/// Backend of a run that names none.
pub const DEFAULT_BACKEND: &str = "flex";

/// The backend that the arguments name; `otherwise` if they name none.
///
/// `--backend` wins over `--set backend=…`, which wins over the configuration file; of several of
/// one kind the last wins.
///
/// # Errors
/// If the name is not that of a known backend.
pub fn choose(arguments: &[OsString], otherwise: &'static str) -> Result<&'static str, UsageError> {
    let Some((name, origin)) = Named::read(arguments).decide() else {
        return Ok(otherwise);
    };
    known(&name).ok_or_else(|| {
        let expected = usage::expected(&name, &BACKENDS);
        UsageError(format!(
            "unknown backend `{name}` (from {origin}): {expected}"
        ))
    })
}

/// The known backend with this name; `None` if there is none.
pub fn known(name: &str) -> Option<&'static str> {
    BACKENDS.into_iter().find(|known| *known == name)
}

/// Backend names by their place in the arguments.
#[derive(Default)]
struct Named {
    /// The value of `--backend`.
    flag: Option<String>,
    /// The value of `--set backend=…`.
    set: Option<String>,
    /// The file of `--config`.
    file: Option<PathBuf>,
}

impl Named {
    fn read(arguments: &[OsString]) -> Self {
        let mut named = Self::default();
        let mut words = arguments.iter().take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            // A word that is not text is not an option, but the value of one that is not read here.
            let Some(word) = word.to_str() else { continue };
            let (option, joined) = match word.split_once('=') {
                Some((option, value)) => (option, Some(OsString::from(value))),
                None => (word, None),
            };
            if !matches!(option, "--backend" | "--set" | "--config") {
                continue;
            }
            let Some(value) = joined.or_else(|| words.next().cloned()) else {
                break;
            };
            match option {
                "--backend" => named.flag = Some(value.to_string_lossy().into_owned()),
                "--set" => named.set = set_backend(&value.to_string_lossy()).or(named.set),
                _ => named.file = Some(value.into()),
            }
        }
        named
    }

    /// The name with the highest precedence, and its place in words.
    fn decide(self) -> Option<(String, String)> {
        if let Some(name) = self.flag {
            return Some((name, "`--backend`".into()));
        }
        if let Some(name) = self.set {
            return Some((name, "`--set`".into()));
        }
        let file = self.file?;
        Some((file_backend(&file)?, format!("`{}`", file.display())))
    }
}

/// The value of a `key=value` whose key is `backend`, without quotes; `None` for another key.
fn set_backend(assignment: &str) -> Option<String> {
    let (key, value) = assignment.split_once('=')?;
    (key.trim() == "backend").then(|| value.trim().trim_matches('"').to_owned())
}

/// The value of `backend` in a TOML file; `None` if it is missing or the file cannot be read.
fn file_backend(file: &Path) -> Option<String> {
    let table: toml::Table = fs::read_to_string(file).ok()?.parse().ok()?;
    table.get("backend")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn chosen(arguments: &[&str]) -> Result<&'static str, String> {
        let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        choose(&arguments, DEFAULT_BACKEND).map_err(|error| error.to_string())
    }

    /// A run directory, and the path of the `config.toml` in it.
    fn run_directory(config: &str) -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, config).unwrap();
        let file = file.to_str().unwrap().to_owned();
        (folder, file)
    }

    #[test]
    fn the_default_is_known_and_taken_when_nothing_names_a_backend() {
        assert_eq!(known(DEFAULT_BACKEND), Some(DEFAULT_BACKEND));
        assert_eq!(chosen(&[]), Ok(DEFAULT_BACKEND));
        assert_eq!(
            chosen(&["--env", "wgpu", "--set", "lr=1e-3"]),
            Ok(DEFAULT_BACKEND)
        );
    }

    #[test]
    fn an_option_may_be_joined_to_its_value_or_stand_before_it() {
        for backend in BACKENDS {
            assert_eq!(chosen(&["--backend", backend]), Ok(backend));
            assert_eq!(chosen(&[&format!("--backend={backend}")]), Ok(backend));
            assert_eq!(
                chosen(&["--set", &format!("backend={backend}")]),
                Ok(backend)
            );
            assert_eq!(chosen(&[&format!("--set=backend={backend}")]), Ok(backend));
        }
    }

    #[test]
    fn the_last_set_wins_and_other_keys_do_not_count() {
        let arguments = [
            "--set",
            "backend=ndarray",
            "--set=backend=\"wgpu\"",
            "--set",
            "seed=1",
        ];
        assert_eq!(chosen(&arguments), Ok("wgpu"));
    }

    #[test]
    fn the_flag_wins_over_set_and_set_over_the_file() {
        let (_folder, config) = run_directory("backend = \"cuda\"\n");
        let file_only = ["--config", &config];
        let file_and_set = ["--set", "backend=wgpu", "--config", &config];
        let all = [
            "--backend",
            "ndarray",
            "--set",
            "backend=wgpu",
            "--config",
            &config,
        ];
        assert_eq!(chosen(&file_only), Ok("cuda"));
        assert_eq!(chosen(&file_and_set), Ok("wgpu"));
        assert_eq!(chosen(&all), Ok("ndarray"));
    }

    #[test]
    fn a_file_that_cannot_be_read_or_names_no_backend_is_left_for_rl_to_report() {
        assert_eq!(
            chosen(&["--config", "no/such/file.toml"]),
            Ok(DEFAULT_BACKEND)
        );
        for config in ["backend = \n", "backend = 3\n", "seed = 1\n"] {
            let (_folder, file) = run_directory(config);
            assert_eq!(
                chosen(&["--config", &file]),
                Ok(DEFAULT_BACKEND),
                "{config}"
            );
        }
    }

    #[test]
    fn words_after_two_dashes_and_an_option_without_a_value_name_nothing() {
        assert_eq!(chosen(&["--", "--backend", "cuda"]), Ok(DEFAULT_BACKEND));
        assert_eq!(chosen(&["--backend", "--", "cuda"]), Ok(DEFAULT_BACKEND));
        assert_eq!(chosen(&["--backend"]), Ok(DEFAULT_BACKEND));
    }

    #[test]
    fn an_unknown_backend_is_reported_with_its_origin_and_the_allowed_ones() {
        let (_folder, config) = run_directory("backend = \"tpu\"\n");
        let list = "expected one of flex, ndarray, wgpu, vulkan, metal, cuda";
        assert_eq!(
            chosen(&["--backend=wpgu"]),
            Err(format!(
                "unknown backend `wpgu` (from `--backend`): did you mean `wgpu`? {list}"
            ))
        );
        assert_eq!(
            chosen(&["--set", "backend=candle"]),
            Err(format!("unknown backend `candle` (from `--set`): {list}"))
        );
        assert_eq!(
            chosen(&["--config", &config]),
            Err(format!("unknown backend `tpu` (from `{config}`): {list}"))
        );
    }
}
