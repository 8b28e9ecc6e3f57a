//! Metadata: set for a scope or a save, recorded with each event, and read from events, contexts and the log.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod causes;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "chacha20poly1305")]
mod encrypted;
mod limits;
mod reading;
mod scopes;
#[cfg(feature = "opentelemetry")]
mod traces;

use eventsourcing::prelude::*;

use common::office::{Account, Office};

/// How an application is opened.
type Variables = Vec<(String, String)>;

fn in_memory() -> Variables {
    vec![("PERSISTENCE_MODULE".to_owned(), "memory".to_owned())]
}

async fn office(variables: Variables) -> Office {
    Office::open_with(variables).await.unwrap()
}

/// An account with a deposit, neither of which is recorded yet.
fn account() -> Account {
    let mut account = Account::open();
    account.deposit(10);
    account
}

/// The metadata of all recorded events.
async fn recorded(application: &Application) -> Vec<Metadata> {
    let notifications = application.log().select(1, 100).await.unwrap();
    notifications.iter().map(|notification| application.mapper().metadata_of(notification).unwrap()).collect()
}

/// A test of each function in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::in_memory()).await;
        })* }
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::common::sqlite_file(&folder)).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::common::postgres()).await;
        })* }
    };
}
use in_each_database;
