//! Page of a report.

use rl_nets::PolicyFile;
use rl_train::{NO_PRESET, Registry};
use serde::Serialize;

use super::error::ReportError;
use super::facts::{Entry, Headline, headlines, settings, summary};
use crate::policy_map::PolicyMap;
use crate::replay::{Cast, Replay, cast, replay};
use crate::runs::StoredRun;
use crate::table::thousands;
use crate::web::{Assets, Series, embedded, render};

const TEMPLATE: &str = include_str!("report.html");
const SCRIPT: &str = include_str!("report.js");

/// Words and numbers of the template.
#[derive(Serialize)]
struct Page<'a> {
    name: String,
    state: &'a str,
    env: &'a str,
    algo: &'a str,
    /// Configuration that it is compared with, in words.
    origin: String,
    seed: u64,
    headlines: Vec<Headline>,
    notes: &'a [String],
    changed: Vec<Entry>,
    others: Vec<Entry>,
    summary: Vec<Entry>,
    /// Words about the points of curves that stand for several rows.
    thinned: Option<String>,
    has_curves: bool,
    /// Greedy policy on the map of the environment, as SVG.
    map: Option<String>,
    /// Reason why there is no replay.
    no_replay: Option<String>,
    /// [`Data`] as JSON.
    data: String,
    #[serde(flatten)]
    assets: Assets,
}

/// Numbers of the scripts.
#[derive(Serialize)]
struct Data<'a> {
    series: Option<&'a Series>,
    replay: Option<&'a Replay>,
}

/// Seed of the episode that is replayed: the first of the evaluation's.
const SEED: u64 = 0;

/// The page of a run.
pub fn html(run: &StoredRun, registry: &Registry) -> Result<String, ReportError> {
    let series = Series::of_run(run)?;
    let thinned = series.as_ref().filter(|series| series.rows_per_point > 1);
    let thinned = thinned.map(|series| {
        let rows = thousands(series.rows as f64);
        let each = thousands(series.rows_per_point as f64);
        format!("{rows} rows, {each} to a point: their mean, within their least and largest value")
    });
    let policies = cast(run);
    let map = policies
        .as_ref()
        .ok()
        .and_then(|all| map(all.last()?, registry));
    let shown = policies.and_then(|policies| replay(&policies, SEED, registry));
    let [changed, others] = settings(run, registry);
    let origin = match run.word("preset") {
        NO_PRESET | "" => format!("the defaults of {}", run.algo()),
        preset => format!("the preset {preset}"),
    };
    let page = Page {
        name: run.name(),
        state: run.state().name(),
        env: run.env(),
        algo: run.algo(),
        origin,
        seed: run.seed(),
        headlines: headlines(run, registry),
        notes: run.summary().map_or(&[], |summary| &summary.notes),
        changed,
        others,
        summary: summary(run)?,
        thinned,
        has_curves: series.as_ref().is_some_and(|series| series.rows > 0),
        map,
        no_replay: shown.as_ref().err().map(ToString::to_string),
        data: embedded(&Data {
            series: series.as_ref(),
            replay: shown.as_ref().ok(),
        })?,
        assets: Assets::with(SCRIPT),
    };
    Ok(render(TEMPLATE, &page)?)
}

/// The greedy policy of a run on the map of its environment; `None` where one of the two is not there.
fn map(last: &Cast, registry: &Registry) -> Option<String> {
    let policy = PolicyFile::load(&last.path).ok()?;
    PolicyMap::of(&policy, registry).ok()?.svg().ok()
}
