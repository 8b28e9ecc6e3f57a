//! Handling of events: their effects and the position are committed in one transaction.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;

use super::failure::{Failure, Handled, is_timeout, is_transient, unknown_dictionary};
use crate::Error;
use crate::application::Shared;
use crate::error_chain::chain;
use crate::projection::{DeadLetter, Projection, Recorded, RunnerError, ViewError, ViewTransaction as _, Views};
use crate::recording::{Cause, LogPosition, Notification, RecorderError, Tracking};

/// How a table is created that no one has created.
const NOT_CREATED: &str = "create the table in a `#[tables]` method of the projection, which runs before its first event, \
     or in the database before the projection is started";

/// How a table is created that the `#[tables]` method did not create.
const CREATED_WITHOUT_IT: &str = "the `#[tables]` method of the projection did not create it under this name: it runs once for each version, \
     and handlers look the name up with `context.table(\"…\")`; correct the name, or create the table there and increase `version`";

/// A projection's processing of a log.
pub(crate) struct Handling<P, V> {
    pub(crate) upstream: Arc<str>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) projection: P,
    pub(crate) views: Arc<V>,
    /// The key under which the views store its position.
    pub(crate) key: Arc<str>,
    /// The prefix of table names while the view is rebuilt.
    pub(crate) prefix: Option<Arc<str>>,
    /// The position up to which this runner knows the log to be processed.
    pub(crate) position: LogPosition,
}

impl<P, V> Handling<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Handles events in one transaction, which moves the position to `up_to`.
    #[tracing::instrument(name = "process", level = "info", skip_all, fields(otel.name = format!("process {}", P::NAME), otel.kind = "consumer", events = events.len(), after = self.position.id, position = up_to.id))]
    pub(crate) async fn handle(
        &mut self,
        events: &[(LogPosition, Notification)],
        up_to: LogPosition,
    ) -> Result<Handled, Failure> {
        let mut loaded = None;
        loop {
            let handled = self.attempt(events, up_to).await?;
            let Handled::Refused(cause) = &handled else { return Ok(handled) };
            // views without locks: the handler may have conflicted with the effects of its own event, handled by another process
            let recorded = self.look_up().await?;
            if recorded.id != self.position.id {
                return Err(Failure::Moved);
            }
            if !self.can_now(cause, &mut loaded).await? {
                return Ok(handled);
            }
        }
    }

    /// Loads the dictionary that events could not be decoded without, unless it was just loaded; whether a retry can succeed now.
    pub(crate) async fn can_now(&self, cause: &Cause, loaded: &mut Option<u32>) -> Result<bool, Failure> {
        let wanting = unknown_dictionary(cause);
        if wanting.is_none() || wanting == *loaded {
            return Ok(false);
        }
        // another process stored the dictionary after this application opened: load it, then decode the same event again
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

    pub(crate) async fn begin(&self, up_to: LogPosition) -> Result<V::Transaction, Failure> {
        let tracking = Tracking::new(&*self.upstream, self.position.id, up_to);
        self.views.begin(&self.key, &tracking).await.map_err(|error| self.view_failure(error))
    }

    /// Parks the events that have to wait for earlier ones of their aggregates, and returns the others.
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
        tracing::debug!(events = letters.len(), originators = parked.len(), "parked events behind dead letters");
        Ok(Cow::Owned(free))
    }

    pub(crate) async fn commit(&self, transaction: V::Transaction, has_handled: bool) -> Result<Handled, Failure> {
        let Err(error) = transaction.commit().await else { return Ok(Handled::Done) };
        // another process removed dead letters: not the handler's fault; the letters are looked up again
        let are_letters_changed = matches!(error, ViewError::Recorder(RecorderError::LettersChanged { .. }));
        // a conflict: the handlers run again, on the current state
        if has_handled && error.is_conflict() && !are_letters_changed {
            return Ok(Handled::Refused(error.into()));
        }
        // what a handler committed is committed, and is not handled again
        if matches!(error, ViewError::TransactionEnded) {
            return Err(Failure::Fatal(RunnerError::of_view::<P>(error)));
        }
        let is_timeout = has_handled && self.is_timeout(&error);
        match self.view_failure(error) {
            // such as the append of a policy's events
            Failure::Transient(error) if is_timeout => Err(Failure::TimedOut(error)),
            // such as a deferred constraint, which these events violate
            Failure::Fatal(RunnerError::View { source, .. }) if has_handled => Ok(Handled::Refused(source.into())),
            failure => Err(failure),
        }
    }

    /// Calls the handler of a run of events of one topic.
    pub(super) async fn call(&self, topic: &str, run: &[Recorded<'_>], view: &mut P::View) -> Result<Handled, Failure> {
        let Some(first) = run.first().map(Recorded::notification) else { return Ok(Handled::Done) };
        let handled = async { self.projection.handle(topic, run, view).await };
        // if a handler panics, its changes to the view are rolled back with the transaction
        let cause = match AssertUnwindSafe(handled).catch_unwind().await {
            Ok(Ok(())) => return Ok(Handled::Done),
            Ok(Err(cause)) => cause,
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
                format!("the handler panicked: {}", said.as_deref().unwrap_or("no message")).into()
            }
        };
        if self.is_timeout(&*cause) {
            Err(Failure::TimedOut(self.handler_error(first, cause)))
        } else if is_transient(&cause, |error| self.views.is_transient(error)) {
            Err(Failure::Transient(self.handler_error(first, cause)))
        } else {
            Ok(Handled::Refused(self.with_cure(cause)))
        }
    }

    /// Adds to the error of a table that does not exist how it is created.
    fn with_cure(&self, source: Cause) -> Cause {
        if !chain(&*source).any(|error| self.views.is_missing_table(error)) {
            return source;
        }
        let cure = match P::HAS_TABLES {
            true => CREATED_WITHOUT_IT,
            false => NOT_CREATED,
        };
        ViewError::TableMissing { cure, source }.into()
    }

    fn is_timeout(&self, error: &(dyn StdError + 'static)) -> bool {
        is_timeout(error, |error| self.views.is_timeout(error))
    }

    /// The position up to which the log is processed.
    pub(crate) async fn look_up(&self) -> Result<LogPosition, Failure> {
        self.views.position(&self.key, &self.upstream).await.map_err(|error| self.view_failure(error))
    }

    /// The error of the handler of this event.
    pub(crate) fn handler_error(&self, notification: &Notification, source: Cause) -> RunnerError {
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

    pub(crate) fn view_failure(&self, error: ViewError) -> Failure {
        match error {
            // a conflict: another process parked an event, or removed a dead letter
            error if matches!(error, ViewError::AlreadyProcessed { .. }) || error.is_conflict() => Failure::Moved,
            source if source.is_retryable() => Failure::Transient(RunnerError::View { name: P::NAME, source }),
            source => Failure::Fatal(RunnerError::of_view::<P>(source)),
        }
    }

    pub(crate) fn upstream_failure(&self, error: Error) -> Failure {
        let is_transient = error.is_retryable();
        let error = self.upstream_error(error);
        if is_transient { Failure::Transient(error) } else { Failure::Fatal(error) }
    }

    /// The error of a log that cannot be consumed.
    pub(crate) fn upstream_error(&self, error: Error) -> RunnerError {
        RunnerError::Upstream { name: P::NAME, upstream: Arc::clone(&self.upstream), source: Arc::new(error) }
    }
}
