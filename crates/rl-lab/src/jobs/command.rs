//! Commands that make results again, ready for a shell.

use std::path::Path;

use serde_json::Value;

/// A value of a configuration as text.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        value => value.to_string(),
    }
}

/// The options of a configuration file and of keys on top of it.
pub fn set_options(config: Option<&Path>, set: impl Iterator<Item = (String, String)>) -> String {
    let mut words = Vec::new();
    if let Some(file) = config {
        words.push(format!("--config {}", quoted(&file.display().to_string())));
    }
    words.extend(set.map(|(key, value)| match key.as_str() {
        "preset" | "env" | "algo" => format!("--{key} {}", quoted(&value)),
        key => format!("--set {}", quoted(&format!("{key}={value}"))),
    }));
    words.join(" ")
}

/// The command of some words, with the number of processes and the directory of the results.
pub fn command(mut words: Vec<String>, jobs: usize, out: &Path) -> String {
    words.retain(|word| !word.is_empty());
    words.push(format!(
        "--jobs {jobs} --out {}",
        quoted(&out.display().to_string())
    ));
    words.join(" ")
}

/// A word in quotes where a shell needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+=,/:".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_change_are_quoted() {
        assert_eq!(quoted("a=1e-3,2"), "a=1e-3,2");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        let set = [("env", "cartpole"), ("out", "a b")];
        let set = set.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let options = set_options(Some(Path::new("x.toml")), set.into_iter());
        assert_eq!(options, "--config x.toml --env cartpole --set 'out=a b'");
    }
}
