//! A projection's view is what happened, each event once, in memory, in SQLite and in PostgreSQL, whatever fails.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod conditions;
mod dead_letters;
mod failing;
mod many;
mod overstepping;
mod places;
mod rebuilding;
mod running;

use std::time::Duration;

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Account {
    balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Note {
    lines: Vec<String>,
}

#[aggregate]
impl Note {
    #[event("Begun")]
    fn begin() -> Self {
        Self { lines: Vec::new() }
    }
}

#[application(aggregates(Account, Note))]
#[derive(Clone, Debug)]
struct Office;

/// Another application of the same aggregates.
#[application(aggregates(Account))]
#[derive(Clone, Debug)]
struct Branch;

/// Far longer than anything here takes: who hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

async fn office() -> Office {
    Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()
}

/// Records so many events of a new account, each deposit of this amount; the last id.
async fn deposits(office: &Office, count: usize, amount: i64) -> u64 {
    let mut account = Account::open();
    (1..count).for_each(|_| account.deposit(amount));
    office.save(&mut account).await.unwrap().last().unwrap().id
}
