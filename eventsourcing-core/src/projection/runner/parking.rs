//! Parking: how an event becomes a dead letter, and how the dead letters of an aggregate are retried, for good or as a dry run.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::failure::{Failure, Handled};
use super::handling::Handling;
use crate::projection::{
    DeadLetter, LetterResolution, OperatorNote, Projection, ResolvedLetter, RunnerError, ViewTransaction as _, Views,
};
use crate::recording::{Cause, EventQuery, LogPosition, Notification, StoredEventRef};

/// The outcome of retrying the first dead letters of an aggregate.
pub(crate) enum Retried {
    /// This many were handled and removed.
    Done(usize),
    /// One of `letters` letters was refused, and all are still parked.
    Refused { first: DeadLetter, letters: usize, cause: Cause },
}

/// The outcome of a dry run of the first dead letters of an aggregate.
pub(crate) enum Tried {
    /// This many were handled and rolled back; none if the aggregate has no letters.
    Done { events: usize, has_more: bool },
    /// This letter was refused after `handled` others, or one of `together` letters that begin with it.
    Refused { letter: DeadLetter, handled: usize, together: usize, cause: Cause },
}

/// The cause for which a letter cannot be handled whose event is not in the log.
fn lost(topic: &str, originator_version: u64, originator_id: Uuid) -> Cause {
    format!("the log has no event `{topic}` as version {originator_version} of {originator_id}").into()
}

