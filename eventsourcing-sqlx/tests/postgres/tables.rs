//! Tables that are missing, damaged, of a later version, or changed while a recorder is open.

use eventsourcing_core::recording::EventQuery;
use eventsourcing_core::{Recorder as _, RecorderError, Uuid};

use super::common::{Schema, events, ids, one_event};
use super::{open, refused};

#[tokio::test]
async fn missing_tables_are_an_error_whose_sql_makes_them() {
    let mut schema = Schema::new();
    schema.config.create_table = false;
    let error = refused(schema.config.clone()).await;
    assert!(error.to_string().contains("CREATE_TABLE is off; run this SQL first:\nBEGIN;\nCREATE SCHEMA"), "{error}");
    let RecorderError::SchemaMissing { sql, .. } = error else { panic!("{error:?}") };
    schema.run(sql).await;
    assert_eq!(ids(&open(&schema).await.insert_events(one_event()).await.unwrap()), [1]);
    schema.drop().await;
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let schema = Schema::new();
    open(&schema).await.close().await;
    schema.run(format!("UPDATE {}.universe_head SET schema_version = 9", schema.name)).await;
    let error = refused(schema.config.clone()).await;
    assert!(matches!(error, RecorderError::SchemaTooNew { found: 9, known: 4, .. }), "{error:?}");
    schema.drop().await;
}

#[tokio::test]
async fn a_schema_of_which_a_part_is_missing_is_corrupt_and_left_as_it_is() {
    for (damage, found) in [
        ("DROP TABLE universe_events", "table universe_head without table universe_events"),
        ("DROP TABLE universe_head", "table universe_events without table universe_head"),
        ("DELETE FROM universe_head", "table universe_events beside table universe_head without its row (id = 1)"),
    ] {
        let mut schema = Schema::new();
        let recorder = open(&schema).await;
        recorder.insert_events(one_event()).await.unwrap();
        recorder.close().await;
        schema.run(format!("SET search_path = {}; {damage}", schema.name)).await;
        for create_table in [true, false] {
            schema.config.create_table = create_table;
            let error = refused(schema.config.clone()).await;
            assert!(matches!(&error, RecorderError::Corrupt { found: is } if is == found), "{damage}: {error:?}");
        }
        let tables = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{}'", schema.name);
        if damage.starts_with("DROP") {
            assert_eq!(schema.number(tables).await, 6, "{damage}");
        } else {
            assert_eq!(schema.number(format!("SELECT count(*) FROM {}.universe_head", schema.name)).await, 0);
        }
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_head_that_is_missing_is_corrupt() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    recorder.insert_events(one_event()).await.unwrap();
    schema.run(format!("DELETE FROM {}.universe_head", schema.name)).await;
    for events in [one_event(), events(Uuid::new_v4(), 1..=2)] {
        let error = recorder.insert_events(events).await.unwrap_err();
        assert!(error.to_string().contains("no row in the head table of Universe"), "{error}");
        assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
    }
    schema.drop().await;
}

#[tokio::test]
async fn impossible_values_in_rows_are_corrupt() {
    for (update, found) in [
        ("universe_events SET originator_version = -1", "originator version -1"),
        ("universe_events SET checksum = 4294967296", "checksum 4294967296"),
    ] {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        let event = one_event();
        let originator_id = event[0].originator_id;
        recorder.insert_events(event).await.unwrap();
        schema.run(format!("UPDATE {}.{update}", schema.name)).await;
        let selected = match recorder.max_notification_id().await {
            Ok(_) => recorder.select_events(EventQuery::of(originator_id)).await.map(drop),
            Err(error) => Err(error),
        };
        let error = selected.unwrap_err();
        assert!(matches!(error, RecorderError::Corrupt { .. }) && error.to_string().contains(found), "{error}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_change_of_the_table_between_two_reads_is_no_error() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    let event = one_event();
    let originator_id = event[0].originator_id;
    recorder.insert_events(event).await.unwrap();
    for change in ["ADD COLUMN note text", "ALTER COLUMN topic TYPE varchar(100)", "ALTER COLUMN checksum TYPE bigint"]
    {
        assert_eq!(recorder.select_events(EventQuery::of(originator_id)).await.unwrap().len(), 1);
        schema.run(format!("ALTER TABLE {}.universe_events {change}", schema.name)).await;
        assert_eq!(recorder.select_events(EventQuery::of(originator_id)).await.unwrap().len(), 1, "{change}");
        recorder.insert_events(one_event()).await.unwrap();
    }
    schema.drop().await;
}
