//! `cargo xtask`: the commands of this project. Each file beside this one is a command, or code that commands share.

#[cfg(not(unix))]
compile_error!("xtask starts servers in the way of Unix; on Windows run it in WSL");

mod api;
mod bench;
mod browser;
mod check;
mod compiler;
mod environment;
mod failover;
mod failure;
mod manifest;
mod postgres;
mod run;
mod slow;
mod soak;
mod test;
mod tools;

use std::process::ExitCode;

use failure::Failure;

/// The text of `cargo xtask help`.
const HELP: &str = "\
cargo xtask test [--docker] [--slow] [-- <arguments of cargo test>]
    Runs every test of the workspace, PostgreSQL's included, then the examples.
    It uses the first PostgreSQL of these: the server that POSTGRES_DBNAME, POSTGRES_HOST, POSTGRES_USER,
    POSTGRES_PASSWORD and POSTGRES_PORT name; a private one under target/, run by the server binaries of this machine;
    Docker's, with compose.yaml; on Debian as root, the one that apt-get installs.
    --docker    uses Docker only
    --slow      stops the tests nine tenths of the time, as on a machine with ten times too much to do. A test that
                relies on the clock fails or hangs. Leaves out the examples and the tests that compile code as they run.

cargo xtask check
    Runs every check before a commit, except the tests: format, lints, documentation and its links, every feature
    alone, dependencies, the public API, packages, the book.

cargo xtask api [--accept]
    Compares the public API of the published crates with its listings in api/, as `cargo xtask check` does.
    --accept    rewrites the listings

cargo xtask tools
    Installs mdBook and cargo-deny below target/tools, in the versions that `cargo xtask check` expects. The check
    installs them itself if they are missing.

cargo xtask bench [--quick] [--only PATTERN] [--no-peers] [--resume]
    Compares the library with the limits of its databases and with other libraries, in alternating rounds, and writes
    benches/RESULTS.md. PostgreSQL is found as for the tests; a private one is larger than theirs.
    --quick     fewer and shorter rounds, for a first look; does not write benches/RESULTS.md
    --only      only measurements with PATTERN in their titles, such as \"sqlite save 1 event, 64 tasks\";
                alternatives: A|B
    --no-peers  without other libraries, and without building them
    --resume    with the figures of ours and the limits that a run of the same checkout left before it stopped
cargo xtask bench --instructions [--record]
    Counts the instructions of the in-memory paths with valgrind. A path that grew by a tenth is an error.
    --record    records the counts, for later comparisons

cargo xtask soak [--events N] [--seconds N] [--decisions N] [--minutes N] [NAME]
    Runs the long forms of these tests, each in SQLite and in PostgreSQL, or only those with NAME in their names:
    tailed                 two processes record a million events, or N, with 64 tasks each, while readers read the log:
                           none may miss an event or see one twice
    followed               64 writers record as many events, some of them with slow commits, while consumers process
                           the log: none may miss an event
    killed_beside_writers  one of two processes that run a projection is killed each second, for a minute or N seconds,
                           while others record: each event must have taken effect once
    application            32 tasks run a thousand commands each, or N, on one aggregate: none may give up
    steady                 a process has a steady load, for two minutes or N: its memory, open files and connections
                           must not keep growing
    `cargo xtask test` runs the same tests with fewer events.

cargo xtask failover [NAME]
    Runs trials on real servers: a primary and a standby are stopped, killed and promoted while events are recorded and
    read. Each trial, or each with NAME in its name, has two servers of its own, run by the server binaries of this
    machine. The trials take about a minute; `cargo xtask test` leaves them out.

cargo xtask help
    Shows this text.
";

fn main() -> ExitCode {
    if api::is_asked_for_rustdoc() {
        return api::run_rustdoc(std::env::args_os().skip(1));
    }
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            run::complain(&format!("xtask: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command that the first argument names, with the other arguments.
fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((command, rest)) = arguments.split_first() else {
        run::say(HELP.trim_end());
        return Ok(());
    };
    let own = rest.iter().take_while(|argument| *argument != "--");
    let asks_for_help = own.clone().any(|argument| argument == "--help" || argument == "-h");
    match command.as_str() {
        "help" | "--help" | "-h" => {
            run::say(HELP.trim_end());
            Ok(())
        }
        "test" | "check" | "api" | "tools" | "bench" | "soak" | "failover" if asks_for_help => {
            run::say(HELP.trim_end());
            Ok(())
        }
        "test" => test::run(&test::Options::parse(rest)?),
        "check" => check::run(rest),
        "api" => api::run(rest),
        "tools" => tools::run(rest),
        "bench" => bench::run(&bench::Options::parse(rest)?),
        "soak" => soak::run(&soak::Options::parse(rest)?),
        "failover" => failover::run(&failover::Options::parse(rest)?),
        postgres::KEEPER_COMMAND => postgres::keep(rest),
        unknown => Err(Failure::new(format!("there is no command `{unknown}`; `cargo xtask help` lists the commands"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn an_unknown_command_is_named() {
        let failure = dispatch(&words("tset --docker")).expect_err("`tset` was accepted");
        assert!(failure.to_string().contains("`tset`"), "{failure}");
    }

    #[test]
    fn an_unknown_flag_is_named() {
        for line in [
            "test --dokcer",
            "check --fast",
            "api --fast",
            "tools --fast",
            "bench --fast",
            "soak --fast",
            "failover --fast",
        ] {
            let failure = dispatch(&words(line)).expect_err("the flag was accepted");
            let flag = line.split_whitespace().last().unwrap_or_default();
            assert!(failure.to_string().contains(&format!("`{flag}`")), "{failure}");
        }
    }

    #[test]
    fn help_shows_every_command() {
        for command in ["test", "check", "api", "tools", "bench", "soak", "failover", "help"] {
            assert!(HELP.contains(&format!("cargo xtask {command}")), "{command}");
        }
    }
}
