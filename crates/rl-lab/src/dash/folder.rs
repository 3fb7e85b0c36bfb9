//! The folder whose runs are served.

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rl_train::{PolicySnapshots, Registry, RunDirectory};
use serde::Serialize;

use crate::replay::{Cast, Replay, ReplayError, Role, cast, replay};
use crate::report::Report;
use crate::runs::{RunsError, StoredRun, changed_keys, directories};
use crate::web::Series;

/// Files of a run that are read.
const FILES: [&str; 5] = [
    RunDirectory::CONFIG,
    RunDirectory::METRICS,
    RunDirectory::SUMMARY,
    RunDirectory::POLICY,
    RunDirectory::BEST,
];

/// Folder with runs. A run is asked for by its name, its path within the folder, and only those that a search of
/// the folder finds are given out: a name is compared, and never becomes a path. Links are not followed, and a run with a
/// file that is a link to a place outside is none.
#[derive(Clone)]
pub struct Folder {
    root: PathBuf,
    registry: Registry,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Folder({})", self.root.display())
    }
}

/// Row of the table of runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Path within the folder.
    pub name: String,
    /// State, or `damaged`.
    pub state: String,
    /// Reason why it cannot be read.
    pub error: Option<String>,
    /// Environment.
    pub env: String,
    /// Algorithm.
    pub algo: String,
    /// Seed.
    pub seed: u64,
    /// Keys that differ from the preset, as `KEY=VALUE`.
    pub changed: Vec<String>,
    /// Updates so far.
    pub updates: u64,
    /// Environment steps so far.
    pub env_steps: u64,
    /// Mean return of the evaluation, or else of late while it trained.
    pub mean_return: Option<f64>,
    /// Seconds from 1970 to the last change.
    pub modified: u64,
}

/// Curves of a run, and the policies that can be replayed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curves {
    /// Points; none before the first row.
    pub series: Option<Series>,
    /// Updates of the policies that were kept.
    pub policies: Vec<u64>,
}

