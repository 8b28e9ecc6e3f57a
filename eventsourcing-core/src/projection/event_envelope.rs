//! An event with its context, for handlers of many events at once.

use super::EventContext;

/// An event with the context of its recording.
///
/// A handler takes a slice of these to handle many events in one statement. It receives all consecutive events of its type in the
/// log, as far as they are handled in one transaction.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{EventContext, EventEnvelope, Timestamp, Uuid};
///
/// struct Deposited { amount: i64 }
///
/// fn total(events: &[EventEnvelope<Deposited>]) -> i64 {
///     events.iter().map(|envelope| envelope.event.amount).sum()
/// }
/// let context = EventContext::new("Bank", 1, Uuid::new_v4(), 2, Timestamp::UNIX_EPOCH);
/// assert_eq!(total(&[EventEnvelope::new(Deposited { amount: 30 }, context)]), 30);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventEnvelope<E> {
    /// The event.
    pub event: E,
    /// Where and when it was recorded.
    pub context: EventContext,
}

impl<E> EventEnvelope<E> {
    /// Creates an event with its context.
    #[inline]
    pub const fn new(event: E, context: EventContext) -> Self {
        Self { event, context }
    }
}
