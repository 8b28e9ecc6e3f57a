//! The event that caused another one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The event that caused another one: where it is recorded.
///
/// Of several events that a consumer handled together, it is the last one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CausingEvent {
    /// The name of the application that recorded it.
    #[serde(serialize_with = "serialize", deserialize_with = "deserialize")]
    pub application: Arc<str>,
    /// The id of its notification in that application's log.
    pub notification_id: u64,
}

impl CausingEvent {
    /// Creates a causing event.
    #[inline]
    pub fn new(application: impl Into<Arc<str>>, notification_id: u64) -> Self {
        Self { application: application.into(), notification_id }
    }
}

/// Shows the event as `Orders:7`.
impl fmt::Display for CausingEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { application, notification_id } = self;
        write!(f, "{application}:{notification_id}")
    }
}

fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(deserializer).map(Arc::from)
}
