//! Views in SQLite: tables of older versions, and tables that may not be created.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use eventsourcing_core::projection::ViewTransaction as _;
use eventsourcing_core::{DeadLetter, Timestamp, Tracking, Uuid, ViewError, Views as _};
use eventsourcing_sqlx::{SqliteViews, SqliteViewsConfig};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Executor as _, SqlitePool};

async fn pool() -> (SqlitePool, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("views.db")).create_if_missing(true);
    (SqlitePool::connect_with(options).await.unwrap(), folder)
}

/// The tables of version 1, before they stored their version.
const VERSION_1: &str = "
    CREATE TABLE eventsourcing_projections (projection TEXT NOT NULL, upstream TEXT NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (projection, upstream)) STRICT, WITHOUT ROWID;
    CREATE TABLE eventsourcing_dead_letters (projection TEXT NOT NULL, upstream TEXT NOT NULL,
        notification_id INTEGER NOT NULL, originator_id BLOB NOT NULL, originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL, reason TEXT, parked_at INTEGER NOT NULL,
        PRIMARY KEY (projection, upstream, notification_id),
        UNIQUE (projection, upstream, originator_id, notification_id)) STRICT, WITHOUT ROWID;
    CREATE TABLE eventsourcing_projection_versions (projection TEXT PRIMARY KEY, serving INTEGER NOT NULL,
        rebuilt INTEGER) STRICT, WITHOUT ROWID;
    INSERT INTO eventsourcing_projections VALUES ('old', 'Office', 7);
    INSERT INTO eventsourcing_dead_letters VALUES ('old', 'Office', 3, zeroblob(16), 1, 'Account.Opened', 'it is closed', 5);
    INSERT INTO eventsourcing_projection_versions VALUES ('old', 1, NULL)";

#[tokio::test]
async fn tables_of_version_1_become_those_of_now_and_keep_what_is_in_them() {
    let (pool, _folder) = pool().await;
    pool.execute(VERSION_1).await.unwrap();
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    assert_eq!(views.position("old", "Office").await.unwrap(), 7);
    let letter = DeadLetter::new(3, Uuid::nil(), 1, "Account.Opened", Timestamp::from_microsecond(5).unwrap());
    let letters = views.dead_letters("old", "Office", 0, 10).await.unwrap();
    assert_eq!(letters, [letter.with_reason("it is closed".to_owned())]);
    views.begin("old", &Tracking::new("Office", 7, 8)).await.unwrap().commit().await.unwrap();
    let anchors: Vec<Option<Vec<u8>>> =
        sqlx::query_scalar("SELECT anchor FROM eventsourcing_projections").fetch_all(&pool).await.unwrap();
    assert_eq!(anchors, [None]);
    // what is of now is opened as it is
    SqliteViews::open(pool.clone()).await.unwrap();
    let version = "UPDATE eventsourcing_projection_versions SET serving = 4 WHERE projection = '.schema'";
    assert_eq!(pool.execute(version).await.unwrap().rows_affected(), 1);
    let error = SqliteViews::open(pool).await.unwrap_err();
    assert!(matches!(error, ViewError::SchemaTooNew { found: 4, known: 3 }), "{error:?}");
}

#[tokio::test]
async fn tables_that_may_not_be_made_are_an_error_with_the_sql_that_makes_them() {
    for old in [None, Some(VERSION_1)] {
        let (pool, _folder) = pool().await;
        if let Some(old) = old {
            pool.execute(old).await.unwrap();
        }
        let mut config = SqliteViewsConfig::default();
        config.create_table = false;
        let error = SqliteViews::open_with(pool.clone(), config.clone()).await.unwrap_err();
        let ViewError::SchemaMissing { sql, problem } = &error else { panic!("{error:?}") };
        assert_eq!(problem.contains("schema version 1, which must be migrated to 3"), old.is_some(), "{problem}");
        pool.execute(AssertSqlSafe(sql.clone())).await.unwrap();
        let views = SqliteViews::open_with(pool, config).await.unwrap();
        views.begin("made", &Tracking::new("Office", 0, 1)).await.unwrap().commit().await.unwrap();
    }
}
