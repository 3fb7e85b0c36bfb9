//! Layer normalisation (Ba et al. 2016) of rows, with its derivatives.
//!
//! A row `y` of width `n` becomes `z = scale · ŷ + offset` with `ŷ = (y − μ) r` and `r = 1 / √(σ² + ε)`. A change `dy`
//! changes `ŷ` by `r (dy − mean(dy) − ŷ mean(ŷ dy))`. That map is symmetric: it takes derivatives back to `y`, too.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::aligned::{Aligned, LINE};
use super::dots::total;
use super::product::stride;
use crate::NormWeights;

/// Scale and offset of a layer's normalisation, `[width]` each.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

impl Norm {
    pub(super) fn new(weights: &NormWeights) -> Self {
        Self {
            scale: weights.scale.clone(),
            offset: weights.offset.clone(),
        }
    }

    /// Replaces both, which stand one after the other.
    pub(super) fn set(&mut self, parameters: &[f32]) {
        let (scale, offset) = parameters.split_at(self.scale.len());
        self.scale.copy_from_slice(scale);
        self.offset.copy_from_slice(offset);
    }

    fn width(&self) -> usize {
        self.scale.len()
    }
}

/// Record of the normalisation of a batch, and memory for its derivatives; nothing for a layer that is
/// not normalised.
#[derive(Clone, Debug, Default)]
pub(super) struct NormTape {
    /// `ŷ`, in padded rows.
    normalized: Aligned,
    /// `r` of each row.
    inverse: Vec<f32>,
    /// Gradient of scale and offset, one after the other.
    gradient: Vec<f32>,
    /// Direction of scale and offset, one after the other.
    direction: Vec<f32>,
}

/// Record of some rows, to be written.
pub(super) struct NormRows<'a> {
    normalized: &'a mut [f32],
    inverse: &'a mut [f32],
}

impl NormTape {
    /// Makes room for so many rows of a normalisation.
    pub(super) fn resize(&mut self, norm: Option<&Norm>, rows: usize) {
        let width = norm.map_or(0, Norm::width);
        self.normalized.resize(rows * stride(width));
        self.inverse.resize(if width == 0 { 0 } else { rows }, 0.0);
        self.gradient.resize(2 * width, 0.0);
        self.direction.resize(2 * width, 0.0);
    }

    /// The record of a chunk of rows, which are `stride` apart.
    pub(super) fn rows(&mut self, chunk: &Range<usize>, stride: usize) -> NormRows<'_> {
        NormRows {
            normalized: &mut self.normalized[chunk.start * stride..chunk.end * stride],
            inverse: &mut self.inverse[chunk.clone()],
        }
    }

    /// Gradient of scale and offset, one after the other.
    pub(super) fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    pub(super) fn clear_gradient(&mut self) {
        self.gradient.fill(0.0);
    }

    /// Sets the direction of scale and offset, one after the other.
    pub(super) fn set_direction(&mut self, direction: &[f32]) {
        self.direction.copy_from_slice(direction);
    }

    /// `ŷ` and `r` of each row of a chunk.
    #[inline(always)]
    fn read(&self, chunk: &Range<usize>, width: usize) -> impl Iterator<Item = (&[f32], f32)> {
        let stride = stride(width);
        let rows = self.normalized[chunk.start * stride..chunk.end * stride].chunks_exact(stride);
        let inverse = self.inverse[chunk.clone()].iter();
        rows.zip(inverse)
            .map(move |(row, &inverse)| (&row[..width], inverse))
    }
}

/// Normalisation of rows in place.
pub(super) struct NormForward<'a> {
    pub(super) norm: &'a Norm,
    /// `y`, then `z`: rows that are [`stride`] apart.
    pub(super) rows: &'a mut [f32],
    pub(super) record: Option<NormRows<'a>>,
}

impl WithSimd for NormForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { norm, rows, record } = self;
        let width = norm.width();
        let rows = rows.chunks_exact_mut(stride(width));
        match record {
            None => rows.for_each(|row| {
                let row = &mut row[..width];
                normalize(row);
                scale(norm, row);
            }),
            Some(NormRows {
                normalized,
                inverse,
            }) => {
                let records = normalized.chunks_exact_mut(stride(width)).zip(inverse);
                for (row, (normalized, inverse)) in rows.zip(records) {
                    let row = &mut row[..width];
                    *inverse = normalize(row);
                    normalized[..width].copy_from_slice(row);
                    scale(norm, row);
                }
            }
        }
    }
}

/// Backward pass of a chunk of rows, which adds to the gradient of scale and offset.
pub(super) struct NormBackward<'a> {
    pub(super) norm: &'a Norm,
    pub(super) tape: &'a mut NormTape,
    pub(super) chunk: Range<usize>,
    /// Derivatives by `z`, then by `y`: rows that are [`stride`] apart.
    pub(super) d_rows: &'a mut [f32],
}

