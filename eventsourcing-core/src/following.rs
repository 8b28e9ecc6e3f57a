//! Following logs: subscriptions, and projections that make views of what happened.

mod about;
mod memory_views;
mod pages;
mod projection;
mod runner;
mod status;
mod subscription;
mod views;

pub use about::About;
pub use memory_views::{MemoryTransaction, MemoryViews};
pub use projection::{EventStruct, Projection, Recorded};
pub use runner::{Policy, ProjectionRunner, RunnerBuilder, RunnerError};
pub use status::{Progress, Status};
pub use subscription::{Followed, Subscribe, Subscription};
pub use views::{ViewTransaction, Views};
