//! The domain model: aggregates, what is common to them, and the events that they record.

mod aggregate;
mod event;
pub(crate) mod halves;
pub(crate) mod outcome;
mod root;
mod taken;

pub use aggregate::{Aggregate, ApplyError};
pub use event::{AggregateEvent, DomainEvent};
pub use outcome::Restorable;
pub use root::Root;
pub(crate) use taken::Taken;
