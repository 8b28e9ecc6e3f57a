//! A policy's dead letters: tried without an effect, resolved with a note, and encrypted with everything that is said about them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::{AnyDeadLetters, DryRun, LetterResolution, OperatorNote};
use eventsourcing::{DeadLetters, OnFailure, ProjectionRunner};
use sqlx::{PgConnection, SqliteConnection};

use super::{PATIENCE, common};
use crate::common::pools::{postgres_pool, sqlite_pool};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// In the events, in the errors of handlers, and in what operators say about them.
const SECRET: &str = "Noordwal 7, Den Haag";

#[aggregate]
#[derive(Clone, Debug)]
struct Parcel {}

#[aggregate]
impl Parcel {
    #[event("Packed")]
    fn pack(street: String) -> Self {
        drop(street);
        Self {}
    }
}

#[aggregate]
#[derive(Clone, Debug)]
struct Label {
    street: String,
}

#[aggregate]
impl Label {
    #[event("Printed", id = id)]
    fn print(id: Uuid, street: &str) -> Self {
        Self { street: street.to_owned() }
    }
}

#[application(aggregates(Parcel))]
struct Depot;

#[application(aggregates(Label))]
struct Labels;

/// How many calls of handlers are refused from now on.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// Held by a test while it sets that number.
static ONE_TEST: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn check(street: &str) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let refuse = REFUSED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    if refuse.is_ok() { Err(format!("no country in `{street}`").into()) } else { Ok(()) }
}

#[policy]
impl Labels {
    #[on]
    async fn packed(
        &self,
        event: &ParcelPacked,
        context: &EventContext,
        work: &mut UnitOfWork,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        work.save(&mut Label::print(context.originator_id, &event.street))?;
        check(&event.street)
    }
}

struct Streets;

#[projection("streets")]
impl Streets {
    #[on]
    async fn packed(
        &self,
        event: &ParcelPacked,
        _: &mut SqliteConnection,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        check(&event.street)
    }
}

struct StreetsInPostgres;

#[projection("streets")]
impl StreetsInPostgres {
    #[on]
    async fn packed(
        &self,
        event: &ParcelPacked,
        _: &mut PgConnection,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        check(&event.street)
    }
}

/// Retries once in vain, and then discards one letter and retries another, with notes.
async fn operate(letters: &AnyDeadLetters, [first, second]: [Uuid; 2]) {
    REFUSED.store(1, Ordering::Relaxed);
    let outcome = letters.dry_run(first).await.unwrap();
    assert!(matches!(&outcome, DryRun::WouldFail { handled: 0, .. }), "{outcome}");
    assert!(letters.dry_run(first).await.unwrap().would_succeed());
    REFUSED.store(1, Ordering::Relaxed);
    let note = OperatorNote::by("ada").because(format!("{SECRET} is abroad"));
    letters.retry_with(first, &note).await.unwrap_err();
    let list = letters.list(0, 10).await.unwrap();
    assert_eq!((list.len(), list[0].attempts, list[1].attempts), (2, 2, 1));
    assert!(list[0].reason.as_deref().unwrap().contains(SECRET), "{list:?}");
    assert_eq!(letters.retry_with(first, &note).await.unwrap(), 1);
    assert_eq!(letters.discard_all_with(second, &note).await.unwrap(), 1);
    let resolved = letters.resolved(10).await.unwrap();
    let told: Vec<_> = resolved.iter().map(|one| (one.letter.originator_id, one.resolution)).collect();
    assert_eq!(told, [(second, LetterResolution::Discarded), (first, LetterResolution::Retried)]);
    for one in &resolved {
        assert_eq!((one.operator.as_deref(), one.why.as_ref()), (Some("ada"), note.reason.as_ref()));
        assert!(one.letter.reason.as_deref().unwrap().contains(SECRET));
    }
}

async fn packed(depot: &Depot) -> [Uuid; 2] {
    let (mut one, mut other) = (Parcel::pack(SECRET.to_owned()), Parcel::pack(SECRET.to_owned()));
    depot.save((&mut one, &mut other)).await.unwrap();
    [one.id(), other.id()]
}

