//! Order of the header's keys.

use std::collections::BTreeMap;

/// The same safetensors file with the keys of its header, which `safetensors` writes in the random
/// order of a hash map, in alphabetical order.
///
/// # Errors
/// A message for bytes without a whole header.
pub fn sort_header(file: &[u8]) -> Result<Vec<u8>, String> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or("no header")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    let (header, data) = rest.split_at_checked(length).ok_or("header cut short")?;
    let entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let mut header = serde_json::to_vec(&entries).map_err(|error| error.to_string())?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok([
        &(header.len() as u64).to_le_bytes(),
        header.as_slice(),
        data,
    ]
    .concat())
}
