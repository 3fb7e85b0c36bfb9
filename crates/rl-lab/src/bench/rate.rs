//! Rates of work that is repeated for a time.

use std::time::Instant;

use crate::statistics::median;

/// Runs of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// Their number.
    pub runs: usize,
    /// Length of each, in seconds.
    pub seconds: f64,
}

impl Runs {
    /// The median over the runs of the items per second of `chunk`, which handles `items`. A first chunk is not timed.
    pub fn median_rate<E>(
        self,
        items: usize,
        mut chunk: impl FnMut() -> Result<(), E>,
    ) -> Result<f64, E> {
        chunk()?;
        let mut rates = Vec::with_capacity(self.runs);
        for _ in 0..self.runs {
            let start = Instant::now();
            let mut chunks = 0;
            while chunks == 0 || start.elapsed().as_secs_f64() < self.seconds {
                chunk()?;
                chunks += 1;
            }
            rates.push((chunks * items) as f64 / start.elapsed().as_secs_f64());
        }
        Ok(median(&rates))
    }
}
