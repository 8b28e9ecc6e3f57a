//! Handling events: what is done with them and how far the log is processed, in one transaction.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;

use super::failure::{Failure, Handled, is_passing, unknown_dictionary};
use super::{Projection, Recorded, RunnerError, ViewTransaction as _, Views};
use crate::Error;
use crate::application::Shared;
use crate::persistence::{Cause, Notification, RecorderError, Tracking};

/// A projection on its way through a log.
pub(super) struct Handling<P, V> {
    pub(super) upstream: Arc<str>,
    pub(super) shared: Arc<Shared>,
    pub(super) projection: P,
    pub(super) views: V,
    /// Under which the views keep how far it is.
    pub(super) key: Arc<str>,
    /// What the names of tables begin with while the view is rebuilt.
    pub(super) prefix: Option<Arc<str>>,
    /// Up to where this one knows the log to be processed.
    pub(super) position: u64,
}

impl<P, V> Handling<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Handles events in one transaction, which moves the position to an id.
    pub(super) async fn handle(&mut self, events: &[(u64, Notification)], up_to: u64) -> Result<Handled, Failure> {
        let mut loaded = None;
        loop {
            let handled = self.attempt(events, up_to).await?;
            let wanting = match &handled {
                Handled::Done => None,
                Handled::Refused(cause) => unknown_dictionary(cause),
            };
            if wanting.is_none() || wanting == loaded {
                return Ok(handled);
            }
            // it was made after this application opened: once it is loaded, the same event can be read
            loaded = wanting;
            self.shared.load_dictionaries().await.map_err(|error| self.upstream_failure(error))?;
        }
    }

    async fn attempt(&mut self, events: &[(u64, Notification)], up_to: u64) -> Result<Handled, Failure> {
        let tracking = Tracking::new(&*self.upstream, self.position, up_to);
        let mut transaction = self.views.begin(&self.key, &tracking).await.map_err(|error| self.view_failure(error))?;
        for run in events.chunk_by(|(_, one), (_, next)| one.topic == next.topic) {
            let handled = self.call(run, transaction.view()).await?;
            if matches!(handled, Handled::Refused(_)) {
                return Ok(handled);
            }
        }
        if let Err(error) = transaction.commit().await {
            return match self.view_failure(error) {
                // such as a constraint that is checked in the end: it is these events that break it
                Failure::Fatal(RunnerError::View { source, .. }) if !events.is_empty() => {
                    Ok(Handled::Refused(source.into()))
                }
                failure => Err(failure),
            };
        }
        tracing::debug!(events = events.len(), position = up_to, "events were handled");
        self.position = up_to;
        Ok(Handled::Done)
    }

    /// Lets a handler take a run of events of one topic.
    async fn call(&self, run: &[(u64, Notification)], view: &mut P::View) -> Result<Handled, Failure> {
        let Some((_, first)) = run.first() else { return Ok(Handled::Done) };
        let recorded: Vec<Recorded<'_>> = run
            .iter()
            .map(|(_, event)| Recorded::new(&self.upstream, &self.shared.mapper, event, self.prefix.as_ref()))
            .collect();
        let handled = async { self.projection.handle(&first.topic, &recorded, view).await };
        // what a handler that panicked did to the view goes with the transaction
        let cause = match AssertUnwindSafe(handled).catch_unwind().await {
            Ok(Ok(())) => return Ok(Handled::Done),
            Ok(Err(cause)) => cause,
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
                format!("it panicked: {}", said.as_deref().unwrap_or("it did not say why")).into()
            }
        };
        if is_passing(&cause, |error| self.views.is_passing(error)) {
            Err(Failure::Passing(self.handler_error(first, cause)))
        } else {
            Ok(Handled::Refused(cause))
        }
    }

    /// Looks up how far the log is processed.
    pub(super) async fn look_up(&mut self) -> Result<u64, Failure> {
        self.position =
            self.views.position(&self.key, &self.upstream).await.map_err(|error| self.view_failure(error))?;
        Ok(self.position)
    }

    /// The error of the handler of this event.
    pub(super) fn handler_error(&self, notification: &Notification, source: Cause) -> RunnerError {
        RunnerError::Handler {
            name: P::NAME,
            upstream: Arc::clone(&self.upstream),
            topic: notification.topic.clone().into_owned(),
            notification_id: notification.id,
            originator_id: notification.originator_id,
            originator_version: notification.originator_version,
            source,
        }
    }

    fn view_failure(&self, error: RecorderError) -> Failure {
        match error {
            RecorderError::AlreadyProcessed { recorded, .. } => Failure::Moved(recorded),
            source if source.is_retryable() => Failure::Passing(RunnerError::View { name: P::NAME, source }),
            source => Failure::Fatal(RunnerError::of_view::<P>(source)),
        }
    }

    pub(super) fn upstream_failure(&self, error: Error) -> Failure {
        let is_passing = error.is_retryable();
        let error =
            RunnerError::Upstream { name: P::NAME, upstream: Arc::clone(&self.upstream), source: Arc::new(error) };
        if is_passing { Failure::Passing(error) } else { Failure::Fatal(error) }
    }
}
