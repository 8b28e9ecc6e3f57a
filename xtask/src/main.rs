//! `cargo xtask`: the one command of the house. Each file beside this one is a command or what commands share.

#[cfg(not(unix))]
compile_error!("xtask starts servers as a unix does; on Windows run it in WSL");

mod api;
mod bench;
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

/// What each command does, in the words of the README.
const HELP: &str = "\
cargo xtask test [--docker] [--slow] [-- <arguments of cargo test>]
    Passes every test of the workspace, PostgreSQL's included, then runs the examples.
    PostgreSQL is, in this order: the server that POSTGRES_DBNAME, POSTGRES_HOST, POSTGRES_USER, POSTGRES_PASSWORD
    and POSTGRES_PORT name; a private one under target/, from the server binaries of this machine; Docker's, with
    compose.yaml; on Debian as root, the one that apt-get installs.
    --docker    insists on Docker
    --slow      stops the tests nine tenths of the time, as a machine does that has ten times too much to do; without
                the examples and what compiles as it runs: a test that relies on the clock fails or hangs

cargo xtask check
    Format, lints, documentation and its links, every feature alone, dependencies, the public API, packages, the book:
    all that is to hold before a commit, beside tests.

cargo xtask api [--accept]
    Compares the public API of the published crates with its listings in api/, as `cargo xtask check` does.
    --accept    writes the listings anew

cargo xtask tools
    Installs mdBook and cargo-deny below target/tools, in the versions that `cargo xtask check` was written for. It
    does so by itself if they are missing.

cargo xtask bench [--quick] [--only PATTERN] [--no-peers]
    Measures the library beside what its databases can do and beside other libraries, in turns, and writes
    benches/RESULTS.md. PostgreSQL is found as for the tests; a private one is made larger than theirs.
    --quick     fewer and shorter rounds: a first look, which leaves benches/RESULTS.md alone
    --only      what has PATTERN in its title, such as \"sqlite save 1 event, 64 tasks\"; alternatives: A|B
    --no-peers  without other libraries, and without building them
cargo xtask bench --instructions [--record]
    Counts the instructions of the paths in memory, with valgrind; one that grew by a tenth is an error.
    --record    keeps what was counted, to compare with from now on

cargo xtask soak [--events N] [--seconds N] [--decisions N] [--minutes N] [NAME]
    Records a million events, or N, with 64 tasks in each of two processes, in SQLite and in PostgreSQL, while readers
    tail the log: none may miss an event or see one twice. As many again by 64 writers that take a while before they
    commit, or do not, while followers follow it. Then kills one of two processes that run a projection each second, for
    a minute or N seconds, while others record: each event must have taken effect once. 32 tasks decide a thousand times
    each, or N, about one aggregate: none may give up. Then a process serves a steady load, two minutes or N in each
    database: its memory, open files and connections must not keep growing. The tests do the same with fewer. Only what has NAME in its file's name: tailed, followed, killed_beside_writers,
    application, steady.

cargo xtask failover [NAME]
    Trials on real servers: a primary and a standby that are stopped, killed and promoted while events are recorded and
    read. Each trial, or each with NAME in its name, gets two servers of its own, from the server binaries of this
    machine. They take about a minute; `cargo xtask test` leaves them out.

cargo xtask help
    Shows this.
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

/// Hands the arguments to the command that the first of them names.
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
        unknown => {
            Err(Failure::new(format!("there is no command `{unknown}`; `cargo xtask help` shows those there are")))
        }
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
