//! The application that is looked into, its databases, and the command as a process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use eventsourcing::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::shop::Shop;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dog {
    pub(crate) name: String,
    pub(crate) tricks: Vec<String>,
}

#[aggregate]
impl Dog {
    #[event("Registered")]
    pub(crate) fn register(name: String) -> Self {
        Self { name, tricks: Vec::new() }
    }

    #[event("TrickAdded")]
    pub(crate) fn add_trick(&mut self, trick: String) {
        self.tricks.push(trick);
    }

    /// A number that no float has.
    #[event("Measured")]
    pub(crate) fn measure(&mut self, grains: u64) {
        let _ = grains;
    }
}

#[application(aggregates(Dog))]
#[derive(Clone, Debug)]
pub(crate) struct Kennel;

/// A number beyond 2^53.
pub(crate) const GRAINS: u64 = 18_446_744_073_709_551_557;

/// A dog with three events, two of which are saved together.
pub(crate) async fn fido(kennel: &Kennel) -> Dog {
    let mut dog = Dog::register("Fido".to_owned());
    kennel.save(&mut dog).await.unwrap();
    dog.add_trick("roll over".to_owned());
    dog.measure(GRAINS);
    kennel.save(&mut dog).metadata(Metadata::new().with_actor("ada")).await.unwrap();
    dog
}

/// Dogs with two events each.
pub(crate) async fn pack(kennel: &Kennel, dogs: usize) {
    let mut pack: Vec<Dog> = (0..dogs).map(|place| Dog::register(format!("dog {place}"))).collect();
    pack.iter_mut().for_each(|dog| dog.add_trick("bark".to_owned()));
    kennel.save(&mut pack).await.unwrap();
}

/// Variables of a database, with the folder of its file.
pub(crate) struct Database {
    pub(crate) variables: Vec<(String, String)>,
    folder: Option<TempDir>,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kennel.db").to_string_lossy().into_owned();
        Self { variables: owned(&[("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", &file)]), folder: Some(folder) }
    }

    /// A schema that no other test uses. A test that needs PostgreSQL is never skipped.
    pub(crate) fn postgres() -> Self {
        let is_there = std::env::var_os("EVENTSOURCING_TEST_POSTGRES").is_some();
        assert!(is_there, "no PostgreSQL to test with: run `cargo xtask test`");
        let schema = format!("test_{}", Uuid::new_v4().simple());
        let given = std::env::vars().filter(|(name, _)| name.starts_with("POSTGRES_"));
        let own = owned(&[("PERSISTENCE_MODULE", "postgres"), ("POSTGRES_SCHEMA", &schema)]);
        Self { variables: given.chain(own).collect(), folder: None }
    }

    pub(crate) fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres()]
    }

    pub(crate) fn with(mut self, variables: &[(&str, &str)]) -> Self {
        self.variables.extend(owned(variables));
        self
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.folder.is_none()
    }

    /// The schema of a database in PostgreSQL.
    pub(crate) fn schema(&self) -> Option<&str> {
        let found = self.variables.iter().rev().find(|(name, _)| name == "POSTGRES_SCHEMA");
        found.filter(|_| self.is_postgres()).map(|(_, value)| value.as_str())
    }

    pub(crate) async fn kennel(&self) -> Kennel {
        Kennel::open_with(self.variables.clone()).await.unwrap()
    }

    /// The file of a database in SQLite.
    pub(crate) fn file(&self) -> String {
        self.folder.as_ref().unwrap().path().join("kennel.db").to_string_lossy().into_owned()
    }

    /// The command on this database.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = bare(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).env("EVENTSOURCING_APP", "Kennel");
        command
    }

    /// The command with the types of the shop: the example `admin`.
    pub(crate) fn admin(&self, arguments: &[&str]) -> Command {
        let tests = std::env::current_exe().unwrap();
        let admin = tests.parent().unwrap().parent().unwrap().join("examples").join("admin");
        assert!(admin.exists(), "no {admin:?}: run `cargo build --package eventsourcing-cli --example admin` first");
        let mut command = cleared(Command::new(admin), arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).env("EVENTSOURCING_APP", "Shop");
        command
    }

    /// Runs the command with the types of the shop and `--json`, and returns the lines that it printed.
    pub(crate) fn admin_json(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = Ran::of(&mut self.admin(&[arguments, &["--json"]].concat()));
        assert_eq!(ran.code, 0, "{}", ran.errors);
        ran.json()
    }

    /// The shop of the example.
    pub(crate) async fn shop(&self) -> Shop {
        Shop::open_with(self.variables.clone()).await.unwrap()
    }

    /// Runs the command, and returns what it printed.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs the command with `--json`, and returns the lines that it printed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.errors);
        ran.json()
    }
}

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The command without any variable of the library.
pub(crate) fn bare<A: AsRef<OsStr>>(arguments: &[A]) -> Command {
    cleared(Command::new(env!("CARGO_BIN_EXE_eventsourcing")), arguments)
}

fn cleared<A: AsRef<OsStr>>(mut command: Command, arguments: &[A]) -> Command {
    command.args(arguments).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.stdin(Stdio::null());
    command
}

/// What a command printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) text: String,
    pub(crate) errors: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            text: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asserts that it failed with this exit code, and said this.
    pub(crate) fn refused(&self, code: i32, said: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.errors.contains(said), "{said:?} is not in {:?}", self.errors);
    }
}

/// A command that runs, and whose lines are read as they come.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line; waits until there is one.
    pub(crate) fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Sends Ctrl-C, and returns the exit code.
    pub(crate) fn interrupt(&mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        // it may wait for a reader of what it printed
        self.lines.by_ref().for_each(drop);
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // one that has ended already cannot be killed
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