impl WithSimd for NormBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            norm,
            tape,
            chunk,
            d_rows,
        } = self;
        let width = norm.width();
        let mut gradient = std::mem::take(&mut tape.gradient);
        let (d_scale, d_offset) = gradient.split_at_mut(width);
        let d_rows = d_rows.chunks_exact_mut(stride(width));
        for (d, (normalized, inverse)) in d_rows.zip(tape.read(&chunk, width)) {
            let d = &mut d[..width];
            for ((sum, &d), &y) in d_scale.iter_mut().zip(&*d).zip(normalized) {
                *sum = d.mul_add(y, *sum);
            }
            for (sum, &d) in d_offset.iter_mut().zip(&*d) {
                *sum += d;
            }
            for (d, &scale) in d.iter_mut().zip(&norm.scale) {
                *d *= scale;
            }
            differentiate(normalized, inverse, d);
        }
        tape.gradient = gradient;
    }
}

/// Derivatives of a chunk of rows along the tape's direction.
pub(super) struct NormJvp<'a> {
    pub(super) norm: &'a Norm,
    pub(super) tape: &'a NormTape,
    pub(super) chunk: Range<usize>,
    /// Derivatives of `y`, then of `z`: rows that are [`stride`] apart.
    pub(super) d_rows: &'a mut [f32],
}

impl WithSimd for NormJvp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            norm,
            tape,
            chunk,
            d_rows,
        } = self;
        let width = norm.width();
        let (d_scale, d_offset) = tape.direction.split_at(width);
        let d_rows = d_rows.chunks_exact_mut(stride(width));
        for (d, (normalized, inverse)) in d_rows.zip(tape.read(&chunk, width)) {
            let d = &mut d[..width];
            differentiate(normalized, inverse, d);
            let parameters = d_scale.iter().zip(d_offset).zip(&norm.scale);
            let numbers = d.iter_mut().zip(normalized);
            for ((d, &y), ((&d_scale, &d_offset), &scale)) in numbers.zip(parameters) {
                *d = d.mul_add(scale, y.mul_add(d_scale, d_offset));
            }
        }
    }
}

/// Replaces `y` by `ŷ`; returns `r`.
#[inline(always)]
fn normalize(row: &mut [f32]) -> f32 {
    let n = row.len() as f32;
    let mean = sum(row) / n;
    row.iter_mut().for_each(|y| *y -= mean);
    let variance = dot(row, row) / n;
    let inverse = 1.0 / (variance + NormWeights::EPSILON).sqrt();
    row.iter_mut().for_each(|y| *y *= inverse);
    inverse
}

/// Replaces `ŷ` by `z`.
#[inline(always)]
fn scale(norm: &Norm, row: &mut [f32]) {
    let parameters = norm.scale.iter().zip(&norm.offset);
    for (y, (&scale, &offset)) in row.iter_mut().zip(parameters) {
        *y = y.mul_add(scale, offset);
    }
}

/// Applies the derivative of `ŷ` by `y`, a symmetric matrix, to `d`.
#[inline(always)]
fn differentiate(normalized: &[f32], inverse: f32, d: &mut [f32]) {
    let n = d.len() as f32;
    let mean = sum(d) / n;
    let along = dot(d, normalized) / n;
    for (d, &y) in d.iter_mut().zip(normalized) {
        *d = inverse * y.mul_add(-along, *d - mean);
    }
}

/// Sum of numbers. Every 16th goes into the same partial sum, so that registers are filled.
#[inline(always)]
fn sum(xs: &[f32]) -> f32 {
    let (lines, rest) = xs.as_chunks::<LINE>();
    let mut sums = [0.0; LINE];
    for line in lines {
        for (sum, x) in sums.iter_mut().zip(line) {
            *sum += x;
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += x;
    }
    total(sums)
}

/// Dot product of as many numbers, summed in the same way.
#[inline(always)]
fn dot(xs: &[f32], ys: &[f32]) -> f32 {
    let ((lines, rest), (of_ys, rest_of_ys)) = (xs.as_chunks::<LINE>(), ys.as_chunks::<LINE>());
    let mut sums = [0.0_f32; LINE];
    for (line, of_ys) in lines.iter().zip(of_ys) {
        for ((sum, &x), &y) in sums.iter_mut().zip(line).zip(of_ys) {
            *sum = x.mul_add(y, *sum);
        }
    }
    for ((sum, &x), &y) in sums.iter_mut().zip(rest).zip(rest_of_ys) {
        *sum = x.mul_add(y, *sum);
    }
    total(sums)
}
