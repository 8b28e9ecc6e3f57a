//! A transaction on a view, with its dead letters.

use eventsourcing_core::projection::ResolvedLetter;
use eventsourcing_core::{DeadLetter, ViewError};
use uuid::Uuid;

use super::letters;
use super::position_key::PositionKey;
use super::session::{Session, failed};

/// A transaction of handlers.
#[derive(Debug)]
pub(crate) struct Transaction<S> {
    pub(super) session: S,
    key: PositionKey,
    /// Whether there may be dead letters. Where there are none, this saves a statement in each transaction.
    has_letters: bool,
}

impl<S: Session> Transaction<S> {
    pub(super) fn new(session: S, key: PositionKey, has_letters: bool) -> Self {
        Self { session, key, has_letters }
    }

    pub(crate) fn connection(&mut self) -> &mut S::Connection {
        self.session.connection()
    }

    pub(crate) async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        if !self.has_letters || originators.is_empty() {
            return Ok(Vec::new());
        }
        self.session.parked(&self.key, originators).await.map_err(failed::<S>("look up dead letters"))
    }

    pub(crate) async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        self.has_letters = true;
        self.session.park(&self.key, letters).await.map_err(failed::<S>("park events"))
    }

    pub(crate) async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        letters::unpark(&mut self.session, &self.key, originator_id, limit).await
    }

    pub(crate) async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        letters::discard(&mut self.session, &self.key, notification_id).await
    }

    pub(crate) async fn resolved(&mut self, records: &[ResolvedLetter]) -> Result<(), ViewError> {
        letters::record(&mut self.session, &self.key, records).await
    }

    pub(crate) async fn check(&mut self) -> Result<(), ViewError> {
        self.session.check_commit().await
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.session.is_ended()
    }

    pub(crate) async fn commit(self) -> Result<(), ViewError> {
        self.session.commit().await
    }
}
