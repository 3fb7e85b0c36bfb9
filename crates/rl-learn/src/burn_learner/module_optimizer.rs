//! The state of one of Burn's optimizers, as a run keeps it.

use burn::optim::ModuleOptimizer;
use burn::tensor::Bytes;
use rl_core::{StateError, StateReader, StateWriter};

/// Name of the array: Burn's record, its length in bytes before it.
const RECORD: &str = "record";

/// Writes the record of an optimizer; nothing if Burn cannot make one, which the reader then misses
/// by name.
pub(super) fn save(optimizer: &ModuleOptimizer, out: &mut dyn StateWriter) {
    if let Ok(bytes) = optimizer.into_bytes() {
        let words = bytes.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        });
        let words: Vec<u64> = [bytes.len() as u64].into_iter().chain(words).collect();
        out.u64s(RECORD, &words);
    }
}

/// An optimizer with the state of a record.
pub(super) fn load(
    optimizer: ModuleOptimizer,
    from: &dyn StateReader,
) -> Result<ModuleOptimizer, StateError> {
    let length = from.length(RECORD);
    let mut words = vec![0; length.ok_or(StateError::Missing(RECORD.into()))?];
    from.u64s(RECORD, &mut words)?;
    let (&[length], words) = words.split_at(1.min(words.len())) else {
        return Err(StateError::value(RECORD, "an empty array"));
    };
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    if length as usize > bytes.len() {
        return Err(StateError::value(
            RECORD,
            format!("{length} bytes in {}", bytes.len()),
        ));
    }
    bytes.truncate(length as usize);
    optimizer
        .from_bytes(Bytes::from_bytes_vec(bytes))
        .map_err(|error| StateError::value(RECORD, error.to_string()))
}
