//! The worker: the task that handles a projection's events, batch by batch, and does what the policy says when one fails.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::select;
use tokio::sync::watch;
use tokio::time::sleep;

use super::pages::{Page, Pages};
use super::{Progress, Projection, Recorded, RunnerError, ViewTransaction as _, Views};
use crate::application::Shared;
use crate::persistence::{Cause, MapperError, Notification, RecorderError, Tracking};
use crate::{Error, Result};

/// The first and the longest pause before another try at what fails for reasons that pass.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What to do when a handler fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Stop, so that somebody looks at it. The position stays before the event.
    #[default]
    Stop,
    /// Let the handler try again, so many times with pauses that double from the first to five seconds, and then stop.
    Retry {
        /// How often it tries again.
        attempts: u32,
        /// The pause before the first time.
        pause: Duration,
    },
}

/// What a worker tells its runner.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) position: u64,
    pub(super) progress: Progress,
    pub(super) last_error: Option<RunnerError>,
}

/// The task that handles events.
pub(super) struct Worker<P, V> {
    pub(super) upstream: Arc<str>,
    pub(super) shared: Arc<Shared>,
    pub(super) projection: P,
    pub(super) views: V,
    pub(super) policy: Policy,
    /// Up to where this one knows the log to be processed.
    pub(super) position: u64,
    pub(super) publish: watch::Sender<State>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// How a batch failed.
enum Failure {
    /// Others processed the log up to here meanwhile.
    Moved(u64),
    Error(RunnerError),
}

impl<P, V> Worker<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    pub(super) async fn run(mut self, mut pages: Pages<Notification>) {
        let mut stopping = self.stopping.clone();
        let mut pause = PAUSES.0;
        let error = loop {
            let page = select! {
                biased;
                // the sender goes with the runner, which then ends this task anyway
                _ = stopping.wait_for(|stop| *stop) => break None,
                page = pages.next() => page,
            };
            let outcome = match page {
                Ok(page) => self.process(page).await,
                Err(error) => Err(Failure::Error(self.upstream_error(error))),
            };
            match outcome {
                Ok(()) => pause = PAUSES.0,
                Err(Failure::Moved(position)) => {
                    self.moved(position);
                    pages.go_to(position);
                }
                Err(Failure::Error(error)) if error.is_passing() => {
                    tracing::warn!(%error, "a projection is kept waiting");
                    self.retrying(error);
                    if self.is_stopped_within(pause).await {
                        break None;
                    }
                    pause = (pause * 2).min(PAUSES.1);
                    // whether the last transaction was committed is told by the position
                    match self.views.position(P::NAME, &self.upstream).await {
                        Ok(position) => self.moved(position),
                        Err(error) => tracing::debug!(%error, "the position of a projection cannot be looked up"),
                    }
                    pages.go_to(self.position);
                }
                Err(Failure::Error(error)) => break Some(error),
            }
        };
        let progress = match &error {
            Some(error) => {
                tracing::error!(%error, "a projection stops");
                Progress::Failed(error.clone())
            }
            None => Progress::Stopped,
        };
        self.publish.send_modify(|state| {
            state.progress = progress;
            state.last_error = error.or(state.last_error.take());
        });
    }

