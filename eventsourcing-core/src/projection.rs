//! Projections: handlers that keep a view up to date with the events of an application.

mod catalogue;
mod dead_letter;
mod event_context;
mod event_envelope;
pub(crate) mod handled_topics;
mod handlers;
mod key;
mod memory_catalogue;
mod memory_letters;
mod memory_views;
mod rebuild;
mod resolved_letter;
mod runner;
mod split_event;
mod view_error;
mod views;

pub use catalogue::{ConsumedUpstream, RecordedProjection, RecordedVersion};
pub use dead_letter::DeadLetter;
pub use event_context::EventContext;
pub use event_envelope::EventEnvelope;
pub use handlers::{CreationEvent, EventStruct, Projection, Recorded};
pub use key::ProjectionKey;
pub(crate) use memory_letters::MemoryLetters;
pub use memory_views::{MemoryTransaction, MemoryViews};
pub use rebuild::{
    MAX_SWITCH_HOLD, Rebuild, RebuildBuilder, RebuildError, RebuildProgress, RebuildState, RebuildableViews, Switched,
};
pub use resolved_letter::{LetterResolution, OperatorNote, ResolvedLetter};
pub use runner::{
    AnyDeadLetters, DeadLetterError, DeadLetters, DryRun, OnFailure, Progress, ProjectionRunner, RunnerBuilder,
    RunnerError, RunnerObserver, Status,
};
pub(crate) use runner::{Beginning, Stepper, runtime};
pub use view_error::ViewError;
pub use views::{ViewTransaction, Views};
