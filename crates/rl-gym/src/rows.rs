//! Rows of an answer.

use serde::Deserialize;

/// Flags of an environment in an answer.
pub(crate) const TERMINATED: u32 = 1;
pub(crate) const TRUNCATED: u32 = 2;
const FAILED: u32 = 4;

/// Answer about `m` environments: their rewards, flags and observations, then the final observations of those
/// that ended, then the exceptions of those that failed.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    rewards: &'a [u8],
    flags: &'a [u8],
    observations: &'a [u8],
    failures: Vec<Raised>,
    dim: usize,
}

/// An environment that raised an exception.
#[derive(Debug, Deserialize)]
struct Raised {
    lane: usize,
    error: String,
}

/// A number that is NaN or infinite.
#[derive(Debug, PartialEq)]
pub(crate) struct NonFinite {
    /// The quantity, as in `reward` or `observation[1] =`.
    pub quantity: String,
    /// The number.
    pub value: f64,
}

impl<'a> Rows<'a> {
    /// The rows of a payload, with observations of `dim` numbers; or its fault.
    pub fn new(payload: &'a [u8], m: usize, dim: usize) -> Result<Self, String> {
        let short = || format!("{} bytes about {m} environments", payload.len());
        let (rewards, rest) = payload.split_at_checked(8 * m).ok_or_else(short)?;
        let (flags, rest) = rest.split_at_checked(4 * m).ok_or_else(short)?;
        let known = TERMINATED | TRUNCATED | FAILED;
        let (mut ended, mut has_failed) = (0, false);
        for flags in flags.as_chunks().0 {
            let flags = u32::from_le_bytes(*flags);
            if flags & !known != 0 {
                return Err(format!("flags {flags:#x}"));
            }
            ended += usize::from(flags & (TERMINATED | TRUNCATED) != 0 && flags & FAILED == 0);
            has_failed |= flags & FAILED != 0;
        }
        let split = rest.split_at_checked(4 * dim * (m + ended));
        let (observations, rest) = split.ok_or_else(short)?;
        let failures = match has_failed {
            true => serde_json::from_slice(rest).map_err(|error| error.to_string())?,
            false if rest.is_empty() => Vec::new(),
            false => return Err(short()),
        };
        Ok(Self {
            rewards,
            flags,
            observations,
            failures,
            dim,
        })
    }

    /// The flags of a row; `None` if its environment failed.
    #[inline]
    pub fn flags(&self, row: usize) -> Option<u32> {
        let flags = u32::from_le_bytes(self.flags.as_chunks().0[row]);
        (flags & FAILED == 0).then_some(flags)
    }

    /// The exception of an environment that failed.
    pub fn traceback(&self, lane: usize) -> String {
        let mut failures = self.failures.iter();
        let raised = failures.find(|raised| raised.lane == lane);
        raised.map_or_else(String::new, |raised| raised.error.clone())
    }

    /// The reward of a row.
    #[inline]
    pub fn reward(&self, row: usize) -> Result<f64, NonFinite> {
        let reward = f64::from_le_bytes(self.rewards.as_chunks().0[row]);
        match reward.is_finite() {
            true => Ok(reward),
            false => Err(NonFinite {
                quantity: "reward".to_owned(),
                value: reward,
            }),
        }
    }

    /// Writes the observation of a row, `[dim]`; final observations come after those of all `m`.
    #[inline]
    pub fn observation(&self, row: usize, out: &mut [f32]) -> Result<(), NonFinite> {
        let bytes = &self.observations[4 * row * self.dim..][..4 * self.dim];
        let mut is_finite = true;
        for (x, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *x = f32::from_le_bytes(*bytes);
            is_finite &= x.is_finite();
        }
        if is_finite {
            return Ok(());
        }
        let at = out.iter().position(|x| !x.is_finite()).unwrap_or_default();
        Err(NonFinite {
            quantity: format!("observation[{at}] ="),
            value: out[at].into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(flags: [u32; 2], numbers: &[f32], text: &str) -> Vec<u8> {
        let rewards = [1.5_f64, f64::NAN].map(f64::to_le_bytes).concat();
        let flags = flags.map(u32::to_le_bytes).concat();
        let numbers: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        [&rewards[..], &flags, &numbers, text.as_bytes()].concat()
    }

    #[test]
    fn final_observations_stand_after_those_to_act_on() {
        let bytes = payload([0, TRUNCATED], &[1.0, f32::INFINITY, 3.0], "");
        let rows = Rows::new(&bytes, 2, 1).unwrap();
        assert_eq!((rows.flags(0), rows.flags(1)), (Some(0), Some(TRUNCATED)));
        let mut x = [0.0];
        assert_eq!((rows.observation(2, &mut x), x), (Ok(()), [3.0]));
        let error = rows.observation(1, &mut x).unwrap_err();
        assert_eq!(
            (&*error.quantity, error.value),
            ("observation[0] =", f64::INFINITY)
        );
        assert_eq!(rows.reward(0), Ok(1.5));
        assert_eq!(rows.reward(1).unwrap_err().quantity, "reward");
    }

    #[test]
    fn an_exception_is_that_of_its_environment() {
        let text = r#"[{"lane": 7, "error": "ValueError: no"}]"#;
        let bytes = payload([0, FAILED], &[1.0, 2.0], text);
        let rows = Rows::new(&bytes, 2, 1).unwrap();
        assert_eq!((rows.flags(0), rows.flags(1)), (Some(0), None));
        assert_eq!(rows.traceback(7), "ValueError: no");
    }

    #[test]
    fn a_payload_of_another_length_is_refused() {
        for (flags, numbers, text, word) in [
            ([0, 0], &[1.0][..], "", "28 bytes about 2 environments"),
            ([0, TERMINATED], &[1.0, 2.0], "", "32 bytes"),
            ([0, 0], &[1.0, 2.0], "more", "36 bytes"),
            ([8, 0], &[1.0, 2.0], "", "flags 0x8"),
            ([FAILED, 0], &[1.0, 2.0], "", "EOF"),
        ] {
            let message = Rows::new(&payload(flags, numbers, text), 2, 1).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
        assert!(Rows::new(&[], 1, 1).is_err());
    }
}
