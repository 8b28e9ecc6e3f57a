//! Under a steady load neither memory nor open files nor connections keep growing, in SQLite and in PostgreSQL.
//!
//! A short run by default, which shows that the load is served; `cargo xtask soak` runs it for minutes, which shows that nothing grows.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod counting;
mod load;
mod series;
#[expect(unreachable_pub, reason = "shared with tests of another package")]
#[path = "../../eventsourcing-sqlx/tests/common/watched.rs"]
mod watched;

use sqlx::{Connection as _, PgConnection};

use common::PATIENCE;
use common::office::{Account, AccountDeposited, AccountOpened, Office};
use common::pools::postgres_options;
use counting::{InPostgres, InSqlite};
use load::{Extent, serve};
use watched::Watch;

/// The duration of the load: minutes in a soak, else a number of rounds.
fn extent() -> Extent {
    match std::env::var("EVENTSOURCING_SOAK_MINUTES") {
        Ok(minutes) => Extent::Minutes(minutes.parse().unwrap()),
        Err(_) => Extent::Rounds(100),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_steady_load_on_a_file_uses_does_not_keep_growing() {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = common::sqlite_file(&folder);
    // nine connections at most, whose caches are full long before the first quarter is over
    variables.push(("SQLITE_CACHE_SIZE".to_owned(), (1024 * 1024).to_string()));
    let office = Office::open_with(variables).await.unwrap();
    let counted = counting::in_file(&folder.path().join("views.db")).await;
    let watch = Watch::start(None);
    serve(&office, || InSqlite, &counted, extent()).await;
    assert_eq!(watch.end().await.growing(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_steady_load_on_postgres_uses_does_not_keep_growing() {
    let mut variables = common::postgres();
    // a pool that opens more when requests meet would grow for a while by chance
    variables.push(("POSTGRES_MAX_OVERFLOW".to_owned(), "0".to_owned()));
    let counted = counting::in_postgres(&variables).await;
    let office = Office::open_with(variables.clone()).await.unwrap();
    let server = PgConnection::connect_with(&postgres_options(&variables)).await.unwrap();
    let watch = Watch::start(Some(server));
    serve(&office, || InPostgres, &counted, extent()).await;
    assert_eq!(watch.end().await.growing(), []);
    counted.drop_schema(&variables).await;
}
