//! Views in PostgreSQL where the server is silent, the role may do little, a pooler stands between, or a handler oversteps.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::time::Duration;

use eventsourcing_core::following::{ProjectionKey, RebuildableViews, Switched};
use eventsourcing_core::{DeadLetter, Timestamp, Tracking, Uuid, ViewError};
use eventsourcing_core::{Views as _, following::ViewTransaction as _};
use eventsourcing_sqlx::{PostgresTransaction, PostgresViews, PostgresViewsConfig};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use tokio::time::timeout;

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, options, server, until_done};

/// A schema that is there, and a pool of so many connections whose tables are in it.
async fn pool(schema: &Schema, connections: u32) -> PgPool {
    schema.run(format!("CREATE SCHEMA IF NOT EXISTS {}", schema.name)).await;
    pool_with(options(&schema.config), &schema.name, connections)
}

/// The search path is set without a parameter of the session's start, which no pooler knows.
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

/// Views whose time limits may be short: on a machine that is busy they open at one of several tries.
async fn opened(pool: &PgPool, config: &PostgresViewsConfig) -> PostgresViews {
    until_done(async || PostgresViews::open_with(pool.clone(), *config).await).await
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
    let server = server();
    let proxy = Proxy::start((server.host, server.port), cut).await;
    schema.run(format!("CREATE SCHEMA IF NOT EXISTS {}", schema.name)).await;
    let options =
        options(&schema.config).host("127.0.0.1").port(proxy.port).ssl_mode(sqlx::postgres::PgSslMode::Disable);
    // as patient as the views
    let pool = impatient_pool_with(options, &schema.name, connections, config.answer_timeout * 2);
    let views = opened(&pool, &config).await;
    (proxy, pool, views)
}

fn tracking(after: u64, position: u64) -> Tracking {
    Tracking::new("Office", after, position)
}

#[tokio::test]
async fn a_server_that_falls_silent_keeps_nobody_waiting_and_no_connection() {
    let schema = Schema::new();
    let (proxy, _, views) = behind_a_proxy(&schema, impatient(), 1).await;
    let transaction = until_done(async || views.begin("silent", &tracking(0, 1)).await).await;
    proxy.freeze();
    let error = timeout(PATIENCE, transaction.commit()).await.unwrap().unwrap_err();
    assert!(matches!(error, ViewError::Disconnected { .. }) && error.is_retryable(), "{error:?}");
    for _ in 0..3 {
        let error = timeout(PATIENCE, views.begin("silent", &tracking(0, 1))).await.unwrap().unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        let error = timeout(PATIENCE, views.position("silent", "Office")).await.unwrap().unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
    }
    proxy.thaw();
    // the only connection that the pool may have is free again
    let processed = until_done(async || match views.begin("silent", &tracking(0, 1)).await {
        // a commit whose answer came too late
        Err(ViewError::AlreadyProcessed { .. }) => Ok(()),
        begun => begun?.commit().await,
    });
    processed.await;
    assert_eq!(until_done(async || views.position("silent", "Office").await).await, 1);
    schema.drop().await;
}

#[tokio::test]
async fn who_hangs_in_a_transaction_gives_way_to_its_successor() {
    let schema = Schema::new();
    let mut config = config();
    config.idle_in_transaction_session_timeout = Duration::from_millis(100);
    let views = opened(&pool(&schema, 2).await, &config).await;
    let hangs = until_done(async || views.begin("hangs", &tracking(0, 1)).await).await;
    // a machine that is busy may keep the successor waiting for as long as it may hang
    until_done(async || views.begin("hangs", &tracking(0, 1)).await?.commit().await).await;
    assert!(hangs.commit().await.unwrap_err().is_retryable());
    schema.drop().await;
}

