//! Consumers as in an application: a projection that counts, a subscription, a policy that opens accounts.

use std::time::{Duration, Instant};

use eventsourcing::Projection;
use eventsourcing::prelude::*;
use eventsourcing::projection::{RunnerBuilder, ViewTransaction as _, Views};
use sqlx::{PgConnection, SqliteConnection};

use crate::account::{Account, AccountDeposited, Bank, Usual};

const COUNT: &str = "UPDATE counter SET deposits = deposits + $1";

/// A time limit that is exceeded only if something hangs.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Counts deposits with a statement for each batch.
pub struct ByBatch;

/// Counts deposits with a statement for each event.
pub struct ByEvent;

/// The same in SQLite.
pub struct ByBatchInFile;

/// The same in SQLite.
pub struct ByEventInFile;

#[projection("counted")]
impl ByBatch {
    #[on]
    async fn deposited(&self, events: &[EventEnvelope<AccountDeposited>], view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).bind(events.len() as i64).execute(view).await?;
        Ok(())
    }
}

#[projection("counted")]
impl ByEvent {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).bind(1_i64).execute(view).await?;
        Ok(())
    }
}

#[projection("counted")]
impl ByBatchInFile {
    #[on]
    async fn deposited(
        &self,
        events: &[EventEnvelope<AccountDeposited>],
        view: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        sqlx::query(COUNT).bind(events.len() as i64).execute(view).await?;
        Ok(())
    }
}

#[projection("counted")]
impl ByEventInFile {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).bind(1_i64).execute(view).await?;
        Ok(())
    }
}

/// An application with a policy: for each deposit at a bank it opens an account.
#[application]
pub struct Branch;

#[policy]
impl Branch {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Account::usual())
    }
}

/// Sets the position of a projection in the log of a bank.
pub async fn begin_after<V: Views>(views: &V, after: u64) {
    if after > 0 {
        let tracking = Tracking::new("Bank", 0, after);
        views.begin("counted", &tracking).await.unwrap().commit().await.unwrap();
    }
}

/// Runs a consumer until it has processed the whole log, and returns the time, including that of its start.
pub async fn catch_up<P, V>(bank: &Bank, runner: RunnerBuilder<P, V>) -> Duration
where
    P: Projection,
    V: Views<View = P::View>,
{
    let last = bank.log().max_id().await.unwrap().unwrap_or_default();
    let start = Instant::now();
    let runner = runner.start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let took = start.elapsed();
    runner.stop().await.unwrap();
    took
}
