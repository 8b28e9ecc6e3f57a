//! The worker: the task that handles a projection's events, batch by batch, and does what is to be done when one fails.

use std::time::Duration;

use tokio::select;
use tokio::sync::watch;
use tokio::time::sleep;

use super::failure::{Failure, Handled, is_conflict};
use super::handling::Handling;
use super::pages::{Page, Pages};
use super::{OnFailure, Progress, Projection, RunnerError, Views};
use crate::application::{ATTEMPTS, pause_after};
use crate::persistence::Notification;

/// The first and the longest pause before another try at what fails for reasons that pass.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What a worker tells its runner.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) position: u64,
    pub(super) progress: Progress,
    pub(super) last_error: Option<RunnerError>,
}

/// The task that handles events.
pub(super) struct Worker<P, V> {
    pub(super) handling: Handling<P, V>,
    pub(super) on_failure: OnFailure,
    pub(super) publish: watch::Sender<State>,
    pub(super) stopping: watch::Receiver<bool>,
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
                Err(error) => Err(self.handling.upstream_failure(error)),
            };
            match outcome {
                Ok(()) => pause = PAUSES.0,
                Err(Failure::Moved(position)) => {
                    self.handling.position = position;
                    self.following();
                    pages.go_to(position);
                }
                Err(Failure::Passing(error)) => {
                    tracing::warn!(%error, "a projection is kept waiting");
                    self.retrying(error);
                    if self.is_stopped_within(pause).await {
                        break None;
                    }
                    pause = (pause * 2).min(PAUSES.1);
                    match self.handling.look_up().await {
                        Ok(_) => self.following(),
                        Err(_) => tracing::debug!("the position of a projection cannot be looked up"),
                    }
                    pages.go_to(self.handling.position);
                }
                Err(Failure::Fatal(error)) => break Some(error),
            }
        };
        let progress = match &error {
            Some(error) if error.is_of_a_switch() => {
                tracing::info!(%error, "a projection ends");
                Progress::Failed(error.clone())
            }
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
        match items.as_slice() {
            [event] => self.handle_alone(event, up_to).await,
            // what fails as a whole may succeed but for one
            events => match self.handle(events, up_to).await? {
                Handled::Done => Ok(()),
                Handled::Refused(cause) => {
                    tracing::debug!(%cause, events = events.len(), "a batch failed, and its events are handled one by one");
                    self.handle_each(events, up_to).await
                }
            },
        }
    }

    async fn handle_each(&mut self, events: &[(u64, Notification)], up_to: u64) -> Result<(), Failure> {
        for (place, event) in events.iter().enumerate() {
            let is_last = place + 1 == events.len();
            self.handle_alone(event, if is_last { up_to } else { event.0 }).await?;
        }
        Ok(())
    }

    /// Handles one event in a transaction of its own, and does what is to be done if that fails.
    async fn handle_alone(&mut self, event: &(u64, Notification), up_to: u64) -> Result<(), Failure> {
        let (retries, mut pause) = match self.on_failure {
            OnFailure::Stop => (0, Duration::ZERO),
            OnFailure::Retry { attempts, pause } => (attempts, pause),
        };
        let Handled::Refused(mut cause) = self.handle_fresh(event, up_to).await? else { return Ok(()) };
        for attempt in 1..=retries {
            let error = self.handling.handler_error(&event.1, cause.clone());
            tracing::warn!(%error, attempt, "a handler failed and is to try again");
            self.retrying(error);
            if self.is_stopped_within(pause).await {
                break;
            }
            pause = (pause * 2).min(PAUSES.1.max(pause));
            let Handled::Refused(again) = self.handle_fresh(event, up_to).await? else { return Ok(()) };
            cause = again;
        }
        Err(Failure::Fatal(self.handling.handler_error(&event.1, cause)))
    }

    /// Handles one event, and again whenever somebody else saved meanwhile what its handler had loaded.
    async fn handle_fresh(&mut self, event: &(u64, Notification), up_to: u64) -> Result<Handled, Failure> {
        let mut attempt = 1;
        loop {
            match self.handle(std::slice::from_ref(event), up_to).await? {
                Handled::Refused(cause) if is_conflict(&cause) && attempt < ATTEMPTS => {
                    tracing::debug!(%cause, attempt, "an event is handled again");
                    pause_after(attempt).await;
                    attempt += 1;
                }
                handled => return Ok(handled),
            }
        }
    }

    async fn handle(&mut self, events: &[(u64, Notification)], up_to: u64) -> Result<Handled, Failure> {
        let handled = self.handling.handle(events, up_to).await?;
        if let Handled::Done = handled {
            self.following();
        }
        Ok(handled)
    }

    fn following(&self) {
        self.publish.send_modify(|state| {
            state.position = self.handling.position;
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
}
