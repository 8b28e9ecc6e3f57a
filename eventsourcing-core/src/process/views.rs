//! Where a policy's positions, dead letters and results are kept: beside the events of its own application.

use uuid::Uuid;

use super::UnitOfWork;
use crate::application::Application;
use crate::domain::CausingEvent;
use crate::projection::{DeadLetter, ResolvedLetter, ViewError, ViewTransaction, Views};
use crate::recording::{Append, LetterQuery, LogPosition, Tracking};

/// The views of a process application: its own events, with its positions in the logs of others and its dead letters.
///
/// [`ProcessApplication::follow`](super::ProcessApplication::follow) uses it; programs seldom name it.
#[derive(Clone, Debug)]
pub struct ProcessViews(Application);

impl ProcessViews {
    pub(crate) fn new(application: Application) -> Self {
        Self(application)
    }
}

/// A process application stores its positions and dead letters beside its own events.
impl Views for ProcessViews {
    type View = UnitOfWork;
    type Transaction = WorkTransaction;

    async fn position(&self, _: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        Ok(self.0.shared.recorder.tracked_position(upstream).await?)
    }

    /// Locks nothing: a conflict with another writer shows at the commit.
    async fn begin(&self, _: &str, tracking: &Tracking) -> Result<WorkTransaction, ViewError> {
        tracking.check()?;
        self.0.carry_letters_over(&tracking.upstream).await?;
        Ok(WorkTransaction(UnitOfWork::new(&self.0, &tracking.upstream, Some(tracking.clone()))))
    }

    async fn initialize_position(
        &self,
        _: &str,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, ViewError> {
        Ok(self.0.shared.recorder.initialize_tracking(upstream, position).await?)
    }

    async fn move_position(
        &self,
        _: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), ViewError> {
        self.0.shared.recorder.move_tracking(upstream, from, to).await.map_err(ViewError::from)
    }

    async fn begin_without_advance(&self, _: &str, upstream: &str) -> Result<WorkTransaction, ViewError> {
        self.0.carry_letters_over(upstream).await?;
        Ok(WorkTransaction(UnitOfWork::new(&self.0, upstream, None)))
    }

    async fn dead_letters(
        &self,
        _: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        self.0.carry_letters_over(upstream).await?;
        Ok(self.0.letters(LetterQuery::of(upstream).after(after).limit(limit)).await?)
    }

    async fn resolved_letters(&self, _: &str, upstream: &str, limit: usize) -> Result<Vec<ResolvedLetter>, ViewError> {
        Ok(self.0.resolved_letters(upstream, limit).await?)
    }

    async fn count_dead_letters(&self, _: &str, upstream: &str) -> Result<u64, ViewError> {
        self.0.carry_letters_over(upstream).await?;
        Ok(self.0.shared.recorder.count_letters(upstream).await?)
    }
}

/// A transaction on the views of a process application: a unit of work until it is committed.
#[derive(Debug)]
pub struct WorkTransaction(UnitOfWork);

impl ViewTransaction for WorkTransaction {
    type View = UnitOfWork;

    fn view(&mut self) -> &mut UnitOfWork {
        &mut self.0
    }

    fn handles(&mut self, event: CausingEvent) {
        self.0.cause = Some(event);
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        let work = &mut self.0;
        Ok(work.letters.parked(&work.application, &work.upstream, originators).await?)
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        let work = &mut self.0;
        work.letters.park(letters);
        Ok(())
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        let work = &mut self.0;
        Ok(work.letters.unpark(&work.application, &work.upstream, originator_id, limit).await?)
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        let work = &mut self.0;
        Ok(work.letters.discard(&work.application, &work.upstream, notification_id).await?)
    }

    async fn resolved(&mut self, records: &[ResolvedLetter]) -> Result<(), ViewError> {
        self.0.resolved.extend_from_slice(records);
        Ok(())
    }

    async fn commit(self) -> Result<(), ViewError> {
        let UnitOfWork { application, upstream, tracking, mut events, due, letters, resolved, .. } = self.0;
        events.extend(application.record_of_resolved(&upstream, resolved).await?);
        let changes = letters.into_changes(&application, &upstream)?;
        application.shared.append(Append::new(events).tracked(tracking).changing(changes)).await?;
        application.shared.snapshots.take_all(due);
        Ok(())
    }
}