/// The twin: without the time limit the successor waits, and it is its own limit that ends that.
#[tokio::test]
async fn without_the_limit_a_successor_waits_until_its_own_time_is_over() {
    let schema = Schema::new();
    let mut config = impatient();
    config.idle_in_transaction_session_timeout = Duration::ZERO;
    let views = opened(&pool(&schema, 2).await, &config).await;
    let hangs = until_done(async || views.begin("hangs", &tracking(0, 1)).await).await;
    let error = timeout(PATIENCE, views.begin("hangs", &tracking(0, 1))).await.unwrap().unwrap_err();
    // the server gave up by itself
    assert!(matches!(error, ViewError::TimedOut { .. }) && error.is_retryable(), "{error:?}");
    hangs.commit().await.unwrap();
    schema.drop().await;
}

#[tokio::test]
async fn statements_of_handlers_have_the_time_limit_of_their_session() {
    let schema = Schema::new();
    let views = opened(&pool(&schema, 1).await, &impatient()).await;
    // longer than any statement of the library may take
    let sleep = async |transaction: &mut PostgresTransaction| {
        sqlx::query("SELECT pg_sleep(0.6)").execute(transaction.view()).await.map(drop)
    };
    let mut transaction = until_done(async || views.begin("slow", &tracking(0, 1)).await).await;
    sleep(&mut transaction).await.unwrap();
    drop(transaction);
    let mut transaction = until_done(async || views.begin_aside("slow", "Office").await).await;
    sleep(&mut transaction).await.unwrap();
    drop(transaction);
    schema.drop().await;
}

