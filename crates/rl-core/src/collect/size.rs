//! Size of a batch of experience, checked before memory is asked for.

use crate::{Space, Spaces};

/// Greatest number of steps of a batch: devices number its rows by `i32`.
const MOST_STEPS: usize = i32::MAX as usize;

/// Bytes that are asked for without a look at the machine's memory.
const SMALL: u64 = 1 << 26;

/// Batch of experience that is too large.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{steps} steps of each of {environments} environments: allowed is {allowed}")]
pub struct SizeError {
    /// Number of environments.
    pub environments: usize,
    /// Steps of each.
    pub steps: usize,
    /// The limit in words.
    pub allowed: String,
}

/// Checks that `steps` steps of each of `environments` environments can be numbered and, as far as
/// the machine says, fit into its memory. Returns their number.
///
/// ```
/// use rl_core::{Space, Spaces};
/// use rl_core::collect::check_size;
///
/// let spaces = Spaces {
///     observation: Space::unbounded(4),
///     action: Space::discrete(2),
/// };
/// assert_eq!(check_size(8, 2048, &spaces), Ok(16_384));
/// let error = check_size(8, 1 << 61, &spaces).unwrap_err();
/// assert!(error.to_string().ends_with("allowed is at most 2147483647 steps in all"));
/// ```
///
/// # Errors
/// [`SizeError`].
pub fn check_size(environments: usize, steps: usize, spaces: &Spaces) -> Result<usize, SizeError> {
    let error = |allowed| SizeError {
        environments,
        steps,
        allowed,
    };
    let all = environments.checked_mul(steps);
    let all = all
        .filter(|&all| all <= MOST_STEPS)
        .ok_or_else(|| error(format!("at most {MOST_STEPS} steps in all")))?;
    let bytes = all as u64 * bytes_per_step(spaces);
    if bytes > SMALL {
        let free = free_memory().unwrap_or(u64::MAX);
        // An allocator that refuses would end the program; here it may.
        let refused = || Vec::<u8>::new().try_reserve_exact(bytes as usize).is_err();
        if bytes > free || refused() {
            let gib = |bytes: u64| bytes as f64 / (1_u64 << 30) as f64;
            return Err(error(match free {
                u64::MAX => format!("what fits into memory; they take {:.1} GiB", gib(bytes)),
                _ => format!(
                    "what fits into the {:.1} GiB of memory that are free; they take {:.1} GiB",
                    gib(free),
                    gib(bytes)
                ),
            }));
        }
    }
    Ok(all)
}

/// Bytes of a step in the collection and in the learner: its observation in both, as the network
/// takes it, and the one after it; its action in both; a dozen numbers and the episode's statistics.
fn bytes_per_step(spaces: &Spaces) -> u64 {
    let (observation, action) = (&spaces.observation, &spaces.action);
    let copies = match observation {
        Space::Discrete(_) => 2 + observation.network_inputs(),
        Space::Box(_) => 3 * observation.flat_dim(),
    };
    4 * (copies + 2 * action.flat_dim() + 12) as u64 + 24
}

/// Bytes of memory that programs can still have, where Linux says so.
fn free_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_beyond_numbers_or_memory_is_refused_before_it_is_asked_for() {
        let spaces = |dim| Spaces {
            observation: Space::unbounded(dim),
            action: Space::discrete(2),
        };
        for (environments, steps) in [(8, 1 << 61), (usize::MAX, 2), (1, usize::MAX), (8, 1 << 29)]
        {
            let error = check_size(environments, steps, &spaces(4)).unwrap_err();
            assert!(error.allowed.starts_with("at most 2147483647"), "{error}");
        }
        // 2^31 steps of 2^24 numbers: 128 PiB for each copy.
        let error = check_size(1, MOST_STEPS, &spaces(1 << 24)).unwrap_err();
        assert!(error.allowed.contains("GiB"), "{error}");
        assert_eq!(check_size(1000, 1000, &spaces(4)), Ok(1_000_000));
    }

    #[test]
    fn a_step_takes_three_observations_two_actions_and_some_numbers() {
        let spaces = |observation, action| Spaces {
            observation,
            action,
        };
        let (two, five) = (Space::discrete(2), Space::discrete(5));
        let bytes = |numbers: u64| 4 * numbers + 24;
        assert_eq!(
            bytes_per_step(&spaces(Space::unbounded(4), two)),
            bytes(12 + 2 + 12)
        );
        let vector = Space::symmetric([1.0; 3]);
        assert_eq!(bytes_per_step(&spaces(five, vector)), bytes(7 + 6 + 12));
    }
}
