//! Keys of a configuration, and the types of their values.

use serde::Serialize;

use crate::Range;

/// Type of a key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `true` or `false`.
    Flag,
    /// An integer that is not negative.
    Count,
    /// A number.
    Number,
    /// One of some words.
    Word(Vec<String>),
    /// Any text.
    Text,
}

/// A type that the value of a key can have.
pub trait KeyValue {
    /// Its kind.
    fn kind() -> ValueKind;

    /// The number to compare with a range; `None` for a value that is absent or no number.
    fn number(&self) -> Option<f64> {
        None
    }
}

macro_rules! numbers {
    ($($type:ty => $kind:ident),*) => {$(
        impl KeyValue for $type {
            fn kind() -> ValueKind {
                ValueKind::$kind
            }

            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )*};
}
numbers!(usize => Count, u64 => Count, u32 => Count, f64 => Number, f32 => Number);

impl KeyValue for bool {
    fn kind() -> ValueKind {
        ValueKind::Flag
    }
}

impl KeyValue for String {
    fn kind() -> ValueKind {
        ValueKind::Text
    }
}

impl KeyValue for std::path::PathBuf {
    fn kind() -> ValueKind {
        ValueKind::Text
    }
}

impl<T: KeyValue> KeyValue for Option<T> {
    fn kind() -> ValueKind {
        T::kind()
    }

    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}

/// One key of a configuration, as its declaration describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its name in files and in `--set`; the option's has `-` for `_`.
    pub name: &'static str,
    /// The doc comment of the field, in one line.
    pub help: String,
    /// Type of its values.
    pub kind: ValueKind,
    /// Range of its numbers.
    pub range: Range,
}

impl Key {
    /// A key with the doc comment of its field, line by line.
    pub fn new<T: KeyValue>(name: &'static str, doc: &[&str], range: Range) -> Self {
        let lines: Vec<&str> = doc.iter().map(|line| line.trim()).collect();
        Self {
            name,
            help: lines.join(" ").trim_end_matches('.').to_owned(),
            kind: T::kind(),
            range,
        }
    }
}

/// The word that files use for a variant of an enum.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
