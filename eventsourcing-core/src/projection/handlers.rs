//! Projections: handlers that keep a view up to date with events.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::split_event::PartOf;
use super::{EventContext, EventEnvelope};
use crate::codec::{Mapper, MapperError, MapperFailure};
use crate::domain::{Metadata, SplitTopic, StateError, StateReader};
use crate::recording::{Cause, Notification};

/// The struct of an event that is recorded under one topic.
///
/// `#[aggregate]` implements it for each event whose struct it generates. A struct of your own may be used by several events, so
/// implement it manually. A later version of this library may add methods, each with a default.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::EventStruct;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Started { name: String }
///
/// impl EventStruct for Started {
///     const TOPIC: &'static str = "World.Started";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that can be handled",
    label = "not the struct of an event",
    note = "a handler takes the struct that `#[aggregate]` generates for an `#[event]` method, such as `&WorldStarted`; \
            for a struct of your own, given as `#[event(struct = Started)]`, write `impl EventStruct for Started`; \
            an event with `split` is handled as the events that it became: take their structs"
)]
pub trait EventStruct: DeserializeOwned + Send + Sync + 'static {
    /// The topic that it is recorded under, such as `World.Started`.
    const TOPIC: &'static str;

    /// The topics that it was recorded under before, from the names that the event or its aggregate had. Handlers get these events too.
    const OLD_TOPICS: &'static [&'static str] = &[];

    /// The version of its shape, in which it is recorded now.
    const VERSION: u32 = 1;

    /// The topics of events that were split, and of which it may be a part. Handlers get such parts too.
    const SPLITS: &'static [SplitTopic] = &[];

    /// Reads the event, which is recorded under this topic.
    ///
    /// An event whose shape has changed converts the older ones here: see [`StateReader::version`]. For a struct that is given as
    /// `#[event(struct = Started, version = 2, …)]`, the enum of the aggregate's events knows the steps: read that, and return what is
    /// in its variant.
    ///
    /// # Errors
    /// The errors of [`StateReader::read`].
    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let _ = topic;
        state.read()
    }

    /// Returns whether the event is, or was, recorded under this topic.
    fn is_recorded_as(topic: &str) -> bool {
        topic == Self::TOPIC || Self::OLD_TOPICS.contains(&topic)
    }
}

/// The struct of an event that creates an aggregate.
///
/// It is a marker: code that is generic over events accepts those that create with `E: CreationEvent`, and a test that an event creates is
/// such a call, which the compiler checks. `#[aggregate]` implements it for each creation event whose struct it generates. A struct of your own
/// has it if you implement it, next to [`EventStruct`].
///
/// Of an event whose type is the enum of all events, [`Aggregate::is_creation`](crate::Aggregate::is_creation) tells whether it creates.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{CreationEvent, EventStruct};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Started { name: String }
///
/// impl EventStruct for Started {
///     const TOPIC: &'static str = "World.Started";
/// }
/// impl CreationEvent for Started {}
///
/// /// The topic from which a list of all aggregates of a type is made.
/// fn topic_of_creations<E: CreationEvent>() -> &'static str {
///     E::TOPIC
/// }
/// assert_eq!(topic_of_creations::<Started>(), "World.Started");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that creates an aggregate",
    label = "not a creation event",
    note = "`#[aggregate]` implements `CreationEvent` for the struct of each `#[event]` function that returns `Self`; \
            for a struct of your own, given as `#[event(struct = Started)]`, write `impl CreationEvent for Started`"
)]
pub trait CreationEvent: EventStruct {}

/// A recorded event, before its handler decodes it.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'n> {
    upstream: &'n Arc<str>,
    mapper: &'n Mapper,
    notification: &'n Notification,
    /// The prefix of table names while the view is rebuilt.
    prefix: Option<&'n Arc<str>>,
    /// The part of a split event that this is.
    part: Option<PartOf<'n>>,
}

impl<'n> Recorded<'n> {
    pub(crate) fn new(
        upstream: &'n Arc<str>,
        mapper: &'n Mapper,
        notification: &'n Notification,
        prefix: Option<&'n Arc<str>>,
    ) -> Self {
        Self { upstream, mapper, notification, prefix, part: None }
    }

    /// A part of this event, which is split.
    pub(crate) fn part(self, part: PartOf<'n>) -> Self {
        Self { part: Some(part), ..self }
    }

