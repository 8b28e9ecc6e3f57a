//! Handling events: what is done with them and how far the log is processed, in one transaction.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;

use super::failure::{Failure, Handled, is_passing, is_timeout, unknown_dictionary};
use super::{DeadLetter, Projection, Recorded, RunnerError, ViewError, ViewTransaction as _, Views};
use crate::Error;
use crate::application::Shared;
use crate::persistence::{Cause, LogPosition, Notification, RecorderError, Tracking};

/// A projection on its way through a log.
pub(super) struct Handling<P, V> {
    pub(super) upstream: Arc<str>,
    pub(super) shared: Arc<Shared>,
    pub(super) projection: P,
    pub(super) views: Arc<V>,
    /// Under which the views keep how far it is.
    pub(super) key: Arc<str>,
    /// What the names of tables begin with while the view is rebuilt.
    pub(super) prefix: Option<Arc<str>>,
    /// Up to where this one knows the log to be processed.
    pub(super) position: LogPosition,
}

impl<P, V> Handling<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Handles events in one transaction, which moves the position to an id.
    #[tracing::instrument(name = "handle", level = "debug", skip_all, fields(events = events.len(), after = self.position.id, position = up_to.id))]
    pub(super) async fn handle(
        &mut self,
        events: &[(LogPosition, Notification)],
        up_to: LogPosition,
    ) -> Result<Handled, Failure> {
        let mut loaded = None;
        loop {
            let handled = self.attempt(events, up_to).await?;
            let Handled::Refused(cause) = &handled else { return Ok(handled) };
            // where nothing is locked, a handler may have stumbled upon what came of its own event elsewhere
            let recorded = self.look_up().await?;
            if recorded.id != self.position.id {
                return Err(Failure::Moved);
            }
            if !self.can_now(cause, &mut loaded).await? {
                return Ok(handled);
            }
        }
    }

    /// Loads the dictionary for want of which events were refused, unless it just was. Then they can be handled after all.
    pub(super) async fn can_now(&self, cause: &Cause, loaded: &mut Option<u32>) -> Result<bool, Failure> {
        let wanting = unknown_dictionary(cause);
        if wanting.is_none() || wanting == *loaded {
            return Ok(false);
        }
        // it was made after this application opened: once it is loaded, the same event can be read
        *loaded = wanting;
        self.shared.load_dictionaries().await.map_err(|error| self.upstream_failure(error))?;
        Ok(true)
    }

    async fn attempt(
        &mut self,
        events: &[(LogPosition, Notification)],
        up_to: LogPosition,
    ) -> Result<Handled, Failure> {
        let mut transaction = self.begin(up_to).await?;
        let events = self.park_waiting(events, &mut transaction).await?;
        let handled = self.handle_in(&mut transaction, &events).await?;
        if matches!(handled, Handled::Refused(_)) {
            return Ok(handled);
        }
        let handled = self.commit(transaction, !events.is_empty()).await?;
        if let Handled::Done = handled {
            tracing::debug!(events = events.len(), "events were handled");
            self.position = up_to;
        }
        Ok(handled)
    }

    pub(super) async fn begin(&self, up_to: LogPosition) -> Result<V::Transaction, Failure> {
        let tracking = Tracking::new(&*self.upstream, self.position.id, up_to);
        self.views.begin(&self.key, &tracking).await.map_err(|error| self.view_failure(error))
    }

    /// Puts those events aside that have to wait for others of their aggregates, and gives the rest.
    async fn park_waiting<'e>(
        &self,
        events: &'e [(LogPosition, Notification)],
        transaction: &mut V::Transaction,
    ) -> Result<Cow<'e, [(LogPosition, Notification)]>, Failure> {
        let mut originators: Vec<_> = events.iter().map(|(_, event)| event.originator_id).collect();
        originators.sort_unstable();
        originators.dedup();
        let parked = transaction.parked(&originators).await.map_err(|error| self.view_failure(error))?;
        if parked.is_empty() {
            return Ok(Cow::Borrowed(events));
        }
        let (waiting, free): (Vec<_>, Vec<_>) =
            events.iter().cloned().partition(|(_, event)| parked.contains(&event.originator_id));
        let letters: Vec<_> =
            waiting.iter().map(|(_, event)| DeadLetter::of(event, None, &self.shared.mapper)).collect();
        transaction.park(&letters).await.map_err(|error| self.view_failure(error))?;
        tracing::debug!(events = letters.len(), originators = parked.len(), "events wait for those that are parked");
        Ok(Cow::Owned(free))
    }

    /// Lets handlers take events, run by run.
    pub(super) async fn handle_in(
        &self,
        transaction: &mut V::Transaction,
        events: &[(LogPosition, Notification)],
    ) -> Result<Handled, Failure> {
        for run in events.chunk_by(|(_, one), (_, next)| one.topic == next.topic) {
            let handled = self.call(run, transaction.view()).await?;
            if let (true, Some((_, first))) = (transaction.is_ended(), run.first()) {
                return Err(Failure::Fatal(self.handler_error(first, ViewError::TransactionEnded.into())));
            }
            if matches!(handled, Handled::Refused(_)) {
                return Ok(handled);
            }
        }
        Ok(Handled::Done)
    }

    pub(super) async fn commit(&self, transaction: V::Transaction, has_handled: bool) -> Result<Handled, Failure> {
        let Err(error) = transaction.commit().await else { return Ok(Handled::Done) };
        // others took letters out: no handler's fault, and which letters there are is looked up again
        let are_letters_changed = matches!(error, ViewError::Recorder(RecorderError::LettersChanged { .. }));
        // handlers are to decide again, on what is there by now
        if has_handled && error.is_conflict() && !are_letters_changed {
            return Ok(Handled::Refused(error.into()));
        }
        // what a handler committed is there, and is not handled again
        if matches!(error, ViewError::TransactionEnded) {
            return Err(Failure::Fatal(RunnerError::of_view::<P>(error)));
        }
        let is_timeout = has_handled && self.is_timeout(&error);
        match self.view_failure(error) {
            // such as the append of all that a policy saved
            Failure::Passing(error) if is_timeout => Err(Failure::TimedOut(error)),
            // such as a constraint that is checked in the end: it is these events that break it
            Failure::Fatal(RunnerError::View { source, .. }) if has_handled => Ok(Handled::Refused(source.into())),
            failure => Err(failure),
        }
    }

    /// Lets a handler take a run of events of one topic.
    async fn call(&self, run: &[(LogPosition, Notification)], view: &mut P::View) -> Result<Handled, Failure> {
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
        if self.is_timeout(&*cause) {
            Err(Failure::TimedOut(self.handler_error(first, cause)))
        } else if is_passing(&cause, |error| self.views.is_passing(error)) {
            Err(Failure::Passing(self.handler_error(first, cause)))
        } else {
            Ok(Handled::Refused(cause))
        }
    }

    fn is_timeout(&self, error: &(dyn StdError + 'static)) -> bool {
        is_timeout(error, |error| self.views.is_timeout(error))
    }

    /// Up to where the log is processed.
    pub(super) async fn look_up(&self) -> Result<LogPosition, Failure> {
        self.views.position(&self.key, &self.upstream).await.map_err(|error| self.view_failure(error))
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

    pub(super) fn view_failure(&self, error: ViewError) -> Failure {
        match error {
            // the second: others put something aside, or took it out
            error if matches!(error, ViewError::AlreadyProcessed { .. }) || error.is_conflict() => Failure::Moved,
            source if source.is_retryable() => Failure::Passing(RunnerError::View { name: P::NAME, source }),
            source => Failure::Fatal(RunnerError::of_view::<P>(source)),
        }
    }

    pub(super) fn upstream_failure(&self, error: Error) -> Failure {
        let is_passing = error.is_retryable();
        let error = self.upstream_error(error);
        if is_passing { Failure::Passing(error) } else { Failure::Fatal(error) }
    }

    /// The error of a log that cannot be followed.
    pub(super) fn upstream_error(&self, error: Error) -> RunnerError {
        RunnerError::Upstream { name: P::NAME, upstream: Arc::clone(&self.upstream), source: Arc::new(error) }
    }
}
