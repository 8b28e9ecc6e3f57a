//! A process that is killed while it saves: what it was told is recorded is there, and nothing is there by half.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use eventsourcing::prelude::*;

#[aggregate]
struct World {
    history: Vec<u64>,
}

#[aggregate]
impl World {
    #[event("Started")]
    fn new() -> Self {
        Self { history: Vec::new() }
    }

    #[event("SomethingHappened")]
    fn make_it_so(&mut self, what: u64) {
        self.history.push(what);
    }
}

#[application]
struct Universe;

/// Says that the test's own program is to be the process that is killed.
const TO_BE_KILLED: &str = "EVENTSOURCING_TEST_TO_BE_KILLED";

/// No test by itself: the process that the tests below start and kill.
#[tokio::test]
async fn saves_and_tells_until_it_is_killed() {
    if std::env::var_os(TO_BE_KILLED).is_none() {
        return;
    }
    let universe = Universe::open().await.unwrap();
    loop {
        let mut world = World::new();
        world.make_it_so(1);
        world.make_it_so(2);
        universe.save(&mut world).await.unwrap();
        // straight to the pipe: what is in a buffer dies with the process
        std::io::stderr().write_all(format!("recorded {}\n", world.id()).as_bytes()).unwrap();
    }
}

/// Starts the process, and kills it once it has told of so many saves; returns what it told.
fn killed_after(saves: usize, variables: &[(String, String)]) -> Vec<Uuid> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "saves_and_tells_until_it_is_killed", "--nocapture"])
        .env(TO_BE_KILLED, "1")
        .envs(variables.iter().cloned())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut told = Vec::new();
    for line in lines {
        let id = line.strip_prefix("recorded ").unwrap_or_else(|| panic!("the process says: {line}"));
        told.push(id.parse().unwrap());
        if told.len() == saves {
            // it is in the midst of the next save; what it still tells of is read too
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    told
}

async fn keeps_what_it_told(variables: Vec<(String, String)>) {
    let mut told = Vec::new();
    for saves in 1..=12 {
        told.extend(killed_after(saves, &variables));
    }
    let universe = Universe::open_with(variables).await.unwrap();
    for id in &told {
        let world: World = universe.repository().get(*id).await.unwrap();
        assert_eq!(world.history, [1, 2]);
    }
    // and of what it did not come to tell, all or nothing
    let log: Vec<Notification> = NotificationLogReader::new(universe.log()).read(1).try_collect().await.unwrap();
    assert!(log.iter().map(|it| it.id).eq(1..=log.len() as u64));
    assert!(log.chunks(3).all(|save| save.iter().map(|it| it.originator_version).eq(1..=3)));
    assert!(log.chunks(3).all(|save| save.iter().all(|it| it.originator_id == save[0].originator_id)));
    assert!(log.len() >= told.len() * 3);
}

#[tokio::test]
async fn an_sqlite_file_keeps_what_a_killed_process_was_told() {
    let folder = tempfile::tempdir().unwrap();
    keeps_what_it_told(common::sqlite_file(&folder)).await;
}

#[tokio::test]
async fn postgres_keeps_what_a_killed_process_was_told() {
    keeps_what_it_told(common::postgres()).await;
}
