//! The keeper: a process of ours that outlives a killed run just long enough to tidy up after it.
//!
//! It is this same program, in a process group of its own so that Ctrl-C does not reach it, at the other end of a pipe. When the
//! run ends, in whatever way, the system closes the pipe; the keeper then ends the tests that still run and stops the server. A
//! signal handler could not do that for a run ended by SIGKILL, and would need a dependency or `unsafe`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::run_folder::RunFolder;
use super::{Connection, Pair, Setting, cluster, compose};
use crate::failure::{Failure, While};
use crate::run;

/// The command by which this program becomes a keeper; not for people.
pub(crate) const KEEPER_COMMAND: &str = "postgres-keeper";

/// What a keeper takes care of, beside the programs that a run starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// A private cluster of the binaries in a folder, with settings beside those that all clusters of ours have.
    Cluster { binaries: PathBuf, settings: Vec<Setting> },
    /// A primary and a standby.
    Pair { binaries: PathBuf },
    /// A container.
    Docker,
    /// No server.
    Nothing,
}

/// What a keeper says that it started.
#[derive(Debug, Default)]
struct Report {
    connection: Connection,
    about: String,
    /// Variables for tests, beside those of the connection.
    variables: Vec<(String, String)>,
}

/// The run's handle on its keeper. Dropping it has everything tidied up, and waits for that.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
    orders: Option<ChildStdin>,
}

impl Keeper {
    /// Starts a keeper and waits until its server takes connections; a text says what was started.
    pub(crate) fn start(charge: &Charge) -> Result<(Self, Connection, String), Failure> {
        let (keeper, Report { connection, about, .. }) = Self::begin(charge)?;
        Ok((keeper, connection, about))
    }

    /// Starts a keeper and waits until its primary and standby take connections.
    pub(crate) fn start_pair(binaries: PathBuf) -> Result<(Self, Pair), Failure> {
        let (keeper, Report { connection, variables, .. }) = Self::begin(&Charge::Pair { binaries })?;
        Ok((keeper, Pair { connection, variables }))
    }

