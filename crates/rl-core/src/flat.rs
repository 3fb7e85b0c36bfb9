//! Observations and actions as numbers in a flat buffer.

/// A value with a flat form: the numbers that stand for an observation or an action in a buffer of
/// `f32`.
///
/// An index (`usize`) is one number, itself; an array or a vector is the numbers it holds.
///
/// ```
/// use rl_core::Flat;
///
/// let mut flat = [0.0; 2];
/// [0.5, -1.0].write(&mut flat);
/// assert_eq!(<[f32; 2]>::read(&flat), Some([0.5, -1.0]));
/// assert_eq!(usize::read(&[3.0]), Some(3));
/// assert_eq!(usize::read(&[0.5]), None);
/// ```
pub trait Flat: Sized {
    /// Number of numbers that [`write`](Self::write) writes.
    fn flat_len(&self) -> usize;

    /// Writes the flat form.
    ///
    /// # Panics
    /// If `flat` does not hold [`flat_len`](Self::flat_len) numbers; what steps an environment
    /// compares the two before.
    fn write(&self, flat: &mut [f32]);

    /// The value of a flat form; `None` if the numbers stand for none.
    fn read(flat: &[f32]) -> Option<Self>;
}

impl Flat for usize {
    #[inline]
    fn flat_len(&self) -> usize {
        1
    }

    #[inline]
    fn write(&self, flat: &mut [f32]) {
        flat.copy_from_slice(&[*self as f32]);
    }

    #[inline]
    fn read(flat: &[f32]) -> Option<Self> {
        match *flat {
            [x] if x <= (1 << 24) as f32 && x as Self as f32 == x => Some(x as Self),
            _ => None,
        }
    }
}

impl<const N: usize> Flat for [f32; N] {
    #[inline]
    fn flat_len(&self) -> usize {
        N
    }

    #[inline]
    fn write(&self, flat: &mut [f32]) {
        flat.copy_from_slice(self);
    }

    #[inline]
    fn read(flat: &[f32]) -> Option<Self> {
        flat.try_into().ok()
    }
}

impl Flat for Vec<f32> {
    #[inline]
    fn flat_len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn write(&self, flat: &mut [f32]) {
        flat.copy_from_slice(self);
    }

    #[inline]
    fn read(flat: &[f32]) -> Option<Self> {
        Some(flat.to_vec())
    }
}
