//! Spans of values that a key is tuned over.

use std::fmt::{Display, Formatter};

use rl_train::UsageError;

/// Distances between the numbers of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
    /// Equal ratios of the distance to 1, as of discounts.
    LogToOne,
}

/// Values that a key is tuned over.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// Numbers from `low` to `high`.
    Numbers {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
        /// Their distances.
        scale: Scale,
        /// Flag: whole numbers alone.
        whole: bool,
    },
    /// Powers of two from `2^low` to `2^high`, which divide each other.
    Powers {
        /// Lowest exponent.
        low: u32,
        /// Highest exponent.
        high: u32,
    },
    /// Some texts in no order, 2 or more.
    Choices(Vec<String>),
}

impl Span {
    /// The span of a text, `LOW..HIGH` or `A,B,…`. Numbers have the scale of the span that the key has by itself; without
    /// one, ratios where `HIGH` is ten times `LOW` or more.
    ///
    /// # Errors
    /// [`UsageError`] with the key.
    pub fn parse(
        key: &str,
        text: &str,
        default: Option<&Self>,
        whole: bool,
    ) -> Result<Self, UsageError> {
        let wrong = |allowed: &str| {
            Err(UsageError(format!(
                "--key {key}={text}: allowed is {allowed}"
            )))
        };
        let Some((low, high)) = text.split_once("..") else {
            let choices: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
            let empty = choices.iter().any(String::is_empty);
            return match choices.len() {
                2.. if !empty => Ok(Self::Choices(choices)),
                _ => wrong("LOW..HIGH, or values with commas between them"),
            };
        };
        let (Ok(low), Ok(high)) = (low.trim().parse::<f64>(), high.trim().parse::<f64>()) else {
            return wrong("two numbers, as in 1e-4..1e-2");
        };
        if !(low < high && low.is_finite() && high.is_finite()) {
            return wrong("a lower and a higher finite number");
        }
        let scale = match default {
            Some(Self::Numbers { scale, .. }) => *scale,
            _ if low > 0.0 && high >= 10.0 * low => Scale::Log,
            _ => Scale::Linear,
        };
        match scale {
            Scale::Log if low <= 0.0 => wrong("a number above 0 to begin with"),
            Scale::LogToOne if high >= 1.0 => wrong("a number below 1 to end with"),
            scale => Ok(Self::Numbers {
                low,
                high,
                scale,
                whole,
            }),
        }
    }

    /// Number of texts in no order; `None` for a span with an order.
    pub fn choices(&self) -> Option<usize> {
        match self {
            Self::Choices(words) => Some(words.len()),
            _ => None,
        }
    }

    /// The text of a value. `at` is a place in the span, from 0 to below 1; of choices, an index.
    pub fn value(&self, at: f64) -> String {
        match self {
            Self::Numbers {
                low,
                high,
                scale,
                whole,
            } => {
                let between = |low: f64, high: f64| low + at * (high - low);
                let number = match scale {
                    Scale::Linear => significant(between(*low, *high)),
                    Scale::Log => significant(between(low.ln(), high.ln()).exp()),
                    Scale::LogToOne => {
                        let distance = between((1.0 - low).ln(), (1.0 - high).ln()).exp();
                        // Without the rounding error of the difference.
                        (1e9 * (1.0 - significant(distance))).round() / 1e9
                    }
                };
                let number = number.clamp(*low, *high);
                match whole {
                    true => number.round().to_string(),
                    false => number.to_string(),
                }
            }
            Self::Powers { low, high } => {
                let steps = f64::from(high - low + 1);
                let step = (at * steps).floor().min(steps - 1.0) as u32;
                2_u64.pow(low + step).to_string()
            }
            Self::Choices(words) => {
                let index = (at as usize).min(words.len() - 1);
                words[index].clone()
            }
        }
    }

