//! Tables of views: older ones, missing ones, those of a rebuild, and those that a role may not create.

use eventsourcing_core::projection::{ProjectionKey, RebuildableViews as _, Switched, ViewTransaction as _};
use eventsourcing_core::{DeadLetter, Environment, Recorder as _, Timestamp, Uuid, ViewError, Views as _};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, PostgresViews};
use sqlx::{AssertSqlSafe, Executor as _};

use super::common::{Schema, options};
use super::{config, pool, pool_with, rebuilt, tracking};

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

/// The tables of version 1, before they stored their version.
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
    INSERT INTO eventsourcing_dead_letters VALUES ('old', 'Office', 3, '00000000-0000-0000-0000-000000000000', 1,
        'Account.Opened', 'it is closed', '1970-01-01 00:00:00.000005+00');
    INSERT INTO eventsourcing_projection_versions VALUES ('old', 1)";

/// The migration from version 1 to version 2.
const VERSION_2: &str = "
    ALTER TABLE eventsourcing_projections ADD COLUMN IF NOT EXISTS anchor uuid;
    ALTER TABLE eventsourcing_projection_versions ADD COLUMN IF NOT EXISTS tables text;
    INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES ('.schema', 2)";

/// The tables of versions 1 and 2.
fn old_tables() -> [(i64, String); 2] {
    [(1, VERSION_1.to_owned()), (2, format!("{VERSION_1};{VERSION_2}"))]
}

#[tokio::test]
async fn tables_of_versions_1_and_2_become_those_of_now_and_keep_what_is_in_them() {
    for (_, old) in old_tables() {
        let schema = Schema::new();
        let pool = pool(&schema, 2).await;
        pool.execute(AssertSqlSafe(old)).await.unwrap();
        let views = PostgresViews::open(pool.clone()).await.unwrap();
        assert_eq!(views.position("old", "Office").await.unwrap(), 7);
        let letter = DeadLetter::new(3, Uuid::nil(), 1, "Account.Opened", Timestamp::from_microsecond(5).unwrap());
        let letters = views.dead_letters("old", "Office", 0, 10).await.unwrap();
        assert_eq!(letters, [letter.with_reason("it is closed".to_owned())]);
        views.begin("old", &tracking(7, 8)).await.unwrap().commit().await.unwrap();
        let anchors: Vec<Option<Uuid>> =
            sqlx::query_scalar("SELECT anchor FROM eventsourcing_projections").fetch_all(&pool).await.unwrap();
        assert_eq!(anchors, [None]);
        let key = "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'eventsourcing_projections_pkey'::regclass";
        let key: String = sqlx::query_scalar(key).fetch_one(&pool).await.unwrap();
        assert_eq!(key, "projection, upstream, position");
        let version =
            "UPDATE eventsourcing_projection_versions SET serving = 5 WHERE projection = '.schema' AND serving = 4";
        assert_eq!(pool.execute(version).await.unwrap().rows_affected(), 1);
        let error = PostgresViews::open(pool).await.unwrap_err();
        assert!(matches!(error, ViewError::SchemaTooNew { found: 5, known: 4 }), "{error:?}");
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
            said = format!("schema version {version}, which must be migrated to 4");
        }
        let mut config = config();
        config.create_table = false;
        let error = PostgresViews::open_with(pool.clone(), config.clone()).await.unwrap_err();
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

fn variables(schema: &Schema) -> Vec<(&'static str, String)> {
    let PostgresConfig { host, port, user, dbname, password, schema, .. } = schema.config.clone();
    vec![
        ("POSTGRES_HOST", host),
        ("POSTGRES_PORT", port.to_string()),
        ("POSTGRES_USER", user),
        ("POSTGRES_DBNAME", dbname),
        ("POSTGRES_PASSWORD", password.unwrap_or_default()),
        ("POSTGRES_SCHEMA", schema),
    ]
}

#[tokio::test]
async fn variables_of_an_application_open_views_in_its_schema() {
    let schema = Schema::new();
    let environment = Environment::from_variables("Universe", variables(&schema));
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let views = PostgresViews::from_environment(&environment).await.unwrap();
    views.pool().execute("CREATE TABLE worlds (id int)").await.unwrap();
    let tables = format!(
        "SELECT count(*) FROM pg_class WHERE relnamespace = '{}'::regnamespace \
         AND relname IN ('worlds', 'universe_events', 'eventsourcing_projections')",
        schema.name
    );
    assert_eq!(schema.number(tables).await, 3);
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn views_in_a_schema_that_is_missing_are_told_the_cure() {
    let schema = Schema::new();
    let environment = Environment::from_variables("Universe", variables(&schema));
    let error = PostgresViews::from_environment(&environment).await.unwrap_err().to_string();
    assert!(error.contains("names no schema that exists; create the schema, or open first the application"), "{error}");
}

#[tokio::test]
async fn variables_that_name_no_database_open_no_views() {
    let none = Environment::from_variables("Universe", [("PERSISTENCE_MODULE", "postgres")]);
    let error = PostgresViews::from_environment(&none).await.unwrap_err();
    assert!(matches!(&error, ViewError::Open { cause, .. } if cause.contains("POSTGRES_DBNAME is not set")), "{error}");

    // a pooler keeps no search path, so the tables would be in another schema
    let mut behind_a_pooler = variables(&Schema::new());
    behind_a_pooler.push(("POSTGRES_TRANSACTION_POOLING", "y".to_owned()));
    let environment = Environment::from_variables("Universe", behind_a_pooler);
    let error = PostgresViews::from_environment(&environment).await.unwrap_err().to_string();
    assert!(error.contains("ALTER ROLE … SET search_path"), "{error}");
}
