//! The projection runner: reads the log, calls the handlers, and commits their changes together with the position.

mod any_dead_letters;
mod batch_size;
mod builder;
mod conflicts;
mod dead_letter_error;
mod dead_letters;
mod dry_run;
mod error;
mod failure;
mod handle;
mod handling;
mod observer;
mod on_failure;
mod parking;
mod progress;
mod runs;
mod status;
mod stepper;
mod supervised;
mod worker;

pub use any_dead_letters::AnyDeadLetters;
pub use builder::RunnerBuilder;
pub(crate) use builder::{Beginning, runtime};
pub use dead_letter_error::DeadLetterError;
pub use dead_letters::DeadLetters;
pub use dry_run::DryRun;
pub use error::RunnerError;
pub use handle::ProjectionRunner;
pub use observer::RunnerObserver;
pub use on_failure::OnFailure;
pub use status::{Progress, Status};
pub(crate) use stepper::Stepper;
