//! How often an event was tried, and what a dry run says without any effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::projection::{AnyDeadLetters, DryRun};
use sqlx::{PgConnection, SqliteConnection};

use super::super::{AccountDeposited, postgres_pool, sqlite_pool};
use super::*;

in_each_place! {
    a_letter_tells_its_attempts_its_last_try_and_its_first_cause
    a_dry_run_that_would_succeed_changes_nothing
    a_dry_run_names_the_event_that_would_fail
    a_dry_run_says_what_was_not_tried
}

async fn a_letter_tells_its_attempts_its_last_try_and_its_first_cause<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 17]).await;
    process(&office, &place, &bad, OnFailure::park(2, Duration::ZERO)).await;
    let letters = letters(&office, &place, &bad);
    let parked = letters.list(0, 10).await.unwrap();
    assert_eq!((parked[0].attempts, parked[0].tried_at), (3, Some(parked[0].parked_at)));
    assert_eq!((&parked[0].first_reason, parked[1].attempts, parked[1].tried_at), (&None, 0, None));

    // for the same reason, and then for another one
    letters.retry(unlucky.id()).await.unwrap_err();
    let again = letters.list(0, 1).await.unwrap().remove(0);
    assert_eq!((again.attempts, &again.first_reason, &again.reason), (4, &None, &parked[0].reason));
    assert!(again.tried_at > parked[0].tried_at && again.parked_at == parked[0].parked_at);
    bad.is(&[17]);
    letters.retry(unlucky.id()).await.unwrap_err();
    let waited = letters.list(0, 1).await.unwrap().remove(0);
    assert_eq!((waited.originator_version, waited.attempts, &waited.first_reason), (3, 1, &None));
    let elsewhere = super::super::office().await;
    // a log without the event is another reason
    super::letters(&elsewhere, &place, &bad).retry(unlucky.id()).await.unwrap_err();
    let other = letters.list(0, 1).await.unwrap().remove(0);
    assert_eq!((other.attempts, &other.first_reason), (2, &waited.reason));
    assert!(other.reason.unwrap().contains("the log has no event"));
}

async fn a_dry_run_that_would_succeed_changes_nothing<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 1, 2]).await;
    process(&office, &place, &bad, PARK).await;
    bad.is(&[]);
    let letters = letters(&office, &place, &bad);
    let (before, handled) = (letters.list(0, 10).await.unwrap(), place.entries().await);
    for _ in 0..2 {
        let outcome = letters.dry_run(unlucky.id()).await.unwrap();
        assert!(matches!(outcome, DryRun::WouldSucceed { events: 3, has_more: false, .. }), "{outcome:?}");
    }
    assert_eq!(letters.list(0, 10).await.unwrap(), before);
    assert_eq!(place.entries().await, handled);
    assert_eq!(letters.retry(unlucky.id()).await.unwrap(), 3);
    assert!(matches!(letters.dry_run(unlucky.id()).await, Err(DeadLetterError::NoneOf { .. })));
}

async fn a_dry_run_names_the_event_that_would_fail<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 1, 17, 2]).await;
    process(&office, &place, &bad, PARK).await;
    bad.is(&[17]);
    let letters = letters(&office, &place, &bad);
    let (before, handled) = (letters.list(0, 10).await.unwrap(), place.entries().await);
    let outcome = letters.dry_run(unlucky.id()).await.unwrap();
    let DryRun::WouldFail { letter, handled: after, cause, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!((letter.originator_version, *after), (4, 2));
    assert!(cause.to_string().contains("17 brings bad luck"), "{cause}");
    assert!(outcome.to_string().contains("notification 4, after 2 events"), "{outcome}");
    // neither its reason nor its attempts changed, and the retry says the same
    assert_eq!(letters.list(0, 10).await.unwrap(), before);
    assert_eq!(place.entries().await, handled);
    let error = letters.retry(unlucky.id()).await.unwrap_err();
    assert!(matches!(error, DeadLetterError::Runner(RunnerError::Handler { notification_id: 4, .. })), "{error}");
}

