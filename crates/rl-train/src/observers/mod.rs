//! Observers that come with the library.

mod best_policy;
mod evaluation;
mod metrics_file;
mod policy_snapshots;
mod progress;
mod stop;
mod tensorboard;
mod window;

pub use best_policy::BestPolicy;
pub use evaluation::PeriodicEvaluation;
pub use metrics_file::MetricsFile;
pub use policy_snapshots::PolicySnapshots;
pub use progress::Progress;
pub use stop::{StopAfter, StopAt, StopFlag};
pub use tensorboard::TensorBoard;
