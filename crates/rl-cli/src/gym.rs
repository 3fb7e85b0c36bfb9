//! Options of Gymnasium's environments.

use std::time::Duration;

use clap::Args;
use rl_train::Registry;

use crate::option_groups::GYM;
use crate::usage::Usage;

/// Arguments and modules of an environment, which become a part of its name.
#[derive(Args)]
pub struct GymArguments {
    /// Argument of gymnasium.make, for gym:ID
    #[arg(long, value_name = "KEY=VALUE", help_heading = GYM)]
    pub env_arg: Vec<String>,
    /// Python module that registers environments, for gym:ID
    #[arg(long, value_name = "MODULE", help_heading = GYM)]
    pub import: Vec<String>,
}

/// The worker processes, for every command.
#[derive(Args)]
pub struct WorkerArguments {
    /// Python of gym:ID [default: that of VIRTUAL_ENV, or else python3]
    #[arg(long, global = true, hide_short_help = true, value_name = "PATH", help_heading = GYM)]
    python: Option<String>,
    /// Time that a step of gym:ID may take [default: 60]
    #[arg(long, global = true, hide_short_help = true, value_name = "SECONDS", help_heading = GYM, value_parser = deadline)]
    deadline: Option<Duration>,
}

fn deadline(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|x| (0.1..=1e6).contains(x));
    let allowed = || "allowed is a number of seconds from 0.1 to 1e6".to_owned();
    seconds.map(Duration::from_secs_f64).ok_or_else(allowed)
}

impl WorkerArguments {
    /// The same words for the command line of another process.
    pub fn words(&self) -> Vec<String> {
        let python = self.python.iter().map(|path| format!("--python={path}"));
        let seconds = self.deadline.iter().map(Duration::as_secs_f64);
        python
            .chain(seconds.map(|seconds| format!("--deadline={seconds}")))
            .collect()
    }

    /// The registry whose environments of Gymnasium have such workers.
    pub fn family(&self, registry: &Registry) -> Registry {
        let (python, deadline) = (self.python.clone(), self.deadline);
        if python.is_none() && deadline.is_none() {
            return registry.clone();
        }
        registry.clone().family(rl_train::gymnasium(move |config| {
            let config = match &python {
                Some(python) => config.python(python),
                None => config,
            };
            match deadline {
                Some(deadline) => config.deadline(deadline),
                None => config,
            }
        }))
    }
}

impl GymArguments {
    /// Refuses options of a run that goes on: its name has them.
    ///
    /// # Errors
    /// A wrong call.
    pub fn check(&self, is_resumed: bool) -> Result<(), Usage> {
        match is_resumed && !(self.env_arg.is_empty() && self.import.is_empty()) {
            true => Err(Usage(
                "--env-arg and --import cannot be changed by --resume".into(),
            )),
            false => Ok(()),
        }
    }

    /// The name of an environment with what was given; `None` if nothing was.
    ///
    /// # Errors
    /// A wrong call: options without an environment that they are for.
    pub fn name(&self, env: &str) -> Result<Option<String>, Usage> {
        let modules = self.import.iter().map(|module| format!("import={module}"));
        let pairs: Vec<String> = modules.chain(self.env_arg.iter().cloned()).collect();
        if pairs.is_empty() {
            return Ok(None);
        }
        if let Some(pair) = pairs.iter().find(|pair| pair.contains('&')) {
            let reason = format!("'{pair}' has a '&', which no value may have");
            return Err(Usage(reason));
        }
        if !env.to_ascii_lowercase().starts_with("gym:") {
            let reason = format!(
                "--env-arg and --import are for Gymnasium's environments, --env gym:ID, not for '{env}'"
            );
            return Err(Usage(reason));
        }
        let joint = if env.contains('?') { '&' } else { '?' };
        Ok(Some(format!("{env}{joint}{}", pairs.join("&"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_a_part_of_the_name() {
        let given = GymArguments {
            env_arg: vec!["a=1".into(), "b=x".into()],
            import: vec!["mine".into()],
        };
        let name = |env| given.name(env).map_err(|Usage(message)| message);
        let named = |env| name(env).unwrap().unwrap();
        assert_eq!(named("gym:X-v0"), "gym:X-v0?import=mine&a=1&b=x");
        assert_eq!(named("gym:X-v0?c=2"), "gym:X-v0?c=2&import=mine&a=1&b=x");
        let refused = name("cartpole").unwrap_err();
        assert!(
            refused.contains("--env gym:ID, not for 'cartpole'"),
            "{refused}"
        );
    }

    #[test]
    fn a_value_that_would_end_its_argument_is_refused() {
        let given = GymArguments {
            env_arg: vec!["a=1&2".into()],
            import: Vec::new(),
        };
        let Usage(message) = given.name("gym:X-v0").unwrap_err();
        assert!(message.contains("'a=1&2'"), "{message}");
    }

    #[test]
    fn the_words_of_workers_are_read_as_what_they_were() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            workers: WorkerArguments,
        }
        let read = |words: Vec<String>| {
            let words = std::iter::once("rl".to_owned()).chain(words);
            <Line as clap::Parser>::try_parse_from(words)
                .unwrap()
                .workers
        };
        let given = WorkerArguments {
            python: Some("a python".into()),
            deadline: Some(Duration::from_millis(2500)),
        };
        let again = read(given.words());
        assert_eq!(
            (again.python, again.deadline),
            (given.python, given.deadline)
        );
        let none = read(Vec::new());
        assert!(none.words().is_empty());
    }

    #[test]
    fn a_deadline_is_a_time_above_zero() {
        assert_eq!(deadline("2.5"), Ok(Duration::from_millis(2500)));
        for text in ["0", "-1", "nan", "inf", "1e9", "soon"] {
            assert!(deadline(text).unwrap_err().contains("0.1 to 1e6"), "{text}");
        }
    }
}
