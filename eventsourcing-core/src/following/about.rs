//! What a handler is told about an event beside the event itself.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// Where and when an event was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The name of the application that recorded it.
    pub upstream: Arc<str>,
    /// Its place in that application's log.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate, from 1.
    pub originator_version: u64,
    /// When it happened, to the microsecond, by the clock of whoever recorded it.
    pub timestamp: Timestamp,
}
