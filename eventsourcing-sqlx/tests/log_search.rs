//! A log is searched from its end, however long it is, and whatever is missing from it; aggregates are found by their ids.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;

use eventsourcing_core::recording::{NotificationFilter, OriginatorIdQuery, SearchQuery};
use eventsourcing_core::{Recorder, StoredEvent, Uuid};
use sqlx::{AssertSqlSafe, PgConnection, Row};

use common::connect;
use common::store::{Store, on_each};

/// The ids that a search finds, and how far it has looked.
async fn searched(recorder: &dyn Recorder, query: SearchQuery) -> (Vec<u64>, Option<u64>) {
    let mut ids = Vec::new();
    let mut visit = |found: eventsourcing_core::recording::NotificationRef<'_>| {
        ids.push(found.id);
        ControlFlow::Continue(())
    };
    let looked_to = recorder.search_notifications(query, &mut visit).await.unwrap();
    (ids, looked_to)
}

fn newest(limit: usize) -> SearchQuery {
    SearchQuery::newest_first(limit)
}

#[tokio::test]
async fn rows_that_are_missing_hide_no_others() {
    on_each(async |store| {
        let recorder = store.open().await;
        let topics = ["World.Started", "World.Ended"];
        let event = |number: usize| StoredEvent::new(Uuid::new_v4(), 1, topics[number % 2], *b"{}", Uuid::new_v4());
        recorder.insert_events((0..10_000).map(event).collect()).await.unwrap();
        store.run("DELETE FROM universe_events WHERE notification_id BETWEEN 5 AND 9998").await;
        assert_eq!(searched(&*recorder, newest(4)).await, (vec![10_000, 9_999, 4, 3], Some(3)));
        assert_eq!(searched(&*recorder, newest(2).up_to(9_999)).await, (vec![9_999, 4], Some(4)));
        let ended = newest(3).filter(NotificationFilter::new().topics(["World.Ended"]));
        assert_eq!(searched(&*recorder, ended.clone()).await, (vec![10_000, 4, 2], Some(2)));
        let oldest = SearchQuery::oldest_first(9).filter(NotificationFilter::new().except(["World.Ended"]));
        assert_eq!(searched(&*recorder, oldest).await, (vec![1, 3, 9_999], Some(10_000)));
        // the newest ones as well: their ids stay in use
        store.run("DELETE FROM universe_events WHERE notification_id > 4").await;
        assert_eq!(searched(&*recorder, newest(2)).await.0, [4, 3]);
        assert_eq!(searched(&*recorder, ended).await.0, [4, 2]);
        recorder.insert_events(vec![event(0)]).await.unwrap();
        assert_eq!(searched(&*recorder, newest(2)).await.0, [10_001, 4]);
    })
    .await;
}

/// An aggregate of many events is searched by positions, as the rest of the log is, and one of few by its versions: its whole history is
/// found, however far back it is.
#[tokio::test]
async fn an_aggregate_is_found_beyond_the_bound_of_a_search() {
    on_each(async |store| {
        let recorder = store.open().await;
        let [few, many] = [1, 2].map(Uuid::from_u128);
        let event = |id, version| StoredEvent::new(id, version, "World.Seen", *b"{}", Uuid::new_v4());
        recorder.insert_events((1..=3).map(|version| event(few, version)).collect()).await.unwrap();
        recorder.insert_events((1..=10_001).map(|version| event(many, version)).collect()).await.unwrap();
        let of = |id| newest(5).filter(NotificationFilter::new().originator(id)).scan_at_most(100);
        assert_eq!(searched(&*recorder, of(few)).await, (vec![3, 2, 1], Some(1)));
        assert_eq!(searched(&*recorder, of(few).up_to(2)).await, (vec![2, 1], Some(1)));
        assert_eq!(searched(&*recorder, of(many)).await.0, [10_004, 10_003, 10_002, 10_001, 10_000]);
        assert_eq!(searched(&*recorder, of(many).up_to(4).scan_at_most(2)).await, (vec![4], Some(3)));
        assert_eq!(searched(&*recorder, of(many).up_to(3)).await, (vec![], Some(1)));
        assert_eq!(searched(&*recorder, of(Uuid::new_v4())).await, (vec![], Some(1)));
    })
    .await;
}

/// The plans of statements in PostgreSQL, with and without statistics, for a table of 50,000 events.
async fn assert_plans(connection: &mut PgConnection, table: &str, runs: &[&str], is_good: impl Fn(&str) -> bool) {
    for analyze in ["SELECT 1", &format!("ANALYZE {table}")] {
        sqlx::raw_sql(AssertSqlSafe(analyze.to_owned())).execute(&mut *connection).await.unwrap();
        for run in runs {
            let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE {run}");
            let plan = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(is_good(&plan), "{plan}");
        }
    }
}

async fn filled(connection: &mut PgConnection, table: &str) {
    let fill = format!(
        "INSERT INTO {table} (notification_id, originator_id, originator_version, topic, state, append_id) \
           SELECT id, lpad(to_hex(id % 50), 32, '0')::uuid, 1 + id / 50, 'World.Seen', '{{}}', gen_random_uuid() \
           FROM generate_series(1, 50000) AS id;\
         SET plan_cache_mode = force_generic_plan"
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut *connection).await.unwrap();
}