async fn a_dry_run_says_what_was_not_tried<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[&[13], [1; 120].as_slice()].concat()).await;
    process(&office, &place, &bad, PARK).await;
    bad.is(&[]);
    let outcome = letters(&office, &place, &bad).dry_run(unlucky.id()).await.unwrap();
    assert!(matches!(outcome, DryRun::WouldSucceed { events: 100, has_more: true, .. }), "{outcome:?}");

    let mails = letters(&office, &place, &bad).without_dry_run("it sends mail");
    let outcome = AnyDeadLetters::from(mails).dry_run(unlucky.id()).await.unwrap();
    assert!(matches!(&outcome, DryRun::NotTried { cause, .. } if cause.to_string() == "it sends mail"), "{outcome}");

    // a log that has lost the events
    let other = super::super::office().await;
    let outcome = letters(&other, &place, &bad).dry_run(unlucky.id()).await.unwrap();
    assert!(matches!(&outcome, DryRun::WouldFail { handled: 0, .. }), "{outcome}");
    assert_eq!(letters(&office, &place, &bad).count().await.unwrap(), 121);
}

/// Refuses once, and then leaves a row whose reference only a commit checks.
struct Dangling(Arc<AtomicU32>);

impl Dangling {
    fn check(&self) -> std::result::Result<(), String> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 { Err("not yet".to_owned()) } else { Ok(()) }
    }
}

#[projection("dangling")]
impl Dangling {
    #[on]
    async fn deposited(
        &self,
        event: &AccountDeposited,
        view: &mut SqliteConnection,
    ) -> std::result::Result<(), String> {
        self.check()?;
        let insert = sqlx::query("INSERT INTO entry (account) VALUES (?)").bind(event.amount);
        insert.execute(view).await.map(drop).map_err(|error| error.to_string())
    }
}

struct DanglingInPostgres(Dangling);

#[projection("dangling")]
impl DanglingInPostgres {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut PgConnection) -> std::result::Result<(), String> {
        self.0.check()?;
        let insert = sqlx::query("INSERT INTO entry (account) VALUES ($1)").bind(event.amount);
        insert.execute(view).await.map(drop).map_err(|error| error.to_string())
    }
}

const TABLES: [&str; 2] = [
    "CREATE TABLE account (id bigint PRIMARY KEY)",
    "CREATE TABLE entry (account bigint REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED)",
];

/// The outcomes of dry runs before and after the row that is referred to exists.
async fn both<P, V>(projection: P, views: V, account: impl Future<Output = ()>) -> [DryRun; 2]
where
    P: eventsourcing::Projection,
    V: eventsourcing::Views<View = P::View>,
{
    let office = office().await;
    let unlucky = super::account(&office, &[7]).await;
    let runner = ProjectionRunner::builder(&office, projection, views).on_failure(PARK).start().await.unwrap();
    runner.wait_for(2, PATIENCE).await.unwrap();
    let letters = runner.dead_letters();
    let first = letters.dry_run(unlucky.id()).await.unwrap();
    account.await;
    let second = letters.dry_run(unlucky.id()).await.unwrap();
    assert_eq!(letters.count().await.unwrap(), 1);
    // no connection was left in the transaction of a dry run
    assert_eq!(letters.retry_with(unlucky.id(), &eventsourcing::projection::OperatorNote::default()).await.unwrap(), 1);
    runner.stop().await.unwrap();
    [first, second]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_checks_what_sqlite_checks_at_the_commit() {
    let (pool, _folder) = sqlite_pool().await;
    for table in TABLES {
        sqlx::query(table).execute(&pool).await.unwrap();
    }
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    let account = async {
        sqlx::query("INSERT INTO account VALUES (7)").execute(&pool).await.unwrap();
    };
    let [first, second] = both(Dangling(Arc::default()), views, account).await;
    assert!(matches!(&first, DryRun::WouldFail { cause, .. } if cause.to_string().contains("FOREIGN KEY")), "{first}");
    assert!(second.would_succeed(), "{second}");
    let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM entry").fetch_one(&pool).await.unwrap();
    assert_eq!(entries, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_checks_what_postgres_checks_at_the_commit() {
    let pool = postgres_pool().await;
    for table in TABLES {
        sqlx::query(table).execute(&pool).await.unwrap();
    }
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let account = async {
        sqlx::query("INSERT INTO account VALUES (7)").execute(&pool).await.unwrap();
    };
    let [first, second] = both(DanglingInPostgres(Dangling(Arc::default())), views, account).await;
    assert!(matches!(&first, DryRun::WouldFail { cause, .. } if cause.to_string().contains("foreign key")), "{first}");
    assert!(second.would_succeed(), "{second}");
    let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM entry").fetch_one(&pool).await.unwrap();
    assert_eq!(entries, 1);
}
