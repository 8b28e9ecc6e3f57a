//! Views that do not check which version is live: with them, an old runner writes into the new tables.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex};

use eventsourcing::database::SqliteViews;
use eventsourcing::projection::{ViewTransaction, Views};
use eventsourcing::recording::LogPosition;
use eventsourcing::{DeadLetter, ProjectionRunner, Rebuild, RunnerError, Tracking, Uuid, ViewError};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::super::{PATIENCE, deposits, office};
use super::places::{InSqlite1, InSqlite2, Place as _, Version as _, sqlite};

/// Keeps positions where no switch finds them, and begins without a check of the live version.
struct Unchecked {
    pool: SqlitePool,
    views: SqliteViews,
    position: Arc<Mutex<HashMap<String, u64>>>,
}

struct UncheckedTransaction(Transaction<'static, Sqlite>, Box<dyn FnOnce() + Send>);

impl Views for Unchecked {
    type View = SqliteConnection;
    type Transaction = UncheckedTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        let _ = upstream;
        if let Some(position) = self.position.lock().unwrap().get(projection) {
            return Ok((*position).into());
        }
        self.views.position(projection, upstream).await
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<UncheckedTransaction, ViewError> {
        let (positions, projection, position) = (Arc::clone(&self.position), projection.to_owned(), tracking.position);
        let moved = move || {
            positions.lock().unwrap().insert(projection, position);
        };
        Ok(UncheckedTransaction(self.pool.begin_with("BEGIN IMMEDIATE").await.unwrap(), Box::new(moved)))
    }

    async fn begin_without_advance(&self, _: &str, _: &str) -> Result<UncheckedTransaction, ViewError> {
        Ok(UncheckedTransaction(self.pool.begin_with("BEGIN IMMEDIATE").await.unwrap(), Box::new(|| {})))
    }

    async fn dead_letters(&self, _: &str, _: &str, _: u64, _: usize) -> Result<Vec<DeadLetter>, ViewError> {
        Ok(Vec::new())
    }

    async fn count_dead_letters(&self, _: &str, _: &str) -> Result<u64, ViewError> {
        Ok(0)
    }

    fn is_transient(&self, error: &(dyn StdError + 'static)) -> bool {
        self.views.is_transient(error)
    }
}

impl ViewTransaction for UncheckedTransaction {
    type View = SqliteConnection;

    fn view(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }

    async fn parked(&mut self, _: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        Ok(Vec::new())
    }

    async fn park(&mut self, _: &[DeadLetter]) -> Result<(), ViewError> {
        Ok(())
    }

    async fn unpark(&mut self, _: Uuid, _: usize) -> Result<Vec<DeadLetter>, ViewError> {
        Ok(Vec::new())
    }

    async fn discard(&mut self, _: u64) -> Result<Option<DeadLetter>, ViewError> {
        Ok(None)
    }

    async fn commit(self) -> Result<(), ViewError> {
        self.0.commit().await.unwrap();
        (self.1)();
        Ok(())
    }
}

/// The view after a switch, when an old runner in another process handled another event.
async fn after_a_switch(is_checked: bool) -> ((i64, i64, i64, i64), Option<RunnerError>) {
    let place = sqlite().await;
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let views = place.views().await;
    let first = ProjectionRunner::start(&office, InSqlite1::open(), views.clone()).await.unwrap();
    first.wait_for(last, PATIENCE).await.unwrap();
    first.stop().await.unwrap();
    let old = if is_checked {
        ProjectionRunner::start(&office, InSqlite1::open(), views.clone()).await.unwrap()
    } else {
        let unchecked = Unchecked { pool: place.pool.clone(), views: place.views().await, position: Arc::default() };
        ProjectionRunner::start(&office, InSqlite1::open(), unchecked).await.unwrap()
    };
    let mut rebuilding = Rebuild::builder(&office, InSqlite2::open(), views).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    let last = deposits(&office, 2, 1).await;
    let error = old.wait_for(last, PATIENCE).await.err();
    (place.seen().await, error)
}

#[tokio::test]
async fn without_the_check_an_old_runner_writes_into_the_new_tables() {
    let (seen, error) = after_a_switch(true).await;
    assert_eq!(seen, (2, 2, 2, 2));
    assert!(matches!(error, Some(RunnerError::Superseded { .. })), "{error:?}");

    let (seen, error) = after_a_switch(false).await;
    assert_eq!(seen, (3, 4, 1, 2));
    assert!(error.is_none(), "{error:?}");
}
