//! Memory that begins at a cache line.

/// Numbers that begin at a cache line, so that no register is loaded from two lines.
#[derive(Debug, Default)]
pub(super) struct Aligned {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

/// Number of `f32`s per cache line, and per register of the widest instruction set.
pub(super) const LINE: usize = 16;

impl Aligned {
    pub(super) fn zeros(len: usize) -> Self {
        let mut aligned = Self::default();
        aligned.resize(len);
        aligned
    }

    /// Makes room for `len` numbers, whose values are left open; allocates only to grow.
    pub(super) fn resize(&mut self, len: usize) {
        if self.memory.len() < len + LINE {
            self.memory = vec![0.0; len + LINE];
            // Without an alignment (under an interpreter) any start is right, only slower.
            let start = self.memory.as_ptr().align_offset(LINE * size_of::<f32>());
            self.start = start.min(LINE);
        }
        self.len = len;
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.memory[self.start..][..self.len]
    }
}

impl std::ops::DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.len]
    }
}
