//! A log that went back, in a failover or a restore, and grew again: no follower goes on as if it were the same.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/mod.rs"]
mod common;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use eventsourcing::following::{ViewTransaction as _, Views as _};
use eventsourcing::persistence::{LogPosition, MemoryRecorder, NotificationQuery, NotificationVisitor};
use eventsourcing::prelude::*;
use eventsourcing::{MemoryViews, Notification, ProjectionRunner, Recorder, RecorderError, RunnerError, StoredEvent};

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Account {
    balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[application(aggregates(Account))]
#[derive(Clone, Debug)]
struct Office;

/// Follows another application.
#[application]
#[derive(Clone, Debug)]
struct Archive;

/// Sums deposits.
struct Total;

#[projection("total")]
impl Total {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, total: &mut i64) -> Result<()> {
        *total += event.amount;
        Ok(())
    }
}

/// Far longer than anything here takes: who hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);
const OFTEN: Duration = Duration::from_millis(2);

/// A log that can be replaced by another, as when a server takes over that was behind.
#[derive(Clone, Debug, Default)]
struct Server(Arc<RwLock<MemoryRecorder>>);

impl Server {
    fn now(&self) -> MemoryRecorder {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn office(&self) -> Office {
        Office::builder().recorder(Arc::new(self.clone())).open().await.unwrap()
    }

    /// Loses all events after an id.
    async fn go_back(&self, id: u64) {
        let log = self.now().select_notifications(NotificationQuery::after(0, 1_000).up_to(id)).await.unwrap();
        let other = MemoryRecorder::new();
        for Notification { originator_id, originator_version, topic, state, checksum, append_id, .. } in log {
            let event = StoredEvent { originator_id, originator_version, topic, state, checksum, append_id };
            other.insert_events(vec![event]).await.unwrap();
        }
        *self.0.write().unwrap() = other;
    }
}

#[async_trait::async_trait]
impl Recorder for Server {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.now().insert_events(events).await
    }

    async fn select_events(
        &self,
        query: eventsourcing::persistence::EventQuery,
    ) -> Result<Vec<StoredEvent>, RecorderError> {
        self.now().select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.now().select_notifications(query).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.now().read_notifications(query, visit).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.now().max_notification_id().await
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.now().insert_tracked(events, tracking).await
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.now().tracked_position(upstream).await
    }
}

/// Records so many events of a new account, each deposit of this amount.
async fn deposits(office: &Office, count: usize, amount: i64) {
    let mut account = Account::open();
    (1..count).for_each(|_| account.deposit(amount));
    office.save(&mut account).await.unwrap();
}

#[track_caller]
fn assert_log_changed(error: &eventsourcing::Error, id: u64) {
    let is_it = matches!(error, eventsourcing::Error::LogChanged { position, .. } if position.id == id);
    assert!(is_it, "{error:?}");
}

#[track_caller]
fn assert_cannot_follow(error: &RunnerError, id: u64) {
    let RunnerError::Upstream { source, .. } = error else { panic!("{error:?}") };
    assert_log_changed(source, id);
    assert!(error.to_string().starts_with("`total` cannot follow `Office`: the log is not the one"), "{error}");
    assert!(error.to_string().contains("`Rebuild`") && error.to_string().contains("`accept_log`"), "{error}");
}

/// A subscription to all, and one to a topic.
fn subscriptions(office: &Office, after: LogPosition) -> [eventsourcing::following::Subscription<Notification>; 2] {
    let all = office.subscribe(after).poll_interval(OFTEN).page_size(2);
    [all.clone().notifications(), all.topics(["Account.Deposited"]).notifications()]
}

#[tokio::test]
async fn a_subscription_that_runs_is_told_that_the_log_went_back() {
    use futures::TryStreamExt as _;
    // the log is shorter than what was read, as long, and longer
    for more in [0, 2, 50] {
        for of_topic in [0, 1] {
            let server = Server::default();
            let office = server.office().await;
            deposits(&office, 5, 1).await;
            let [all, topic] = subscriptions(&office, LogPosition::START);
            let mut subscription = if of_topic == 0 { all } else { topic };
            let mut last = 0;
            while last < 5 {
                last = subscription.try_next().await.unwrap().unwrap().item.id;
            }
            server.go_back(3).await;
            if more > 0 {
                deposits(&office, more, 1).await;
            }
            for _ in 0..2 {
                let error = subscription.try_next().await.unwrap_err();
                assert_log_changed(&error, 5);
            }
        }
    }
}