    /// The place of a value, as [`value`](Self::value) takes it; `None` for one that is not in the span.
    pub fn place(&self, value: &str) -> Option<f64> {
        let share = |x: f64, low: f64, high: f64| {
            let share = (x - low) / (high - low);
            // The end of the span is its last place.
            (0.0..=1.0)
                .contains(&share)
                .then(|| share.min(1.0 - f64::EPSILON))
        };
        match self {
            Self::Numbers {
                low, high, scale, ..
            } => {
                let x: f64 = value.parse().ok()?;
                match scale {
                    Scale::Linear => share(x, *low, *high),
                    Scale::Log => share(x.ln(), low.ln(), high.ln()),
                    Scale::LogToOne => share((1.0 - x).ln(), (1.0 - low).ln(), (1.0 - high).ln()),
                }
            }
            Self::Powers { low, high } => {
                let power = value.parse::<f64>().ok()?.log2();
                let inside =
                    power.fract() == 0.0 && (f64::from(*low)..=f64::from(*high)).contains(&power);
                let steps = f64::from(high - low + 1);
                inside.then(|| (power - f64::from(*low) + 0.5) / steps)
            }
            Self::Choices(words) => {
                let index = words.iter().position(|word| word == value)?;
                Some(index as f64)
            }
        }
    }

    /// The values to check before a tuning: the ends, or all choices.
    pub fn ends(&self) -> Vec<String> {
        match self {
            Self::Numbers { low, high, .. } => vec![low.to_string(), high.to_string()],
            Self::Powers { low, high } => [low, high].map(|n| 2_u64.pow(*n).to_string()).into(),
            Self::Choices(words) => words.clone(),
        }
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let ends = self.ends();
        match self {
            Self::Choices(_) => write!(f, "{}", ends.join(", ")),
            Self::Powers { .. } => write!(f, "{}, powers of 2", ends.join(" to ")),
            Self::Numbers { scale, .. } => {
                write!(f, "{}", ends.join(" to "))?;
                match scale {
                    Scale::Linear => Ok(()),
                    Scale::Log => write!(f, ", by ratios"),
                    Scale::LogToOne => write!(f, ", by ratios of the distance to 1"),
                }
            }
        }
    }
}

/// A number with three digits, as a person would write it.
fn significant(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_values_are_each_others_inverse_on_every_scale() {
        let numbers = |low, high, scale| Span::Numbers {
            low,
            high,
            scale,
            whole: false,
        };
        for (span, at, value) in [
            (numbers(-1.0, 1.0, Scale::Linear), 0.25, "-0.5"),
            (numbers(1e-5, 1e-1, Scale::Log), 0.5, "0.001"),
            (numbers(0.9, 0.999, Scale::LogToOne), 0.5, "0.99"),
            (Span::Powers { low: 4, high: 7 }, 0.625, "64"),
            (
                Span::Choices(vec!["tanh".into(), "relu".into()]),
                1.0,
                "relu",
            ),
        ] {
            assert_eq!(span.value(at), value, "{span}");
            assert!((span.place(value).unwrap() - at).abs() < 1e-9, "{span}");
            assert_eq!(span.place("-7"), None, "{span}");
        }
        let whole = Span::Numbers {
            low: 1.0,
            high: 30.0,
            scale: Scale::Log,
            whole: true,
        };
        assert_eq!(
            [0.0, 0.5, 0.9999999].map(|at| whole.value(at)),
            ["1", "5", "30"]
        );
    }

    #[test]
    fn a_text_is_two_numbers_or_choices() {
        let parse = |text| Span::parse("x", text, None, false);
        for (text, shown) in [
            ("1e-4..1e-2", "0.0001 to 0.01, by ratios"),
            ("0.5..0.9", "0.5 to 0.9"),
            ("tanh, relu", "tanh, relu"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "1", "2..1", "a..b", "1..inf", "a,,b", "1..1"] {
            let UsageError(message) = parse(text).unwrap_err();
            assert!(
                message.starts_with(&format!("--key x={text}: allowed")),
                "{message}"
            );
        }
    }
}
