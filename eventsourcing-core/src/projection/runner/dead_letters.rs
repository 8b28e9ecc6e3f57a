//! Dead letters of a projection, to inspect and retry.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::conflicts::Conflicts;
use super::dead_letter_error::DeadLetterError;
use super::failure::Failure;
use super::handling::Handling;
use super::parking::Retried;
use crate::application::Application;
use crate::projection::{
    DeadLetter, LetterResolution, OperatorNote, Projection, ProjectionKey, ResolvedLetter, RunnerError,
    ViewTransaction as _, Views,
};
use crate::recording::{Cause, LogPosition};

/// The number of letters that are handled in one transaction, for which runners wait.
pub(super) const BATCH: usize = 100;

/// The dead letters of a projection, to list, retry and discard, or to try without any effect.
///
/// Who retries or discards them, and why, is recorded with [`retry_with`](Self::retry_with) and its neighbours.
/// [`AnyDeadLetters`](crate::projection::AnyDeadLetters) is the same without the types.
///
/// It needs no projection runner, and works beside running ones, in the same process or in another. Retried events are handled in
/// log order, before any later event of the same aggregate. Later events are parked as well while the aggregate has dead
/// letters, and handled as usual afterwards.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::{DeadLetters, MemoryViews, OnFailure, ProjectionRunner};
/// # use eventsourcing::projection::Recorded;
/// # use eventsourcing::recording::Cause;
/// # use eventsourcing::{Application, EventStruct, Projection, StoredEvent, Uuid};
/// # use serde::Deserialize;
/// # #[derive(Deserialize)]
/// # struct Booked { seats: u32 }
/// # impl EventStruct for Booked {
/// #     const TOPIC: &'static str = "Trip.Booked";
/// # }
/// # struct Seats { most: u32 }
/// # impl Projection for Seats {
/// #     type View = u32;
/// #     const NAME: &'static str = "seats";
/// #     const TOPICS: &'static [&'static str] = &["Trip.Booked"];
/// #     async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut u32) -> Result<(), Cause> {
/// #         for event in events {
/// #             let seats = event.decode::<Booked>()?.event.seats;
/// #             if seats > self.most { return Err(format!("{seats} seats are too many").into()); }
/// #             *view += seats;
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// # fn booked(trip: Uuid, version: u64, seats: u32) -> StoredEvent {
/// #     let state = format!(r#"{{"timestamp":"2026-01-01T00:00:00.000000Z","seats":{seats}}}"#).into_bytes();
/// #     StoredEvent::new(trip, version, "Trip.Booked", state, Uuid::new_v4()).checksummed()
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let agency = Application::builder("Agency").open()?;
/// # let (trip, other) = (Uuid::new_v4(), Uuid::new_v4());
/// # agency.recorder().insert_events(vec![booked(trip, 1, 700), booked(trip, 2, 3), booked(other, 1, 4)]).await?;
/// let views = MemoryViews::new(0);
/// let runner = ProjectionRunner::builder(&agency, Seats { most: 100 }, views.clone())
///     .on_failure(OnFailure::park(0, Duration::ZERO))
///     .start()
///     .await?;
/// runner.wait_for(3, Duration::from_secs(5)).await?;
/// assert_eq!((views.read(|seats| *seats), runner.status().await?.dead_letters), (4, 2));
///
/// let letters = DeadLetters::new(&agency, Seats { most: 1_000 }, views.clone());
/// let list = letters.list(0, 100).await?;
/// assert_eq!(list[0].reason.as_deref(), Some("700 seats are too many"));
/// assert_eq!((list[1].notification_id, &list[1].reason), (2, &None)); // it waits for the first
/// assert!(letters.dry_run(trip).await?.would_succeed());
/// assert_eq!(letters.retry(trip).await?, 2);
/// assert_eq!((views.read(|seats| *seats), letters.count().await?), (707, 0));
/// # Ok(())
/// # }
/// ```
pub struct DeadLetters<P, V> {
    pub(super) handling: Handling<P, V>,
    /// Why no dry run is made, if the handlers have effects that no rollback undoes.
    pub(super) not_tried: Option<Arc<str>>,
}

