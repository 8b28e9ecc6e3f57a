//! Systems whose upstream log was rolled back.

use eventsourcing::pipe;
use eventsourcing::projection::Progress;
use eventsourcing::system::{System, SystemRunner};

use super::server::Server;
use super::{Mirror, OFTEN, Office, PATIENCE, deposits};

#[tokio::test]
async fn a_system_does_not_start_a_follower_of_another_log_again() {
    let server = Server::default();
    let office = server.office().await;
    let mirror = Mirror::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let system = System::new([pipe![Office => Mirror]]).with(&office).with(&mirror);
    deposits(&office, 5, 1).await;
    let runner = SystemRunner::builder(&system).poll_interval(OFTEN).start().await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    server.go_back(3).await;
    loop {
        match runner.status().await.unwrap().remove(0).status.progress {
            Progress::Failed(error) => break assert!(error.is_log_mismatch(), "{error}"),
            Progress::Running => tokio::task::yield_now().await,
            progress => panic!("{progress:?}"),
        }
    }
    // however far it grows
    deposits(&office, 20, 1).await;
    let error = runner.settled(PATIENCE).await.unwrap_err();
    assert!(
        error.to_string().starts_with("`Mirror` cannot consume the log of `Office`: the log is not the one"),
        "{error}"
    );
    runner.stop().await;
    let count = async || mirror.log().max_id().await.unwrap();
    assert_eq!(count().await, Some(4));

    // nor when it is started again
    let runner = SystemRunner::builder(&system).poll_interval(OFTEN).start().await.unwrap();
    assert!(runner.settled(PATIENCE).await.is_err());
    runner.stop().await;

    let builder = SystemRunner::builder(&system).poll_interval(OFTEN).accept_log::<Office, Mirror>(3);
    let runner = builder.clone().start().await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    runner.stop().await;
    assert_eq!(count().await, Some(4 + 19));
    let runner = builder.start().await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    assert_eq!(count().await, Some(4 + 19));
    let last = office.log().last_position().await.unwrap();
    assert_eq!(mirror.tracked_position("Office").await.unwrap(), last);
    runner.stop().await;
}
