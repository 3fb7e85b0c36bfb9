//! Options of Gymnasium's environments, which become a part of their names.

use clap::Args;

use crate::option_groups::GYM;
use crate::usage::Usage;

/// Arguments and modules of an environment.
#[derive(Args)]
pub struct GymArguments {
    /// Argument of gymnasium.make, for gym:ID
    #[arg(long, value_name = "KEY=VALUE", help_heading = GYM)]
    pub env_arg: Vec<String>,
    /// Python module that registers environments, for gym:ID
    #[arg(long, value_name = "MODULE", help_heading = GYM)]
    pub import: Vec<String>,
}

impl GymArguments {
    /// The name of an environment with what was given; `None` if nothing was.
    ///
    /// # Errors
    /// A wrong call: options without an environment that they are for.
    pub fn name(&self, env: Option<&str>) -> Result<Option<String>, Usage> {
        let modules = self.import.iter().map(|module| format!("import={module}"));
        let pairs: Vec<String> = modules.chain(self.env_arg.iter().cloned()).collect();
        if pairs.is_empty() {
            return Ok(None);
        }
        if let Some(pair) = pairs.iter().find(|pair| pair.contains('&')) {
            return Err(Usage(format!("'{pair}' has a '&', which no value may have")));
        }
        match env.filter(|env| env.to_ascii_lowercase().starts_with("gym:")) {
            Some(env) => {
                let joint = if env.contains('?') { '&' } else { '?' };
                Ok(Some(format!("{env}{joint}{}", pairs.join("&"))))
            }
            None => Err(Usage(
                "--env-arg and --import are for Gymnasium's environments: they go with --env gym:ID".into(),
            )),
        }
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
        let name = |env| given.name(Some(env)).map_err(|Usage(message)| message);
        assert_eq!(name("gym:X-v0").unwrap().unwrap(), "gym:X-v0?import=mine&a=1&b=x");
        assert_eq!(name("gym:X-v0?c=2").unwrap().unwrap(), "gym:X-v0?c=2&import=mine&a=1&b=x");
        assert!(name("cartpole").unwrap_err().contains("--env gym:ID"));
        assert!(given.name(None).is_err());
    }
}
