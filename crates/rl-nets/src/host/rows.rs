//! Rows of a batch: chunks of them, and their padding.

use std::ops::Range;

use super::product::stride;

/// Number of rows that go through all layers together, so that the numbers between two layers stay
/// in the nearest caches.
pub(super) const CHUNK: usize = 64;

/// The rows `0..rows` in ranges of at most [`CHUNK`].
pub(super) fn chunks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows)
        .step_by(CHUNK)
        .map(move |start| start..(start + CHUNK).min(rows))
}

/// Copies padded rows into rows of `width` numbers without padding.
#[inline(always)]
pub(super) fn unpad(padded: &[f32], width: usize, rows: &mut [f32]) {
    for (row, padded) in rows
        .chunks_exact_mut(width)
        .zip(padded.chunks_exact(stride(width)))
    {
        row.copy_from_slice(&padded[..width]);
    }
}

/// Copies rows of `width` numbers into padded rows; the padding becomes zero.
#[inline(always)]
pub(super) fn pad(rows: &[f32], width: usize, padded: &mut [f32]) {
    for (row, padded) in rows
        .chunks_exact(width)
        .zip(padded.chunks_exact_mut(stride(width)))
    {
        let (numbers, padding) = padded.split_at_mut(width);
        numbers.copy_from_slice(row);
        padding.fill(0.0);
    }
}