impl<P, V> Handling<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// Parks an event that its handler refuses, and moves the position past it, atomically.
    pub(crate) async fn park(
        &mut self,
        event: &Notification,
        up_to: LogPosition,
        cause: &Cause,
        attempts: u32,
    ) -> Result<(), Failure> {
        let failed = |error| self.view_failure(error);
        let mut transaction = self.begin(up_to).await?;
        let refused = Some((cause, attempts));
        transaction.park(&[DeadLetter::of(event, refused, &self.shared.mapper)]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        self.position = up_to;
        Ok(())
    }

    /// Handles at most `limit` of the first dead letters of an aggregate and removes them, atomically.
    pub(crate) async fn retry_first(
        &self,
        originator_id: Uuid,
        limit: usize,
        note: &OperatorNote,
    ) -> Result<Retried, Failure> {
        let mut loaded = None;
        loop {
            let retried = self.try_first(originator_id, limit, note).await?;
            match &retried {
                Retried::Refused { cause, .. } if self.can_now(cause, &mut loaded).await? => {}
                _ => return Ok(retried),
            }
        }
    }

    async fn try_first(&self, originator_id: Uuid, limit: usize, note: &OperatorNote) -> Result<Retried, Failure> {
        let mut transaction = self.begin_without_advance().await?;
        // only inside the transaction: another process may retry or discard the same letters
        let letters = transaction.unpark(originator_id, limit).await.map_err(|error| self.view_failure(error))?;
        let Some(first) = letters.first() else { return Ok(Retried::Done(0)) };
        let refused = |cause| Retried::Refused { first: first.clone(), letters: letters.len(), cause };
        let events = self.events_of(originator_id, &letters).await?;
        if let Some(DeadLetter { topic, originator_version, .. }) = letters.get(events.len()) {
            return Ok(refused(lost(topic, *originator_version, originator_id)));
        }
        // before the handlers, which may change the settings of the transaction
        self.record(&mut transaction, &letters, LetterResolution::Retried, note).await?;
        if let Handled::Refused(cause) = self.handle_in(&mut transaction, &events).await? {
            return Ok(refused(cause));
        }
        match self.commit(transaction, true).await? {
            Handled::Done => Ok(Retried::Done(events.len())),
            Handled::Refused(cause) => Ok(refused(cause)),
        }
    }

    /// Handles at most `limit` of the first dead letters of an aggregate, in one transaction that is rolled back.
    pub(crate) async fn dry_run_first(&self, originator_id: Uuid, limit: usize, alone: bool) -> Result<Tried, Failure> {
        let mut loaded = None;
        loop {
            let tried = self.dry_run_in(originator_id, limit, alone).await?;
            match &tried {
                Tried::Refused { cause, .. } if self.can_now(cause, &mut loaded).await? => {}
                _ => return Ok(tried),
            }
        }
    }

    async fn dry_run_in(&self, originator_id: Uuid, limit: usize, alone: bool) -> Result<Tried, Failure> {
        let mut transaction = self.begin_without_advance().await?;
        let found = transaction.unpark(originator_id, limit.saturating_add(1)).await;
        let mut letters = found.map_err(|error| self.view_failure(error))?;
        let has_more = letters.len() > limit;
        letters.truncate(limit);
        let events = self.events_of(originator_id, &letters).await?;
        let refused = |handled: usize, together, cause| match letters.get(handled) {
            Some(letter) => Tried::Refused { letter: letter.clone(), handled, together, cause },
            None => Tried::Done { events: handled, has_more },
        };
        let mut handled = 0;
        for run in events.chunks(if alone { 1 } else { events.len().max(1) }) {
            if let Handled::Refused(cause) = self.handle_in(&mut transaction, run).await? {
                return Ok(refused(handled, run.len(), cause));
            }
            handled += run.len();
        }
        if let Some(DeadLetter { topic, originator_version, .. }) = letters.get(handled) {
            return Ok(refused(handled, 1, lost(topic, *originator_version, originator_id)));
        }
        match transaction.check().await {
            Ok(()) => Ok(Tried::Done { events: handled, has_more }),
            Err(error) if handled > 0 => match self.view_failure(error) {
                Failure::Fatal(RunnerError::View { source, .. }) => Ok(refused(0, handled, source.into())),
                failure => Err(failure),
            },
            Err(error) => Err(self.view_failure(error)),
        }
    }

    /// Records who resolves letters and why, in the transaction that does it.
    pub(crate) async fn record(
        &self,
        transaction: &mut V::Transaction,
        letters: &[DeadLetter],
        resolution: LetterResolution,
        note: &OperatorNote,
    ) -> Result<(), Failure> {
        if note.is_empty() || letters.is_empty() {
            return Ok(());
        }
        let records = ResolvedLetter::of(letters, resolution, note, &self.shared.mapper);
        transaction.resolved(&records).await.map_err(|error| self.view_failure(error))
    }

    /// Stores this cause as the reason of a letter that failed again, if it is still the first of its aggregate.
    pub(crate) async fn note(&self, letter: &DeadLetter, cause: &Cause) -> Result<(), Failure> {
        let failed = |error| self.view_failure(error);
        let mut transaction = self.begin_without_advance().await?;
        let first = transaction.unpark(letter.originator_id, 1).await.map_err(failed)?;
        let Some(first) = first.into_iter().find(|first| first.notification_id == letter.notification_id) else {
            return Ok(());
        };
        transaction.park(&[first.refused_for(cause, &self.shared.mapper)]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    pub(crate) async fn begin_without_advance(&self) -> Result<V::Transaction, Failure> {
        self.views.begin_without_advance(&self.key, &self.upstream).await.map_err(|error| self.view_failure(error))
    }

    /// The events of letters, by id, up to the first one that the log does not have.
    async fn events_of(
        &self,
        originator_id: Uuid,
        letters: &[DeadLetter],
    ) -> Result<Vec<(LogPosition, Notification)>, Failure> {
        let (Some(first), Some(last)) = (letters.first(), letters.last()) else { return Ok(Vec::new()) };
        let query =
            EventQuery::of(originator_id).after(first.originator_version.checked_sub(1)).up_to(last.originator_version);
        let mut events = Vec::with_capacity(letters.len());
        // other events of the aggregate have topics that are not handled
        let mut visit = |event: StoredEventRef<'_>| {
            let is_next = |letter: &&DeadLetter| {
                letter.originator_version == event.originator_version && letter.topic == event.topic
            };
            if let Some(letter) = letters.get(events.len()).filter(is_next) {
                let notification = event.notification(letter.notification_id).to_owned();
                events.push((notification.position(), notification));
            }
            ControlFlow::Continue(())
        };
        let read = self.shared.recorder.read_events(query, &mut visit).await;
        read.map_err(|error| self.upstream_failure(error.into()))?;
        Ok(events)
    }
}
