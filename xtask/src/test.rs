//! `cargo xtask test`: every test of the workspace, with the PostgreSQL that some of them need.

use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, While};
use crate::postgres::{Charge, Choice, Connection, Keeper, ThisMachine, choose};
use crate::run::{self, Steps, cargo, say};

/// What the caller asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Docker's PostgreSQL and no other.
    docker: bool,
    /// Handed on to `cargo test`.
    extra: Vec<String>,
}

impl Options {
    /// Reads `[--docker] [-- <arguments of cargo test>]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--docker" => options.docker = true,
                "--" => options.extra = rest.by_ref().cloned().collect(),
                unknown => {
                    return Err(Failure::new(format!(
                        "`cargo xtask test` does not know `{unknown}`; what is for `cargo test` stands behind `--`"
                    )));
                }
            }
        }
        Ok(options)
    }
}

/// Finds or starts PostgreSQL, runs the tests and the tutorial, and stops what it started.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Prepared { mut keeper, connection, name } = prepare(options)?;
    let mut steps = Steps::default();
    // a step's failure is shown in the summary, and the next one runs all the same: `--no-fail-fast` for the whole
    let commands = [
        ("tests", tests(&connection, &options.extra)),
        ("tests without features", without_features()),
        ("tutorial", tutorial()),
    ];
    for (name, command) in commands {
        let title = format!("{name}: {}", run::line_of(&command));
        if let Err(failure) = steps.step(&title, || keeper.run(command)) {
            run::complain(&format!("    {failure}"));
        }
    }
    let tidied = keeper.finish();
    steps.summarize();
    if !steps.all_passed() {
        return Err(Failure::new(format!("TESTS FAILED: {}", steps.failed().join("; "))));
    }
    tidied?;
    say(&format!("xtask: all tests passed with {name} in {}", run::took(steps.duration())));
    Ok(())
}

/// A server that takes connections, and the process that looks after it.
struct Prepared {
    keeper: Keeper,
    connection: Connection,
    name: String,
}

/// Chooses a PostgreSQL, says which and why in a line, and has it running.
fn prepare(options: &Options) -> Result<Prepared, Failure> {
    let machine = ThisMachine;
    let (charge, name, why) = match choose(&machine, options.docker)? {
        Choice::Given(connection) => {
            check_reachable(&connection)?;
            say(&format!("PostgreSQL: {connection:?}, because POSTGRES_* variables are set"));
            let (keeper, ..) = Keeper::start(&Charge::Nothing)?;
            return Ok(Prepared { keeper, connection, name: "the PostgreSQL of POSTGRES_*".to_owned() });
        }
        Choice::Binaries(found) => {
            let why = format!("because its binaries are in {}", found.folder.display());
            (Charge::Cluster(found.folder), format!("PostgreSQL {}", found.major), why)
        }
        Choice::Docker => {
            let why = if options.docker {
                "because of --docker"
            } else {
                "because Docker answers and there are no server binaries"
            };
            (Charge::Docker, "PostgreSQL in Docker".to_owned(), why.to_owned())
        }
        Choice::Install => {
            say("there is no PostgreSQL: installing Debian's, since we are root here (apt-get install -y postgresql)");
            let found = machine.install()?;
            (
                Charge::Cluster(found.folder),
                format!("PostgreSQL {}", found.major),
                "because it was just installed".to_owned(),
            )
        }
    };
    let (keeper, connection, about) = Keeper::start(&charge)?;
    say(&format!("{name}: {about}, {why}"));
    Ok(Prepared { keeper, connection, name })
}

/// Fails at once where nothing listens, instead of in every test.
fn check_reachable(connection: &Connection) -> Result<(), Failure> {
    let Connection { host, port, .. } = connection;
    let doing = || {
        format!(
            "POSTGRES_HOST and POSTGRES_PORT say `{host}` and `{port}`, but nothing answers there; start the server, or unset all POSTGRES_* variables"
        )
    };
    if host.starts_with('/') {
        let socket = Path::new(host).join(format!(".s.PGSQL.{port}"));
        return UnixStream::connect(socket).map(drop).while_doing(doing);
    }
    let port: u16 = port.parse().map_err(|_| {
        Failure::new(format!("environment variable POSTGRES_PORT is `{port}`; expected a port number such as 5432"))
    })?;
    let mut last = Failure::new(format!("{}: the name has no address", doing()));
    for address in (host.as_str(), port).to_socket_addrs().while_doing(doing)? {
        match TcpStream::connect_timeout(&address, Duration::from_secs(5)).while_doing(doing) {
            Ok(_) => return Ok(()),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

fn tests(connection: &Connection, extra: &[String]) -> Command {
    let mut command = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    command.args(extra);
    connection.export(&mut command);
    command
}

/// What a build without a feature says to those who ask for it can only be tested in such a build.
fn without_features() -> Command {
    cargo(["test", "--package", "eventsourcing", "--no-default-features", "--test", "features_off"])
}

/// The README's first command, as somebody with no variable set runs it.
fn tutorial() -> Command {
    let mut command = cargo(["run", "--example", "tutorial"]);
    command.env_remove("EVENTSOURCING_TEST_POSTGRES");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_stands_behind_two_dashes_is_for_cargo_test() {
        let options = parse("--docker -- --test opens -- --docker").expect("valid arguments");
        assert!(options.docker);
        assert_eq!(options.extra, ["--test", "opens", "--", "--docker"]);
    }

    #[test]
    fn arguments_of_cargo_test_without_two_dashes_are_refused_with_the_cure() {
        let text = parse("--nocapture").expect_err("accepted").to_string();
        assert!(text.contains("`--nocapture`") && text.contains("behind `--`"), "{text}");
    }

    #[test]
    fn extra_arguments_follow_ours() {
        let command = tests(&Connection::default(), &["--doc".to_owned()]);
        assert!(run::line_of(&command).ends_with("test --workspace --all-features --no-fail-fast --doc"));
    }

    #[test]
    fn a_server_that_does_not_listen_is_named() {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port().to_string();
        let connection = Connection { host: "127.0.0.1".to_owned(), port: port.clone(), ..Connection::default() };
        let text = check_reachable(&connection).expect_err("connected").to_string();
        assert!(text.contains(&port), "{text}");
    }
}