/// Reason why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A name that is that of no run.
    #[error("there is no run '{0}'")]
    NoRun(String),
    /// A policy that the run has not kept.
    #[error("the run has kept no policy of update {0}")]
    NoPolicy(u64),
    /// A run that cannot be read.
    #[error(transparent)]
    Runs(#[from] RunsError),
    /// A replay that cannot be made.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A report that cannot be made.
    #[error(transparent)]
    Report(#[from] crate::report::ReportError),
}

impl Folder {
    /// The folder at a path.
    ///
    /// # Errors
    /// The system's, for a path that leads nowhere.
    pub fn new(path: &Path, registry: Registry) -> io::Result<Self> {
        Ok(Self {
            root: path.canonicalize()?,
            registry,
        })
    }

    /// Name of the folder.
    pub fn title(&self) -> String {
        let name = self.root.file_name().unwrap_or(self.root.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// A row per run.
    pub fn rows(&self) -> Vec<Row> {
        let found = self.directories().into_iter();
        found.map(|(name, path)| self.row(name, &path)).collect()
    }

    /// The curves of a run.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn curves(&self, name: &str) -> Result<Curves, FolderError> {
        let run = StoredRun::read(&self.find(name)?)?;
        let series = Series::of_run(&run)?;
        let policies = self.kept(&run)?.into_iter().map(|(update, _)| update);
        Ok(Curves {
            series,
            policies: policies.collect(),
        })
    }

    /// Episodes of the first, middle, best and last policy of a run, or of that of one update.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn replay(
        &self,
        name: &str,
        update: Option<u64>,
        seed: u64,
    ) -> Result<Replay, FolderError> {
        let run = StoredRun::read(&self.find(name)?)?;
        let shown = match update {
            None => cast(&run)?,
            Some(wanted) => {
                let mut kept = self.kept(&run)?.into_iter();
                let found = kept.find(|(update, _)| *update == wanted);
                let (update, path) = found.ok_or(FolderError::NoPolicy(wanted))?;
                vec![Cast {
                    role: Role::Chosen,
                    path,
                    update: Some(update),
                }]
            }
        };
        Ok(replay(&shown, seed, &self.registry)?)
    }

    /// The report of a run.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn report(&self, name: &str) -> Result<Report, FolderError> {
        Ok(Report::of(&self.find(name)?, &self.registry)?)
    }

    /// Names and directories of the runs.
    fn directories(&self) -> Vec<(String, PathBuf)> {
        // A folder without runs may get some.
        let found = directories(&self.root).unwrap_or_default().into_iter();
        let found = found.filter(|path| self.is_within(path));
        let named = found.map(|path| {
            let name = path.strip_prefix(&self.root).unwrap_or(&path);
            let name = match name.as_os_str().is_empty() {
                true => self.title(),
                false => name.to_string_lossy().into_owned(),
            };
            (name, path)
        });
        named.collect()
    }

    fn find(&self, name: &str) -> Result<PathBuf, FolderError> {
        let mut known = self.directories().into_iter();
        let found = known.find(|(known, _)| known == name);
        found
            .map(|(_, path)| path)
            .ok_or_else(|| FolderError::NoRun(name.to_owned()))
    }

    /// The policies that a run has kept.
    fn kept(&self, run: &StoredRun) -> Result<Vec<(u64, PathBuf)>, FolderError> {
        let kept = PolicySnapshots::list(run.directory().join(PolicySnapshots::DIRECTORY));
        let kept = kept.map_err(|error| ReplayError::Unreadable(error.to_string()))?;
        Ok(kept)
    }

    /// Returns `true` if every file that is read of a run lies in the folder, whatever links there are.
    fn is_within(&self, directory: &Path) -> bool {
        let snapshots = directory.join(PolicySnapshots::DIRECTORY);
        let kept = PolicySnapshots::list(&snapshots).unwrap_or_default();
        let files = FILES.iter().map(|name| directory.join(name));
        let files = files
            .chain([snapshots])
            .chain(kept.into_iter().map(|(_, path)| path));
        files.into_iter().all(|path| match path.symlink_metadata() {
            Ok(_) => path
                .canonicalize()
                .is_ok_and(|real| real.starts_with(&self.root)),
            Err(_) => true,
        })
    }

    fn row(&self, name: String, path: &Path) -> Row {
        let run = match StoredRun::read(path) {
            Ok(run) => run,
            Err(error) => {
                return Row {
                    name,
                    state: "damaged".into(),
                    error: Some(error.to_string()),
                    env: String::new(),
                    algo: String::new(),
                    seed: 0,
                    changed: Vec::new(),
                    updates: 0,
                    env_steps: 0,
                    mean_return: None,
                    modified: 0,
                };
            }
        };
        let changed = changed_keys(run.config(), &self.registry).into_iter();
        let modified = run
            .modified()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Row {
            name,
            state: run.state().name().into(),
            error: None,
            env: run.env().into(),
            algo: run.algo().into(),
            seed: run.seed(),
            changed: changed
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
            updates: run.updates(),
            env_steps: run.env_steps(),
            mean_return: run.evaluation().or(run.training_return()),
            modified: modified.as_secs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::runs::testing::run;

    fn folder(path: &Path) -> Folder {
        Folder::new(path, Registry::default()).unwrap()
    }

    #[test]
    fn runs_have_rows_and_curves_by_their_names_and_a_damaged_one_says_why() {
        let place = tempfile::tempdir().unwrap();
        let folder = folder(place.path());
        assert_eq!(folder.rows(), []);
        run(&[1.0, 2.5]).read(&place.path().join("a b"));
        run(&[1.0]).read(&place.path().join("deep/c"));
        fs::write(place.path().join("deep/c/config.toml"), "seed =").unwrap();
        let rows = folder.rows();
        let seen: Vec<_> = rows.iter().map(|row| (&*row.name, &*row.state)).collect();
        assert_eq!(seen, [("a b", "finished"), ("deep/c", "damaged")]);
        assert_eq!((rows[0].mean_return, rows[0].updates), (Some(2.5), 2));
        assert!(rows[1].error.as_ref().unwrap().contains("config.toml"));
        let curves = folder.curves("a b").unwrap();
        assert_eq!(curves.series.unwrap().rows, 2);
        assert!(folder.report("a b").unwrap().html().contains("</html>"));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let place = tempfile::tempdir().unwrap();
        let inside = place.path().join("runs");
        run(&[1.0]).read(&inside.join("mine"));
        run(&[1.0]).read(&place.path().join("secret"));
        let folder = folder(&inside);
        let absolute = place.path().join("secret").display().to_string();
        for name in [
            "../secret",
            "mine/../../secret",
            "..%2fsecret",
            &absolute,
            "",
            ".",
            "./mine",
            "mine/",
            "mine\0",
        ] {
            let error = folder.curves(name).unwrap_err();
            assert!(matches!(error, FolderError::NoRun(_)), "{name}: {error}");
            assert!(folder.report(name).is_err() && folder.replay(name, None, 0).is_err());
        }
        assert!(folder.curves("mine").is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn no_link_leads_out_of_the_folder() {
        use std::os::unix::fs::symlink;

        let place = tempfile::tempdir().unwrap();
        let inside = place.path().join("runs");
        let secret = place.path().join("secret");
        run(&[1.0]).read(&secret);
        for name in ["metrics.csv", "policy.safetensors", "policies"] {
            let mine = inside.join(name);
            run(&[1.0]).read(&mine);
            _ = fs::remove_file(mine.join(name));
            symlink(secret.join(name), mine.join(name)).unwrap();
        }
        symlink(&secret, inside.join("linked")).unwrap();
        // Links that lead nowhere are links outwards too.
        assert_eq!(folder(&inside).rows(), []);
    }
}
