//! Records of a TFRecord file: length, masked CRC-32C of the length, data, masked CRC-32C of the data, all
//! numbers in little-endian order (TensorFlow, `record_writer.h`).

use crc::{CRC_32_ISCSI, Crc};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// A checksum that may be stored among the data that it is of.
fn masked_crc(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// Appends a record.
pub(super) fn push(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked_crc(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked_crc(data).to_le_bytes());
}

/// The whole records of a file, each with its bytes in the file and its data: a record that was cut short, or
/// whose checksums differ, is after the last one that counts.
pub(super) fn records(mut file: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while let Some((bytes, data)) = first(file) {
        found.push((bytes, data));
        file = &file[bytes.len()..];
    }
    found
}

fn first(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk::<8>()?;
    let (check, rest) = rest.split_first_chunk::<4>()?;
    if masked_crc(length) != u32::from_le_bytes(*check) {
        return None;
    }
    let size = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (data, rest) = rest.split_at_checked(size)?;
    let (check, _) = rest.split_first_chunk::<4>()?;
    let is_whole = masked_crc(data) == u32::from_le_bytes(*check);
    is_whole.then(|| (&file[..size + 16], data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_bytes_that_tensorflow_writes() {
        let mut file = Vec::new();
        push(&mut file, b"123456789");
        // CRC-32C of these digits is 0xe3069283 (RFC 3720, B.4, has other vectors of it).
        assert_eq!(CRC.checksum(b"123456789"), 0xe306_9283);
        assert_eq!(file[..8], [9, 0, 0, 0, 0, 0, 0, 0]);
        let masked = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(file[21..], masked.to_le_bytes());
        assert_eq!(&file[12..21], b"123456789");
    }

    #[test]
    fn records_read_back_up_to_one_that_was_cut_short_or_changed() {
        let mut file = Vec::new();
        for data in [b"one".as_slice(), b"", b"three"] {
            push(&mut file, data);
        }
        let data = |file: &[u8]| -> Vec<Vec<u8>> {
            let found = records(file).into_iter();
            found.map(|(_, data)| data.to_vec()).collect()
        };
        assert_eq!(data(&file), [b"one".to_vec(), vec![], b"three".to_vec()]);
        assert_eq!(data(&file[..file.len() - 1]).len(), 2);
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1;
            let expected = [19, 35, 56].iter().filter(|end| **end <= place).count();
            assert_eq!(data(&changed).len(), expected, "byte {place}");
        }
    }
}
