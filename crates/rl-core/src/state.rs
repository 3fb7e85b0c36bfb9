//! State of a run: named arrays that are saved and restored.

use std::collections::BTreeMap;

use crate::Stream;

/// Receiver of the named arrays that a run's future depends on: a file, or a [`Snapshot`].
pub trait StateWriter {
    /// Writes numbers of 32 bits under `name`.
    fn f32s(&mut self, name: &str, values: &[f32]);

    /// Writes numbers of 64 bits under `name`.
    fn f64s(&mut self, name: &str, values: &[f64]);

    /// Writes integers under `name`.
    fn u64s(&mut self, name: &str, values: &[u64]);
}

/// Source of the named arrays that a [`StateWriter`] received.
pub trait StateReader {
    /// Number of values of the array called `name`; `None` without such an array.
    fn length(&self, name: &str) -> Option<usize>;

    /// Reads as many numbers of 32 bits as `into` holds.
    ///
    /// # Errors
    /// [`StateError`] for an array that is missing, or of another length or type.
    fn f32s(&self, name: &str, into: &mut [f32]) -> Result<(), StateError>;

    /// Reads as many numbers of 64 bits as `into` holds.
    ///
    /// # Errors
    /// As [`f32s`](Self::f32s).
    fn f64s(&self, name: &str, into: &mut [f64]) -> Result<(), StateError>;

    /// Reads as many integers as `into` holds.
    ///
    /// # Errors
    /// As [`f32s`](Self::f32s).
    fn u64s(&self, name: &str, into: &mut [u64]) -> Result<(), StateError>;
}

/// Difference between a saved state and the run that was to take it up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// An array that is not there.
    #[error("the saved state has no '{0}'")]
    Missing(String),
    /// An array of another length.
    #[error("'{name}' of the saved state holds {found} numbers; {expected} are needed here")]
    Length {
        /// Name of the array.
        name: String,
        /// Its length.
        found: usize,
        /// The length that this run needs.
        expected: usize,
    },
    /// An array of another type.
    #[error("'{name}' of the saved state holds {found}, not {expected}")]
    Type {
        /// Name of the array.
        name: String,
        /// Its type.
        found: &'static str,
        /// The type that is read.
        expected: &'static str,
    },
    /// Numbers that cannot be what they stand for.
    #[error("'{name}' of the saved state: {reason}")]
    Value {
        /// Name of the array.
        name: String,
        /// The number and what is allowed.
        reason: String,
    },
}

impl StateError {
    /// The error for numbers called `name` that cannot be what they stand for.
    pub fn value(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

/// Something that can be saved and restored: what comes after a restoration is, to the bit, what
/// would have come after the saving.
pub trait State {
    /// Writes everything that the future depends on.
    fn save(&self, out: &mut dyn StateWriter);

    /// Takes up a state that was saved by the like of `self`, made by the same configuration.
    ///
    /// # Errors
    /// [`StateError`]; `self` may then be partly restored, and is of no use.
    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError>;
}

impl State for Stream {
    fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("stream", &self.words());
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut words = [[0; Self::WORDS]];
        Self::read_words(from, "stream", &mut words)?;
        let [words] = words;
        *self = Self::from_words(words);
        Ok(())
    }
}

impl Stream {
    /// Reads the words of several streams. Before there were half words, a stream had 4 of them.
    pub(crate) fn read_words(
        from: &dyn StateReader,
        name: &str,
        into: &mut [[u64; Self::WORDS]],
    ) -> Result<(), StateError> {
        let mut old = vec![[0; Self::WORDS - 1]; into.len()];
        if from.length(name) != Some(old.as_flattened().len()) {
            return from.u64s(name, into.as_flattened_mut());
        }
        from.u64s(name, old.as_flattened_mut())?;
        for (into, [a, b, c, d]) in into.iter_mut().zip(old) {
            *into = [a, b, c, d, 0];
        }
        Ok(())
    }
}

/// A writer that puts `prefix.` before every name.
///
/// ```
/// use rl_core::{Snapshot, StateReader, StateWriter};
/// use rl_core::state::Scoped;
///
/// let mut snapshot = Snapshot::default();
/// Scoped::new(&mut snapshot, "agent").f32s("parameters", &[1.0, 2.0]);
/// assert_eq!(snapshot.length("agent.parameters"), Some(2));
/// ```
pub struct Scoped<'a> {
    out: &'a mut dyn StateWriter,
    prefix: String,
}

