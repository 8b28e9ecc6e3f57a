//! The projection runner: reads the log, calls the handlers, and commits their changes together with the position.

mod batch_size;
mod builder;
pub(crate) mod conflicts;
mod error;
pub(crate) mod failure;
mod handle;
pub(crate) mod handling;
mod observer;
mod on_failure;
pub(crate) mod parking;
mod progress;
mod runs;
mod status;
mod stepper;
mod supervised;
mod worker;

pub use builder::RunnerBuilder;
pub(crate) use builder::{Beginning, runtime};
pub use error::RunnerError;
pub use handle::ProjectionRunner;
pub use observer::RunnerObserver;
pub use on_failure::OnFailure;
pub use status::{Progress, Status};
pub(crate) use stepper::Stepper;