#[tokio::test]
async fn statements_of_handlers_are_planned_as_their_session_says() {
    let schema = Schema::new();
    let pool = pool(&schema, 1).await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    for said in ["on", "off"] {
        pool.execute(AssertSqlSafe(format!("SET enable_seqscan = {said}"))).await.unwrap();
        let mut transaction = views.begin(said, &tracking(0, 1)).await.unwrap();
        let planned: String = sqlx::query_scalar("SHOW enable_seqscan").fetch_one(transaction.view()).await.unwrap();
        assert_eq!(planned, said);
        transaction.commit().await.unwrap();
        let mut transaction = views.begin_aside(said, "Office").await.unwrap();
        let planned: String = sqlx::query_scalar("SHOW enable_seqscan").fetch_one(transaction.view()).await.unwrap();
        assert_eq!(planned, said);
        transaction.commit().await.unwrap();
    }
    schema.drop().await;
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_is_found_out() {
    for ends in ["COMMIT", "ROLLBACK", "ROLLBACK; BEGIN", "COMMIT; BEGIN"] {
        let schema = Schema::new();
        let views = PostgresViews::open(pool(&schema, 1).await).await.unwrap();
        let mut transaction = views.begin("ends", &tracking(0, 1)).await.unwrap();
        transaction.view().execute(ends).await.unwrap();
        let error = transaction.commit().await.unwrap_err();
        assert!(matches!(error, ViewError::TransactionEnded) && !error.is_retryable(), "{ends}: {error:?}");
        // what comes next has a connection that is in no transaction
        let position = views.position("ends", "Office").await.unwrap().id;
        let next = tracking(position, position + 1);
        views.begin("ends", &next).await.unwrap().commit().await.unwrap();
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_connection_can_begin_a_transaction_after_each_that_was_committed() {
    let schema = Schema::new();
    let pool = pool(&schema, 1).await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let of_session = "SELECT pg_backend_pid()";
    let first: i32 = sqlx::query_scalar(of_session).fetch_one(&pool).await.unwrap();
    for position in 0..5 {
        views.begin("again", &tracking(position, position + 1)).await.unwrap().commit().await.unwrap();
        drop(views.begin("again", &tracking(0, 1)).await.unwrap_err());
        let mut own = pool.begin().await.unwrap();
        let session: i32 = sqlx::query_scalar(of_session).fetch_one(&mut *own).await.unwrap();
        own.commit().await.unwrap();
        assert_eq!(session, first, "neither a commit nor a refusal costs a connection");
    }
    schema.drop().await;
}

/// Uses views for all that they do.
async fn use_all(views: &PostgresViews) {
    let table = |name: &str| format!("CREATE TABLE {name} (id bigint PRIMARY KEY)");
    let letter = DeadLetter {
        notification_id: 2,
        originator_id: Uuid::new_v4(),
        originator_version: 1,
        topic: "World.Named".to_owned(),
        reason: Some("it failed".to_owned()),
        parked_at: Timestamp::from_microsecond(-1_234_567).unwrap(),
    };
    let key = ProjectionKey::new("all", 1);
    let mut tables = views.serve("all", true).await.unwrap().unwrap();
    sqlx::query(AssertSqlSafe(table("worlds"))).execute(tables.view()).await.unwrap();
    tables.commit().await.unwrap();
    assert!(views.serve("all", true).await.unwrap().is_none());
    for position in 1..=3 {
        let mut transaction = views.begin("all", &tracking(position - 1, position)).await.unwrap();
        let insert = sqlx::query("INSERT INTO worlds VALUES ($1)").bind(i64::try_from(position).unwrap());
        insert.execute(transaction.view()).await.unwrap();
        let parked = transaction.parked(&[letter.originator_id, Uuid::new_v4()]).await.unwrap();
        assert_eq!(parked.len(), usize::from(position == 3));
        if position == 2 {
            transaction.park(std::slice::from_ref(&letter)).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }
    assert_eq!(views.dead_letters("all", "Office", 0, 10).await.unwrap(), std::slice::from_ref(&letter));
    assert_eq!(views.count_dead_letters("all", "Office").await.unwrap(), 1);
    let mut aside = views.begin_aside("all", "Office").await.unwrap();
    assert_eq!(aside.unpark(letter.originator_id, 5).await.unwrap(), std::slice::from_ref(&letter));
    aside.park(std::slice::from_ref(&letter)).await.unwrap();
    assert_eq!(aside.discard(2).await.unwrap(), Some(letter));
    aside.commit().await.unwrap();
    let refused = views.begin("all", &tracking(1, 2)).await.unwrap_err();
    assert!(matches!(refused, ViewError::AlreadyProcessed { recorded: 3, .. }), "{refused:?}");

    for version in [2, 3] {
        let key = ProjectionKey { version, ..key }.rebuilt();
        let mut rebuilt = views.begin_rebuild(key).await.unwrap().unwrap();
        sqlx::query(AssertSqlSafe(table(&format!("{}worlds", key.prefix())))).execute(rebuilt.view()).await.unwrap();
        views.check_tables(key, &mut rebuilt).await.unwrap();
        rebuilt.commit().await.unwrap();
        let moved = views.begin(&key.to_string(), &tracking(0, 3)).await.unwrap();
        if version == 2 {
            moved.commit().await.unwrap();
            assert_eq!(views.switch(key, &[]).await.unwrap(), Switched::Done);
            assert_eq!(views.serving_positions("all").await.unwrap(), [("Office".to_owned(), 3.into())]);
        } else {
            drop(moved);
            assert_eq!(views.abort_rebuild("all", None).await.unwrap(), Some(3));
        }
    }
    assert_eq!(views.position("all_v2", "Office").await.unwrap(), 3);
}

async fn unfit_messages(transaction_pooling: bool) -> usize {
    let schema = Schema::new();
    let mut config = config();
    config.transaction_pooling = transaction_pooling;
    let (proxy, pool, views) = behind_a_proxy(&schema, config, 2).await;
    use_all(&views).await;
    pool.close().await;
    schema.drop().await;
    proxy.unfit_for_a_pooler()
}

#[tokio::test]
async fn with_transaction_pooling_each_statement_of_views_is_within_a_transaction() {
    assert_eq!(unfit_messages(true).await, 0);
}

/// The twin: what a pooler would mix up without the setting.
#[tokio::test]
async fn without_the_setting_statements_of_views_are_prepared_outside_of_transactions() {
    assert!(unfit_messages(false).await > 0);
}

#[tokio::test]
async fn nothing_that_was_prepared_outlives_its_transaction_behind_a_pooler() {
    let schema = Schema::new();
    let mut config = config();
    config.transaction_pooling = true;
    let pool = pool(&schema, 1).await;
    let views = PostgresViews::open_with(pool.clone(), config).await.unwrap();
    for position in 0..3 {
        // as another client left them in the session, under names that sqlx gives to its next
        for name in 1..=100 {
            let prepare = format!("PREPARE sqlx_s_{name} AS SELECT 1");
            pool.execute(AssertSqlSafe(prepare)).await.unwrap();
        }
        let mut transaction = views.begin("pooled", &tracking(position, position + 1)).await.unwrap();
        sqlx::query("SELECT $1::bigint").bind(1_i64).execute(transaction.view()).await.unwrap();
        transaction.commit().await.unwrap();
        let mut session = pool.acquire().await.unwrap();
        let prepared = sqlx::query_scalar("SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql");
        let prepared: i64 = prepared.persistent(false).fetch_one(&mut *session).await.unwrap();
        assert_eq!(prepared, 0);
    }
    schema.drop().await;
}

#[tokio::test]
async fn what_is_first_in_the_search_path_is_not_run_in_place_of_the_server_s_own() {
    let schema = Schema::new();
    let evil = format!("{}_evil", schema.name);
    let mut sql = format!("CREATE SCHEMA {evil};");
    let fails = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not the server''s own'; END $$";
    for (name, left, right) in [
        ("=", "text", "text"),
        ("=", "bigint", "bigint"),
        ("=", "uuid", "uuid"),
        ("=", "name", "text"),
        ("=", "oid", "oid"),
        (">=", "uuid", "uuid"),
        (">", "bigint", "bigint"),
        ("=", "name", "name"),
    ] {
        let number = sql.len();
        sql += &format!(
            "CREATE FUNCTION {evil}.f{number} ({left}, {right}) RETURNS boolean {fails};
             CREATE OPERATOR {evil}.{name} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {evil}.f{number});"
        );
    }
    for (function, returns) in [
        ("txid_current()", "bigint"),
        ("txid_current_if_assigned()", "bigint"),
        ("current_schema()", "name"),
        ("set_config(text, text, boolean)", "text"),
        ("current_setting(text)", "text"),
        ("unnest(uuid[])", "uuid"),
        ("starts_with(text, text)", "boolean"),
        ("to_regclass(text)", "regclass"),
        ("pg_backend_pid()", "int"),
        ("unnest(bigint[])", "bigint"),
        ("min(bigint)", "bigint"),
        ("hashtextextended(text, bigint)", "bigint"),
    ] {
        sql += &format!("CREATE FUNCTION {evil}.{function} RETURNS {returns} {fails};");
    }
    schema.run(format!("CREATE SCHEMA {}", schema.name)).await;
    schema.run(sql).await;
    let path = format!("{}, {evil}, pg_catalog", schema.name);
    let pool = pool_with(options(&schema.config), &path, 2);
    // the twin: what names no schema is taken from where the path says
    for fails in ["SELECT 'a'::text = 'b'::text", "SELECT txid_current()"] {
        let error = pool.execute(fails).await.unwrap_err();
        assert!(error.to_string().contains("not the server's own"), "{fails}: {error}");
    }
    let views = PostgresViews::open(pool).await.unwrap();
    use_all(&views).await;
    schema.run(format!("DROP SCHEMA {evil} CASCADE")).await;
    schema.drop().await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_told_by_the_position() {
    let schema = Schema::new();
    for (cut, committed) in [(Cut::BeforeAnswer, 1), (Cut::BeforeStatement, 0)] {
        let (proxy, _, views) = behind_a_proxy_that(cut, &schema, config(), 2).await;
        let name = format!("lost {committed}");
        let transaction = views.begin(&name, &tracking(0, 1)).await.unwrap();
        proxy.cut(1);
        let error = transaction.commit().await.unwrap_err();
        assert!(matches!(error, ViewError::OutcomeUnknown { .. }) && error.is_retryable(), "{error:?}");
        // who waits for the lock of the position sees what became of it
        let next = views.begin(&name, &tracking(committed, committed + 1)).await.unwrap();
        next.commit().await.unwrap();
    }
    schema.drop().await;
}

/// A rebuild that is where what serves is.
async fn rebuilt(views: &PostgresViews, name: &str) {
    let key = ProjectionKey::new(name, 2).rebuilt();
    views.begin(name, &tracking(0, 1)).await.unwrap().commit().await.unwrap();
    let mut rebuilt = views.begin_rebuild(key).await.unwrap().unwrap();
    rebuilt.view().execute(AssertSqlSafe(format!("CREATE TABLE {}t (id int)", key.prefix()))).await.unwrap();
    views.check_tables(key, &mut rebuilt).await.unwrap();
    rebuilt.commit().await.unwrap();
    views.begin(&key.to_string(), &tracking(0, 1)).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_switch_whose_commit_loses_its_answer_says_what_became_of_it() {
    for cut in [Cut::BeforeAnswer, Cut::BeforeStatement] {
        let schema = Schema::new();
        let (proxy, _, views) = behind_a_proxy_that(cut, &schema, config(), 2).await;
        rebuilt(&views, "switched").await;
        proxy.cut(1);
        assert_eq!(views.switch(ProjectionKey::new("switched", 2).rebuilt(), &[]).await.unwrap(), Switched::Done);
        assert!(proxy.is_done());
        assert_eq!(views.position("switched_v2", "Office").await.unwrap(), 1);
        schema.drop().await;
    }
}

#[tokio::test]
async fn an_abort_whose_commit_loses_its_answer_says_what_became_of_it() {
    for cut in [Cut::BeforeAnswer, Cut::BeforeStatement] {
        let schema = Schema::new();
        let (proxy, _, views) = behind_a_proxy_that(cut, &schema, config(), 2).await;
        rebuilt(&views, "aborted").await;
        proxy.cut(1);
        assert_eq!(views.abort_rebuild("aborted", Some(2)).await.unwrap(), Some(2));
        assert!(proxy.is_done());
        assert_eq!(views.abort_rebuild("aborted", None).await.unwrap(), None);
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_rebuild_drops_and_renames_only_tables_that_it_made() {
    for is_aborted in [true, false] {
        let schema = Schema::new();
        let pool = pool(&schema, 2).await;
        let views = PostgresViews::open(pool.clone()).await.unwrap();
        rebuilt(&views, "mine").await;
        // somebody else's, whatever its name begins with
        pool.execute("CREATE TABLE mine_v2_notes (id int)").await.unwrap();
        if is_aborted {
            assert_eq!(views.abort_rebuild("mine", None).await.unwrap(), Some(2));
        } else {
            assert_eq!(views.switch(ProjectionKey::new("mine", 2).rebuilt(), &[]).await.unwrap(), Switched::Done);
        }
        let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace \
                      AND relname NOT LIKE 'eventsourcing%' ORDER BY 1";
        let left: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await.unwrap();
        let expected: &[&str] = if is_aborted { &["mine_v2_notes"] } else { &["mine_v2_notes", "t"] };
        assert_eq!(left, expected);
        schema.drop().await;
    }
}

/// The tables as they were before they had a version.
const VERSION_1: &str = "
    CREATE TABLE eventsourcing_projections (projection text NOT NULL, upstream text NOT NULL, position bigint NOT NULL,
        PRIMARY KEY (projection, upstream));
    CREATE TABLE eventsourcing_dead_letters (projection text NOT NULL, upstream text NOT NULL,
        notification_id bigint NOT NULL, originator_id uuid NOT NULL, originator_version bigint NOT NULL,
        topic text NOT NULL, reason text, parked_at timestamptz NOT NULL,
        PRIMARY KEY (projection, upstream, notification_id),
        UNIQUE (projection, upstream, originator_id, notification_id));
    CREATE TABLE eventsourcing_projection_versions (projection text PRIMARY KEY, serving bigint NOT NULL, rebuilt bigint);
    INSERT INTO eventsourcing_projections VALUES ('old', 'Office', 7);
    INSERT INTO eventsourcing_projection_versions VALUES ('old', 1)";

/// What version 2 made of them.
const VERSION_2: &str = "
    ALTER TABLE eventsourcing_projections ADD COLUMN IF NOT EXISTS anchor uuid;
    ALTER TABLE eventsourcing_projection_versions ADD COLUMN IF NOT EXISTS tables text;
    INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES ('.schema', 2)";

/// The tables of versions 1 and 2.
fn old_tables() -> [(i64, String); 2] {
    [(1, VERSION_1.to_owned()), (2, format!("{VERSION_1};{VERSION_2}"))]
}

#[tokio::test]
async fn tables_of_versions_1_and_2_become_those_of_now_and_keep_positions() {
    for (_, old) in old_tables() {
        let schema = Schema::new();
        let pool = pool(&schema, 2).await;
        pool.execute(AssertSqlSafe(old)).await.unwrap();
        let views = PostgresViews::open(pool.clone()).await.unwrap();
        assert_eq!(views.position("old", "Office").await.unwrap(), 7);
        views.begin("old", &tracking(7, 8)).await.unwrap().commit().await.unwrap();
        let anchors: Vec<Option<Uuid>> =
            sqlx::query_scalar("SELECT anchor FROM eventsourcing_projections").fetch_all(&pool).await.unwrap();
        assert_eq!(anchors, [None]);
        let key = "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'eventsourcing_projections_pkey'::regclass";
        let key: String = sqlx::query_scalar(key).fetch_one(&pool).await.unwrap();
        assert_eq!(key, "projection, upstream, position");
        let version =
            "UPDATE eventsourcing_projection_versions SET serving = 4 WHERE projection = '.schema' AND serving = 3";
        assert_eq!(pool.execute(version).await.unwrap().rows_affected(), 1);
        let error = PostgresViews::open(pool).await.unwrap_err();
        assert!(matches!(error, ViewError::SchemaTooNew { found: 4, known: 3 }), "{error:?}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn tables_that_may_not_be_made_are_an_error_with_the_sql_that_makes_them() {
    for old in [None].into_iter().chain(old_tables().map(Some)) {
        let schema = Schema::new();
        let pool = pool(&schema, 1).await;
        let mut said = "are missing".to_owned();
        if let Some((version, old)) = old {
            pool.execute(AssertSqlSafe(old)).await.unwrap();
            said = format!("schema version {version}, which must become 3");
        }
        let mut config = config();
        config.create_table = false;
        let error = PostgresViews::open_with(pool.clone(), config).await.unwrap_err();
        let ViewError::SchemaMissing { sql, problem } = &error else { panic!("{error:?}") };
        assert!(problem.contains(&said), "{problem}");
        pool.execute(AssertSqlSafe(sql.clone())).await.unwrap();
        // to run it once more does no harm
        pool.execute(AssertSqlSafe(sql.clone())).await.unwrap();
        let views = PostgresViews::open_with(pool, config).await.unwrap();
        for position in 0..2 {
            views.begin("made", &tracking(position, position + 1)).await.unwrap().commit().await.unwrap();
        }
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_role_that_may_create_nothing_uses_the_tables_that_are_there() {
    let schema = Schema::new();
    let owner = pool(&schema, 1).await;
    let role = format!("{}_role", schema.name);
    schema.run(format!("CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role}", schema.name)).await;
    let of_role = pool_with(options(&schema.config).username(&role).password("x"), &schema.name, 1);
    let error = PostgresViews::open(of_role.clone()).await.unwrap_err();
    assert!(matches!(error, ViewError::SchemaMissing { .. }), "{error:?}");
    PostgresViews::open(owner).await.unwrap();
    schema.run(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {role}", schema.name)).await;
    let views = PostgresViews::open(of_role.clone()).await.unwrap();
    views.begin("of a role", &tracking(0, 1)).await.unwrap().commit().await.unwrap();
    of_role.close().await;
    schema.drop().await;
    schema.run(format!("DROP ROLE {role}")).await;
}
