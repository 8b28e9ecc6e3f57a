//! What is particular to views in PostgreSQL: time limits, transactions, poolers, lost answers, and tables.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "../common/mod.rs"]
mod common;
mod lost_answers;
mod poolers;
mod tables;
mod transactions;

use std::time::Duration;

use eventsourcing_core::projection::{ProjectionKey, RebuildableViews as _, ViewTransaction as _};
use eventsourcing_core::{Tracking, Views as _};
use eventsourcing_sqlx::{PostgresViews, PostgresViewsConfig};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, options, until_done};

/// Creates the schema, and returns a pool of this number of connections to it.
async fn pool(schema: &Schema, connections: u32) -> PgPool {
    schema.run(format!("CREATE SCHEMA IF NOT EXISTS {}", schema.name)).await;
    pool_with(options(&schema.config), &schema.name, connections)
}

/// A pool that sets the search path by a statement: poolers refuse it as a startup parameter.
fn pool_with(options: PgConnectOptions, path: &str, connections: u32) -> PgPool {
    impatient_pool_with(options, path, connections, PATIENCE)
}

fn impatient_pool_with(options: PgConnectOptions, path: &str, connections: u32, longest: Duration) -> PgPool {
    let path = format!("SET search_path = {path}");
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(longest);
    pool.after_connect(move |connection, _| {
        let path = path.clone();
        Box::pin(async move { connection.execute(AssertSqlSafe(path)).await.map(drop) })
    })
    .connect_lazy_with(options)
}

fn config() -> PostgresViewsConfig {
    PostgresViewsConfig::default()
}

fn impatient() -> PostgresViewsConfig {
    let mut config = config();
    config.answer_timeout = Duration::from_millis(300);
    config
}

/// Opens views, whose time limits may be short; on a busy machine that takes several attempts.
async fn opened(pool: &PgPool, config: &PostgresViewsConfig) -> PostgresViews {
    until_done(async || PostgresViews::open_with(pool.clone(), config.clone()).await).await
}

/// Views behind a proxy.
async fn behind_a_proxy(
    schema: &Schema,
    config: PostgresViewsConfig,
    connections: u32,
) -> (Proxy, PgPool, PostgresViews) {
    behind_a_proxy_that(Cut::BeforeStatement, schema, config, connections).await
}

async fn behind_a_proxy_that(
    cut: Cut,
    schema: &Schema,
    config: PostgresViewsConfig,
    connections: u32,
) -> (Proxy, PgPool, PostgresViews) {
    schema.run(format!("CREATE SCHEMA IF NOT EXISTS {}", schema.name)).await;
    let mut through = schema.config.clone();
    let proxy = Proxy::before(&mut through, cut).await;
    let options = options(&through).ssl_mode(PgSslMode::Disable);
    // as patient as the views
    let pool = impatient_pool_with(options, &schema.name, connections, config.answer_timeout * 2);
    let views = opened(&pool, &config).await;
    (proxy, pool, views)
}

fn tracking(after: u64, position: u64) -> Tracking {
    Tracking::new("Office", after, position)
}

/// A rebuild at the position of the live version.
async fn rebuilt(views: &PostgresViews, name: &str) {
    let key = ProjectionKey::new(name, 2).rebuilt();
    views.begin(name, &tracking(0, 1)).await.unwrap().commit().await.unwrap();
    let mut rebuilt = views.begin_rebuild(key).await.unwrap().unwrap();
    rebuilt.view().execute(AssertSqlSafe(format!("CREATE TABLE {}t (id int)", key.prefix()))).await.unwrap();
    views.check_tables(key, &mut rebuilt).await.unwrap();
    rebuilt.commit().await.unwrap();
    views.begin(&key.to_string(), &tracking(0, 1)).await.unwrap().commit().await.unwrap();
}
