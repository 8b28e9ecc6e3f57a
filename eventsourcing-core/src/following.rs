//! Following logs: subscriptions, and projections that make views of what happened.

mod about;
mod batch_size;
mod conflicts;
mod dead_letter;
mod dead_letter_error;
mod dead_letters;
mod failure;
mod handling;
mod happened;
mod memory_letters;
mod memory_views;
mod on_failure;
mod page;
mod pages;
mod parking;
mod process;
mod process_letters;
mod projection;
mod reasons;
mod rebuild;
mod runner;
mod runner_builder;
mod runner_error;
mod state;
mod status;
mod stepper;
mod subscription;
mod supervised;
mod unit_of_work;
mod version;
mod view_error;
mod views;
mod worker;

pub use about::About;
pub use dead_letter::DeadLetter;
pub use dead_letter_error::DeadLetterError;
pub use dead_letters::DeadLetters;
pub use happened::Happened;
pub use memory_views::{MemoryTransaction, MemoryViews};
pub use on_failure::OnFailure;
pub use process::ProcessApplication;
pub use projection::{EventStruct, Projection, Recorded};
pub use rebuild::{
    LONGEST_HOLD, Rebuild, RebuildError, RebuildProgress, RebuildState, RebuildableViews, Rebuilding, Switched,
};
pub use runner::ProjectionRunner;
pub(crate) use runner_builder::Beginning;
pub use runner_builder::RunnerBuilder;
pub use runner_error::RunnerError;
pub use status::{Progress, Status};
pub(crate) use stepper::Stepper;
pub use subscription::{Followed, Subscribe, Subscription};
pub use unit_of_work::UnitOfWork;
pub use version::ProjectionKey;
pub use view_error::ViewError;
pub use views::{ViewTransaction, Views};