    /// Handles a page: in one transaction or, if that fails, one event at a time.
    async fn process(&mut self, page: Page<Notification>) -> Result<(), Failure> {
        let Page { items, up_to, .. } = page;
        match self.handle(&items, up_to).await {
            // what fails as a whole may succeed but for one
            Err(Failure::Error(error)) if items.len() > 1 && !error.is_passing() => {}
            Err(Failure::Error(error @ RunnerError::Handler { .. })) => {
                return self.handle_again(&items, up_to, error).await;
            }
            outcome => return outcome,
        }
        let last = items.len() - 1;
        for (place, item) in items.iter().enumerate() {
            let up_to = if place == last { up_to } else { item.0 };
            let alone = std::slice::from_ref(item);
            match self.handle(alone, up_to).await {
                Err(Failure::Error(error @ RunnerError::Handler { .. })) => {
                    self.handle_again(alone, up_to, error).await?;
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Does what the policy says about an event whose handler failed.
    async fn handle_again(
        &mut self,
        event: &[(u64, Notification)],
        up_to: u64,
        mut error: RunnerError,
    ) -> Result<(), Failure> {
        let Policy::Retry { attempts, mut pause } = self.policy else { return Err(Failure::Error(error)) };
        for attempt in 1..=attempts {
            tracing::warn!(%error, attempt, "a handler failed and is to try again");
            self.retrying(error.clone());
            if self.is_stopped_within(pause).await {
                break;
            }
            pause = (pause * 2).min(PAUSES.1.max(pause));
            match self.handle(event, up_to).await {
                Err(Failure::Error(again @ RunnerError::Handler { .. })) => error = again,
                outcome => return outcome,
            }
        }
        Err(Failure::Error(error))
    }

    /// Handles events in one transaction, which moves the position.
    async fn handle(&mut self, events: &[(u64, Notification)], up_to: u64) -> Result<(), Failure> {
        let tracking = Tracking::new(&*self.upstream, self.position, up_to);
        let mut transaction = self.views.begin(P::NAME, &tracking).await.map_err(|error| self.view_failure(error))?;
        for (_, notification) in events {
            self.handle_one(notification, transaction.view()).await?;
        }
        transaction.commit().await.map_err(|error| match events {
            // such as a constraint that is checked in the end: it is this event that breaks it
            [(_, notification)] if !error.is_retryable() => self.handler_failure(notification, error.into()),
            _ => self.view_failure(error),
        })?;
        tracing::debug!(events = events.len(), position = up_to, "events were handled");
        self.moved(up_to);
        Ok(())
    }

    async fn handle_one(&self, notification: &Notification, view: &mut P::View) -> Result<(), Failure> {
        let mut handled = self.call(notification, view).await;
        if let Err(cause) = &handled
            && cause.downcast_ref::<MapperError>().and_then(MapperError::unknown_dictionary).is_some()
        {
            // it was made after this application opened: once it is loaded, the same event can be read
            self.shared.load_dictionaries().await.map_err(|error| Failure::Error(self.upstream_error(error)))?;
            handled = self.call(notification, view).await;
        }
        handled.map_err(|source| self.handler_failure(notification, source))
    }

    async fn call(&self, notification: &Notification, view: &mut P::View) -> Result<(), Cause> {
        let event = Recorded::new(&self.upstream, &self.shared.mapper, notification);
        // what a handler that panicked did to the view goes with the transaction
        match AssertUnwindSafe(async { self.projection.handle(event, view).await }).catch_unwind().await {
            Ok(handled) => handled,
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
                Err(format!("it panicked: {}", said.as_deref().unwrap_or("it did not say why")).into())
            }
        }
    }

    fn moved(&mut self, position: u64) {
        self.position = position;
        self.publish.send_modify(|state| {
            state.position = position;
            state.progress = Progress::Following;
        });
    }

    fn retrying(&self, error: RunnerError) {
        self.publish.send_modify(|state| {
            state.progress = Progress::Retrying(error.clone());
            state.last_error = Some(error);
        });
    }

    /// Waits so long, or until it is to stop.
    async fn is_stopped_within(&self, pause: Duration) -> bool {
        let mut stopping = self.stopping.clone();
        select! {
            _ = stopping.wait_for(|stop| *stop) => true,
            () = sleep(pause) => false,
        }
    }

    fn handler_failure(&self, notification: &Notification, source: Cause) -> Failure {
        Failure::Error(RunnerError::Handler {
            projection: P::NAME,
            upstream: Arc::clone(&self.upstream),
            topic: notification.topic.clone().into_owned(),
            notification_id: notification.id,
            originator_id: notification.originator_id,
            originator_version: notification.originator_version,
            source,
        })
    }

    fn view_failure(&self, error: RecorderError) -> Failure {
        match error {
            RecorderError::AlreadyProcessed { recorded, .. } => Failure::Moved(recorded),
            source => Failure::Error(RunnerError::View { projection: P::NAME, source }),
        }
    }

    fn upstream_error(&self, error: Error) -> RunnerError {
        let (projection, upstream) = (P::NAME, Arc::clone(&self.upstream));
        RunnerError::Upstream { projection, upstream, source: Arc::new(error) }
    }
}
