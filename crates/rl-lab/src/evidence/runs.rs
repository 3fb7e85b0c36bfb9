//! The runs of the claims.

use rl_train::{Registry, UsageError};

use super::completed::CompletedRun;
use super::{Claim, EvidenceConfig, EvidenceError};
use crate::jobs::{Gathered, Job, JobError, JobPool, JobProgress, JobResult, Recipe};

/// The keys that the runs set themselves.
const OWN_KEYS: [&str; 6] = ["preset", "env", "algo", "seed", "out", "quiet"];

/// Completed runs of the claims, by claim and seed; those that are not there yet are run, some at a
/// time.
pub fn run_all(
    config: &EvidenceConfig,
    registry: &Registry,
    claims: &[&'static Claim],
    progress: &mut dyn FnMut(&JobProgress),
) -> Result<Gathered<Vec<CompletedRun>>, EvidenceError> {
    let mut jobs = Vec::new();
    for claim in claims {
        jobs.extend(jobs_of(config, registry, claim)?);
    }
    let directory = config.out.join("runs");
    let pool = JobPool::claim(&directory, &config.program, config.jobs, config.shard)?;
    let runs = pool.run(&jobs, progress)?;
    let claims = claims
        .iter()
        .flat_map(|&claim| config.seeds.clone().map(move |seed| (claim, seed)));
    runs.and_then(|results| {
        let completed = |((claim, seed), result)| match result {
            JobResult::Finished(summary) => Ok(CompletedRun {
                claim,
                seed,
                summary,
            }),
            // The pool keeps none.
            JobResult::Failed(reason) => Err(JobError::Failed(reason).into()),
        };
        claims.zip(results).map(completed).collect()
    })
}

fn jobs_of(
    config: &EvidenceConfig,
    registry: &Registry,
    claim: &'static Claim,
) -> Result<Vec<Job>, JobError> {
    for (key, _) in &config.set {
        if OWN_KEYS.contains(&key.as_str()) {
            let message = format!("--set {key}: every run of the evidence has its own {key}");
            return Err(UsageError(message).into());
        }
    }
    let preset = ("preset".to_owned(), claim.preset.to_owned());
    let recipe = Recipe {
        config: None,
        set: [&[preset], config.set.as_slice()].concat(),
    };
    let keys = recipe.check(registry, &config.seeds)?;
    let job = |seed| {
        let name = claim.run_name(seed);
        recipe.job(("preset", claim.preset), keys.clone(), seed, name)
    };
    Ok(config.seeds.clone().map(job).collect())
}
