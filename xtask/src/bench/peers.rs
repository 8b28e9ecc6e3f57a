//! Other libraries: programs under `benches/peers` that alternate with ours. Each request asks for one round.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{fs, thread};

use super::figures::{Figure, Figures, OURS, median};
use super::{Options, released};
use crate::failure::{Failure, While};
use crate::postgres::{Connection, Keeper};
use crate::run::{self, output_of, say};

/// A peer on a database: the folder of its program, and the package whose name and version are shown.
struct Peer {
    folder: &'static str,
    database: &'static str,
    package: &'static str,
}

const fn peer(folder: &'static str, database: &'static str, package: &'static str) -> Peer {
    Peer { folder, database, package }
}

const PEERS: &[Peer] = &[
    peer("cqrs", "postgres", "postgres-es"),
    peer("cqrs", "sqlite", "sqlite-es"),
    peer("evento", "postgres", "evento"),
    peer("evento", "sqlite", "evento"),
    peer("esrs", "postgres", "esrs"),
    peer("mire", "postgres", "mire"),
    peer("mire-sqlite", "sqlite", "mire"),
    peer(PYTHON, "postgres", "eventsourcing"),
    peer(PYTHON, "sqlite", "eventsourcing"),
];

/// The peer that is not written in Rust.
const PYTHON: &str = "python";

const DATABASES: [&str; 2] = ["postgres", "sqlite"];

/// The requests: the word, its number, and the measurement and the unit in the results.
const REQUESTS: &[(&str, u32, &str, &str)] = &[
    ("save", 1, "save 1 event", "saves"),
    ("save", 8, "save 1 event", "saves"),
    ("save", 64, "save 1 event", "saves"),
    ("load", 10, "load 10 events", "loads"),
    ("load", 1_000, "load 1000 events", "loads"),
    ("snapshot", 1_000, "load 1000 events from a snapshot", "loads"),
    ("cached", 1_000, "load 1000 events from the cache", "loads"),
    ("log", 1, "read the log", "events"),
];

/// The maximum time for an answer. A program records its log first, which is slow in some libraries.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program that can be started.
#[derive(Debug)]
struct Ready {
    name: String,
    command: PathBuf,
    arguments: Vec<String>,
    database: &'static str,
}

/// Builds every peer and returns those that can be started. The others are added to `left_out` with the reason.
fn build(left_out: &mut Vec<(String, String)>) -> Vec<Ready> {
    let mut ready = Vec::new();
    for peer in PEERS {
        say(&format!("==> building {} on {}", peer.package, peer.database));
        let built = if peer.folder == PYTHON { peer.install_python() } else { peer.build_rust() };
        match built {
            Ok(one) => ready.push(one),
            Err(failure) => {
                let reason = failure.to_string();
                run::complain(&format!("    left out: {reason}"));
                // the last line of a compiler's or an installer's output names the failure
                let last = reason.lines().last().unwrap_or_default().to_owned();
                left_out.push((
                    format!("{} on {}", peer.package, peer.database),
                    format!("it does not build on this machine: {last}"),
                ));
            }
        }
    }
    ready
}

impl Peer {
    fn path(&self) -> PathBuf {
        run::root().join("benches/peers").join(self.folder)
    }

    fn build_rust(&self) -> Result<Ready, Failure> {
        let manifest = self.path().join("Cargo.toml");
        let mut build = released(&manifest, "build");
        // the measured version is the one that was reviewed
        build.arg("--locked");
        output_of(build)?;
        let lock = fs::read_to_string(self.path().join("Cargo.lock")).unwrap_or_default();
        Ok(Ready {
            name: format!("{} {}", self.package, version_in(&lock, self.package).unwrap_or_default()),
            command: super::target().join("release").join(format!("peer-{}", self.folder)),
            arguments: Vec::new(),
            database: self.database,
        })
    }

