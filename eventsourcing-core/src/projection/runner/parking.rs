//! Parking: how an event becomes a dead letter, and how the dead letters of an aggregate are retried.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::failure::{Failure, Handled};
use super::handling::Handling;
use crate::projection::{DeadLetter, Projection, ViewTransaction as _, Views};
use crate::recording::{Cause, EventQuery, LogPosition, Notification, StoredEventRef};

/// The outcome of retrying the first dead letters of an aggregate.
pub(crate) enum Retried {
    /// This many were handled and removed.
    Done(usize),
    /// One of `letters` letters was refused, and all are still parked.
    Refused { first: DeadLetter, letters: usize, cause: Cause },
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
    ) -> Result<(), Failure> {
        let failed = |error| self.view_failure(error);
        let mut transaction = self.begin(up_to).await?;
        transaction.park(&[DeadLetter::of(event, Some(cause), &self.shared.mapper)]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        self.position = up_to;
        Ok(())
    }

    /// Handles at most `limit` of the first dead letters of an aggregate and removes them, atomically.
    pub(crate) async fn retry_first(&self, originator_id: Uuid, limit: usize) -> Result<Retried, Failure> {
        let mut loaded = None;
        loop {
            let retried = self.try_first(originator_id, limit).await?;
            match &retried {
                Retried::Refused { cause, .. } if self.can_now(cause, &mut loaded).await? => {}
                _ => return Ok(retried),
            }
        }
    }

    async fn try_first(&self, originator_id: Uuid, limit: usize) -> Result<Retried, Failure> {
        let mut transaction = self.begin_without_advance().await?;
        // only inside the transaction: another process may retry or discard the same letters
        let letters = transaction.unpark(originator_id, limit).await.map_err(|error| self.view_failure(error))?;
        let Some(first) = letters.first() else { return Ok(Retried::Done(0)) };
        let refused = |cause| Retried::Refused { first: first.clone(), letters: letters.len(), cause };
        let events = self.events_of(originator_id, &letters).await?;
        if let Some(DeadLetter { topic, originator_version, .. }) = letters.get(events.len()) {
            let lost = format!("the log has no event `{topic}` as version {originator_version} of {originator_id}");
            return Ok(refused(lost.into()));
        }
        if let Handled::Refused(cause) = self.handle_in(&mut transaction, &events).await? {
            return Ok(refused(cause));
        }
        match self.commit(transaction, true).await? {
            Handled::Done => Ok(Retried::Done(events.len())),
            Handled::Refused(cause) => Ok(refused(cause)),
        }
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
