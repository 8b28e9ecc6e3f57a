//! Mistakes in rebuilds are refused early, with the cure.

use eventsourcing::prelude::*;
use eventsourcing::{EventContext, MemoryViews, Projection, ProjectionRunner, Rebuild, RebuildError, RunnerError};
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use super::super::{AccountDeposited, AccountOpened, PATIENCE, deposits, office};
use super::places::{Place, postgres, sqlite};

/// Counts openings. Each test names the mistake of its second version.
macro_rules! openings {
    ($name:ident($connection:ident, $version:literal) tables($prefix:ident) $tables:expr, count($context:ident) $table:expr) => {
        struct $name;

        #[projection("openings", version = $version)]
        impl $name {
            #[tables]
            async fn tables(&self, $prefix: &str, view: &mut $connection) -> sqlx::Result<()> {
                sqlx::raw_sql(AssertSqlSafe($tables)).execute(view).await.map(|_| ())
            }

            #[on]
            async fn opened(
                &self,
                _: &AccountOpened,
                $context: &EventContext,
                view: &mut $connection,
            ) -> sqlx::Result<()> {
                let insert = format!("INSERT INTO {} VALUES ({})", $table, $context.notification_id);
                sqlx::query(AssertSqlSafe(insert)).execute(view).await.map(|_| ())
            }
        }
    };
}

openings!(InSqlite(SqliteConnection, 1) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINT)"), count(context) context.table("openings"));
openings!(InPostgres(PgConnection, 1) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINT)"), count(context) context.table("openings"));
openings!(CarelessInSqlite(SqliteConnection, 2) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINT)"), count(context) "openings");
openings!(CarelessInPostgres(PgConnection, 2) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINT)"), count(context) "openings");
openings!(WithoutPrefix(PgConnection, 2) tables(_prefix) "CREATE TABLE IF NOT EXISTS openings (id BIGINT)", count(context) context.table("openings"));
openings!(Broken(PgConnection, 2) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINTEGER)"), count(context) context.table("openings"));
openings!(Long(PgConnection, 2) tables(prefix) format!("CREATE TABLE {prefix}o{} (id BIGINT)", "p".repeat(60)), count(context) context.table("openings"));
openings!(Second(PgConnection, 2) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINT)"), count(context) context.table("openings"));
openings!(Third(PgConnection, 3) tables(prefix) format!("CREATE TABLE {prefix}openings (id BIGINT)"), count(context) context.table("openings"));

