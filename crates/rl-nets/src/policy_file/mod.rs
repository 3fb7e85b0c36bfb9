//! Policies on disk, as safetensors that PyTorch reads without this project.

mod contents;
mod error;
mod header;
mod layout;
mod read;
mod record;
#[cfg(test)]
mod tests;
mod write;

pub use contents::PolicyFile;
pub use error::PolicyFileError;
pub use header::sort_header;
pub(crate) use layout::LOG_STD;
pub(crate) use record::describe;
pub use write::save_policy;
