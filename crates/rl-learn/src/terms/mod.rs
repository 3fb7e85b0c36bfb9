//! The terms of the built-in algorithms.

mod clip_fraction;
mod entropy_bonus;
mod quantile_error;
mod surrogate;
mod td_error;
mod value_error;

pub use clip_fraction::ClipFraction;
pub use entropy_bonus::EntropyBonus;
pub use quantile_error::QuantileError;
pub use surrogate::Surrogate;
pub use td_error::{TdError, TdLoss};
pub use value_error::ValueError;
