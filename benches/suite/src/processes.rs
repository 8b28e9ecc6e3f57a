//! Several processes that save into one database. They are this program, as its own children.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Run;
use crate::limits::postgres_saves;
use crate::measure::{Contender, Round};
use crate::place::{Database, Schema};
use crate::report::{OURS, Title};

const PROCESSES: [usize; 2] = [2, 4];
const TASKS: usize = 64;

/// Measures PostgreSQL; a SQLite file is written by one process at a time.
pub fn run(run: &mut Run) {
    for count in PROCESSES {
        let name = format!("save 1 event, {count} processes of {TASKS}");
        run.measure(&Title::new(Database::Postgres, name, count * TASKS, "saves"), |run| {
            vec![
                contender(run, OURS, "ours", count),
                contender(run, "driver, one writer a process, head row", "grouped", count),
            ]
        });
    }
}

fn contender(run: &Run, who: &'static str, role: &str, count: usize) -> Contender<'static> {
    let schema = Schema::create();
    if role == "grouped" {
        postgres_saves::create_tables(&schema);
    }
    let mut processes: Vec<Process> = (0..count).map(|_| Process::start(run, role, &schema)).collect();
    let milliseconds = run.time.as_millis();
    let round = move || {
        // all requests are sent before the first answer is read
        processes.iter_mut().for_each(|process| process.ask(&format!("save\t{TASKS}\t{milliseconds}")));
        sum(processes.iter_mut().map(Process::answer).collect())
    };
    Contender::new(who, round).keeping(schema)
}

/// Returns the result of all processes together. Its p99 is the greatest one, because that of all cannot be computed.
fn sum(rounds: Vec<Round>) -> Round {
    let mean = |figures: Vec<f64>| Some(figures.iter().sum::<f64>() / figures.len() as f64);
    Round {
        per_second: rounds.iter().map(|round| round.per_second).sum(),
        p50: mean(rounds.iter().filter_map(|round| round.p50).collect()),
        p99: rounds.iter().filter_map(|round| round.p99).reduce(f64::max),
    }
}

/// A child that answers requests. It ends when its standard input is closed.
struct Process {
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Process {
    fn start(run: &Run, role: &str, schema: &Schema) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--serve", role, "postgres", "--schema", schema.name(), "--folder"]).arg(&run.folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self { requests: child.stdin.take(), answers, child };
        assert_eq!(process.line(), "ready", "a child of the suite did not start");
        process
    }

    fn ask(&mut self, request: &str) {
        writeln!(self.requests.as_mut().unwrap(), "{request}").unwrap();
    }

    fn answer(&mut self) -> Round {
        let line = self.line();
        let figures: Vec<Option<f64>> = line.split('\t').skip(3).map(|field| field.parse().ok()).collect();
        let [Some(per_second), p50, p99] = figures[..] else { panic!("`{line}` is not an answer") };
        Round { per_second, p50, p99 }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}
