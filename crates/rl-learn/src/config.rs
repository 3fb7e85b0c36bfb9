//! Configurations that describe themselves: every key is declared once, with its help, its default
//! and its range.

use serde::de::DeserializeOwned;

use crate::{ConfigError, Key};

/// A configuration whose keys are declared by [`config!`](crate::config!).
pub trait Keys: Default {
    /// The keys that a file holds, each of them or none.
    type Partial: DeserializeOwned + Default;

    /// Replaces the values of the keys that a file holds.
    fn update(&mut self, partial: Self::Partial);

    /// Its keys in the order of their declaration, those of flattened parts among them.
    fn keys() -> Vec<Key>;

    /// Refuses a number out of its range.
    ///
    /// # Errors
    /// [`ConfigError`] for the first such key.
    fn check_ranges(&self) -> Result<(), ConfigError>;
}

/// Declares that the variants of an enum, as `serde` names them, are the words of a key.
#[macro_export]
macro_rules! words {
    ($type:ty: $($variant:ident),+ $(,)?) => {
        impl $crate::KeyValue for $type {
            fn kind() -> $crate::ValueKind {
                $crate::ValueKind::Word(vec![$($crate::word(&<$type>::$variant)),+])
            }
        }
    };
}

/// Declares a configuration: a struct with, for each field, its help (the doc comment), its
/// default, and the range of its numbers.
///
/// The crate that declares one depends on `serde`. After the keys come parts whose keys count as
/// the struct's own (`flatten`), then fields that no file can hold (`skip`).
///
/// ```
/// use rl_learn::{Keys, Range, config};
///
/// config! {
///     /// Configuration of a walk.
///     pub struct WalkConfig {
///         /// Number of steps.
///         pub steps: usize = 10, Range::AtLeast(1.0);
///         /// Discount of the rewards.
///         pub gamma: f64 = 0.99, Range::Unit;
///     }
/// }
///
/// let walk = WalkConfig { gamma: 1.5, ..WalkConfig::default() };
/// let message = walk.check_ranges().unwrap_err().to_string();
/// assert_eq!(message, "gamma = 1.5 is out of range: allowed is a number from 0 to 1");
/// assert_eq!(WalkConfig::keys()[0].help, "Number of steps");
/// ```
#[macro_export]
macro_rules! config {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                pub $field:ident: $type:ty = $default:expr $(, $range:expr)?;
            )*
            $(
                flatten
                $(#[doc = $part_doc:literal])*
                pub $part:ident: $part_type:ty = $part_default:expr;
            )*
            $(
                skip
                $(#[doc = $skip_doc:literal])*
                pub $skip:ident: $skip_type:ty = $skip_default:expr;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                #[doc = concat!("\n\nDefault: `", stringify!($default), "`.")]
                pub $field: $type,
            )*
            $(
                $(#[doc = $part_doc])*
                #[serde(flatten)]
                pub $part: $part_type,
            )*
            $(
                $(#[doc = $skip_doc])*
                #[serde(skip)]
                pub $skip: $skip_type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $default,)*
                    $($part: $part_default,)*
                    $($skip: $skip_default,)*
                }
            }
        }

        // A key that is missing keeps the default of this struct, also one of a flattened part.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let mut config = Self::default();
                let partial = serde::Deserialize::deserialize(from)?;
                $crate::Keys::update(&mut config, partial);
                Ok(config)
            }
        }

        const _: () = {
            /// The keys that a file holds.
            #[derive(Default, serde::Deserialize)]
            #[serde(default)]
            pub struct Partial {
                $($field: Option<$type>,)*
                $(
                    #[serde(flatten)]
                    $part: <$part_type as $crate::Keys>::Partial,
                )*
            }

            impl $crate::Keys for $name {
                type Partial = Partial;

                fn update(&mut self, partial: Partial) {
                    $(if let Some(value) = partial.$field {
                        self.$field = value;
                    })*
                    $($crate::Keys::update(&mut self.$part, partial.$part);)*
                }

                #[allow(unused_mut, reason = "a configuration may have no flattened part")]
                fn keys() -> Vec<$crate::Key> {
                    let mut keys = vec![$(
                        $crate::Key::new::<$type>(
                            stringify!($field),
                            &[$($doc),*],
                            $crate::config!(@range $($range)?),
                        ),
                    )*];
                    $(keys.extend(<$part_type as $crate::Keys>::keys());)*
                    keys
                }

                fn check_ranges(&self) -> Result<(), $crate::ConfigError> {
                    $($crate::ConfigError::check(
                        stringify!($field),
                        &self.$field,
                        $crate::config!(@range $($range)?),
                    )?;)*
                    $($crate::Keys::check_ranges(&self.$part)?;)*
                    Ok(())
                }
            }
        };
    };
    (@range) => { $crate::Range::Any };
    (@range $range:expr) => { $range };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Range, ValueKind};

    config! {
        /// The part.
        pub struct Part {
            /// Step size,
            /// which is small.
            pub step: f64 = 0.5, Range::Positive;
        }
    }

    config! {
        /// The whole.
        pub struct Whole {
            /// Number of them.
            pub count: usize = 3, Range::AtLeast(1.0);
            /// Limit, if any.
            pub limit: Option<f64> = None, Range::Positive;
            /// Name.
            pub name: String = "x".into();
            flatten
            /// Part, with another default.
            pub part: Part = Part { step: 0.125 };
            skip
            /// Not in a file.
            pub extra: Vec<u8> = vec![1];
        }
    }

    #[test]
    fn keys_are_read_from_the_declaration() {
        let keys = Whole::keys();
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        assert_eq!(names, ["count", "limit", "name", "step"]);
        assert_eq!(keys[3].help, "Step size, which is small");
        assert_eq!(keys[1].kind, ValueKind::Number);
        assert_eq!(keys[3].range, Range::Positive);
    }

    #[test]
    fn the_first_number_out_of_range_is_named_with_what_is_allowed() {
        let mut whole = Whole::default();
        assert_eq!(whole.check_ranges(), Ok(()));
        whole.part.step = 0.0;
        let message = |whole: &Whole| whole.check_ranges().unwrap_err().to_string();
        assert_eq!(
            message(&whole),
            "step = 0 is out of range: allowed is a positive finite number"
        );
        whole.limit = Some(f64::NAN);
        assert!(message(&whole).starts_with("limit = NaN"));
        whole.count = 0;
        assert_eq!(
            message(&whole),
            "count = 0 is out of range: allowed is at least 1"
        );
    }

    #[test]
    fn a_file_holds_every_key_and_lacks_none() {
        let mut whole = Whole::default();
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(text, r#"{"count":3,"limit":null,"name":"x","step":0.125}"#);
        let read: Whole = serde_json::from_str(r#"{"count":3}"#).unwrap();
        assert_eq!(read, whole, "the whole's default, not the part's");
        whole.part.step = 0.25;
        let read: Whole = serde_json::from_str(r#"{"step":0.25}"#).unwrap();
        assert_eq!(read, whole);
    }
}
