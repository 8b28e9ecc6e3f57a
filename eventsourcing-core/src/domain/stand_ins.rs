//! Stand-ins for what `#[aggregate]` cannot generate because of an error, so that the compiler reports that error alone.

use super::{Aggregate, AggregateEvent, Root, StateError, StateReader, StateWriter};

/// Stands in for the added field of a type that cannot have it, such as an enum.
#[derive(Debug)]
// exhaustive: only expanded code names it
pub struct RootField<A: Aggregate> {
    /// The name of the added field.
    pub aggregate_root: Root<A>,
}

/// Stands in for the events of an impl block without a creation event, for which none can be generated.
#[derive(Clone, Debug)]
// exhaustive: it has no value
pub enum NoEvents {}

impl AggregateEvent for NoEvents {
    const TOPICS: &'static [&'static str] = &[];

    fn topic(&self) -> &'static str {
        match *self {}
    }

    fn write(&self, _: &mut StateWriter<'_>) -> Result<(), StateError> {
        match *self {}
    }

    fn read(_: &str, _: &mut StateReader<'_>) -> Result<Self, StateError> {
        Err(StateError::UnknownTopic)
    }
}
