//! TensorBoard's event files: protobuf messages, each in a record with checksums.

mod file;
mod histogram;
mod messages;
mod record;

pub(crate) use file::{EventFiles, now};
pub(crate) use histogram::histogram;
pub(crate) use messages::{Event, hyperparameters, scalar, text};
