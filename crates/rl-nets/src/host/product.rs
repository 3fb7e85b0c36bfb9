//! Products of small matrices, blocked for registers.

use std::array::from_fn;

use pulp::{Simd, WithSimd};

use super::aligned::LINE;

/// Depth after which a product leaves its sums in memory, so that the part of the right factor in
/// use stays in the first-level cache.
const DEPTH: usize = 64;

/// Left factor of a product, read one number at a time.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) stride: usize,
}

/// Distance between the starts of two rows of `width` numbers in padded memory.
///
/// Rows are padded to whole registers, and further where the distance would be a multiple of 512
/// bytes: the rows of a block would then compete for the same few sets of the first-level cache.
pub(super) fn stride(width: usize) -> usize {
    let padded = width.next_multiple_of(LINE);
    if padded.is_multiple_of(128) {
        padded + LINE
    } else {
        padded
    }
}

/// Sums that a product is added to.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// The same row for every row of the result: a bias.
    Row(&'a [f32]),
    /// Zeros.
    Zero,
    /// The numbers already in the result.
    Sum,
}

/// Matrix product `C ← start + A B`, or `C ← start + Aᵀ B` if `TRANSPOSED`, where `shape` is
/// `(rows, depth, width)`: `left` is `A`, `[rows, depth]` or `[depth, rows]`, `right` is `B`,
/// `[depth, width]`, and `sums` is `C`, `[rows, width]`. The rows of `B` and `C` are [`stride`]
/// apart.
///
/// Each number of `C` is a chain of fused multiply-adds in the order of the depth, so that it has
/// the same bits for any blocks and any width of a register.
#[inline(always)]
pub(super) fn product<S: Simd, const TRANSPOSED: bool>(
    simd: S,
    start: Start<'_>,
    left: Left<'_>,
    right: &[f32],
    shape: (usize, usize, usize),
    sums: &mut [f32],
) {
    // Not inlined, so that the compiler allocates registers for the product alone.
    simd.vectorize(Product::<TRANSPOSED> {
        start,
        left,
        right,
        shape,
        sums,
    });
}

struct Product<'a, const TRANSPOSED: bool> {
    start: Start<'a>,
    left: Left<'a>,
    right: &'a [f32],
    shape: (usize, usize, usize),
    sums: &'a mut [f32],
}

impl<const TRANSPOSED: bool> WithSimd for Product<'_, TRANSPOSED> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            start,
            left,
            right,
            shape: (rows, depth, width),
            sums,
        } = self;
        let (right, _) = S::as_simd_f32s(right);
        let (sums, _) = S::as_mut_simd_f32s(sums);
        let lane_stride = stride(width) / S::F32_LANES;
        let width = width.next_multiple_of(LINE) / S::F32_LANES;
        let mut k = 0;
        let mut start = start;
        loop {
            let block = DEPTH.min(depth - k);
            let origin = if TRANSPOSED { k * left.stride } else { k };
            let task = Task {
                start,
                left: Left {
                    numbers: &left.numbers[origin..],
                    ..left
                },
                right: &right[k * lane_stride..],
                rows,
                depth: block,
                lane_stride,
            };
            let mut column = 0;
            if S::REGISTER_COUNT >= 32 {
                while width - column >= 4 {
                    task.columns::<TRANSPOSED, 4>(simd, column, sums);
                    column += 4;
                }
            }
            while width - column >= 2 {
                task.columns::<TRANSPOSED, 2>(simd, column, sums);
                column += 2;
            }
            if width > column {
                task.columns::<TRANSPOSED, 1>(simd, column, sums);
            }
            k += block;
            if k == depth {
                return;
            }
            start = Start::Sum;
        }
    }
}

struct Task<'a, S: Simd> {
    start: Start<'a>,
    left: Left<'a>,
    right: &'a [S::f32s],
    rows: usize,
    depth: usize,
    lane_stride: usize,
}

impl<S: Simd> Task<'_, S> {
    #[inline(always)]
    fn columns<const TRANSPOSED: bool, const V: usize>(
        &self,
        simd: S,
        column: usize,
        sums: &mut [S::f32s],
    ) {
        let mut row = 0;
        while self.rows - row >= 6 {
            self.tile::<TRANSPOSED, 6, V>(simd, row, column, sums);
            row += 6;
        }
        if self.rows - row >= 4 {
            self.tile::<TRANSPOSED, 4, V>(simd, row, column, sums);
            row += 4;
        }
        if self.rows - row >= 2 {
            self.tile::<TRANSPOSED, 2, V>(simd, row, column, sums);
            row += 2;
        }
        if self.rows > row {
            self.tile::<TRANSPOSED, 1, V>(simd, row, column, sums);
        }
    }

    #[inline(always)]
    fn tile<const TRANSPOSED: bool, const R: usize, const V: usize>(
        &self,
        simd: S,
        row: usize,
        column: usize,
        sums: &mut [S::f32s],
    ) {
        let Self {
            left: Left { numbers, stride },
            right,
            depth,
            lane_stride,
            ..
        } = *self;
        let zero = simd.splat_f32s(0.0);
        let mut tile: [[S::f32s; V]; R] = match self.start {
            Start::Zero => [[zero; V]; R],
            Start::Row(bias) => {
                let (bias, _) = S::as_simd_f32s(bias);
                let bias = &bias[column..column + V];
                [from_fn(|v| bias[v]); R]
            }
            Start::Sum => from_fn(|r| {
                let sums = &sums[(row + r) * lane_stride + column..][..V];
                from_fn(|v| sums[v])
            }),
        };
        let lines: [&[f32]; R] = from_fn(|r| {
            if TRANSPOSED {
                numbers
            } else {
                &numbers[(row + r) * stride..][..depth]
            }
        });
        for k in 0..depth {
            let right = &right[k * lane_stride + column..][..V];
            let right: [S::f32s; V] = from_fn(|v| right[v]);
            let left: [f32; R] = if TRANSPOSED {
                let left = &numbers[k * stride + row..][..R];
                from_fn(|r| left[r])
            } else {
                from_fn(|r| lines[r][k])
            };
            for r in 0..R {
                let x = simd.splat_f32s(left[r]);
                for v in 0..V {
                    tile[r][v] = simd.mul_add_f32s(x, right[v], tile[r][v]);
                }
            }
        }
        for r in 0..R {
            let sums = &mut sums[(row + r) * lane_stride + column..][..V];
            for (sum, &value) in sums.iter_mut().zip(&tile[r]) {
                *sum = value;
            }
        }
    }
}
