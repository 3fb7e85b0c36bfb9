//! States as the bytes of a safetensors file.

use rl_core::Snapshot;
use rl_core::state::Array;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// The bytes of a state: equal states give equal bytes.
///
/// # Errors
/// The library's reason.
pub(crate) fn encode(state: &Snapshot) -> Result<Vec<u8>, String> {
    let data: Vec<(&str, Dtype, usize, Vec<u8>)> = state
        .arrays()
        .map(|(name, array)| {
            let (dtype, bytes) = match array {
                Array::F32(xs) => (
                    Dtype::F32,
                    xs.iter().flat_map(|x| x.to_le_bytes()).collect(),
                ),
                Array::F64(xs) => (
                    Dtype::F64,
                    xs.iter().flat_map(|x| x.to_le_bytes()).collect(),
                ),
                Array::U64(xs) => (
                    Dtype::U64,
                    xs.iter().flat_map(|x| x.to_le_bytes()).collect(),
                ),
            };
            (name, dtype, array.len(), bytes)
        })
        .collect();
    let views: Result<Vec<_>, _> = data
        .iter()
        .map(|(name, dtype, length, bytes)| {
            TensorView::new(*dtype, vec![*length], bytes).map(|view| (*name, view))
        })
        .collect();
    let views = views.map_err(|error| error.to_string())?;
    let file = safetensors::serialize(views, None).map_err(|error| error.to_string())?;
    rl_nets::sort_header(&file)
}

/// The state in the bytes of a file.
///
/// # Errors
/// The fault of the file.
pub(crate) fn decode(bytes: &[u8]) -> Result<Snapshot, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut state = Snapshot::default();
    for (name, view) in tensors.iter() {
        let words = || view.data().as_chunks::<8>().0.iter();
        let array = match view.dtype() {
            Dtype::F32 => {
                let (words, _) = view.data().as_chunks::<4>();
                Array::F32(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
            }
            Dtype::F64 => Array::F64(words().map(|word| f64::from_le_bytes(*word)).collect()),
            Dtype::U64 => Array::U64(words().map(|word| u64::from_le_bytes(*word)).collect()),
            other => return Err(format!("{name} holds {other:?}")),
        };
        state.insert(name, array);
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::StateWriter as _;

    #[test]
    fn a_state_survives_its_file_to_the_bit_and_equal_states_are_equal_bytes() {
        let mut state = Snapshot::default();
        state.f32s("b", &[1.5, f32::MIN_POSITIVE, -0.0]);
        state.f64s("a.x", &[0.1, f64::NAN]);
        state.u64s("c", &[u64::MAX]);
        state.f32s("empty", &[]);
        let bytes = encode(&state).unwrap();
        let decoded = decode(&bytes).unwrap();
        assert_eq!(format!("{decoded:?}"), format!("{state:?}"));
        for _ in 0..20 {
            assert_eq!(encode(&decoded).unwrap(), bytes);
        }
        assert!(decode(&bytes[..bytes.len() - 1]).is_err());
    }
}
