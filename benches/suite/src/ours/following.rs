//! Following as an application does it: a projection that counts, a subscription that hears, a policy that acts.

use std::time::{Duration, Instant};

use eventsourcing::Projection;
use eventsourcing::prelude::*;
use eventsourcing::projection::{RunnerBuilder, ViewTransaction as _, Views};
use sqlx::{PgConnection, SqliteConnection};

use crate::account::{Account, AccountDeposited, Bank, Usual};

const COUNT: &str = "UPDATE counter SET deposits = deposits + $1";

/// Longer than anything takes that is not stuck.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Counts deposits with a statement for all that follow one another.
pub struct ByBatch;

/// Counts deposits with a statement each.
pub struct ByEvent;

/// The same in a file.
pub struct ByBatchInFile;

/// The same in a file.
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

/// What follows a bank: for each deposit there it opens an account.
#[application]
pub struct Branch;

#[policy]
impl Branch {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Account::usual())
    }
}

/// Says that a projection has processed a bank up to this id.
pub async fn begin_after<V: Views>(views: &V, after: u64) {
    if after > 0 {
        let tracking = Tracking::new("Bank", 0, after);
        views.begin("counted", &tracking).await.unwrap().commit().await.unwrap();
    }
}

/// Follows until the last of what is recorded is processed, and gives the time from before it was started.
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