    pub(crate) fn notification(&self) -> &'n Notification {
        self.notification
    }

    /// Decodes the event, without the context of its recording.
    ///
    /// # Errors
    /// If its state was altered, cannot be opened, or is not the state of such an event.
    pub fn decode_event<E: EventStruct>(&self) -> Result<E, MapperError> {
        if let Some(of) = self.part {
            return self.event_of(of);
        }
        let notification = self.notification.as_ref();
        let place = notification.location();
        let read = |state: &mut StateReader<'_>| E::read(place.topic, state);
        let (event, _) = self.mapper.read(&place, notification.state, notification.checksum, read)?;
        Ok(event)
    }

    /// Decodes the event, with the context of its recording.
    ///
    /// # Errors
    /// If its state was altered, cannot be opened, or is not the state of such an event, or if its metadata cannot be read.
    pub fn decode<E: EventStruct>(&self) -> Result<EventEnvelope<E>, MapperError> {
        if let Some(of) = self.part {
            let context = self.context(of.timestamp(), of.metadata());
            return Ok(EventEnvelope { event: self.event_of(of)?, context });
        }
        let notification = self.notification.as_ref();
        let place = notification.location();
        let read = |state: &mut StateReader<'_>| state.with_metadata(|state| E::read(place.topic, state));
        let ((event, metadata), timestamp) =
            self.mapper.read(&place, notification.state, notification.checksum, read)?;
        Ok(EventEnvelope { event, context: self.context(timestamp, metadata) })
    }

    fn event_of<E: EventStruct>(&self, of: PartOf<'_>) -> Result<E, MapperError> {
        let failed = |error| MapperError::at(&self.notification.location(), "read", MapperFailure::State(error));
        of.part.event().map_err(failed)
    }

    fn context(&self, timestamp: Timestamp, metadata: Option<Arc<Metadata>>) -> EventContext {
        EventContext {
            upstream: Arc::clone(self.upstream),
            notification_id: self.notification.id,
            originator_id: self.notification.originator_id,
            originator_version: self.notification.originator_version,
            part: self.part.map_or(0, |of| of.place),
            timestamp,
            metadata,
            prefix: self.prefix.cloned(),
        }
    }
}

/// Handlers that keep a view up to date with events, under a name.
///
/// `#[projection]` implements this trait for an impl block with `#[on]` methods. A handler's changes to the view are committed
/// together with the position in the log, so each event takes effect exactly once in the view. Other side effects, such as sending
/// a message, are at-least-once: they may be repeated after a crash.
///
/// It may be implemented by hand too. A later version of this library may add methods, each with a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[projection(\"name\")]` on the impl block that holds its `#[on]` methods"
)]
pub trait Projection: Send + Sync + 'static {
    /// What handlers change: a database connection in a transaction, or a state in memory.
    type View: Send;

    /// The name under which positions are stored.
    const NAME: &'static str;

    /// The version of the handlers' view. A [`Rebuild`](crate::projection::Rebuild) builds a greater version beside the live one, without
    /// downtime.
    const VERSION: u32 = 1;

    /// The topics of the handled events, without duplicates: those that they are recorded under, those that they were recorded under
    /// before ([`EventStruct::OLD_TOPICS`]), and those of events that they are parts of ([`EventStruct::SPLITS`]).
    const TOPICS: &'static [&'static str];

    /// The topics of events that are split, by handled event. [`handle`](Self::handle) gets their parts instead of them, under the topics
    /// of the parts, and only those of [`TOPICS`](Self::TOPICS).
    const SPLITS: &'static [&'static [SplitTopic]] = &[];

    /// Whether [`tables`](Self::tables) creates the tables that handlers write to; otherwise they must already exist.
    const HAS_TABLES: bool = false;

    /// Handles consecutive events of one topic. No other handled event lies between them in the log.
    ///
    /// # Errors
    /// The handler's own error, or that an event cannot be decoded. Then nothing is committed for any of the events.
    fn handle(
        &self,
        topic: &str,
        events: &[Recorded<'_>],
        view: &mut Self::View,
    ) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Creates the tables, each with this prefix before its name.
    ///
    /// The prefix is empty when the projection starts for the first time, and not empty when it is rebuilt.
    ///
    /// # Errors
    /// The method's own error. Then no table is created.
    fn tables(&self, prefix: &str, view: &mut Self::View) -> impl Future<Output = Result<(), Cause>> + Send {
        let _ = (prefix, view);
        async { Ok(()) }
    }
}

/// The same projection, shared by several runners.
impl<P: Projection> Projection for Arc<P> {
    type View = P::View;

    const NAME: &'static str = P::NAME;
    const VERSION: u32 = P::VERSION;
    const TOPICS: &'static [&'static str] = P::TOPICS;
    const SPLITS: &'static [&'static [SplitTopic]] = P::SPLITS;
    const HAS_TABLES: bool = P::HAS_TABLES;

    async fn handle(&self, topic: &str, events: &[Recorded<'_>], view: &mut P::View) -> Result<(), Cause> {
        P::handle(self, topic, events, view).await
    }

    async fn tables(&self, prefix: &str, view: &mut P::View) -> Result<(), Cause> {
        P::tables(self, prefix, view).await
    }
}
