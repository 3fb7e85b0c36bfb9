//! Comparison of the configuration that was asked for with the one that ran.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};

use serde_json::{Map, Value};
use toml::Table;

/// A key whose values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub key: String,
    pub asked: String,
    pub ran: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { key, asked, ran } = self;
        write!(f, "{key} is {ran}, asked for was {asked}")
    }
}

/// The keys that differ. A number is the same as an integer and as a decimal.
pub fn differences(asked: &Map<String, Value>, ran: &Map<String, Value>) -> Vec<Difference> {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let shown = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
    let keys: BTreeSet<&String> = asked.keys().chain(ran.keys()).collect();
    keys.into_iter()
        .map(|key| (key, asked.get(key), ran.get(key)))
        .filter(|&(_, asked, ran)| {
            asked != ran && (number(asked).is_none() || number(asked) != number(ran))
        })
        .map(|(key, asked, ran)| Difference {
            key: key.clone(),
            asked: shown(asked),
            ran: shown(ran),
        })
        .collect()
}

/// The keys and values of a configuration in TOML.
pub fn of_table(table: &Table) -> Map<String, Value> {
    match serde_json::to_value(table) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Map<String, Value> {
        of_table(&text.parse().unwrap())
    }

    #[test]
    fn every_key_that_differs_is_named_with_both_values() {
        let asked = keys("env = 'cartpole'\ngamma = 1\nsize = 64");
        assert_eq!(differences(&asked, &asked), []);
        let same = keys("env = 'cartpole'\ngamma = 1.0\nsize = 64");
        assert_eq!(differences(&asked, &same), []);
        let ran = keys("env = 'cartpole'\ngamma = 0.99\nsteps = 5");
        let found = differences(&asked, &ran);
        let found: Vec<String> = found.iter().map(Difference::to_string).collect();
        assert_eq!(
            found,
            [
                "gamma is 0.99, asked for was 1",
                "size is not set, asked for was 64",
                "steps is 5, asked for was not set"
            ]
        );
    }
}
