//! The keeper: a process that cleans up after a run, even if the run was killed.
//!
//! It is this same program, in its own process group so that Ctrl-C does not reach it, at the other end of a pipe. When the
//! run ends, for whatever reason, the system closes the pipe. The keeper then ends the tests that still run and stops the server. A
//! signal handler could not do that after SIGKILL, and would need a dependency or `unsafe`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::run_folder::RunFolder;
use super::{Connection, Pair, Setting, cluster, compose};
use crate::failure::{Failure, While};
use crate::run;

/// The internal command with which this program starts as a keeper.
pub(crate) const KEEPER_COMMAND: &str = "postgres-keeper";

/// The server that a keeper starts and stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// A private cluster that the binaries in a folder run, with settings in addition to those of all our clusters.
    Cluster { binaries: PathBuf, settings: Vec<Setting> },
    /// A primary and a standby.
    Pair { binaries: PathBuf },
    /// A container.
    Docker,
    /// No server.
    Nothing,
}

/// A keeper's report of what it started.
#[derive(Debug, Default)]
struct Report {
    connection: Connection,
    about: String,
    /// Variables for tests, besides those of the connection.
    variables: Vec<(String, String)>,
}

/// The run's handle of its keeper. Dropping it makes the keeper clean up, and waits for it.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
    orders: Option<ChildStdin>,
}

impl Keeper {
    /// Starts a keeper and waits until its server accepts connections. The text describes the server.
    pub(crate) fn start(charge: &Charge) -> Result<(Self, Connection, String), Failure> {
        let (keeper, Report { connection, about, .. }) = Self::begin(charge)?;
        Ok((keeper, connection, about))
    }

    /// Starts a keeper and waits until its primary and standby accept connections.
    pub(crate) fn start_pair(binaries: PathBuf) -> Result<(Self, Pair), Failure> {
        let (keeper, Report { connection, variables, .. }) = Self::begin(&Charge::Pair { binaries })?;
        Ok((keeper, Pair { connection, variables }))
    }

    fn begin(charge: &Charge) -> Result<(Self, Report), Failure> {
        let doing = || "starting the process that manages PostgreSQL".to_owned();
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
        Err(Failure::new("PostgreSQL did not start; the reason is shown above"))
    }

    /// Runs a program to its end. If this process ends before, the keeper ends the program and its descendants.
    pub(crate) fn run(&mut self, mut command: Command) -> Result<(), Failure> {
        let line = run::line_of(&command);
        let mut child = self.launch(&mut command)?;
        let status = self.wait_for(&mut child)?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` failed ({status})"))) }
    }

    /// Starts a program. If this process ends before it, the keeper ends the program and its descendants.
    pub(crate) fn launch(&mut self, command: &mut Command) -> Result<Child, Failure> {
        let line = run::line_of(command);
        // its own process group, so that one number names the program and its descendants
        let child = command.process_group(0).spawn().while_doing(|| format!("running `{line}`"))?;
        self.order(&format!("watch {}", child.id()));
        Ok(child)
    }

    /// Waits for a program that was launched.
    pub(crate) fn wait_for(&mut self, child: &mut Child) -> Result<ExitStatus, Failure> {
        let status = child.wait().while_doing(|| "waiting for a program".to_owned())?;
        self.order(&format!("forget {}", child.id()));
        Ok(status)
    }

    /// Makes the keeper clean up, and waits for it.
    ///
    /// # Errors
    ///
    /// If something could not be removed. The keeper has named it.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.order("done");
        self.orders = None;
        let status = self.process.wait().while_doing(|| "waiting for PostgreSQL to stop".to_owned())?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::new("not everything that PostgreSQL left could be removed; the rest is named above"))
        }
    }

    fn order(&mut self, line: &str) {
        if let Some(orders) = &mut self.orders {
            // if the keeper has ended, waiting for it reports that
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

/// Runs as a keeper: starts the server, waits for the end of the run, and cleans up.
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
        _ => Err(Failure::new(format!("`{KEEPER_COMMAND}` is an internal command of `cargo xtask`"))),
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
        run::complain(&format!("\nxtask: INTERRUPTED; the tests and PostgreSQL were stopped, and {place} was removed"));
    }
    outcome.and(cleared)
}

/// Reports the connection to the run. An error is ignored: if the run has ended, its orders end at once.
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

/// The state of a run when its orders end.
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

/// Ends a process group by SIGTERM, or else by SIGKILL.
fn end_group(group: u32) {
    // the shell's `kill`, because std can kill children only, not groups
    let signal = |name: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "kill -s \"$1\" -- \"-$2\"", "sh", name, &group.to_string()]);
        run::succeeds(command)
    };
    signal("TERM");
    for _ in 0..100 {
        // signal 0 only checks whether the group exists
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
