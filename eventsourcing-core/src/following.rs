//! Following logs: subscriptions, and projections that make views of what happened.

mod about;
mod failure;
mod handling;
mod happened;
mod memory_views;
mod on_failure;
mod pages;
mod projection;
mod rebuild;
mod runner;
mod runner_error;
mod status;
mod subscription;
mod version;
mod views;
mod worker;

pub use about::About;
pub use happened::Happened;
pub use memory_views::{MemoryTransaction, MemoryViews};
pub use on_failure::OnFailure;
pub use projection::{EventStruct, Projection, Recorded};
pub use rebuild::{
    LONGEST_HOLD, Rebuild, RebuildError, RebuildProgress, RebuildState, RebuildableViews, Rebuilding, Switched,
};
pub use runner::{ProjectionRunner, RunnerBuilder};
pub use runner_error::RunnerError;
pub use status::{Progress, Status};
pub use subscription::{Followed, Subscribe, Subscription};
pub use version::ProjectionKey;
pub use views::{ViewTransaction, Views};