    /// Creates a virtual environment under `target/`, and installs the requirements.
    fn install_python(&self) -> Result<Ready, Failure> {
        let environment = super::target().join("python");
        let python = environment.join("bin/python");
        if !python.is_file() {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv"]).arg(&environment);
            output_of(venv)?;
        }
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        pip.arg(self.path().join("requirements.txt"));
        output_of(pip)?;
        let mut version = Command::new(&python);
        let print = format!("from importlib.metadata import version; print(version('{}'))", self.package);
        version.args(["-c", &print]);
        Ok(Ready {
            name: format!("Python {} {}", self.package, output_of(version)?.trim()),
            command: python,
            arguments: vec![self.path().join("peer.py").display().to_string()],
            database: self.database,
        })
    }
}

/// Returns the version of a package in a lock file.
fn version_in(lock: &str, package: &str) -> Option<String> {
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next().map(str::to_owned)
}

/// Builds the peers, measures them alternately with ours, and adds their figures.
pub(super) fn run(
    options: &Options,
    keeper: &mut Keeper,
    connection: &Connection,
    figures: &mut Figures,
    left_out: &mut Vec<(String, String)>,
) -> Result<(), Failure> {
    let wanted = |database: &str| REQUESTS.iter().any(|request| options.wants(&blank(database, request).title()));
    if !DATABASES.into_iter().any(wanted) {
        return Ok(());
    }
    let programs = build(left_out);
    for database in DATABASES {
        let asked = REQUESTS.iter().filter(|request| options.wants(&blank(database, request).title()));
        let asked: Vec<_> = asked.collect();
        if asked.is_empty() {
            continue;
        }
        let folder = super::target().join(format!("peers-{database}"));
        // files of an interrupted run would be measured too
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).while_doing(|| format!("making the folder {}", folder.display()))?;
        let mut running = Vec::new();
        let ours = Ready {
            name: OURS.to_owned(),
            command: super::target().join("release/suite"),
            arguments: vec!["--serve".to_owned(), OURS.to_owned()],
            database,
        };
        for program in [&ours].into_iter().chain(programs.iter().filter(|program| program.database == database)) {
            match Running::start(program, database, &folder, keeper, connection) {
                Ok(one) => running.push(one),
                Err(failure) => left_out.push((format!("{} on {database}", program.name), failure.to_string())),
            }
        }
        for request in asked {
            figures.peers.extend(take_turns(options, database, request, &mut running));
        }
        for one in running {
            one.end(keeper);
        }
    }
    Ok(())
}

fn blank(database: &str, request: &(&str, u32, &str, &str)) -> Figure {
    let (word, number, measurement, unit) = *request;
    Figure {
        database: database.to_owned(),
        measurement: measurement.to_owned(),
        tasks: if word == "save" { number } else { 1 },
        who: String::new(),
        unit: unit.to_owned(),
        value: None,
        p50: None,
        p99: None,
        range: None,
        note: String::new(),
    }
}

/// Asks each program in turn: for one round that is not counted, then for the rounds of the options.
fn take_turns(
    options: &Options,
    database: &str,
    request: &(&str, u32, &str, &str),
    running: &mut [Running],
) -> Vec<Figure> {
    let milliseconds = if options.quick { 300 } else { 1_000 };
    let line = format!("{}\t{}\t{milliseconds}", request.0, request.1);
    let mut answers: Vec<Vec<Answer>> = running.iter().map(|_| Vec::new()).collect();
    for round in 0..=options.rounds() {
        let mut turn = |(program, answers): (&mut Running, &mut Vec<Answer>)| {
            // a program that answered without a value is not asked again
            if answers.iter().any(|answer: &Answer| answer.value.is_none()) {
                return;
            }
            let answer = program.ask(&line);
            if round > 0 || answer.value.is_none() {
                answers.push(answer);
            }
        };
        let pairs = running.iter_mut().zip(&mut answers);
        if round % 2 == 0 { pairs.for_each(&mut turn) } else { pairs.rev().for_each(&mut turn) }
    }
    let figure = |(program, answers): (&Running, Vec<Answer>)| {
        let all = |field: fn(&Answer) -> Option<f64>| answers.iter().filter_map(field).collect::<Vec<f64>>();
        let note = answers.iter().find(|answer| answer.value.is_none()).map(|answer| answer.note.clone());
        let speeds = all(|answer| answer.value);
        let slowest = speeds.iter().copied().reduce(f64::min);
        let fastest = speeds.iter().copied().reduce(f64::max);
        Figure {
            who: program.name.clone(),
            value: median(speeds).filter(|_| note.is_none()),
            p50: median(all(|answer| answer.p50)),
            p99: median(all(|answer| answer.p99)),
            range: slowest.zip(fastest),
            note: note.unwrap_or_default(),
            ..blank(database, request)
        }
    };
    let found: Vec<Figure> = running.iter().zip(answers).map(figure).collect();
    show(&found);
    found
}