/// Counts openings, and then rebuilds with a handler that writes to the live tables.
async fn a_careless_handler_is_refused<P: Place>(
    place: &P,
    one: impl Projection<View = <P::Views as eventsourcing::Views>::View>,
    careless: impl Projection<View = <P::Views as eventsourcing::Views>::View>,
) {
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let old = ProjectionRunner::start(&office, one, place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let before = place.traces().await;
    let mut rebuilding = Rebuild::builder(&office, careless, place.views().await).start().await.unwrap();
    let error = rebuilding.switch(PATIENCE).await.unwrap_err();
    let RebuildError::Runner(RunnerError::Handler { notification_id: 1, .. }) = &error else { panic!("{error:?}") };
    let said = "a handler used the live table `openings` while its view is rebuilt; \
                use the table's name for this version: `context.table(\"openings\")`";
    assert!(error.to_string().contains(said), "{error}");
    // connections that were guarded work for others again
    let last = deposits(&office, 2, 1).await;
    old.wait_for(last, PATIENCE).await.unwrap();
    rebuilding.abort().await.unwrap();
    assert_eq!(place.traces().await.len(), before.len());
}

#[tokio::test]
async fn a_handler_that_does_not_ask_for_its_table_does_nothing_to_what_serves() {
    let place = sqlite().await;
    a_careless_handler_is_refused(&place, InSqlite, CarelessInSqlite).await;
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM openings").fetch_all(&place.pool).await.unwrap();
    assert_eq!(ids, [1, 3]);
    let place = postgres().await;
    a_careless_handler_is_refused(&place, InPostgres, CarelessInPostgres).await;
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM openings").fetch_all(&place.pool).await.unwrap();
    assert_eq!(ids, [1, 3]);
}

#[tokio::test]
async fn tables_that_would_get_in_the_way_are_refused_and_leave_no_trace() {
    let place = postgres().await;
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let views = place.views().await;
    let old = ProjectionRunner::start(&office, InPostgres, views.clone()).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let before = place.traces().await;

    let error = Rebuild::builder(&office, WithoutPrefix, views.clone()).start().await.unwrap_err();
    assert!(matches!(&error, RebuildError::NoPrefix { prefix, .. } if prefix == "openings_v2_"), "{error:?}");
    let error = Rebuild::builder(&office, Broken, views.clone()).start().await.unwrap_err();
    assert!(matches!(&error, RebuildError::Tables { .. }) && error.to_string().contains("bigintege"), "{error}");
    let error = Rebuild::builder(&office, Long, views.clone()).start().await.unwrap_err();
    let cut = format!("openings_v2_o{}", "p".repeat(50));
    assert!(matches!(&error, RebuildError::NameTooLong { table, .. } if *table == cut), "{error:?}");
    assert_eq!(place.traces().await, before);

    sqlx::query("CREATE TABLE openings_v2_mine (id INTEGER)").execute(&place.pool).await.unwrap();
    let error = Rebuild::builder(&office, Second, views.clone()).start().await.unwrap_err();
    assert!(matches!(&error, RebuildError::TableExists { table } if table == "openings_v2_mine"), "{error:?}");
    sqlx::query("DROP TABLE openings_v2_mine").execute(&place.pool).await.unwrap();
    assert_eq!(place.traces().await, before);
}

#[tokio::test]
async fn while_one_version_is_rebuilt_another_is_refused_until_that_is_aborted() {
    let place = postgres().await;
    let office = office().await;
    let views = place.views().await;
    let old = ProjectionRunner::start(&office, InPostgres, views.clone()).await.unwrap();
    drop(Rebuild::builder(&office, Second, views.clone()).start().await.unwrap());
    let error = Rebuild::builder(&office, Third, views.clone()).start().await.unwrap_err();
    let said = "version 3 of `openings` cannot be rebuilt: version 2 is being rebuilt; \
                continue that rebuild, or abort it with `Rebuild::abort_any(\"openings\", &views)`";
    assert_eq!(error.to_string(), said);
    assert_eq!(Rebuild::abort_any("openings", &views).await.unwrap(), Some(2));
    let mut rebuilding = Rebuild::builder(&office, Third, views.clone()).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    drop(old);
}

#[tokio::test]
async fn what_others_made_of_a_table_that_serves_is_not_dropped_with_it() {
    let place = postgres().await;
    let office = office().await;
    deposits(&office, 2, 1).await;
    let views = place.views().await;
    let old = ProjectionRunner::start(&office, InPostgres, views.clone()).await.unwrap();
    old.wait_for(2, PATIENCE).await.unwrap();
    sqlx::query("CREATE VIEW report AS SELECT count(*) AS openings FROM openings").execute(&place.pool).await.unwrap();
    let mut rebuilding = Rebuild::builder(&office, Second, views.clone()).start().await.unwrap();
    let error = rebuilding.switch(PATIENCE).await.unwrap_err();
    assert!(matches!(error, RebuildError::View { .. }), "{error:?}");
    // nothing happened: the old version serves, and the new one can be switched to later
    let last = deposits(&office, 2, 1).await;
    old.wait_for(last, PATIENCE).await.unwrap();
    let openings: i64 = sqlx::query_scalar("SELECT openings FROM report").fetch_one(&place.pool).await.unwrap();
    assert_eq!(openings, 2);
    sqlx::query("DROP VIEW report").execute(&place.pool).await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
}

/// A projection as it was written before there were versions.
struct ByHand;

#[projection("openings")]
impl ByHand {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut PgConnection) -> sqlx::Result<()> {
        let insert = sqlx::query("INSERT INTO openings VALUES ($1)");
        insert.bind(i64::try_from(context.notification_id).unwrap()).execute(view).await.map(|_| ())
    }
}