    fn begin(charge: &Charge) -> Result<(Self, Report), Failure> {
        let doing = || "starting the process that looks after PostgreSQL".to_owned();
        let mut command = Command::new(std::env::current_exe().while_doing(doing)?);
        command.arg(KEEPER_COMMAND).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        match charge {
            Charge::Cluster { binaries, settings } => command
                .arg("cluster")
                .arg(binaries)
                .args(settings.iter().map(|(name, value)| format!("{name}={value}"))),
            Charge::Pair { binaries } => command.arg("pair").arg(binaries),
            Charge::Docker => command.arg("docker"),
            Charge::Nothing => command.arg("nothing"),
        };
        let mut process = command.spawn().while_doing(doing)?;
        let (orders, pipe) = (process.stdin.take(), process.stdout.take());
        let keeper = Self { process, orders };
        let mut report = Report::default();
        let connection = &mut report.connection;
        for line in pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()) {
            let line = line.while_doing(doing)?;
            match line.split_once('=') {
                Some(("host", value)) => value.clone_into(&mut connection.host),
                Some(("port", value)) => value.clone_into(&mut connection.port),
                Some(("user", value)) => value.clone_into(&mut connection.user),
                Some(("password", value)) => connection.password = Some(value.to_owned()),
                Some(("dbname", value)) => value.clone_into(&mut connection.dbname),
                Some(("about", value)) => value.clone_into(&mut report.about),
                Some((name, value)) => report.variables.push((name.to_owned(), value.to_owned())),
                None if line == "ready" => return Ok((keeper, report)),
                None => {}
            }
        }
        Err(Failure::new("there is no PostgreSQL for the tests; the reason stands above"))
    }

    /// Runs a program to its end; if we are ended before it, the keeper ends it and all that it started.
    pub(crate) fn run(&mut self, mut command: Command) -> Result<(), Failure> {
        let line = run::line_of(&command);
        let mut child = self.launch(&mut command)?;
        let status = self.wait_for(&mut child)?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` failed ({status})"))) }
    }

    /// Starts a program that the keeper ends with all that it started, if we are ended before it.
    pub(crate) fn launch(&mut self, command: &mut Command) -> Result<Child, Failure> {
        let line = run::line_of(command);
        // a process group of its own, so that the keeper can name the program and its descendants by one number
        let child = command.process_group(0).spawn().while_doing(|| format!("running `{line}`"))?;
        self.order(&format!("watch {}", child.id()));
        Ok(child)
    }

    /// Waits for a program that was launched.
    pub(crate) fn wait_for(&mut self, child: &mut Child) -> Result<ExitStatus, Failure> {
        let status = child.wait().while_doing(|| "waiting for a program of ours".to_owned())?;
        self.order(&format!("forget {}", child.id()));
        Ok(status)
    }

    /// Has everything tidied up.
    ///
    /// # Errors
    ///
    /// If something stays; the keeper has said what.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.order("done");
        self.orders = None;
        let status = self.process.wait().while_doing(|| "waiting for PostgreSQL to stop".to_owned())?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::new("PostgreSQL's remains could not be removed; what stays is named above"))
        }
    }

    fn order(&mut self, line: &str) {
        if let Some(orders) = &mut self.orders {
            // a keeper that is gone is noticed when we wait for it
            let _ = writeln!(orders, "{line}").and_then(|()| orders.flush());
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.process.wait();
    }
}

/// The keeper's own life: starts the server, waits for the run's end, tidies up.
pub(crate) fn keep(arguments: &[String]) -> Result<(), Failure> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["nothing"] {
        report(&Connection::default(), "", &[]);
        follow_orders().tidy();
        return Ok(());
    }
    let folder = RunFolder::create(&run::target().join("postgres"))?;
    let started = match arguments[..] {
        ["cluster", binaries, ref settings @ ..] => {
            cluster::start(Path::new(binaries), settings, &folder).map(Pair::alone)
        }
        ["pair", binaries] => Pair::start(Path::new(binaries), &folder).map(|pair| (pair, String::new())),
        ["docker"] => compose::up(&folder).map(Pair::alone),
        _ => Err(Failure::new(format!("`{KEEPER_COMMAND}` is what `cargo xtask test` calls, not for people"))),
    };
    let outcome = started.map(|(Pair { connection, variables }, about)| {
        report(&connection, &about, &variables);
        follow_orders()
    });
    let place = folder.path().display().to_string();
    if let Ok(run) = &outcome {
        run.tidy();
    }
    let cleared = folder.clear();
    if matches!(&outcome, Ok(run) if !run.is_done) && cleared.is_ok() {
        run::complain(&format!("\nxtask: INTERRUPTED; the tests and PostgreSQL are stopped, {place} is removed"));
    }
    outcome.and(cleared)
}

/// Tells the run how to connect. If it is gone already, the orders end at once, so a failure to tell needs no care.
fn report(connection: &Connection, about: &str, variables: &[(String, String)]) {
    let Connection { host, port, user, password, dbname } = connection;
    let password = password.as_deref().unwrap_or_default();
    let variables: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let mut out = io::stdout().lock();
    let _ = writeln!(
        out,
        "host={host}\nport={port}\nuser={user}\npassword={password}\ndbname={dbname}\nabout={about}\n{variables}ready"
    )
    .and_then(|()| out.flush());
}

/// What is known of a run when its orders end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Orders {
    /// The process groups that still run.
    groups: Vec<u32>,
    /// Whether the run ended by itself.
    is_done: bool,
}

impl Orders {
    fn take(&mut self, line: &str) {
        match line.split_once(' ').map(|(verb, group)| (verb, group.parse())) {
            Some(("watch", Ok(group))) => self.groups.push(group),
            Some(("forget", Ok(group))) => self.groups.retain(|other| *other != group),
            _ => self.is_done |= line == "done",
        }
    }

    /// Ends every program that still runs.
    fn tidy(&self) {
        for group in &self.groups {
            end_group(*group);
        }
    }
}

fn follow_orders() -> Orders {
    let mut orders = Orders::default();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        orders.take(&line);
    }
    orders
}

/// Ends a process group, politely at first, and waits until it is gone.
fn end_group(group: u32) {
    // the shell's own `kill`: std can only kill children, and not groups
    let signal = |name: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "kill -s \"$1\" -- \"-$2\"", "sh", name, &group.to_string()]);
        run::succeeds(command)
    };
    signal("TERM");
    for _ in 0..100 {
        // signal 0 only asks whether somebody is there
        if !signal("0") {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    signal("KILL");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_leave_the_groups_that_were_watched_and_not_forgotten() {
        let mut orders = Orders::default();
        for line in ["watch 10", "watch 11", "forget 10", "nonsense", "watch x"] {
            orders.take(line);
        }
        assert_eq!(orders, Orders { groups: vec![11], is_done: false });
        orders.take("done");
        assert!(orders.is_done);
    }
}
