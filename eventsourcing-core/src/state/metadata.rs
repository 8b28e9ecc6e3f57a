//! The metadata of an event: which command, actor, trace and event it comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CausingEvent, MetadataError};

/// What is recorded with an event beside its fields: a correlation id, a causation id, an actor, the event that caused it, a trace, and
/// pairs of a name and a value.
///
/// It is set for everything that is saved in a [`scope`](Self::scope), or for one save with
/// [`Save::metadata`](crate::application::Save::metadata). Every event of the save carries it, as a part of its state, which is
/// compressed and encrypted. An event without metadata has not one byte of it.
///
/// It tells of the save, and is no part of the event: aggregates never see it, and two [`DomainEvent`](crate::DomainEvent)s that differ only in
/// it are equal. It is read with [`DomainEvent::metadata`](crate::DomainEvent::metadata),
/// [`EventContext::metadata`](crate::EventContext::metadata) and [`Mapper::metadata_of`](crate::Mapper::metadata_of).
///
/// Metadata has limits ([`MAX_LEN`](Self::MAX_LEN), [`MAX_PAIRS`](Self::MAX_PAIRS), [`MAX_KEY_LEN`](Self::MAX_KEY_LEN),
/// [`MAX_ID_LEN`](Self::MAX_ID_LEN)). A save beyond them is refused with a [`MetadataError`], and records nothing.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Metadata;
///
/// let metadata = Metadata::new().with_correlation_id("order-7").with_actor("ada").with("tenant", "12");
/// assert_eq!(metadata.correlation_id(), Some("order-7"));
/// assert_eq!(metadata.get("tenant"), Some("12"));
/// assert_eq!(metadata.causation_id(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<CausingEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pairs: BTreeMap<String, String>,
}

/// What an event without metadata has.
pub(crate) static NO_METADATA: Metadata = Metadata::new();

impl Metadata {
    /// The maximum length of the metadata's JSON, in bytes: 8 KiB.
    pub const MAX_LEN: usize = 8 * 1024;

    /// The maximum number of pairs.
    pub const MAX_PAIRS: usize = 64;

    /// The maximum length of the key of a pair, in bytes.
    pub const MAX_KEY_LEN: usize = 128;

    /// The maximum length of each value that is not of a pair, such as the correlation id, in bytes.
    ///
    /// What a policy records carries the correlation id of the causing event, so it must fit there too.
    pub const MAX_ID_LEN: usize = 1024;

    /// Creates empty metadata.
    #[inline]
    pub const fn new() -> Self {
        Self {
            correlation_id: None,
            causation_id: None,
            actor: None,
            cause: None,
            traceparent: None,
            pairs: BTreeMap::new(),
        }
    }

    /// Sets the correlation id: what this save and all that follows from it belong to, such as a request or a business process.
    ///
    /// Events that a policy records have the correlation id of the event that caused them.
    #[must_use]
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// Sets the causation id: the id of the command or message that led to this save.
    ///
    /// The event that caused a policy's events is their [`cause`](Self::cause).
    #[must_use]
    pub fn with_causation_id(mut self, id: impl Into<String>) -> Self {
        self.causation_id = Some(id.into());
        self
    }

    /// Sets the actor: the person or program on whose behalf the save is made.
    #[must_use]
    pub fn with_actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Sets the event that caused the save: the name of the application that recorded it, and the id of its notification.
    ///
    /// Policies and [`save_tracked`](crate::Application::save_tracked) set it automatically.
    #[must_use]
    pub fn with_cause(mut self, application: impl Into<Arc<str>>, notification_id: u64) -> Self {
        self.cause = Some(CausingEvent::new(application, notification_id));
        self
    }

    /// Sets the trace to which the save belongs, as the header `traceparent` of the W3C's Trace Context.
    ///
    /// With the feature `opentelemetry`, it is that of the current span unless it is set here.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.traceparent = Some(traceparent.into());
        self
    }

    /// Sets a pair, in place of one with the same key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.pairs.insert(key.into(), value.into());
        self
    }

    /// Returns the correlation id.
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// Returns the causation id.
    pub fn causation_id(&self) -> Option<&str> {
        self.causation_id.as_deref()
    }

    /// Returns the actor.
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Returns the event that caused this one.
    pub fn cause(&self) -> Option<&CausingEvent> {
        self.cause.as_ref()
    }

    /// Returns the trace, as the header `traceparent` of the W3C's Trace Context.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// Returns the value of the pair with this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// Returns the pairs, in the order of their keys.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == NO_METADATA
    }

    /// Returns this metadata with what another sets. Where both set a value, that of the other one counts.
    pub(crate) fn overlaid(&self, by: &Self) -> Self {
        let of = |below: &Option<String>, above: &Option<String>| above.as_ref().or(below.as_ref()).cloned();
        let mut pairs = self.pairs.clone();
        pairs.extend(by.pairs.iter().map(|(key, value)| (key.clone(), value.clone())));
        Self {
            correlation_id: of(&self.correlation_id, &by.correlation_id),
            causation_id: of(&self.causation_id, &by.causation_id),
            actor: of(&self.actor, &by.actor),
            cause: by.cause.as_ref().or(self.cause.as_ref()).cloned(),
            traceparent: of(&self.traceparent, &by.traceparent),
            pairs,
        }
    }

    /// Returns the metadata of what an event causes: the event, and its correlation id.
    pub(crate) fn of_effects(cause: CausingEvent, correlation_id: Option<&str>) -> Self {
        Self { cause: Some(cause), correlation_id: correlation_id.map(str::to_owned), ..Self::new() }
    }

    /// Returns the metadata to be shared, unless it is empty.
    pub(crate) fn shared(self) -> Option<Arc<Self>> {
        if self.is_empty() { None } else { Some(Arc::new(self)) }
    }

    /// Checks all limits but that of the length.
    pub(crate) fn check(&self) -> Result<(), MetadataError> {
        if self.pairs.len() > Self::MAX_PAIRS {
            return Err(MetadataError::TooManyPairs { count: self.pairs.len(), max: Self::MAX_PAIRS });
        }
        if self.pairs.contains_key("") {
            return Err(MetadataError::EmptyKey);
        }
        if let Some(key) = self.pairs.keys().find(|key| key.len() > Self::MAX_KEY_LEN) {
            return Err(MetadataError::key_too_long(key));
        }
        if let Some((name, value)) = self.named().find(|(_, value)| value.len() > Self::MAX_ID_LEN) {
            return Err(MetadataError::ValueTooLong { name, len: value.len(), max: Self::MAX_ID_LEN });
        }
        Ok(())
    }

    /// Checks the length of the JSON.
    pub(crate) fn check_len(&self, len: usize) -> Result<(), MetadataError> {
        if len <= Self::MAX_LEN {
            return Ok(());
        }
        let named = self.named().map(|(name, value)| (name, value.len()));
        let pairs = self.pairs().map(|(key, value)| (key, value.len()));
        let (longest, longest_len) = named.chain(pairs).max_by_key(|(_, len)| *len).unwrap_or_default();
        Err(MetadataError::TooLong { len, max: Self::MAX_LEN, longest: longest.to_owned(), longest_len })
    }

    /// Returns the values that are not of a pair, with their names.
    fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("correlation_id", self.correlation_id()),
            ("causation_id", self.causation_id()),
            ("actor", self.actor()),
            ("cause", self.cause().map(|cause| &*cause.application)),
            ("traceparent", self.traceparent()),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
    }
}
