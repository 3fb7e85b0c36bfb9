//! Spans that keys are tuned over by themselves: wide enough for values that papers and programs use, narrower than
//! what is allowed.

use rl_train::{AlgorithmEntry, Registry, UsageError, ValueKind};

use super::span::{Scale, Span};

/// Key that is tuned.
#[derive(Clone, Debug, PartialEq)]
pub struct TunedKey {
    /// Its name.
    pub key: String,
    /// Its values.
    pub span: Span,
}

const fn log(low: f64, high: f64) -> Span {
    Span::Numbers {
        low,
        high,
        scale: Scale::Log,
        whole: false,
    }
}

const fn counts(low: f64, high: f64) -> Span {
    Span::Numbers {
        low,
        high,
        scale: Scale::Log,
        whole: true,
    }
}

const fn linear(low: f64, high: f64) -> Span {
    Span::Numbers {
        low,
        high,
        scale: Scale::Linear,
        whole: false,
    }
}

const fn to_one(low: f64, high: f64) -> Span {
    Span::Numbers {
        low,
        high,
        scale: Scale::LogToOne,
        whole: false,
    }
}

const fn powers(low: u32, high: u32) -> Span {
    Span::Powers { low, high }
}

/// Keys with their spans; the flag says that a key is tuned without being asked for, where the algorithm uses it.
const RANGES: &[(&str, bool, Span)] = &[
    ("learning_rate", true, log(1e-5, 1e-1)),
    ("alpha_start", true, log(1e-2, 1.0)),
    ("gamma", true, to_one(0.9, 0.999)),
    ("lambda", true, linear(0.8, 1.0)),
    ("steps_per_environment", true, powers(4, 11)),
    ("steps_per_update", true, counts(500.0, 8000.0)),
    ("epochs", true, counts(1.0, 30.0)),
    ("minibatch_size", true, powers(5, 9)),
    ("clip_range", true, linear(0.05, 0.4)),
    ("target_kl", true, log(1e-3, 1e-1)),
    ("value_learning_rate", true, log(1e-5, 1e-1)),
    ("entropy_coefficient", false, log(1e-5, 1e-1)),
    ("value_coefficient", false, log(0.1, 2.0)),
    ("value_iterations", false, counts(1.0, 100.0)),
    ("max_grad_norm", false, log(0.1, 10.0)),
    ("environments", false, powers(0, 6)),
    ("size", false, powers(3, 8)),
    (
        "n_layers",
        false,
        Span::Numbers {
            low: 1.0,
            high: 3.0,
            scale: Scale::Linear,
            whole: true,
        },
    ),
    ("n_step", false, counts(1.0, 50.0)),
    ("group_size", false, powers(1, 5)),
    ("log_std", false, linear(-2.0, 1.0)),
    ("cg_iterations", false, counts(5.0, 30.0)),
    ("cg_damping", false, log(1e-3, 1.0)),
];

/// Keys that may be left without a value, and are not tuned for an algorithm whose default has none.
fn is_tuned(algorithm: &AlgorithmEntry, key: &str) -> bool {
    algorithm.has(key) && algorithm.defaults().contains_key(key)
}

impl TunedKey {
    /// The keys that are tuned without being asked for: those of the algorithm.
    pub fn defaults(algorithm: &AlgorithmEntry) -> Vec<Self> {
        let ranges = RANGES.iter();
        let own = ranges.filter(|(key, asked, _)| *asked && is_tuned(algorithm, key));
        own.map(|(key, _, span)| Self {
            key: (*key).to_owned(),
            span: span.clone(),
        })
        .collect()
    }

    /// The key of a text: `KEY`, `KEY=LOW..HIGH` or `KEY=A,B,…`.
    ///
    /// # Errors
    /// [`UsageError`] for a key that there is not, or one that has no span by itself and is given none.
    pub fn parse(registry: &Registry, text: &str) -> Result<Self, UsageError> {
        let (key, span) = match text.split_once('=') {
            Some((key, span)) => (key.trim(), Some(span)),
            None => (text.trim(), None),
        };
        let key = if key == "lr" { "learning_rate" } else { key };
        let default = RANGES.iter().find(|(known, ..)| *known == key);
        let default = default.map(|(.., span)| span);
        let kind = registry.key(key).map(|known| known.kind);
        let span = match (span, default, &kind) {
            (Some(span), ..) => {
                let whole = kind == Some(ValueKind::Count);
                Span::parse(key, span, default, whole)?
            }
            (None, Some(span), _) => span.clone(),
            (None, None, Some(ValueKind::Word(words))) => Span::Choices(words.clone()),
            (None, None, Some(ValueKind::Flag)) => {
                Span::Choices(vec!["false".into(), "true".into()])
            }
            // The check of the base says what there is instead.
            (None, None, None) => Span::Choices(vec![String::new(), String::new()]),
            (None, None, Some(_)) => {
                return Err(UsageError(format!(
                    "--key {key}: its values belong here, as in {key}=LOW..HIGH"
                )));
            }
        };
        Ok(Self {
            key: key.to_owned(),
            span,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_is_of_a_key_and_within_what_is_allowed() {
        let registry = Registry::default();
        for (key, _, span) in RANGES {
            let known = registry.key(key).unwrap_or_else(|| panic!("{key}"));
            for end in span.ends() {
                let number: f64 = end.parse().unwrap();
                assert!(known.range.contains(number), "{key} = {end}");
                assert!(span.place(&end).is_some(), "{key} = {end}");
            }
            if let Span::Numbers { whole, .. } = span {
                assert_eq!(*whole, known.kind == ValueKind::Count, "{key}");
            }
        }
    }

    #[test]
    fn every_algorithm_has_a_step_size_or_a_divergence_to_tune() {
        for algorithm in Registry::default().algorithms() {
            let keys = TunedKey::defaults(algorithm);
            let has = |key: &str| keys.iter().any(|tuned| tuned.key == key);
            let step_size = match algorithm.has_networks() {
                true => "learning_rate",
                false => "alpha_start",
            };
            assert!(has(step_size) && has("gamma"), "{}", algorithm.name());
            assert_eq!(has("target_kl"), algorithm.name() == "trpo");
        }
    }

    #[test]
    fn words_and_flags_have_spans_by_themselves_and_other_keys_are_asked_for_theirs() {
        let registry = Registry::default();
        let parse = |text: &str| TunedKey::parse(&registry, text);
        assert_eq!(
            parse("normalize_observations").unwrap().span.choices(),
            Some(2)
        );
        assert!(parse("activation").unwrap().span.choices().unwrap() >= 2);
        assert_eq!(parse("lr").unwrap().key, "learning_rate");
        let UsageError(message) = parse("optimizer_epsilon").unwrap_err();
        assert!(message.contains("optimizer_epsilon=LOW..HIGH"), "{message}");
    }
}