struct SecondByHand;

#[projection("openings", version = 2)]
impl SecondByHand {
    #[on]
    async fn opened(&self, _: &AccountOpened, _: &mut PgConnection) -> sqlx::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn manually_created_tables_work_until_a_version_creates_its_own() {
    let place = postgres().await;
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let views = place.views().await;
    sqlx::query("CREATE TABLE openings (id BIGINT)").execute(&place.pool).await.unwrap();
    let old = ProjectionRunner::start(&office, ByHand, views.clone()).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    old.stop().await.unwrap();
    // as positions were kept before versions were
    sqlx::query("DELETE FROM eventsourcing_projection_versions").execute(&place.pool).await.unwrap();
    let error = ProjectionRunner::start(&office, Second, views.clone()).await.unwrap_err();
    assert!(matches!(error, RunnerError::NotRebuilt { version: 2, live: 1, .. }), "{error:?}");
    let error = Rebuild::builder(&office, SecondByHand, views.clone()).start().await.unwrap_err();
    assert!(matches!(error, RebuildError::NoTables { .. }), "{error:?}");
    assert!(error.to_string().contains("#[tables] async fn tables(&self, prefix: &str, "), "{error}");

    let mut rebuilding = Rebuild::builder(&office, Second, views.clone()).start().await.unwrap();
    let old = ProjectionRunner::start(&office, ByHand, views.clone()).await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    let last = deposits(&office, 2, 1).await;
    let error = old.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Superseded { .. }), "{error:?}");
    let new = ProjectionRunner::start(&office, Second, views).await.unwrap();
    new.wait_for(last, PATIENCE).await.unwrap();
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM openings").fetch_all(&place.pool).await.unwrap();
    assert_eq!(ids, [1, 3]);
}

struct Amounts;

#[projection("amounts")]
impl Amounts {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut i64) -> Result<()> {
        *view += event.amount;
        Ok(())
    }
}

/// Fails at 13, if `true`.
struct Unlucky(bool);

#[projection("amounts", version = 2)]
impl Unlucky {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut i64) -> std::result::Result<(), String> {
        match event.amount {
            13 if self.0 => Err("13 brings bad luck".to_owned()),
            amount => {
                *view += 2 * amount;
                Ok(())
            }
        }
    }
}

struct Others;

#[projection("others")]
impl Others {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut i64) -> Result<()> {
        *view += event.amount;
        Ok(())
    }
}

#[tokio::test]
async fn a_rebuild_whose_handler_fails_names_the_event_and_mended_goes_on() {
    let office = office().await;
    deposits(&office, 2, 1).await;
    let last = deposits(&office, 2, 13).await;
    let views = MemoryViews::new(0);
    let old = ProjectionRunner::start(&office, Amounts, views.clone()).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let mut rebuilding = Rebuild::builder(&office, Unlucky(true), views.clone()).start().await.unwrap();
    let error = rebuilding.switch(PATIENCE).await.unwrap_err();
    assert!(matches!(error, RebuildError::Runner(RunnerError::Handler { notification_id: 4, .. })), "{error:?}");
    assert_eq!(views.read(|sum| *sum), 14);
    let mut rebuilding = Rebuild::builder(&office, Unlucky(false), views.clone()).start().await.unwrap();
    assert_eq!(rebuilding.progress().await.unwrap().position, 2);
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(views.read(|sum| *sum), 28);
}

#[tokio::test]
async fn a_state_that_others_change_too_is_not_replaced() {
    let office = office().await;
    let views = MemoryViews::new(0);
    let one = ProjectionRunner::start(&office, Amounts, views.clone()).await.unwrap();
    let other = ProjectionRunner::start(&office, Others, views.clone()).await.unwrap();
    let error = Rebuild::builder(&office, Unlucky(false), views.clone()).start().await.unwrap_err();
    let said = "`amounts` cannot be rebuilt: `others` changes the same state in memory; \
                give each projection a `MemoryViews` of its own";
    assert_eq!(error.to_string(), said);
    drop((one, other));
}