/// Runs until both events are parked.
async fn parked(runner: ProjectionRunner) -> AnyDeadLetters {
    let letters = runner.dead_letters();
    runner.wait_for(2, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!(letters.count().await.unwrap(), 2);
    letters
}

const PARK: OnFailure = OnFailure::park(0, Duration::ZERO);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_table_has_what_is_said_about_the_events_of_an_encrypted_log() {
    let _one = ONE_TEST.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let plain = |variables: Vec<(String, String)>, is_encrypted: bool| {
        let key = is_encrypted.then(|| ("CIPHER_KEY".to_owned(), KEY.to_owned()));
        variables.into_iter().chain(key).collect::<Vec<_>>()
    };
    for is_encrypted in [true, false] {
        let file = tempfile::tempdir_in(&folder).unwrap();
        let (sqlite, postgres) =
            (plain(common::sqlite_file(&file), is_encrypted), plain(common::postgres(), is_encrypted));
        let depot = Depot::open_with(sqlite.clone()).await.unwrap();
        let ids = packed(&depot).await;
        for variables in [sqlite, postgres.clone()] {
            let labels = Labels::open_with(variables).await.unwrap();
            REFUSED.store(u32::MAX, Ordering::Relaxed);
            let letters = parked(labels.follow(&depot).on_failure(PARK).start().await.unwrap()).await;
            operate(&letters, ids).await;
            // the handler saved before it was refused, and in the dry run: only the retry had an effect
            assert_eq!(labels.repository().get::<Label>(ids[0]).await.unwrap().street, SECRET);
            assert!(labels.repository().find::<Label>(ids[1]).await.unwrap().is_none());
        }

        let (pool, views_folder) = sqlite_pool().await;
        let views = SqliteViews::open(pool).await.unwrap();
        REFUSED.store(u32::MAX, Ordering::Relaxed);
        let runner = ProjectionRunner::builder(&depot, Streets, views.clone()).on_failure(PARK).start().await.unwrap();
        operate(&parked(runner).await, ids).await;
        let pool = postgres_pool().await;
        let views = PostgresViews::open(pool.clone()).await.unwrap();
        REFUSED.store(u32::MAX, Ordering::Relaxed);
        let runner = ProjectionRunner::builder(&depot, StreetsInPostgres, views.clone()).on_failure(PARK);
        parked(runner.start().await.unwrap()).await;
        let of_type = DeadLetters::new(&depot, StreetsInPostgres, views);
        operate(&of_type.into(), ids).await;

        // the bytes of the files, with the free pages of what was deleted; and all rows
        let mut stored: Vec<Vec<u8>> = Vec::new();
        for folder in [&file, &views_folder] {
            for file in std::fs::read_dir(folder.path()).unwrap() {
                stored.push(std::fs::read(file.unwrap().path()).unwrap());
            }
        }
        let rows = "SELECT string_agg(t::text, ' ') FROM eventsourcing_resolved_letters AS t";
        stored.push(sqlx::query_scalar::<_, String>(rows).fetch_one(&pool).await.unwrap().into_bytes());
        let is_in =
            |text: &str| stored.iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()));
        assert_eq!(is_in(SECRET), !is_encrypted);
        assert_eq!(is_in("sealed:1:"), is_encrypted);
    }
}

#[tokio::test]
async fn a_note_on_a_letter_of_a_policy_is_an_event_of_its_application() {
    let _one = ONE_TEST.lock().await;
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let ids = packed(&depot).await;
    let labels = Labels::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    REFUSED.store(u32::MAX, Ordering::Relaxed);
    parked(labels.follow(&depot).on_failure(PARK).start().await.unwrap()).await;
    REFUSED.store(0, Ordering::Relaxed);
    let letters = labels.dead_letters(&depot);
    letters.discard(1).await.unwrap();
    assert_eq!(labels.log().max_id().await.unwrap(), None, "without a note there is no event");
    letters.retry_with(ids[1], &OperatorNote::by("ada")).await.unwrap();
    let log = labels.log().select(1, 10).await.unwrap();
    let topics: Vec<_> = log.iter().map(|event| event.topic.as_ref()).collect();
    assert_eq!(topics, ["Label.Printed", "eventsourcing.DeadLetters.Resolved"]);
}
