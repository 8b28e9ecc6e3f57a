//! Appends that change dead letters share transactions with other saves, and each is recorded or refused on its own.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{Append, LetterChanges, LetterQuery, StoredLetter};
use eventsourcing_core::{Recorder, RecorderError, StoredEvent, Tracking, Uuid};
use sqlx::{AssertSqlSafe, Row};

use common::queued::{Answer, Queued};
use common::store::{Store, on_each};
use common::{connect, events, ids, one_event};

fn letter(notification_id: u64, originator: u128) -> StoredLetter {
    StoredLetter::new(notification_id, Uuid::from_u128(originator), *b"{}")
}

fn parking(events: Vec<StoredEvent>, after: u64, letter: StoredLetter) -> Append {
    let position = letter.notification_id;
    let changes = LetterChanges::of("Orders").parked([letter]);
    Append::new(events).tracked(Tracking::new("Orders", after, position)).changing(changes)
}

fn taking(events: Vec<StoredEvent>, taken: &[u64]) -> Append {
    Append::new(events).changing(LetterChanges::of("Orders").taken(taken))
}

/// The results of appends that arrive while the store is locked, and so share the transaction with the second id.
async fn together(store: &Store, appends: Vec<Append>) -> Vec<Answer> {
    let recorder = store.open().await;
    let recorder: &dyn Recorder = &*recorder;
    let lock = store.lock().await;
    let queued = Queued::behind_the_lock(recorder, appends.into_iter().map(|append| recorder.append(append))).await;
    lock.release().await;
    queued.answers().await
}

async fn letters(store: &Store) -> Vec<u64> {
    let letters = store.open().await.select_letters(LetterQuery::of("Orders")).await.unwrap();
    letters.iter().map(|letter| letter.notification_id).collect()
}

#[tokio::test]
async fn changes_of_one_upstream_in_a_batch_are_made_one_after_the_other() {
    on_each(async |store| {
        store.open().await;
        let behind = LetterChanges::of("Orders").behind([Uuid::from_u128(1)]).parked([letter(2, 1)]);
        let appends = vec![
            parking(one_event(), 0, letter(1, 1)),
            // relies on the letter that the one before it parks
            Append::new(one_event()).tracked(Tracking::new("Orders", 1, 2)).changing(behind),
            Append::new(one_event()),
            taking(one_event(), &[1]),
            taking(vec![], &[2]),
            parking(vec![], 2, letter(3, 2)),
        ];
        let answers = together(store, appends).await;
        let mut recorded: Vec<_> = answers.iter().flat_map(|answer| ids(answer.as_ref().unwrap())).collect();
        recorded.sort_unstable();
        assert_eq!(recorded, [2, 3, 4, 5]);
        assert_eq!(letters(store).await, [3]);
    })
    .await;
}

#[tokio::test]
async fn a_letter_that_is_gone_takes_no_other_save_with_it() {
    on_each(async |store| {
        store.open().await.append(parking(vec![], 0, letter(1, 1))).await.unwrap();
        let taken = Uuid::new_v4();
        let appends = vec![
            Append::new(events(taken, [1])),
            taking(one_event(), &[1, 7]),
            parking(one_event(), 1, letter(2, 2)),
            // a conflict, and a letter that is there
            taking(events(taken, [1]), &[1]),
            Append::new(one_event()),
            taking(one_event(), &[1]),
            taking(vec![], &[1]),
        ];
        let mut answers = together(store, appends).await;
        for place in [6, 1] {
            let answer = answers.remove(place);
            assert!(matches!(answer, Err(RecorderError::LettersChanged { .. })), "{place}: {answer:?}");
        }
        let conflict = answers.remove(2);
        assert!(matches!(conflict, Err(RecorderError::Conflict { .. })), "{conflict:?}");
        let mut recorded: Vec<_> = answers.iter().flat_map(|answer| ids(answer.as_ref().unwrap())).collect();
        recorded.sort_unstable();
        assert_eq!(recorded, [2, 3, 4, 5]);
        assert_eq!(letters(store).await, [2]);
    })
    .await;
}

/// PostgreSQL uses the index by aggregate for the statements that read the dead letters of an aggregate, with and without statistics.
#[tokio::test]
async fn letters_of_strangers_are_not_read_in_postgresql() {
    on_each(async |store| {
        let Store::Postgres(schema) = store else { return };
        store.open().await;
        let table = format!("{}.universe_letters", schema.name);
        let mut connection = connect(&schema.config).await;
        let fill = format!(
            "INSERT INTO {table} SELECT 'Orders', id, lpad(to_hex(id), 32, '0')::uuid, '{{}}', NULL FROM generate_series(1, 20000) AS id;\
             SET plan_cache_mode = force_generic_plan"
        );
        sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut connection).await.unwrap();
        let prepared = [
            format!(
                "with_letters (text, uuid[]) AS SELECT asked.id FROM unnest($2) AS asked (id) CROSS JOIN LATERAL (\
                   SELECT originator_id FROM {table} WHERE upstream = $1 AND originator_id >= asked.id \
                   ORDER BY originator_id, notification_id LIMIT 1) AS next WHERE next.originator_id = asked.id"
            ),
            format!(
                "letters_of (text, bigint, bigint, bigint, uuid) AS SELECT notification_id FROM {table} \
                 WHERE upstream = $1 AND originator_id = $5 AND notification_id > $2 AND notification_id <= $3 \
                 ORDER BY upstream, originator_id, notification_id LIMIT $4"
            ),
        ];
        let run = [
            "with_letters('Orders', ARRAY['ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000007']::uuid[])",
            "letters_of('Orders', 0, 9223372036854775807, 100, 'ffffffff-ffff-ffff-ffff-ffffffffffff')",
        ];
        // without statistics and with them
        for analyze in ["", "ANALYZE"] {
            sqlx::raw_sql(AssertSqlSafe(format!("{analyze} {}", if analyze.is_empty() { "SELECT 1" } else { &table })))
                .execute(&mut connection)
                .await
                .unwrap();
            for (statement, run) in prepared.iter().zip(run) {
                let name = run.split('(').next().unwrap();
                sqlx::raw_sql(AssertSqlSafe(format!("PREPARE {statement}"))).execute(&mut connection).await.unwrap();
                let explain = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE {run}");
                let plan = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
                let plan = plan.join("\n");
                assert!(plan.contains("universe_letters_id_key") && !plan.contains("Seq Scan"), "{plan}");
                assert!(!plan.contains("Rows Removed by Filter"), "{plan}");
                sqlx::raw_sql(AssertSqlSafe(format!("DEALLOCATE {name}"))).execute(&mut connection).await.unwrap();
            }
        }
    })
    .await;
}
