//! Reasons why runs failed.

use super::job::Job;

/// Reasons why runs failed, each once for all seeds that failed alike.
#[derive(Default)]
pub struct Failures<'a>(Vec<(&'a Job, String, Vec<String>)>);

impl<'a> Failures<'a> {
    /// Adds a run that failed.
    pub fn add(&mut self, job: &'a Job, reason: &str) {
        let seed = job.seed.to_string();
        // The seeds stand beside it.
        let reason = reason.replace(&format!(" of the run with seed {seed}"), "");
        let alike = self
            .0
            .iter_mut()
            .find(|(other, known, _)| other.label == job.label && *known == reason);
        match alike {
            Some((_, _, seeds)) => seeds.push(seed),
            None => self.0.push((job, reason, vec![seed])),
        }
    }

    /// A line for each label and reason, with the seeds; each begins with a line break.
    pub fn text(&self) -> String {
        let line = |(job, reason, seeds): &(&Job, String, Vec<String>)| {
            let plural = if seeds.len() == 1 { "" } else { "s" };
            let Job { kind, label, .. } = job;
            format!(
                "\n  {kind} {label}, seed{plural} {}: {reason}",
                seeds.join(", ")
            )
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::job;
    use super::*;

    #[test]
    fn runs_that_failed_alike_share_a_line() {
        let mut failures = Failures::default();
        let jobs = [job("a", 0), job("a", 1), job("a", 2), job("b", 2)];
        for (job, reason) in jobs.iter().zip(["this", "that", "this", "this"]) {
            let reason = format!("{reason} of the run with seed {}, step 3", job.seed);
            failures.add(job, &reason);
        }
        let expected = "\n  preset a, seeds 0, 2: this, step 3\n  preset a, seed 1: that, step 3\
                        \n  preset b, seed 2: this, step 3";
        assert_eq!(failures.text(), expected);
    }
}