impl<'a> Scoped<'a> {
    /// The writer below `prefix`.
    pub fn new(out: &'a mut dyn StateWriter, prefix: impl Into<String>) -> Self {
        Self {
            out,
            prefix: prefix.into(),
        }
    }
}

impl StateWriter for Scoped<'_> {
    fn f32s(&mut self, name: &str, values: &[f32]) {
        self.out.f32s(&format!("{}.{name}", self.prefix), values);
    }

    fn f64s(&mut self, name: &str, values: &[f64]) {
        self.out.f64s(&format!("{}.{name}", self.prefix), values);
    }

    fn u64s(&mut self, name: &str, values: &[u64]) {
        self.out.u64s(&format!("{}.{name}", self.prefix), values);
    }
}

/// A reader of the names below `prefix.`.
pub struct ScopedReader<'a> {
    from: &'a dyn StateReader,
    prefix: String,
}

impl<'a> ScopedReader<'a> {
    /// The reader below `prefix`.
    pub fn new(from: &'a dyn StateReader, prefix: impl Into<String>) -> Self {
        Self {
            from,
            prefix: prefix.into(),
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

impl StateReader for ScopedReader<'_> {
    fn length(&self, name: &str) -> Option<usize> {
        self.from.length(&self.name(name))
    }

    fn f32s(&self, name: &str, into: &mut [f32]) -> Result<(), StateError> {
        self.from.f32s(&self.name(name), into)
    }

    fn f64s(&self, name: &str, into: &mut [f64]) -> Result<(), StateError> {
        self.from.f64s(&self.name(name), into)
    }

    fn u64s(&self, name: &str, into: &mut [u64]) -> Result<(), StateError> {
        self.from.u64s(&self.name(name), into)
    }
}

/// One array of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Numbers of 32 bits.
    F32(Vec<f32>),
    /// Numbers of 64 bits.
    F64(Vec<f64>),
    /// Integers.
    U64(Vec<u64>),
}

impl Array {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    /// Returns `true` if there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "32-bit numbers",
            Self::F64(_) => "64-bit numbers",
            Self::U64(_) => "integers",
        }
    }
}

/// A state in memory: arrays in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    arrays: BTreeMap<String, Array>,
}

impl Snapshot {
    /// The state of something.
    pub fn of(state: &(impl State + ?Sized)) -> Self {
        let mut snapshot = Self::default();
        state.save(&mut snapshot);
        snapshot
    }

    /// The arrays with their names, in the order of the names.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.arrays
            .iter()
            .map(|(name, array)| (name.as_str(), array))
    }

    /// Adds an array, or replaces the one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, array: Array) {
        self.arrays.insert(name.into(), array);
    }

    fn read<T: Copy>(
        &self,
        name: &str,
        into: &mut [T],
        expected: &'static str,
        values: impl Fn(&Array) -> Option<&[T]>,
    ) -> Result<(), StateError> {
        let array = self
            .arrays
            .get(name)
            .ok_or_else(|| StateError::Missing(name.to_owned()))?;
        let values = values(array).ok_or_else(|| StateError::Type {
            name: name.to_owned(),
            found: array.type_name(),
            expected,
        })?;
        if values.len() != into.len() {
            return Err(StateError::Length {
                name: name.to_owned(),
                found: values.len(),
                expected: into.len(),
            });
        }
        into.copy_from_slice(values);
        Ok(())
    }
}

