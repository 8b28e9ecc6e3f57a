//! Projections of a log that was rolled back stop, until they are told to accept it.

use eventsourcing::prelude::*;
use eventsourcing::projection::{Progress, ViewTransaction as _, Views as _};
use eventsourcing::recording::LogPosition;
use eventsourcing::{MemoryViews, ProjectionRunner, RunnerError};

use super::server::Server;
use super::{OFTEN, Office, PATIENCE, Total, assert_log_changed, common, deposits};

#[track_caller]
fn assert_cannot_follow(error: &RunnerError, id: u64) {
    let RunnerError::Upstream { source, .. } = error else { panic!("{error:?}") };
    assert_log_changed(source, id);
    assert!(
        error.to_string().starts_with("`total` cannot consume the log of `Office`: the log is not the one"),
        "{error}"
    );
    assert!(error.to_string().contains("`Rebuild`") && error.to_string().contains("`accept_log`"), "{error}");
}

async fn total(office: &Office, views: &MemoryViews<i64>) -> Result<ProjectionRunner, RunnerError> {
    ProjectionRunner::builder(office, Total, views.clone()).poll_interval(OFTEN).start().await
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
        assert!(matches!(runner.status().await.unwrap().progress, Progress::Failed(RunnerError::Upstream { .. })));
        // and when it is started again
        assert_cannot_follow(&total(&office, &views).await.unwrap_err(), 5);
        assert_eq!(views.read(|total| *total), 4);
    }
}

#[tokio::test]
async fn a_position_without_an_anchor_is_accepted_once_then_anchored() {
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
        let builder = ProjectionRunner::builder(&office, Total, views.clone()).poll_interval(OFTEN);
        builder.accept_log(position).start().await
    };
    // no place in this log
    let error = accepting(14.into()).await.unwrap_err();
    assert!(
        error.is_log_mismatch() && error.to_string().contains("14 is after the end of the log of `Office`"),
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