#[tokio::test]
async fn a_position_that_was_recorded_is_refused_by_another_log() {
    use futures::TryStreamExt as _;
    let server = Server::default();
    let office = server.office().await;
    let archive = Archive::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    deposits(&office, 5, 1).await;
    for mut subscription in [office.subscribe(0).notifications()] {
        for _ in 0..5 {
            let followed = subscription.try_next().await.unwrap().unwrap();
            archive.save_tracked((), followed.tracking).await.unwrap();
        }
    }
    let position = archive.tracked_position("Office").await.unwrap();
    assert_eq!(Some(position), office.recorder().position_at(5).await.unwrap());
    server.go_back(3).await;
    deposits(&office, 10, 1).await;
    for mut subscription in subscriptions(&office, position) {
        assert_log_changed(&subscription.try_next().await.unwrap_err(), 5);
    }
    // the twin: a number goes on after events that it never saw
    let mut subscription = office.subscribe(position.id).notifications();
    assert_eq!(subscription.try_next().await.unwrap().unwrap().item.id, 6);
}

#[tokio::test]
async fn a_reader_of_the_log_is_told_between_two_pages() {
    use futures::TryStreamExt as _;
    let server = Server::default();
    let office = server.office().await;
    deposits(&office, 5, 1).await;
    let mut log = eventsourcing::NotificationLogReader::new(office.log()).page_size(4).read(1);
    for id in 1..=4 {
        assert_eq!(log.try_next().await.unwrap().unwrap().id, id);
    }
    server.go_back(3).await;
    deposits(&office, 10, 1).await;
    assert_log_changed(&log.try_next().await.unwrap_err(), 4);
}

async fn total(office: &Office, views: &MemoryViews<i64>) -> Result<ProjectionRunner, RunnerError> {
    ProjectionRunner::of(office, Total, views.clone()).poll_interval(OFTEN).start().await
}

#[tokio::test]
async fn a_projection_does_not_go_on_in_another_log() {
    for more in [0, 3, 50] {
        let server = Server::default();
        let office = server.office().await;
        deposits(&office, 5, 1).await;
        let views = MemoryViews::new(0);
        let runner = total(&office, &views).await.unwrap();
        runner.wait_for(5, PATIENCE).await.unwrap();
        let position = views.position("total", "Office").await.unwrap();
        assert_eq!(Some(position), office.recorder().position_at(5).await.unwrap());
        server.go_back(2).await;
        if more > 0 {
            deposits(&office, more, 100).await;
        }
        // while it runs
        assert_cannot_follow(&runner.wait_for(1_000, PATIENCE).await.unwrap_err(), 5);
        assert!(matches!(
            runner.status().await.unwrap().progress,
            eventsourcing::following::Progress::Failed(RunnerError::Upstream { .. })
        ));
        // and when it is started again
        assert_cannot_follow(&total(&office, &views).await.unwrap_err(), 5);
        assert_eq!(views.read(|total| *total), 4);
    }
}

#[tokio::test]
async fn a_position_without_an_anchor_is_accepted_once_and_anchored_by_the_next_batch() {
    let server = Server::default();
    let office = server.office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    // as an earlier version kept it
    views.begin("total", &Tracking::new("Office", 0, 2)).await.unwrap().commit().await.unwrap();
    let runner = total(&office, &views).await.unwrap();
    runner.wait_for(5, PATIENCE).await.unwrap();
    let position = views.position("total", "Office").await.unwrap();
    assert_eq!(Some(position), office.recorder().position_at(5).await.unwrap());
    server.go_back(3).await;
    deposits(&office, 10, 1).await;
    assert_cannot_follow(&runner.wait_for(1_000, PATIENCE).await.unwrap_err(), 5);

    // also while nothing new has come
    let views = MemoryViews::new(0);
    views.begin("total", &Tracking::new("Office", 0, 13)).await.unwrap().commit().await.unwrap();
    let runner = total(&office, &views).await.unwrap();
    server.go_back(1).await;
    deposits(&office, 50, 1).await;
    assert_cannot_follow(&runner.wait_for(1_000, PATIENCE).await.unwrap_err(), 13);
}

