//! Projections: given events, then this view; and whether handling an event twice changes nothing.

use std::collections::HashMap;

use eventsourcing::prelude::*;
use eventsourcing::testing::{Log, given_log, id};

use super::model::{AccountDeposited, AccountOpened, fifty};
use super::said_by;

/// The balances by account, with the version that each is of.
type Balances = HashMap<Uuid, (u64, u64)>;

/// Idempotent: an event that was handled is left out.
struct Careful;

#[projection("careful")]
impl Careful {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, view: &mut Balances) -> Result<()> {
        view.entry(context.originator_id).or_insert((context.originator_version, 0));
        Ok(())
    }

    #[on]
    async fn deposited(&self, event: &AccountDeposited, context: &EventContext, view: &mut Balances) -> Result<()> {
        let (version, balance) = view.entry(context.originator_id).or_default();
        if *version < context.originator_version {
            (*version, *balance) = (context.originator_version, *balance + event.amount);
        }
        Ok(())
    }
}

/// Not idempotent: it relies on the library, which handles each event once.
struct Total;

#[projection("total")]
impl Total {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, context: &EventContext, total: &mut u64) -> Result<()> {
        if event.amount == 0 {
            return Err(Error::AggregateNotFound { aggregate: "Amount", originator_id: context.originator_id });
        }
        *total += event.amount;
        Ok(())
    }
}

/// Not idempotent: it refuses what it has handled, as a unique key of a table does.
struct Unique;

#[projection("unique")]
impl Unique {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, context: &EventContext, handled: &mut Vec<u64>) -> Result<()> {
        if handled.contains(&context.notification_id) {
            return Err(Error::AggregateNotFound { aggregate: "Amount", originator_id: context.originator_id });
        }
        handled.push(context.notification_id);
        Ok(())
    }
}

/// The name of the upstream application of the last event.
struct Upstream;

#[projection("upstream")]
impl Upstream {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, name: &mut String) -> Result<()> {
        *name = context.upstream.to_string();
        Ok(())
    }
}

fn log() -> Log {
    given_log().of(id(101), fifty()).of(id(102), fifty()).of(id(101), AccountDeposited { amount: 7 })
}

#[tokio::test]
async fn a_projection_makes_a_view_of_the_log() {
    let projected = log().when_projected(Total, MemoryViews::new(0)).await.then_view(|total| assert_eq!(*total, 107));
    assert_eq!(projected.views().read(|total| *total), 107);
    let said = said_by(async {
        log().when_projected(Total, MemoryViews::new(0)).await.then_view(|total| assert_eq!(*total, 1));
    });
    assert!(said.await.contains("left: 107"));
}

#[tokio::test]
async fn a_handler_sees_the_name_of_the_upstream_application() {
    let bank = log().named("Bank").when_projected(Upstream, MemoryViews::new(String::new())).await;
    bank.then_view(|name| assert_eq!(name, "Bank"));
}

#[tokio::test]
async fn a_projection_that_fails_names_the_event() {
    let said = said_by(async {
        let log = given_log().of(id(101), AccountDeposited { amount: 0 });
        drop(log.when_projected(Total, MemoryViews::new(0)).await);
    });
    let said = said.await;
    assert!(said.contains("the projection `total` failed"), "{said}");
    assert!(said.contains("Account.Deposited"), "{said}");
    assert!(said.contains("no Amount with the id 00000000-0000-4000-8000-000000000065"), "{said}");
}

#[tokio::test]
async fn an_idempotent_projection_passes() {
    log().then_idempotent(Careful, MemoryViews::new(Balances::new())).await;
    log().when_projected(Careful, MemoryViews::new(Balances::new())).await.then_view(|balances| {
        assert_eq!(balances[&id(101)], (3, 57));
    });
}

#[tokio::test]
async fn a_projection_that_is_not_idempotent_names_the_event() {
    let said = said_by(log().then_idempotent(Total, MemoryViews::new(0))).await;
    let expected = "the projection `total` is not idempotent: `Account.Deposited`, event 2 of the log, changed the view when it was \
                    handled again (- once, + twice):\n\n- 50\n+ 100\n";
    assert!(said.starts_with(expected), "{said}");
}

