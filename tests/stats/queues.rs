//! The queue and the transactions of the databases.

use eventsourcing::prelude::*;
use futures::future::join_all;

use crate::common::{postgres, sqlite_file};
use crate::{Account, Bank};

async fn saves_at_once_share_transactions(variables: Vec<(String, String)>, system: &str) {
    let bank = Bank::open_with(variables).await.unwrap();
    let mut accounts: Vec<Account> = (0..40).map(Account::open).collect();
    let saves = join_all(accounts.iter_mut().map(|account| bank.save(account))).await;
    assert!(saves.iter().all(Result::is_ok));

    let stats = bank.stats().recorder;
    assert_eq!((stats.system, stats.queued_saves), (system, 0));
    assert_eq!(
        (stats.batch_sizes.sum(), stats.queue_wait.count()),
        (40, 40),
        "each save waited once, in one transaction"
    );
    let transactions = stats.batch_sizes.count();
    assert!(transactions < 40, "{transactions} transactions");
    assert_eq!(stats.transactions.count(), transactions);
    assert_eq!(stats.lock_wait.is_some(), system == "sqlite");
}

#[tokio::test]
async fn saves_at_once_share_transactions_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    saves_at_once_share_transactions(sqlite_file(&folder), "sqlite").await;
}

#[tokio::test]
async fn saves_at_once_share_transactions_of_postgresql() {
    saves_at_once_share_transactions(postgres(), "postgresql").await;
}

/// The other connection holds the lock until the save has given up.
#[tokio::test]
async fn a_wait_for_the_lock_of_sqlite_is_counted() {
    use sqlx::{Connection as _, Executor as _};

    let folder = tempfile::tempdir().unwrap();
    let mut variables = sqlite_file(&folder);
    variables.push(("SQLITE_LOCK_TIMEOUT".to_owned(), "0.01".to_owned()));
    let file = variables.iter().find(|(name, _)| name == "SQLITE_DBNAME").unwrap().1.clone();
    let bank = Bank::open_with(variables).await.unwrap();
    bank.save(&mut Account::open(1)).await.unwrap();
    assert_eq!(bank.stats().recorder.lock_wait.unwrap().count(), 0, "nobody else held it");

    let mut other = sqlx::SqliteConnection::connect(&format!("sqlite:{file}")).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    assert!(bank.save(&mut Account::open(2)).await.is_err());
    other.execute("ROLLBACK").await.unwrap();
    let stats = bank.stats();
    assert_eq!((stats.recorder.lock_wait.unwrap().count(), stats.refused.unavailable), (1, 1));
}
