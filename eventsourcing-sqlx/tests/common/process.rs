//! Child processes of a test: the test's executable, started again for the same test.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Set in the processes that a test starts.
const IS_CHILD: &str = "EVENTSOURCING_TEST_CHILD";

/// The prefix of a child's words for its parent; the test harness writes to the same output.
const MARK: &str = "to the parent: ";

pub fn is_child() -> bool {
    std::env::var_os(IS_CHILD).is_some()
}

/// Sends a word to the parent.
pub fn say(word: impl std::fmt::Display) {
    println!("\n{MARK}{word}");
}

/// A running child and its words.
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

    /// The child's next word, or `None` once it has ended.
    pub async fn hear(&mut self) -> Option<String> {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some(word) = line.strip_prefix(MARK) {
                return Some(word.to_owned());
            }
        }
        None
    }
}
