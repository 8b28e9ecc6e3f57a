//! Processes of a test's own: the test's executable once more, told to run the same test as a child.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Set in the processes that a test starts.
const IS_CHILD: &str = "EVENTSOURCING_TEST_CHILD";

/// Starts a word of a child's output that is meant for its parent; the test harness writes there too.
const MARK: &str = "to the parent: ";

pub fn is_child() -> bool {
    std::env::var_os(IS_CHILD).is_some()
}

/// Says a word to the parent.
pub fn say(word: impl std::fmt::Display) {
    println!("\n{MARK}{word}");
}

/// A running child and what it says.
#[derive(Debug)]
pub struct Process {
    pub child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts the test of this name as a child.
    pub fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(IS_CHILD, "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next word that the child says; none once it has ended.
    pub async fn hear(&mut self) -> Option<String> {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some(word) = line.strip_prefix(MARK) {
                return Some(word.to_owned());
            }
        }
        None
    }
}