impl<P, V> DeadLetters<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// The dead letters of this projection with its view in `views`, from this application's log.
    pub fn new(upstream: &Application, projection: P, views: V) -> Self {
        let shared = Arc::clone(&upstream.shared);
        let upstream = Arc::from(shared.name.as_str());
        let key = Arc::from(ProjectionKey::new(P::NAME, P::VERSION).to_string());
        let views = Arc::new(views);
        Self::of(Handling { upstream, shared, projection, views, key, prefix: None, position: LogPosition::START })
    }

    pub(super) fn of(handling: Handling<P, V>) -> Self {
        Self { handling, not_tried: None }
    }

    /// Refuses dry runs, with this explanation: for handlers that send mail, or have other effects that a rollback does not undo.
    #[must_use]
    pub fn without_dry_run(mut self, why: impl Into<Arc<str>>) -> Self {
        self.not_tried = Some(why.into());
        self
    }

    /// The name of the projection.
    pub fn name(&self) -> &'static str {
        P::NAME
    }

    /// The name of the upstream application.
    pub fn upstream(&self) -> &str {
        &self.handling.upstream
    }

    /// The number of dead letters.
    ///
    /// # Errors
    /// [`RunnerError::View`] if the view's database fails.
    pub async fn count(&self) -> Result<u64, DeadLetterError> {
        let Handling { views, key, upstream, .. } = &self.handling;
        let count = views.count_dead_letters(key, upstream).await;
        Ok(count.map_err(|source| RunnerError::View { name: P::NAME, source })?)
    }

    /// At most `limit` dead letters with notification ids greater than `after`, ordered by id.
    ///
    /// For the next page, pass the last id of this one.
    ///
    /// # Errors
    /// [`RunnerError::View`] if the view's database fails.
    pub async fn list(&self, after: u64, limit: usize) -> Result<Vec<DeadLetter>, DeadLetterError> {
        let Handling { views, key, upstream, .. } = &self.handling;
        let letters = views.dead_letters(key, upstream, after, limit).await;
        let letters = letters.map_err(|source| RunnerError::View { name: P::NAME, source })?;
        Ok(letters.into_iter().map(|letter| self.opened(letter)).collect())
    }

    /// Retries all parked events of an aggregate in order, and returns the number of handled ones.
    ///
    /// Events are handled in transactions of up to a hundred; a letter is removed in the transaction that handles its event. If an
    /// event fails again, the earlier ones stay handled, it and the later ones stay dead letters, and its reason is the new error. If
    /// the future is dropped, some of the events may be handled; call it again for the others.
    ///
    /// # Errors
    /// [`DeadLetterError::NoneOf`] if the aggregate has no dead letters; [`RunnerError::Handler`] if an event fails, which it names;
    /// other errors if a database fails: many of these are transient, and the call can be repeated.
    pub async fn retry(&self, originator_id: Uuid) -> Result<usize, DeadLetterError> {
        self.retry_with(originator_id, &OperatorNote::default()).await
    }

    /// Retries as [`retry`](Self::retry) does, and records who does it and why, in the transactions that handle the events.
    ///
    /// [`resolved`](Self::resolved) lists these records. Nothing is recorded for letters that fail again, and nothing for an empty note. Those
    /// of a policy are events of its application, recorded together with what the policy saves.
    ///
    /// # Errors
    /// As [`retry`](Self::retry); [`DeadLetterError::NoteTooLong`] for a note that is longer than it may be, before anything is done;
    /// [`ViewError::NoResolvedLetters`](crate::ViewError::NoResolvedLetters) if the views store no such records.
    pub async fn retry_with(&self, originator_id: Uuid, note: &OperatorNote) -> Result<usize, DeadLetterError> {
        self.check(note)?;
        let (mut retried, mut alone, mut conflicts) = (0_usize, 0_usize, Conflicts::default());
        loop {
            let limit = if alone > 0 { 1 } else { BATCH };
            match self.handling.retry_first(originator_id, limit, note).await {
                Ok(Retried::Done(0)) => break,
                Ok(Retried::Done(count)) => {
                    retried += count;
                    alone = alone.saturating_sub(count);
                    conflicts = Conflicts::default();
                }
                // a transaction that fails as a whole may succeed without one of its events
                Ok(Retried::Refused { letters, .. }) if letters > 1 => alone = letters,
                Ok(Retried::Refused { cause, .. }) if conflicts.is_to_be_handled_again(&cause).await => {}
                Ok(Retried::Refused { first, cause, .. }) => return Err(self.refused(&first, cause).await.into()),
                Err(failure) => failed(failure)?,
            }
        }
        if retried == 0 {
            return Err(self.none_of(originator_id));
        }
        tracing::info!(projection = P::NAME, upstream = %self.handling.upstream, %originator_id, retried, "dead letters were retried and handled");
        Ok(retried)
    }

    /// Discards one dead letter: its event is never handled. Later parked events of its aggregate can be retried then.
    ///
    /// # Errors
    /// [`DeadLetterError::NotFound`] if the event is not parked; [`RunnerError::View`] if the view's database fails.
    pub async fn discard(&self, notification_id: u64) -> Result<DeadLetter, DeadLetterError> {
        self.discard_with(notification_id, &OperatorNote::default()).await
    }

    /// Discards as [`discard`](Self::discard) does, and records the letter with who discards it and why, in the same transaction.
    ///
    /// # Errors
    /// As [`discard`](Self::discard), and as [`retry_with`](Self::retry_with) for the note.
    pub async fn discard_with(&self, notification_id: u64, note: &OperatorNote) -> Result<DeadLetter, DeadLetterError> {
        self.check(note)?;
        loop {
            match self.try_discard(notification_id, note).await {
                Ok(Some(letter)) => {
                    self.warn_of(std::slice::from_ref(&letter), note);
                    return Ok(self.opened(letter));
                }
                Ok(None) => {
                    let upstream = Arc::clone(&self.handling.upstream);
                    return Err(DeadLetterError::NotFound { name: P::NAME, upstream, notification_id });
                }
                Err(failure) => failed(failure)?,
            }
        }
    }

    /// Discards all dead letters of an aggregate, and returns their number. Later events are handled as usual.
    ///
    /// # Errors
    /// [`DeadLetterError::NoneOf`] if there are none; [`RunnerError::View`] if the view's database fails.
    pub async fn discard_all(&self, originator_id: Uuid) -> Result<usize, DeadLetterError> {
        self.discard_all_with(originator_id, &OperatorNote::default()).await
    }

    /// Discards as [`discard_all`](Self::discard_all) does, and records each letter with who discards it and why, in the same transaction.
    ///
    /// # Errors
    /// As [`discard_all`](Self::discard_all), and as [`retry_with`](Self::retry_with) for the note.
    pub async fn discard_all_with(&self, originator_id: Uuid, note: &OperatorNote) -> Result<usize, DeadLetterError> {
        self.check(note)?;
        let mut discarded = 0;
        loop {
            match self.try_discard_first(originator_id, note).await {
                Ok(letters) if letters.is_empty() => break,
                Ok(letters) => {
                    self.warn_of(&letters, note);
                    discarded += letters.len();
                }
                Err(failure) => failed(failure)?,
            }
        }
        if discarded == 0 { Err(self.none_of(originator_id)) } else { Ok(discarded) }
    }

    /// At most `limit` letters that were resolved with a note, the last one first, in plain text.
    ///
    /// # Errors
    /// [`RunnerError::View`] if the view's database fails.
    pub async fn resolved(&self, limit: usize) -> Result<Vec<ResolvedLetter>, DeadLetterError> {
        let Handling { views, key, upstream, shared, .. } = &self.handling;
        let resolved = views.resolved_letters(key, upstream, limit).await;
        let resolved = resolved.map_err(|source| RunnerError::View { name: P::NAME, source })?;
        Ok(resolved.into_iter().map(|letter| letter.opened(&shared.mapper)).collect())
    }

    async fn try_discard(&self, notification_id: u64, note: &OperatorNote) -> Result<Option<DeadLetter>, Failure> {
        let failed = |error| self.handling.view_failure(error);
        let mut transaction = self.handling.begin_without_advance().await?;
        let letter = transaction.discard(notification_id).await.map_err(failed)?;
        self.handling.record(&mut transaction, letter.as_slice(), LetterResolution::Discarded, note).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(letter)
    }

    async fn try_discard_first(&self, originator_id: Uuid, note: &OperatorNote) -> Result<Vec<DeadLetter>, Failure> {
        let failed = |error| self.handling.view_failure(error);
        let mut transaction = self.handling.begin_without_advance().await?;
        let letters = transaction.unpark(originator_id, BATCH).await.map_err(failed)?;
        self.handling.record(&mut transaction, &letters, LetterResolution::Discarded, note).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(letters)
    }

    /// Checks the length of a note.
    fn check(&self, note: &OperatorNote) -> Result<(), DeadLetterError> {
        match note.too_long() {
            Some((what, len, max)) => Err(DeadLetterError::NoteTooLong { what, len, max }),
            None => Ok(()),
        }
    }

    /// The error of an event that failed again. It becomes the letter's reason.
    async fn refused(&self, letter: &DeadLetter, cause: Cause) -> RunnerError {
        if let Err(Failure::Transient(error) | Failure::TimedOut(error) | Failure::Fatal(error)) =
            self.handling.note(letter, &cause).await
        {
            tracing::warn!(%error, notification_id = letter.notification_id, "the new reason of a dead letter could not be stored");
        }
        RunnerError::Handler {
            name: P::NAME,
            upstream: Arc::clone(&self.handling.upstream),
            topic: letter.topic.clone(),
            notification_id: letter.notification_id,
            originator_id: letter.originator_id,
            originator_version: letter.originator_version,
            source: cause,
        }
    }

    /// The letter with its reason in plain text.
    pub(super) fn opened(&self, letter: DeadLetter) -> DeadLetter {
        letter.opened(&self.handling.shared.mapper)
    }

    fn warn_of(&self, discarded: &[DeadLetter], note: &OperatorNote) {
        for letter in discarded {
            let DeadLetter { notification_id, originator_id, originator_version, topic, .. } = letter;
            let (upstream, operator) = (&self.handling.upstream, note.operator.as_deref());
            tracing::warn!(projection = P::NAME, %upstream, notification_id, %originator_id, originator_version, topic, operator, "a dead letter was discarded");
        }
    }

    pub(super) fn none_of(&self, originator_id: Uuid) -> DeadLetterError {
        DeadLetterError::NoneOf { name: P::NAME, upstream: Arc::clone(&self.handling.upstream), originator_id }
    }
}

/// Nothing if the position was moved meanwhile, so that the call is to be retried, or the error.
fn failed(failure: Failure) -> Result<(), RunnerError> {
    match failure {
        Failure::Moved => Ok(()),
        Failure::Transient(error) | Failure::TimedOut(error) | Failure::Fatal(error) => Err(error),
    }
}

impl<P: Projection, V> fmt::Debug for DeadLetters<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters")
            .field("projection", &P::NAME)
            .field("upstream", &self.handling.upstream)
            .finish_non_exhaustive()
    }
}
