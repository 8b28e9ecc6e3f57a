//! Applications that process each other's events: each event takes effect once, in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod dead_letters;
mod killed;
mod letters_kept;
mod letters_noted;
mod looking;
#[expect(dead_code, unreachable_pub, reason = "an example, which the tests run in their own ways")]
#[path = "../../examples/orders.rs"]
mod orders;
#[expect(dead_code, unreachable_pub, reason = "shared with tests of another package")]
#[path = "../../eventsourcing-sqlx/tests/common/process.rs"]
mod process;
mod refusals;
mod running;
mod slow_appends;
mod steps;
mod units_of_work;

use eventsourcing::pipe;
use eventsourcing::prelude::*;
use eventsourcing::system::System;
use tempfile::TempDir;

use common::PATIENCE;
use orders::{Order, Orders, Payments, Reservations};

fn system() -> System {
    System::new([pipe![Orders => Reservations => Orders, Orders => Payments => Orders]])
}

fn in_memory() -> System {
    system().variables([("PERSISTENCE_MODULE", "memory")])
}

/// A file for each application.
fn in_files(folder: &TempDir) -> System {
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    system().variables([
        ("PERSISTENCE_MODULE", "sqlite".to_owned()),
        ("ORDERS_SQLITE_DBNAME", file("orders.db")),
        ("RESERVATIONS_SQLITE_DBNAME", file("reservations.db")),
        ("PAYMENTS_SQLITE_DBNAME", file("payments.db")),
    ])
}

/// One file for all applications, so that they wait for each other's locks.
fn in_one_file(folder: &TempDir) -> System {
    system().variables(common::sqlite_file(folder))
}

fn in_postgres() -> System {
    system().variables(common::postgres())
}

/// The number of events of an application.
async fn events(application: &Application) -> u64 {
    application.recorder().max_notification_id().await.unwrap().unwrap_or_default()
}

/// A test of a system in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::in_memory()).await;
        })* }
        mod sqlite_files { $(#[tokio::test] async fn $name() {
            super::$name(crate::in_files(&tempfile::tempdir().unwrap())).await;
        })* }
        mod sqlite_file { $(#[tokio::test] async fn $name() {
            super::$name(crate::in_one_file(&tempfile::tempdir().unwrap())).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::in_postgres()).await;
        })* }
    };
}
use in_each_database;