#[tokio::test]
async fn a_file_that_was_restored_from_a_backup_is_another_log() {
    let folder = tempfile::tempdir().unwrap();
    let variables = common::sqlite_file(&folder);
    let file = variables.iter().find(|(name, _)| name == "SQLITE_DBNAME").unwrap().1.clone();
    let open = async || Office::open_with(variables.clone()).await.unwrap();
    let office = open().await;
    deposits(&office, 2, 1).await;
    office.close().await;
    std::fs::copy(&file, folder.path().join("backup.db")).unwrap();

    let office = open().await;
    deposits(&office, 3, 1).await;
    let views = MemoryViews::new(0);
    let runner = total(&office, &views).await.unwrap();
    runner.wait_for(5, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    office.close().await;
    for left in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{file}{left}")));
    }
    std::fs::copy(folder.path().join("backup.db"), &file).unwrap();

    let office = open().await;
    deposits(&office, 10, 1).await;
    assert_cannot_follow(&total(&office, &views).await.unwrap_err(), 5);
    office.close().await;
}

#[tokio::test]
async fn a_log_that_is_accepted_is_gone_on_with_after_the_position_given() {
    let server = Server::default();
    let office = server.office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    total(&office, &views).await.unwrap().wait_for(5, PATIENCE).await.unwrap();
    server.go_back(3).await;
    deposits(&office, 10, 100).await;
    let accepting = async |position: LogPosition| {
        let builder = ProjectionRunner::of(&office, Total, views.clone()).poll_interval(OFTEN);
        builder.accept_log(position).start().await
    };
    // no place in this log
    let error = accepting(14.into()).await.unwrap_err();
    assert!(
        error.is_another_log() && error.to_string().contains("after 14, because its last notification is 13"),
        "{error}"
    );
    let lost = views.position("total", "Office").await.unwrap();
    assert_cannot_follow(&accepting(lost).await.unwrap_err(), 5);
    assert_eq!(views.position("total", "Office").await.unwrap(), lost);

    let runner = accepting(3.into()).await.unwrap();
    runner.wait_for(13, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!(views.read(|total| *total), 4 + 900);
    // it stays in the code and does nothing
    deposits(&office, 2, 1).await;
    let runner = accepting(3.into()).await.unwrap();
    runner.wait_for(15, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 4 + 900 + 1);
    drop(runner);

    // back to the start, where a log has no anchor
    server.go_back(1).await;
    let runner = accepting(LogPosition::START).await.unwrap();
    deposits(&office, 3, 1_000).await;
    runner.wait_for(4, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 4 + 900 + 1 + 2_000);
}

/// Counts deposits in accounts of its own.
#[application(aggregates(Account))]
struct Mirror;

#[policy]
impl Mirror {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Account::open())
    }
}

#[tokio::test]
async fn a_system_does_not_start_a_follower_of_another_log_again() {
    use eventsourcing::following::Progress;
    use eventsourcing::system::{System, SystemRunner};
    let server = Server::default();
    let office = server.office().await;
    let mirror = Mirror::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let system = System::new([eventsourcing::pipe![Office => Mirror]]).with(&office).with(&mirror);
    deposits(&office, 5, 1).await;
    let runner = SystemRunner::of(&system).poll_interval(OFTEN).start().await.unwrap();
    runner.settled(PATIENCE).await.unwrap();
    server.go_back(3).await;
    loop {
        match runner.status().await.unwrap().remove(0).status.progress {
            Progress::Failed(error) => break assert!(error.is_another_log(), "{error}"),
            Progress::Following => tokio::task::yield_now().await,
            progress => panic!("{progress:?}"),
        }
    }
    // however far it grows
    deposits(&office, 20, 1).await;
    let error = runner.settled(PATIENCE).await.unwrap_err();
    assert!(error.to_string().starts_with("`Mirror` cannot follow `Office`: the log is not the one"), "{error}");
    runner.stop().await;
    let count = async || mirror.log().max_id().await.unwrap();
    assert_eq!(count().await, Some(4));

    // nor when it is started again
    let runner = SystemRunner::of(&system).poll_interval(OFTEN).start().await.unwrap();
    assert!(runner.settled(PATIENCE).await.is_err());
    runner.stop().await;

    let builder = SystemRunner::of(&system).poll_interval(OFTEN).accept_log::<Office, Mirror>(3);
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
