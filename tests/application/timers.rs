//! A Tokio runtime without timers, in which a time limit would panic.

use eventsourcing::database::SqliteViews;
use eventsourcing::prelude::*;
use eventsourcing::{RunnerError, ViewError};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::runtime::{Builder, Runtime};

use super::Office;
use super::common::office::Total;

fn without_timers() -> [Runtime; 2] {
    [Builder::new_current_thread().build().unwrap(), Builder::new_multi_thread().worker_threads(1).build().unwrap()]
}

#[test]
fn an_application_is_not_opened_without_timers() {
    let variables: [(&str, &[(&str, &str)]); 3] = [
        ("the application `Office`", &[("PERSISTENCE_MODULE", "memory")]),
        ("accounts.db", &[("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", "accounts.db")]),
        (
            "postgres://ada@127.0.0.1:5432/accounts",
            &[
                ("PERSISTENCE_MODULE", "postgres"),
                ("POSTGRES_HOST", "127.0.0.1"),
                ("POSTGRES_DBNAME", "accounts"),
                ("POSTGRES_USER", "ada"),
                ("POSTGRES_PASSWORD", "secret"),
            ],
        ),
    ];
    for runtime in without_timers() {
        for (database, variables) in variables {
            let error = runtime.block_on(Office::open_with(variables.iter().copied())).unwrap_err();
            let said = format!("cannot open {database}: the Tokio runtime has no timers; build it with `enable_all()`");
            assert_eq!(error.to_string(), said);
        }
    }
}

#[test]
fn a_projection_is_not_started_without_timers() {
    let complete = Runtime::new().unwrap();
    let office = complete.block_on(Office::open_with([("PERSISTENCE_MODULE", "memory")])).unwrap();
    let pool = {
        let _inside = complete.enter();
        SqlitePoolOptions::new().connect_lazy_with(SqliteConnectOptions::new())
    };
    for runtime in without_timers() {
        let error = runtime.block_on(ProjectionRunner::start(&office, Total, MemoryViews::new(0))).unwrap_err();
        assert!(matches!(error, RunnerError::NoTimers { name: "total" }), "{error}");
        let error = runtime.block_on(SqliteViews::open(pool.clone())).map(|_| ()).unwrap_err();
        assert!(matches!(error, ViewError::Open { .. }), "{error}");
    }
}
