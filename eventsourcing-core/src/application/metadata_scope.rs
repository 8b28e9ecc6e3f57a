//! The scope of metadata: what is saved in it carries the metadata.

use std::sync::Arc;

use tokio::task::futures::TaskLocalFuture;
use tokio::task_local;

use crate::codec::SharedMetadata;
use crate::domain::{CausingEvent, Metadata};

task_local! {
    /// The metadata of what this task saves.
    static CURRENT: Arc<Metadata>;
}

impl Metadata {
    /// Runs a future, such as a request or a command, and adds this metadata to everything that is saved in it: by
    /// [`save`](crate::Application::save), [`save_tracked`](crate::Application::save_tracked), [`retry`](crate::Application::retry) and
    /// [`UnitOfWork::save`](crate::UnitOfWork::save).
    ///
    /// In a scope inside of another one, both apply. Where both set a value, that of the inner one counts.
    ///
    /// A scope covers what is awaited in it. It does not cover other tasks: `tokio::spawn` begins a task without metadata. Give it a
    /// scope of its own: `tokio::spawn(Metadata::current().scope(task))`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{AggregateEvent, DomainEvent, Timestamp, Uuid};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Started {}
    /// # impl AggregateEvent for Started {
    /// #     const TOPICS: &'static [&'static str] = &["World.Started"];
    /// #     fn topic(&self) -> &'static str { "World.Started" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "World.Started" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # fn started() -> DomainEvent<Started> { DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Started {}) }
    /// use eventsourcing::{Application, Error, Metadata};
    /// # futures::executor::block_on(async {
    /// let universe = Application::builder("Universe").open()?;
    ///
    /// let request = Metadata::new().with_correlation_id("request-7").with_actor("ada");
    /// let recorded = request.scope(async { universe.save(started()).await }).await?;
    ///
    /// let metadata = universe.mapper().metadata_of(&recorded[0])?;
    /// assert_eq!((metadata.correlation_id(), metadata.actor()), (Some("request-7"), Some("ada")));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        // only now, and not where the future is made: it may be polled in another scope, or in none
        let metadata = match CURRENT.try_with(|outer| outer.overlaid(&self)) {
            Ok(both) => both,
            Err(_) => self,
        };
        alone(metadata, future).await
    }

    /// Returns the metadata of the current scope. Outside of all scopes it is empty.
    pub fn current() -> Self {
        CURRENT.try_with(|metadata| Self::clone(metadata)).unwrap_or_default()
    }
}

/// Returns a future in the scope of this metadata, without that of the scopes around it.
pub(crate) fn alone<F: Future>(metadata: Metadata, future: F) -> TaskLocalFuture<Arc<Metadata>, F> {
    CURRENT.scope(Arc::new(metadata), future)
}

/// Returns the metadata of a save: that of the scope, with what the caller gives on top of it.
///
/// The event that caused the save, if it is known, and the current trace count unless one of these says otherwise.
pub(crate) fn of_save(given: Option<Metadata>, cause: Option<CausingEvent>) -> SharedMetadata {
    let scope = CURRENT.try_with(Arc::clone).ok();
    let traceparent = super::traceparent::current();
    match (cause.is_none() && traceparent.is_none(), &scope, &given) {
        (true, _, None) => return scope.map(SharedMetadata::new).unwrap_or_default(),
        // the usual case, in which nothing is copied
        (true, None, Some(_)) => return given.map(Arc::new).map(SharedMetadata::new).unwrap_or_default(),
        _ => {}
    }
    let mut metadata = cause.map(|cause| Metadata::of_effects(cause, None)).unwrap_or_default();
    if let Some(traceparent) = traceparent {
        metadata = metadata.with_traceparent(traceparent);
    }
    for above in [scope.as_deref(), given.as_ref()].into_iter().flatten() {
        metadata = metadata.overlaid(above);
    }
    SharedMetadata::new(Arc::new(metadata))
}
