//! The end of a log is read from its end, however long the log is, and whatever is missing from it.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::LastQuery;
use eventsourcing_core::{Recorder, StoredEvent, Uuid};
use sqlx::{AssertSqlSafe, Row};

use common::store::{Store, on_each};
use common::{connect, ids};

async fn last(recorder: &dyn Recorder, query: LastQuery) -> Vec<u64> {
    ids(&recorder.select_last_notifications(query).await.unwrap())
}

#[tokio::test]
async fn rows_that_are_missing_hide_no_others() {
    on_each(async |store| {
        let recorder = store.open().await;
        let topics = ["World.Started", "World.Ended"];
        let event = |number: usize| StoredEvent::new(Uuid::new_v4(), 1, topics[number % 2], *b"{}", Uuid::new_v4());
        recorder.insert_events((0..10_000).map(event).collect()).await.unwrap();
        store.run("DELETE FROM universe_events WHERE notification_id BETWEEN 5 AND 9998").await;
        assert_eq!(last(&*recorder, LastQuery::of(4)).await, [3, 4, 9_999, 10_000]);
        assert_eq!(last(&*recorder, LastQuery::of(2).up_to(9_999)).await, [4, 9_999]);
        let ended = LastQuery::of(3).topics(["World.Ended"]);
        assert_eq!(last(&*recorder, ended.clone()).await, [2, 4, 10_000]);
        // the newest ones as well: their ids stay in use
        store.run("DELETE FROM universe_events WHERE notification_id > 4").await;
        assert_eq!(last(&*recorder, LastQuery::of(2)).await, [3, 4]);
        assert_eq!(last(&*recorder, ended).await, [2, 4]);
        recorder.insert_events(vec![event(0)]).await.unwrap();
        assert_eq!(last(&*recorder, LastQuery::of(2)).await, [4, 10_001]);
    })
    .await;
}

/// PostgreSQL reads its primary key backwards, and no more rows than it returns, with and without statistics.
#[tokio::test]
async fn the_last_rows_are_found_from_the_end_in_postgresql() {
    on_each(async |store| {
        let Store::Postgres(schema) = store else { return };
        let recorder = store.open().await;
        let table = format!("{}.universe_events", schema.name);
        let mut connection = connect(&schema.config).await;
        let fill = format!(
            "INSERT INTO {table} (notification_id, originator_id, originator_version, topic, state, append_id) \
               SELECT id, lpad(to_hex(id % 50), 32, '0')::uuid, 1 + id / 50, 'World.Seen', '{{}}', gen_random_uuid() \
               FROM generate_series(1, 50000) AS id;\
             SET plan_cache_mode = force_generic_plan"
        );
        sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut connection).await.unwrap();
        let section = "notification_id > $1 AND notification_id <= $2";
        let prepared = [
            format!(
                "the_last (bigint, bigint, bigint) AS SELECT * FROM {table} WHERE {section} \
                 ORDER BY notification_id DESC LIMIT $3"
            ),
            format!(
                "the_last_of_topics (bigint, bigint, bigint, text[]) AS SELECT * FROM {table} WHERE {section} \
                 AND topic = ANY($4) ORDER BY notification_id DESC LIMIT $3"
            ),
            format!(
                "the_last_version (uuid, bigint, bigint, bigint) AS SELECT * FROM {table} WHERE originator_id = $1 \
                 AND originator_version > $2 AND originator_version <= $3 ORDER BY originator_version DESC LIMIT $4"
            ),
        ];
        let run = [
            "the_last(0, 9223372036854775807, 10)",
            "the_last_of_topics(45904, 50000, 10, ARRAY['World.Seen'])",
            "the_last_version('00000000-0000-0000-0000-000000000007', '-9223372036854775808', 9223372036854775807, 1)",
        ];
        for prepare in &prepared {
            sqlx::raw_sql(AssertSqlSafe(format!("PREPARE {prepare}"))).execute(&mut connection).await.unwrap();
        }
        for analyze in ["SELECT 1", &format!("ANALYZE {table}")] {
            sqlx::raw_sql(AssertSqlSafe(analyze.to_owned())).execute(&mut connection).await.unwrap();
            for run in run {
                let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE {run}");
                let plan = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
                let plan = plan.join("\n");
                assert!(plan.contains("Index Scan Backward") && !plan.contains("Sort"), "{plan}");
                assert!(!plan.contains("Rows Removed by Filter"), "{plan}");
            }
        }
        assert_eq!(last(&*recorder, LastQuery::of(3)).await, [49_998, 49_999, 50_000]);
    })
    .await;
}
