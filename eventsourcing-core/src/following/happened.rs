//! An event with what is known about it, as handlers of many at once are given it.

use super::About;

/// An event, and where and when it was recorded.
///
/// A handler that can do with many events in one statement what else takes one statement each takes a slice of these. It is given
/// all events of its type that follow one another in the log, as far as they are handled in one transaction.
///
/// ```
/// use eventsourcing_core::Happened;
///
/// struct Deposited { amount: i64 }
///
/// fn total(events: &[Happened<Deposited>]) -> i64 {
///     events.iter().map(|happened| happened.event.amount).sum()
/// }
/// assert_eq!(total(&[]), 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Happened<E> {
    /// What happened.
    pub event: E,
    /// Where and when it was recorded.
    pub about: About,
}
