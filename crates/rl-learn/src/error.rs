//! Reasons why an update fails.

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
        "the {quantity} is {value}, not a finite number; a smaller learning_rate, or \
         max_grad_norm, keeps an update in bounds"
    )]
    NonFinite {
        /// Name of the quantity.
        quantity: &'static str,
        /// The number.
        value: f64,
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
    match numbers.iter().find(|x| !x.is_finite()) {
        None => Ok(()),
        Some(&value) => Err(UpdateError::NonFinite {
            quantity,
            value: value.into(),
        }),
    }
}
