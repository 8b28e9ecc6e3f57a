//! The worker: the task that handles a projection's events in batches, and applies the failure policy.

use std::time::{Duration, Instant};

use tokio::select;
use tokio::sync::watch;
use tokio::time::sleep;

use super::batch_size::BatchSize;
use super::conflicts::Conflicts;
use super::failure::{Failure, Handled};
use super::handling::Handling;
use super::progress::State;
use crate::projection::{OnFailure, Projection, RunnerError, Views};
use crate::recording::{LogPosition, Notification};
use crate::subscription::page::Page;
use crate::subscription::pages::Pages;

/// The first and the longest pause before a transient failure is retried.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// The task that handles events.
pub(super) struct Worker<P, V> {
    pub(super) handling: Handling<P, V>,
    pub(super) on_failure: OnFailure,
    pub(super) publish: watch::Sender<State>,
    pub(super) stopping: watch::Receiver<bool>,
    /// The maximum number of events of a page that are handled in one transaction.
    pub(super) batch: BatchSize,
}

impl<P, V> Worker<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Handles events until it is stopped or cannot continue.
    pub(super) async fn run(mut self, mut pages: Pages<Notification>) -> Result<(), RunnerError> {
        let mut stopping = self.stopping.clone();
        let mut pause = PAUSES.0;
        loop {
            let page = select! {
                biased;
                // the sender is dropped with the runner, which ends this task anyway
                _ = stopping.wait_for(|stop| *stop) => return Ok(()),
                page = pages.next() => page,
            };
            let outcome = match page {
                Ok(page) => self.process(page).await,
                Err(error) => Err(self.handling.upstream_failure(error)),
            };
            let outcome = match outcome {
                Err(Failure::Moved) => self.join(&mut pages).await,
                outcome => outcome,
            };
            match outcome {
                Ok(()) => pause = PAUSES.0,
                // retry at once
                Err(Failure::Moved) => {}
                Err(Failure::Transient(error) | Failure::TimedOut(error)) => {
                    tracing::warn!(%error, "a projection retries after a transient error");
                    self.retrying(error);
                    if self.is_stopped_within(pause).await {
                        return Ok(());
                    }
                    pause = (pause * 2).min(PAUSES.1);
                    if self.join(&mut pages).await.is_err() {
                        tracing::debug!("the position of a projection could not be looked up");
                        pages.go_to(self.handling.position);
                    }
                }
                Err(Failure::Fatal(error)) => return Err(error),
            }
        }
    }

    /// Continues from the stored position, which other processes may have moved.
    async fn join(&mut self, pages: &mut Pages<Notification>) -> Result<(), Failure> {
        self.handling.position = self.handling.look_up().await?;
        self.running();
        pages.go_to(self.handling.position);
        Ok(())
    }

    /// Handles a page, in as few transactions as the batch size allows.
    async fn process(&mut self, page: Page<Notification>) -> Result<(), Failure> {
        let Page { items, up_to, .. } = page;
        let mut rest = items.as_slice();
        while let Some((part, later)) = rest.split_at_checked(self.batch.most()).filter(|(_, later)| !later.is_empty())
        {
            let Some((last, _)) = part.last() else { break };
            self.process_part(part, *last).await?;
            // the part may have ended early because of a stop
            if *self.stopping.borrow() {
                return Ok(());
            }
            rest = later;
        }
        self.process_part(rest, up_to).await
    }

    /// Handles events in one transaction or, if that fails, one at a time.
    async fn process_part(
        &mut self,
        events: &[(LogPosition, Notification)],
        up_to: LogPosition,
    ) -> Result<(), Failure> {
        match events {
            [event] => self.handle_alone(event, up_to).await,
            // a batch that fails as a whole may succeed without one of its events
            events => match self.handle(events, up_to).await? {
                Handled::Done => Ok(()),
                Handled::Refused(cause) => {
                    tracing::debug!(%cause, events = events.len(), "a batch failed; its events are handled one by one");
                    self.handle_each(events, up_to).await
                }
            },
        }
    }

    async fn handle_each(&mut self, events: &[(LogPosition, Notification)], up_to: LogPosition) -> Result<(), Failure> {
        for (index, event) in events.iter().enumerate() {
            // each event is committed separately, so the runner can stop between two
            if *self.stopping.borrow() {
                return Ok(());
            }
            let is_last = index + 1 == events.len();
            self.handle_alone(event, if is_last { up_to } else { event.0 }).await?;
        }
        Ok(())
    }

    /// Handles one event in a transaction of its own, and applies the failure policy.
    async fn handle_alone(&mut self, event: &(LogPosition, Notification), up_to: LogPosition) -> Result<(), Failure> {
        let (retries, mut pause, parks) = match self.on_failure {
            OnFailure::Stop => (0, Duration::ZERO, false),
            OnFailure::Retry { attempts, pause } => (attempts, pause, false),
            OnFailure::Park { attempts, pause } => (attempts, pause, true),
        };
        let Handled::Refused(mut cause) = self.handle_fresh(event, up_to).await? else { return Ok(()) };
        for attempt in 1..=retries {
            let error = self.handling.handler_error(&event.1, cause.clone());
            tracing::warn!(%error, attempt, "a handler failed and is retried");
            self.retrying(error);
            if self.is_stopped_within(pause).await {
                // stopped before all retries were made
                return Err(Failure::Fatal(self.handling.handler_error(&event.1, cause)));
            }
            pause = (pause * 2).min(PAUSES.1.max(pause));
            let Handled::Refused(again) = self.handle_fresh(event, up_to).await? else { return Ok(()) };
            cause = again;
        }
        let error = self.handling.handler_error(&event.1, cause.clone());
        if !parks {
            return Err(Failure::Fatal(error));
        }
        self.handling.park(&event.1, up_to, &cause, retries.saturating_add(1)).await?;
        self.parked(&event.1, error);
        Ok(())
    }

    /// Handles one event, and retries after conflicts with other writers.
    async fn handle_fresh(
        &mut self,
        event: &(LogPosition, Notification),
        up_to: LogPosition,
    ) -> Result<Handled, Failure> {
        let mut conflicts = Conflicts::default();
        loop {
            match self.handle(std::slice::from_ref(event), up_to).await? {
                Handled::Refused(cause) if conflicts.is_to_be_handled_again(&cause).await => {}
                handled => return Ok(handled),
            }
        }
    }

    async fn handle(&mut self, events: &[(LogPosition, Notification)], up_to: LogPosition) -> Result<Handled, Failure> {
        let begun = Instant::now();
        State::handling(&self.publish, Some(begun));
        let handled = self.handling.handle(events, up_to).await;
        State::handling(&self.publish, None);
        match &handled {
            Ok(Handled::Done) => {
                State::handled(&self.publish, events.len(), begun.elapsed());
                self.batch.handled(events.len());
                self.running();
            }
            Err(Failure::TimedOut(_)) => {
                self.batch.timed_out(events.len());
                tracing::debug!(events = events.len(), next = self.batch.most(), "a batch timed out");
            }
            Ok(Handled::Refused(_)) | Err(_) => {}
        }
        handled
    }

    fn running(&self) {
        State::running(&self.publish, self.handling.position.id);
    }

    fn parked(&self, event: &Notification, error: RunnerError) {
        let Notification { id, originator_id, originator_version, topic, .. } = event;
        tracing::warn!(notification_id = id, %originator_id, originator_version, %topic, %error, "an event is parked; later events of its aggregate wait for it");
        State::parked(&self.publish, error);
        self.running();
    }

    fn retrying(&self, error: RunnerError) {
        State::retrying(&self.publish, error);
    }

    async fn is_stopped_within(&self, pause: Duration) -> bool {
        is_stopped_within(&self.stopping, pause).await
    }
}

/// Waits for the pause or until the runner is stopped; whether it is stopped.
pub(super) async fn is_stopped_within(stopping: &watch::Receiver<bool>, pause: Duration) -> bool {
    let mut stopping = stopping.clone();
    select! {
        _ = stopping.wait_for(|stop| *stop) => true,
        () = sleep(pause) => false,
    }
}
