//! What an application counts, the same in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[cfg(all(feature = "metrics", feature = "opentelemetry"))]
mod bridges;
#[path = "../common/mod.rs"]
mod common;
mod consumers;
#[cfg(all(feature = "metrics", feature = "opentelemetry"))]
mod documented;
mod faulty;
mod queues;
mod readiness;
mod saves;

use eventsourcing::prelude::*;

/// An account that refuses what exceeds it.
#[aggregate]
#[derive(Clone)]
pub(crate) struct Account {
    balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub(crate) fn open(balance: i64) -> Self {
        Self { balance }
    }

    #[event("Deposited")]
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[application]
#[derive(Clone)]
pub(crate) struct Bank;

/// The sum of what accounts were opened with. It refuses a negative one.
pub(crate) struct Total;

#[projection("total")]
impl Total {
    #[on]
    async fn opened(&self, event: &AccountOpened, total: &mut i64) -> Result<(), String> {
        if event.balance < 0 {
            return Err("an account opens with a debt".to_owned());
        }
        *total += event.balance;
        Ok(())
    }
}

pub(crate) async fn bank() -> Bank {
    Bank::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()
}

/// A test of each function in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::bank().await).await;
        })* }
        mod sqlite_file { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::Bank::open_with(crate::common::sqlite_file(&folder)).await.unwrap()).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::Bank::open_with(crate::common::postgres()).await.unwrap()).await;
        })* }
    };
}
use in_each_database;
