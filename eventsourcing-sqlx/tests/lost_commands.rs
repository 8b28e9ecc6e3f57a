//! Connections to PostgreSQL that break while a command is recorded: it is recorded once, and its caller gets its ids.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{Append, CommandContent, NewCommand};
use eventsourcing_core::{CommandId, Recorder, RecorderError, StoredEvent, Timestamp, Uuid};
use eventsourcing_sqlx::PostgresRecorder;

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, events, ids};

/// The content has what the proxy knows an append by, also without events.
fn append(events: Vec<StoredEvent>, id: CommandId) -> Append {
    let content = CommandContent::new(*b"WithoutEvents");
    Append::new(events).command(NewCommand::new(id, Timestamp::UNIX_EPOCH).content(content))
}

/// Records commands with this number of events each, and loses the connection during each append.
async fn a_command_is_recorded_once(cut: Cut, count: u64) {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, cut).await;
    // however busy the machine is, there is time to find out what was recorded
    (schema.config.answer_timeout, schema.config.resolve_timeout) = (PATIENCE * 4, PATIENCE * 4);
    schema.config.idle_in_transaction_session_timeout = PATIENCE;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let next = || if count == 0 { vec![] } else { events(Uuid::new_v4(), 1..=count) };
    // prepared once, so that from here on each append is one message
    recorder.append(append(next(), CommandId::named("prepared"))).await.unwrap();
    for round in 0..6 {
        let (id, attempt) = (CommandId::named(&round.to_string()), next());
        proxy.cut(1);
        let first: Vec<u64> = (1..=count).map(|number| number + count * (round + 1)).collect();
        match recorder.append(append(attempt.clone(), id)).await {
            Ok(recorded) => assert_eq!(ids(&recorded), first),
            // without events its own recording cannot be told from that of another, and is the same
            Err(RecorderError::CommandRecorded { recorded }) if count == 0 => {
                assert!(recorded.notification_ids.is_empty())
            }
            Err(error) => panic!("{error:?}"),
        }
        assert!(proxy.is_done(), "nothing was cut");
        // the same attempt is done, and another is a repeat
        if count > 0 {
            assert_eq!(ids(&recorder.append(append(attempt, id)).await.unwrap()), first);
        }
        let again = recorder.append(append(next(), id)).await;
        let is_repeat =
            matches!(&again, Err(RecorderError::CommandRecorded { recorded }) if recorded.notification_ids == first);
        assert!(is_repeat, "{again:?}");
        let found = recorder.find_command(id).await.unwrap().unwrap();
        assert_eq!(found.notification_ids, first);
    }
    assert_eq!(recorder.max_notification_id().await.unwrap().unwrap_or(0), 7 * count);
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_command_whose_answer_is_lost_is_recorded_once() {
    for count in [0, 1, 3] {
        a_command_is_recorded_once(Cut::BeforeAnswer, count).await;
    }
}

#[tokio::test]
async fn a_command_that_is_lost_on_its_way_is_recorded_once() {
    for count in [0, 1, 3] {
        a_command_is_recorded_once(Cut::BeforeStatement, count).await;
    }
}
