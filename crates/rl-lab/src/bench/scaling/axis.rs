//! Sizes that grow.

use serde::{Serialize, Serializer};

/// A size of a training that grows while the others stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalingAxis {
    /// Number of environments, with as many steps per update in all.
    Environments,
    /// Units of each of the two hidden layers of policy and value function.
    Width,
    /// Steps per update, of which each minibatch is a fourth.
    Batch,
    /// Threads.
    Threads,
}

impl ScalingAxis {
    /// Every size.
    pub const ALL: [Self; 4] = [Self::Environments, Self::Width, Self::Batch, Self::Threads];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environments => "environments",
            Self::Width => "width",
            Self::Batch => "batch",
            Self::Threads => "threads",
        }
    }

    /// The values that it takes, each a constant multiple of the one before.
    pub(super) fn values(self) -> Vec<usize> {
        let powers = |base: usize, range: std::ops::RangeInclusive<u32>| {
            range.map(|exponent| base.pow(exponent)).collect()
        };
        match self {
            Self::Environments => powers(4, 0..=7),
            Self::Width => powers(2, 4..=10),
            Self::Batch => powers(4, 4..=10),
            // Twice as many as there are cores: the cost of too many belongs to the picture.
            Self::Threads => powers(2, 0..=cores().ilog2() + 1),
        }
    }

    /// The cause that bends the curve of the size.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Environments => {
                "Acting is all that the number of environments changes, since the batch that is \
                 learned from stays the same:\nthe smaller its share, the flatter the curve. Few \
                 environments pay the costs of each time step alone; the state of\nthousands \
                 leaves the nearer caches between two of them."
            }
            Self::Width => {
                "The work of the hidden layers grows with the square of their width, that of \
                 everything else (environments,\nactivations, sampling, the outer layers) at most \
                 in proportion to it. The curve bends where the square takes over,\nand again \
                 where weights and their gradients leave the nearer caches."
            }
            Self::Batch => {
                "An update has costs of its own: 16 optimizer steps over all parameters, the \
                 metrics, a new actor. A small batch pays\nthem for few steps. A large one leaves \
                 the caches, and each epoch reads it again in another order; memory grows \
                 in\nproportion."
            }
            Self::Threads => {
                "The work that threads do not share takes as long as on one (Amdahl's law), and \
                 more threads than cores wait for each other."
            }
        }
    }
}

impl Serialize for ScalingAxis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Number of cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_as_far_as_they_should() {
        let ends = |axis: ScalingAxis| {
            let values = axis.values();
            (values[0], values[values.len() - 1])
        };
        assert_eq!(ends(ScalingAxis::Environments), (1, 16_384));
        assert_eq!(ends(ScalingAxis::Width), (16, 1024));
        assert_eq!(ends(ScalingAxis::Batch), (256, 1_048_576));
    }
}
