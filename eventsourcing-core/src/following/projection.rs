//! Projections: handlers that make a view of what happened.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{About, Happened};
use crate::persistence::{Cause, Mapper, MapperError, Notification};

/// The struct of an event that is recorded under one topic.
///
/// `#[aggregate]` writes it for each event whose struct it makes. For a struct of one's own, of which it cannot know whether
/// it serves one event or several, it is written by hand:
///
/// ```
/// use eventsourcing_core::EventStruct;
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
    note = "a handler takes the struct that `#[aggregate]` makes of an `#[event]` method, such as `&WorldStarted`; \
            for a struct of your own, given as `#[event(Started)]`, write `impl EventStruct for Started`"
)]
pub trait EventStruct: DeserializeOwned + Send + Sync + 'static {
    /// The topic under which it is recorded, such as `World.Started`.
    const TOPIC: &'static str;
}

/// An event as it was recorded, on its way to the handler that takes it.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'n> {
    upstream: &'n Arc<str>,
    mapper: &'n Mapper,
    notification: &'n Notification,
    /// What the names of tables begin with while the view is rebuilt.
    prefix: Option<&'n Arc<str>>,
}

impl<'n> Recorded<'n> {
    pub(super) fn new(
        upstream: &'n Arc<str>,
        mapper: &'n Mapper,
        notification: &'n Notification,
        prefix: Option<&'n Arc<str>>,
    ) -> Self {
        Self { upstream, mapper, notification, prefix }
    }

    /// The event itself, and where and when it was recorded.
    ///
    /// # Errors
    /// If its state was altered, cannot be opened, or is not that of such an event.
    pub fn decode<E: EventStruct>(&self) -> Result<Happened<E>, MapperError> {
        let notification = self.notification.as_ref();
        let (event, timestamp) =
            self.mapper.read_struct(&notification.place(), notification.state, notification.checksum)?;
        let about = About {
            upstream: Arc::clone(self.upstream),
            notification_id: notification.id,
            originator_id: notification.originator_id,
            originator_version: notification.originator_version,
            timestamp,
            prefix: self.prefix.cloned(),
        };
        Ok(Happened { event, about })
    }
}

/// Handlers that make a view of what happened, under a name.
///
/// `#[projection]` writes this trait for an impl block with `#[on]` methods. What a handler does to the view is committed
/// together with how far the log is processed, so that each event takes effect exactly once. What else it does, such as to send
/// a message, can happen again after a crash.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[projection(\"name\")]` on the impl block that holds its `#[on]` methods"
)]
pub trait Projection: Send + Sync + 'static {
    /// What handlers change: a connection to a database in a transaction, or a state in memory.
    type View: Send;

    /// The name under which it is kept how far logs are processed.
    const NAME: &'static str;

    /// The version of what the handlers make of events; one that is greater is made beside the one that serves, by a
    /// [`Rebuild`](super::Rebuild).
    const VERSION: u32 = 1;

    /// The topics of the events that are handled, each once.
    const TOPICS: &'static [&'static str];

    /// Whether [`tables`](Self::tables) makes what handlers write to; otherwise it is there already.
    const HAS_TABLES: bool = false;

    /// Lets the handler of their topic take events that follow one another in the log, with none between them that is handled.
    ///
    /// # Errors
    /// The handler's own, or that an event cannot be decoded. Then nothing is committed of any of them.
    fn handle(
        &self,
        topic: &str,
        events: &[Recorded<'_>],
        view: &mut Self::View,
    ) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Makes the tables, each with this in front of its name: nothing when the projection starts for the first time, and
    /// something when it is rebuilt.
    ///
    /// # Errors
    /// The method's own. Then nothing is made.
    fn tables(&self, prefix: &str, view: &mut Self::View) -> impl Future<Output = Result<(), Cause>> + Send {
        let _ = (prefix, view);
        async { Ok(()) }
    }
}

/// The same projection, for several runners.
impl<P: Projection> Projection for Arc<P> {
    type View = P::View;

    const NAME: &'static str = P::NAME;
    const VERSION: u32 = P::VERSION;
    const TOPICS: &'static [&'static str] = P::TOPICS;
    const HAS_TABLES: bool = P::HAS_TABLES;

    async fn handle(&self, topic: &str, events: &[Recorded<'_>], view: &mut P::View) -> Result<(), Cause> {
        P::handle(self, topic, events, view).await
    }

    async fn tables(&self, prefix: &str, view: &mut P::View) -> Result<(), Cause> {
        P::tables(self, prefix, view).await
    }
}
