//! Views behind a pooler in transaction mode, and beside functions that shadow the server's own.

use eventsourcing_core::projection::{ProjectionKey, RebuildableViews as _, Switched, ViewTransaction as _};
use eventsourcing_core::{DeadLetter, Timestamp, Uuid, ViewError, Views as _};
use eventsourcing_sqlx::PostgresViews;
use sqlx::{AssertSqlSafe, Executor as _};

use super::common::{Schema, options};
use super::{behind_a_proxy, config, pool, pool_with, tracking};

/// Uses every operation of views.
async fn use_all(views: &PostgresViews) {
    let table = |name: &str| format!("CREATE TABLE {name} (id bigint PRIMARY KEY)");
    let parked_at = Timestamp::from_microsecond(-1_234_567).unwrap();
    let letter = DeadLetter::new(2, Uuid::new_v4(), 1, "World.Named", parked_at).with_reason("it failed".to_owned());
    let key = ProjectionKey::new("all", 1);
    let mut tables = views.ensure_live("all", true).await.unwrap().unwrap();
    sqlx::query(AssertSqlSafe(table("worlds"))).execute(tables.view()).await.unwrap();
    tables.commit().await.unwrap();
    assert!(views.ensure_live("all", true).await.unwrap().is_none());
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
    let mut aside = views.begin_without_advance("all", "Office").await.unwrap();
    assert_eq!(aside.unpark(letter.originator_id, 5).await.unwrap(), std::slice::from_ref(&letter));
    aside.park(std::slice::from_ref(&letter)).await.unwrap();
    assert_eq!(aside.discard(2).await.unwrap(), Some(letter));
    aside.commit().await.unwrap();
    let refused = views.begin("all", &tracking(1, 2)).await.unwrap_err();
    assert!(matches!(refused, ViewError::AlreadyProcessed { recorded: 3, .. }), "{refused:?}");

    for version in [2, 3] {
        let key = ProjectionKey::new(key.name, version).rebuilt();
        let mut rebuilt = views.begin_rebuild(key).await.unwrap().unwrap();
        sqlx::query(AssertSqlSafe(table(&format!("{}worlds", key.prefix())))).execute(rebuilt.view()).await.unwrap();
        views.check_tables(key, &mut rebuilt).await.unwrap();
        rebuilt.commit().await.unwrap();
        let moved = views.begin(&key.to_string(), &tracking(0, 3)).await.unwrap();
        if version == 2 {
            moved.commit().await.unwrap();
            assert_eq!(views.switch(key, &[]).await.unwrap(), Switched::Done);
            assert_eq!(views.live_positions("all").await.unwrap(), [("Office".to_owned(), 3.into())]);
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
async fn with_transaction_pooling_views_run_statements_in_transactions_only() {
    assert_eq!(unfit_messages(true).await, 0);
}

/// The twin: the messages that a pooler would mix up without the setting.
#[tokio::test]
async fn without_transaction_pooling_views_prepare_outside_of_transactions() {
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
async fn functions_first_in_the_search_path_do_not_shadow_the_server_s() {
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
