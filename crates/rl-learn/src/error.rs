//! Reasons why an update fails.

use rl_nets::{NetworkWeights, Networks};

/// Failure of an update, or of what an update needs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UpdateError {
    /// There is nothing to learn from.
    #[error("an update needs at least one step of experience")]
    NoExperience,
    /// A term of the loss that this learner cannot compute.
    #[error("the term '{term}' of the loss {reason}")]
    Term {
        /// Name of the term.
        term: &'static str,
        /// Reason, after `the term '…' of the loss`.
        reason: &'static str,
    },
    /// An input that a term of the loss asked for and that neither networks nor samples give.
    #[error("a term of the loss needs {0}, which neither the networks nor the samples give")]
    Input(&'static str),
    /// Samples whose columns are of different lengths.
    #[error("the samples' {column} are {actual} numbers; {expected} are needed")]
    Length {
        /// Name of the column.
        column: &'static str,
        /// Count of its numbers.
        actual: usize,
        /// Count that the loss and the observations ask for.
        expected: usize,
    },
    /// An order of the minibatches with a row that is not there.
    #[error("the order of the minibatches has row {row} of {steps}")]
    Row {
        /// The row.
        row: u32,
        /// Number of rows.
        steps: usize,
    },
    /// A minibatch that the session was not opened for.
    #[error(
        "a minibatch of the rows {start} to {end} is not among {length} rows, or is larger than \
         the {largest} that the session was opened for"
    )]
    Rows {
        /// Place of the first row.
        start: usize,
        /// Place after the last row.
        end: usize,
        /// Number of rows.
        length: usize,
        /// Number of rows of a minibatch, at most.
        largest: usize,
    },
    /// A step without a gradient before it.
    #[error("an optimizer step needs a gradient before it")]
    NoGradient,
    /// A number that is NaN or infinite.
    #[error(
        "the {quantity} is {value}, not a finite number; a smaller learning_rate, coefficient or \
         reward_scale, or max_grad_norm, keeps an update in bounds"
    )]
    NonFinite {
        /// Name of the quantity.
        quantity: &'static str,
        /// The number.
        value: f64,
    },
    /// An output of a network that is NaN or infinite.
    #[error(
        "the {quantity} of row {row} of the experience is {value}, not a finite number: the \
         networks' weights are too large for its observation"
    )]
    Evaluation {
        /// `log-probability of the action` or `value`.
        quantity: &'static str,
        /// Row of the experience.
        row: usize,
        /// The number.
        value: f32,
    },
    /// A standard deviation that has left the range in which densities can be computed.
    #[error(
        "ln σ of action dimension {dimension} is {value}: a policy's standard deviation has left \
         its range, exp(-20) to exp(20); a smaller learning_rate or entropy_coefficient keeps it there"
    )]
    LogStd {
        /// Dimension of the action.
        dimension: usize,
        /// Its `ln σ`.
        value: f32,
    },
    /// A learner whose networks or optimizer lack what an algorithm needs.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
    /// The reduction over processes failed.
    #[error("the reduction over processes failed: {0}")]
    Reduce(String),
}

/// Refuses a quantity that is not finite.
pub(crate) fn finite(quantity: &'static str, numbers: &[f32]) -> Result<(), UpdateError> {
    match first_not(numbers, f32::is_finite) {
        None => Ok(()),
        Some(i) => Err(UpdateError::NonFinite {
            quantity,
            value: numbers[i].into(),
        }),
    }
}

/// Index of the first number that is not `valid`.
fn first_not(numbers: &[f32], valid: impl Fn(f32) -> bool) -> Option<usize> {
    // Without an exit from the loop it runs in registers.
    let all = numbers.iter().fold(true, |all, &x| all & valid(x));
    if all {
        return None;
    }
    numbers.iter().position(|&x| !valid(x))
}

/// Refuses log-probabilities and values that are not finite, by their row.
pub(crate) fn check_evaluation(log_probs: &[f32], values: &[f32]) -> Result<(), UpdateError> {
    for (quantity, numbers) in [
        ("log-probability of the action", log_probs),
        ("value", values),
    ] {
        if let Some(row) = first_not(numbers, f32::is_finite) {
            let value = numbers[row];
            return Err(UpdateError::Evaluation {
                quantity,
                row,
                value,
            });
        }
    }
    Ok(())
}

/// Greatest `|ln σ|` of a policy: from there on squares of `σ` and of `1/σ` near the ends of `f32`.
const MOST_LOG_STD: f32 = 20.0;

/// Refuses parameters, in the flat order, whose squares are not finite, as no policy's file may hold
/// them, or a `ln σ` out of its range.
pub(crate) fn check_parameters(networks: &Networks, flat: &[f32]) -> Result<(), UpdateError> {
    if let Some(i) = first_not(flat, |x| (x * x).is_finite()) {
        return Err(UpdateError::NonFinite {
            quantity: "square of the new value of a weight",
            value: (flat[i] * flat[i]).into(),
        });
    }
    let of_policy = networks.networks().first().map(NetworkWeights::parameters);
    let start = of_policy.iter().flatten().map(|part| part.len()).sum();
    let log_std = &flat[start..][..networks.log_std().len()];
    match first_not(log_std, |x| x.abs() <= MOST_LOG_STD) {
        None => Ok(()),
        Some(dimension) => Err(UpdateError::LogStd {
            dimension,
            value: log_std[dimension],
        }),
    }
}
