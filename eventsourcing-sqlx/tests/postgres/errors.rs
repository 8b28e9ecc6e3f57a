//! Errors of the server during an append: each has its own kind, and nothing of the append is recorded.

use eventsourcing_core::{Recorder as _, RecorderError, Uuid};

use super::common::{Schema, events, ids, one_event};
use super::open;

/// Lets each insert fail with this error code while `when` holds.
async fn fails(schema: &Schema, code: &str, when: &str) {
    let name = &schema.name;
    schema
        .run(format!(
            "CREATE SEQUENCE {name}.tries; \
             CREATE FUNCTION {name}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {when} THEN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER fail BEFORE INSERT ON {name}.universe_events FOR EACH ROW EXECUTE FUNCTION {name}.fail()"
        ))
        .await;
}

#[tokio::test]
async fn each_server_error_has_its_own_kind_and_records_nothing() {
    type Expected = fn(&RecorderError) -> bool;
    let kinds: [(&str, Expected); 11] = [
        ("53100", |error| matches!(error, RecorderError::StorageFull { .. })),
        ("57014", |error| matches!(error, RecorderError::Cancelled { .. })),
        ("25006", |error| matches!(error, RecorderError::NotPrimary { .. })),
        ("XX001", |error| matches!(error, RecorderError::Corrupt { .. })),
        ("XX002", |error| matches!(error, RecorderError::Corrupt { .. })),
        ("P0001", |error| matches!(error, RecorderError::Database { .. })),
        ("40001", |error| matches!(error, RecorderError::Superseded { .. })),
        ("40P01", |error| matches!(error, RecorderError::Superseded { .. })),
        ("53200", |error| matches!(error, RecorderError::OutOfResources { .. })),
        ("58030", |error| matches!(error, RecorderError::OutOfResources { .. })),
        ("0A000", |error| matches!(error, RecorderError::Database { .. })),
    ];
    for (code, is_expected) in kinds {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        fails(&schema, code, "NEW.originator_version = 3").await;
        let error = recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap_err();
        assert!(is_expected(&error) && error.is_not_done(), "{code}: {error:?}");
        assert_eq!(ids(&recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap()), [1, 2], "{code}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn an_append_that_the_server_gave_up_in_favour_of_another_is_sent_again() {
    for code in ["40001", "40P01", "0A000", "26000", "25P02"] {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        fails(&schema, code, &format!("nextval('{}.tries') < 3", schema.name)).await;
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1], "{code}");
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_unique_index_of_somebody_else_is_no_conflict() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    schema.run(format!("CREATE UNIQUE INDEX topics ON {}.universe_events (topic)", schema.name)).await;
    recorder.insert_events(one_event()).await.unwrap();
    let error = recorder.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(error, RecorderError::Database { .. }), "{error:?}");
    assert!(error.to_string().contains("\"topics\" (code 23505)"), "{error}");
    schema.drop().await;
}