fn show(found: &[Figure]) {
    let Some(ours) = found.iter().find(|one| one.who == OURS) else { return };
    say(&format!("\n{}, beside other libraries", ours.title()));
    for one in found {
        match (one.value, ours.value) {
            (Some(value), Some(ours)) => {
                say(&format!("  {:>8.2} x  {:<52}{value:>12.0} {}/s", ours / value, one.who, one.unit));
            }
            _ => say(&format!("{:>12} {:<52}{}", "", one.who, one.note)),
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, Default)]
struct Answer {
    value: Option<f64>,
    p50: Option<f64>,
    p99: Option<f64>,
    note: String,
}

impl Answer {
    /// Reads `database, measurement, tasks, value, p50, p99` and, if there is no value, the reason.
    fn parse(line: &str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        let figure = |place: usize| fields.get(place).and_then(|field| field.parse().ok());
        let note = fields.get(6).map_or_else(|| format!("answered `{line}`"), |note| (*note).to_owned());
        Self { value: figure(3), p50: figure(4), p99: figure(5), note }
    }
}

/// A program that waits for requests.
#[derive(Debug)]
struct Running {
    name: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Running {
    fn start(
        program: &Ready,
        database: &str,
        folder: &Path,
        keeper: &mut Keeper,
        connection: &Connection,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(&program.command);
        crate::environment::seal(&mut command);
        command.args(&program.arguments).arg(database).arg("--folder").arg(folder).current_dir(run::root());
        connection.export(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = keeper.launch(&mut command)?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take().map(lines));
        let answers = answers.ok_or_else(|| Failure::new("its output cannot be read"))?;
        let running = Self { name: program.name.clone(), child, requests, answers };
        match running.answers.recv_timeout(PATIENCE) {
            Ok(line) if line == "ready" => Ok(running),
            Ok(line) => {
                running.end(keeper);
                Err(Failure::new(line))
            }
            Err(_) => {
                running.end(keeper);
                Err(Failure::new("it did not start; its output is shown above"))
            }
        }
    }

    fn ask(&mut self, request: &str) -> Answer {
        let told =
            self.requests.as_mut().is_some_and(|pipe| writeln!(pipe, "{request}").and_then(|()| pipe.flush()).is_ok());
        let answer = if told { self.answers.recv_timeout(PATIENCE).ok() } else { None };
        match answer {
            Some(line) => Answer::parse(&line),
            None => {
                // a late answer would be taken for the answer to the next request
                self.requests = None;
                Answer { note: "it gave no answer".to_owned(), ..Answer::default() }
            }
        }
    }

    /// Closes its input, which ends it, and kills it if it is still running after ten seconds.
    fn end(mut self, keeper: &mut Keeper) {
        self.requests = None;
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        // has no effect if it has ended
        let _ = self.child.kill();
        let _ = keeper.wait_for(&mut self.child);
    }
}

/// Reads the lines of a pipe in a thread, so that the receiver can use a time limit.
fn lines(pipe: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.into_iter().try_for_each(|line| sender.send(line))
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_figures_or_a_reason() {
        let answer = Answer::parse("sqlite\tsave\t8\t120.5\t3.0\t-");
        assert_eq!((answer.value, answer.p50, answer.p99), (Some(120.5), Some(3.0), None));
        let answer = Answer::parse("sqlite\tlog\t1\t-\t-\t-\tthere is no log");
        assert_eq!((answer.value, answer.note.as_str()), (None, "there is no log"));
    }

    #[test]
    fn versions_are_read_from_a_lock_file() {
        let lock = "[[package]]\nname = \"evento\"\nversion = \"2.0.0\"\n";
        assert_eq!(version_in(lock, "evento").as_deref(), Some("2.0.0"));
        assert_eq!(version_in(lock, "event"), None);
    }
}