/// PostgreSQL reads its keys backwards, and no more rows than it returns.
#[tokio::test]
async fn the_last_rows_are_found_from_the_end_in_postgresql() {
    on_each(async |store| {
        let Store::Postgres(schema) = store else { return };
        let recorder = store.open().await;
        let table = format!("{}.universe_events", schema.name);
        let mut connection = connect(&schema.config).await;
        filled(&mut connection, &table).await;
        let of_topics = "CASE WHEN (cardinality($5::text[]) + cardinality($6::text[]) = 0 OR topic = ANY($5) OR topic ^@ ANY($6)) \
                         AND NOT (topic = ANY($7::text[]) OR topic ^@ ANY($8::text[])) THEN true ELSE false END";
        let prepared = [
            format!(
                "back (bigint, bigint, bigint, uuid, text[], text[], text[], text[]) AS SELECT * FROM {table} \
                 WHERE notification_id > $1 AND notification_id <= $2 AND CASE WHEN $4::uuid IS NULL THEN true ELSE originator_id = $4 END \
                 AND {of_topics} ORDER BY notification_id DESC LIMIT $3"
            ),
            format!(
                "aggregate_back (bigint, bigint, bigint, uuid, text[], text[], text[], text[]) AS SELECT * FROM {table} \
                 WHERE originator_id = $4 AND CASE WHEN notification_id > $1 AND notification_id <= $2 THEN {of_topics} \
                 ELSE false END ORDER BY originator_version DESC LIMIT $3"
            ),
            format!(
                "the_last_version (uuid, bigint, bigint, bigint) AS SELECT * FROM {table} WHERE originator_id = $1 \
                 AND originator_version > $2 AND originator_version <= $3 ORDER BY originator_version DESC LIMIT $4"
            ),
        ];
        for prepare in &prepared {
            sqlx::raw_sql(AssertSqlSafe(format!("PREPARE {prepare}"))).execute(&mut connection).await.unwrap();
        }
        let runs = [
            "back(0, 9223372036854775807, 10, NULL, '{}', '{}', '{}', '{}')",
            "back(45904, 50000, 10, NULL, '{World.Seen}', '{}', '{}', '{}')",
            "back(45904, 50000, 10, NULL, '{}', '{World.}', '{}', '{Ship.}')",
            "aggregate_back(0, 50000, 10, '00000000-0000-0000-0000-000000000007', '{}', '{World.}', '{}', '{}')",
            "the_last_version('00000000-0000-0000-0000-000000000007', '-9223372036854775808', 9223372036854775807, 1)",
        ];
        assert_plans(&mut connection, &table, &runs, |plan| {
            plan.contains("Index Scan Backward") && !plan.contains("Sort") && !plan.contains("Rows Removed by Filter")
        })
        .await;
        assert_eq!(searched(&*recorder, newest(3)).await, (vec![50_000, 49_999, 49_998], Some(49_998)));
    })
    .await;
}

/// PostgreSQL goes from one id to the next one by its index: it reads the rows of no aggregate from one end to the other.
#[tokio::test]
async fn aggregates_are_found_by_their_ids_without_a_scan_in_postgresql() {
    on_each(async |store| {
        let Store::Postgres(schema) = store else { return };
        let recorder = store.open().await;
        let table = format!("{}.universe_events", schema.name);
        let mut connection = connect(&schema.config).await;
        filled(&mut connection, &table).await;
        let prepare = format!(
            "PREPARE by_id (uuid, uuid, bigint) AS WITH RECURSIVE found (id, place) AS (\
               (SELECT originator_id, 1::bigint FROM {table} WHERE originator_id >= $1 AND originator_id <= $2 \
                ORDER BY originator_id, originator_version LIMIT 1) \
               UNION ALL \
               SELECT next.originator_id, place + 1 FROM found CROSS JOIN LATERAL (\
                 SELECT originator_id FROM {table} WHERE originator_id > found.id AND originator_id <= $2 \
                 ORDER BY originator_id, originator_version LIMIT 1) AS next \
               WHERE place < $3) \
             SELECT id, (SELECT max(originator_version) FROM {table} WHERE originator_id = id), \
               (SELECT topic FROM {table} WHERE originator_id = id ORDER BY originator_version LIMIT 1) \
             FROM found ORDER BY place"
        );
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await.unwrap();
        let run = "by_id('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10)";
        assert_plans(&mut connection, &table, &[run], |plan| {
            // each of the scans ends with its first row
            plan.contains("Index") && !plan.contains("Seq Scan") && !plan.contains("Bitmap")
        })
        .await;
        let found = recorder.select_originators_by_id(OriginatorIdQuery::all().limit(2)).await.unwrap();
        assert_eq!(found.iter().map(|one| one.originator_id.as_u128()).collect::<Vec<_>>(), [0, 1]);
        assert_eq!((found[1].last_version, &*found[1].first_topic), (1_000, "World.Seen"));
    })
    .await;
}