#[tokio::test]
async fn a_projection_that_fails_the_second_time_is_not_idempotent() {
    let said = said_by(log().then_idempotent(Unique, MemoryViews::new(Vec::new()))).await;
    assert!(
        said.starts_with("the projection `unique` is not idempotent: it failed when an event was handled again"),
        "{said}"
    );
    assert!(said.contains("Account.Deposited"), "{said}");
}

#[tokio::test]
async fn a_projection_that_fails_names_the_line_of_the_test() {
    let log = || given_log().of(id(101), AccountDeposited { amount: 0 });
    let (line, test) = (line!(), log().when_projected(Total, MemoryViews::new(0)));
    let said = said_by(async { drop(test.await) }).await;
    assert!(said.contains(&format!("\n  at {}:{line}:", file!())), "{said}");
    let (line, test) = (line!(), log().then_idempotent(Total, MemoryViews::new(0)));
    let said = said_by(test).await;
    assert!(said.contains(&format!("\n  at {}:{line}:", file!())), "{said}");
    let (line, test) = (line!(), self::log().then_idempotent(Total, MemoryViews::new(0)));
    let said = said_by(test).await;
    assert!(said.contains("is not idempotent"), "{said}");
    assert!(said.contains(&format!("\n  at {}:{line}:", file!())), "{said}");
}

#[cfg(feature = "sqlite")]
mod in_a_database {
    //! The same with views in SQLite.

    use eventsourcing::database::SqliteViews;
    use eventsourcing::sqlx;
    use eventsourcing::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
    use tempfile::TempDir;

    use super::*;

    /// A projection that writes a row for each event, with this statement.
    macro_rules! rows {
        ($name:ident, $stored:literal, $insert:literal) => {
            struct $name;

            #[projection($stored)]
            impl $name {
                #[tables]
                async fn tables(&self, _: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
                    sqlx::query("CREATE TABLE deposits (event INTEGER, amount INTEGER)").execute(view).await?;
                    Ok(())
                }

                #[on]
                async fn deposited(
                    &self,
                    event: &AccountDeposited,
                    context: &EventContext,
                    view: &mut SqliteConnection,
                ) -> sqlx::Result<()> {
                    let (id, amount) = (context.notification_id.cast_signed(), event.amount.cast_signed());
                    sqlx::query($insert).bind(id).bind(amount).execute(view).await?;
                    Ok(())
                }
            }
        };
    }
    rows!(
        Once,
        "once",
        "INSERT INTO deposits SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM deposits WHERE event = ?1)"
    );
    rows!(Twice, "twice", "INSERT INTO deposits VALUES (?, ?)");

    async fn open(folder: &TempDir) -> (SqlitePool, SqliteViews) {
        let file = SqliteConnectOptions::new().filename(folder.path().join("views.db")).create_if_missing(true);
        let pool = SqlitePool::connect_with(file).await.expect("a database");
        let views = SqliteViews::open(pool.clone()).await.expect("views");
        (pool, views)
    }

    async fn amounts(pool: &SqlitePool) -> Vec<i64> {
        sqlx::query_scalar("SELECT amount FROM deposits ORDER BY event").fetch_all(pool).await.expect("the amounts")
    }

    #[tokio::test]
    async fn views_of_a_database_are_made_and_compared() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pool, views) = open(&folder).await;
        log().then_idempotent_by(Once, views, async |_: &SqliteViews| amounts(&pool).await).await;
        assert_eq!(amounts(&pool).await, [50, 50, 7]);

        let folder = tempfile::tempdir().expect("a folder");
        let (pool, views) = open(&folder).await;
        drop(log().when_projected(Twice, views).await);
        assert_eq!(amounts(&pool).await, [50, 50, 7]);
    }

    #[tokio::test]
    async fn a_second_row_for_the_same_event_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pool, views) = open(&folder).await;
        let said = said_by(log().then_idempotent_by(Twice, views, async |_: &SqliteViews| amounts(&pool).await)).await;
        assert!(said.contains("  [\n      50,\n+     50,\n  ]\n"), "{said}");
    }
}