impl StateWriter for Snapshot {
    fn f32s(&mut self, name: &str, values: &[f32]) {
        self.insert(name, Array::F32(values.to_vec()));
    }

    fn f64s(&mut self, name: &str, values: &[f64]) {
        self.insert(name, Array::F64(values.to_vec()));
    }

    fn u64s(&mut self, name: &str, values: &[u64]) {
        self.insert(name, Array::U64(values.to_vec()));
    }
}

impl StateReader for Snapshot {
    fn length(&self, name: &str) -> Option<usize> {
        self.arrays.get(name).map(Array::len)
    }

    fn f32s(&self, name: &str, into: &mut [f32]) -> Result<(), StateError> {
        self.read(name, into, "32-bit numbers", |array| match array {
            Array::F32(values) => Some(values),
            _ => None,
        })
    }

    fn f64s(&self, name: &str, into: &mut [f64]) -> Result<(), StateError> {
        self.read(name, into, "64-bit numbers", |array| match array {
            Array::F64(values) => Some(values),
            _ => None,
        })
    }

    fn u64s(&self, name: &str, into: &mut [u64]) -> Result<(), StateError> {
        self.read(name, into, "integers", |array| match array {
            Array::U64(values) => Some(values),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    #[test]
    fn a_restored_stream_goes_on_where_the_saved_one_stood() {
        let mut stream = Stream::derive(7, Purpose::Action, 3);
        (0..5).for_each(|_| _ = stream.next_f64());
        let snapshot = Snapshot::of(&stream);
        let mut restored = Stream::from_seed(0);
        restored.load(&snapshot).unwrap();
        assert_eq!(restored, stream);
        assert_eq!(restored.next_f64(), stream.next_f64());
    }

    #[test]
    fn a_stream_is_saved_with_the_half_word_that_is_left() {
        let mut stream = Stream::from_seed(3);
        stream.integers(13);
        let mut restored = Stream::from_seed(0);
        restored.load(&Snapshot::of(&stream)).unwrap();
        assert_eq!(restored.integers(13), stream.integers(13));
        // Of the next word, both take the low half.
        assert_eq!(restored.integers(13), stream.integers(13));
    }

    #[test]
    fn a_stream_of_four_words_has_no_half_word_left() {
        let stream = Stream::from_seed(3);
        let mut words = [0; Stream::WORDS];
        Snapshot::of(&stream).u64s("stream", &mut words).unwrap();
        let mut old = Snapshot::default();
        old.insert("stream", Array::U64(words[..4].to_vec()));
        let mut restored = Stream::from_seed(0);
        restored.load(&old).unwrap();
        assert_eq!(restored, stream);
    }

    #[test]
    fn what_is_missing_or_different_is_named() {
        let mut snapshot = Snapshot::default();
        Scoped::new(&mut snapshot, "agent").f32s("parameters", &[1.0, 2.0]);
        let agent = ScopedReader::new(&snapshot, "agent");
        let message = |result: Result<(), StateError>| result.unwrap_err().to_string();
        assert_eq!(
            message(agent.f32s("bias", &mut [0.0])),
            "the saved state has no 'agent.bias'"
        );
        assert_eq!(
            message(agent.f32s("parameters", &mut [0.0])),
            "'agent.parameters' of the saved state holds 2 numbers; 1 are needed here"
        );
        assert_eq!(
            message(agent.u64s("parameters", &mut [0, 0])),
            "'agent.parameters' of the saved state holds 32-bit numbers, not integers"
        );
        let mut read = [0.0; 2];
        agent.f32s("parameters", &mut read).unwrap();
        assert_eq!(read, [1.0, 2.0]);
    }

    #[test]
    fn an_array_tells_its_length_whatever_its_type() {
        for array in [
            Array::F32(vec![0.0; 2]),
            Array::F64(vec![0.0; 2]),
            Array::U64(vec![0; 2]),
        ] {
            assert!(array.len() == 2 && !array.is_empty());
        }
        assert!(Array::F32(Vec::new()).is_empty());
    }
}
