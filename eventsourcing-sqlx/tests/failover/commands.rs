//! The ids of commands after a failover: they are there as long as their events are, and not longer.

use eventsourcing_core::recording::{Append, CommandId, NewCommand};
use eventsourcing_core::{Recorder as _, RecorderError, Timestamp, Uuid};
use eventsourcing_sqlx::PostgresRecorder;

use super::address::Address;
use super::common::{events, ids};
use super::pair::Pair;
use super::{by, open, versions};

/// Records an event of a new aggregate with a command.
async fn execute(recorder: &PostgresRecorder, world: Uuid, id: CommandId) -> Result<Vec<u64>, RecorderError> {
    let append = Append::new(events(world, [1])).command(NewCommand::new(id, Timestamp::now()));
    recorder.append(append).await.map(|recorded| ids(&recorded))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_command_is_executed_again_only_if_it_was_lost() {
    let (kept, lost) = (CommandId::named("kept"), CommandId::named("lost"));
    let [first, second, third] = [(); 3].map(|()| Uuid::new_v4());
    let pair = Pair::of_environment();
    let address = Address::of(pair.primary.config.port).await;
    let recorder = open(by(&address, &pair.primary)).await;
    assert_eq!(execute(&recorder, first, kept).await.unwrap(), [1]);
    pair.leave_the_standby_behind().await;
    // acknowledged by the primary alone
    assert_eq!(execute(&recorder, second, lost).await.unwrap(), [2]);
    // the twin: as long as the primary is there, a repetition is refused
    let error = execute(&recorder, third, lost).await.unwrap_err();
    assert!(
        matches!(&error, RecorderError::CommandRecorded { recorded } if recorded.notification_ids == [2]),
        "{error:?}"
    );

    pair.fail_over().await;
    address.lead_to(pair.standby.config.port);
    assert_eq!(execute(&recorder, third, lost).await.unwrap(), [2]);
    let error = execute(&recorder, Uuid::new_v4(), kept).await.unwrap_err();
    assert!(
        matches!(&error, RecorderError::CommandRecorded { recorded } if recorded.notification_ids == [1]),
        "{error:?}"
    );
    assert_eq!((versions(&recorder, second).await, versions(&recorder, third).await), (vec![], vec![1]));
}
