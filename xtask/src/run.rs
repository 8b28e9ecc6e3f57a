//! Steps: programs run one after the other, each with a name, a duration and an outcome.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, While};

/// Writes a line to standard output. Errors are ignored, because a closed pipe must not prevent the cleanup.
pub(crate) fn say(line: &str) {
    if cfg!(test) {
        // the test harness captures the output of this macro; a step's `FAILED` would be confusing in a passing run
        println!("{line}");
        return;
    }
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes a line to standard error, as [`say`] does.
pub(crate) fn complain(line: &str) {
    if cfg!(test) {
        eprintln!("{line}");
        return;
    }
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Returns the workspace's root folder.
pub(crate) fn root() -> PathBuf {
    // cargo sets the variable when it runs this program; the path that was compiled in may be that of another checkout
    let here =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map(PathBuf::from).unwrap_or(here)
}

/// Returns the folder that cargo is configured to build into.
pub(crate) fn target() -> PathBuf {
    if let Some(named) = crate::environment::variable("CARGO_TARGET_DIR") {
        return std::path::absolute(&named).unwrap_or_else(|_| named.into());
    }
    // cargo marks its target folder with this file, and this program was built below it
    let marked = std::env::current_exe().ok().and_then(|program| {
        let folder = program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").is_file())?;
        Some(folder.to_path_buf())
    });
    marked.unwrap_or_else(|| root().join("target"))
}

/// Returns a command of the cargo that runs this program, with these arguments, in the workspace's root.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    crate::environment::seal(&mut command);
    command
}

/// Returns the line that a person would type to run the command.
pub(crate) fn line_of(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Runs the command and returns its output, both streams in the order written.
pub(crate) fn capture(mut command: Command) -> Result<(ExitStatus, String), Failure> {
    let line = line_of(&command);
    let doing = || format!("running `{line}`");
    let (mut reader, writer) = io::pipe().while_doing(doing)?;
    command.stdout(writer.try_clone().while_doing(doing)?).stderr(writer);
    let mut child = command.spawn().while_doing(doing)?;
    // the command still holds the writing ends of the pipe, for which the reader would wait forever
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).while_doing(doing)?;
    let status = child.wait().while_doing(doing)?;
    Ok((status, String::from_utf8_lossy(&output).into_owned()))
}

/// Returns the command's output if it succeeds, and otherwise a failure that contains the output.
pub(crate) fn output_of(command: Command) -> Result<String, Failure> {
    let line = line_of(&command);
    match capture(command)? {
        (status, output) if status.success() => Ok(output),
        (status, output) => Err(Failure::new(format!("`{line}` failed ({status}):\n{}", output.trim_end()))),
    }
}

/// Returns whether the command runs and succeeds. Its output is not shown.
pub(crate) fn succeeds(mut command: Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Formats a duration for people.
pub(crate) fn took(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// The steps so far, for the summary.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

#[derive(Debug)]
struct Done {
    name: String,
    outcome: Outcome,
    took: Duration,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    /// It could not run, for this reason.
    LeftOut,
}

impl Steps {
    /// Runs a step, shows its name before and its duration afterwards, and records both.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        say(&format!("==> {name}"));
        let start = Instant::now();
        let result = run();
        let took_this = start.elapsed();
        let outcome = if result.is_ok() { Outcome::Passed } else { Outcome::Failed };
        self.done.push(Done { name: name.to_owned(), outcome, took: took_this });
        let verb = if result.is_ok() { "passed" } else { "FAILED" };
        say(&format!("    {verb} in {}", took(took_this)));
        result
    }

    /// Runs a step that this machine may not support. If it fails, it counts as left out, with the first line of the reason.
    pub(crate) fn step_if_possible<T>(&mut self, name: &str, run: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        let mut made = None;
        let result = self.step(name, || run().map(|value| made = Some(value)));
        if let (Err(failure), Some(done)) = (result, self.done.last_mut()) {
            complain(&failure.to_string());
            let why = failure.to_string();
            let why = why.lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
            *done = Done { name: format!("{name} ({why})"), outcome: Outcome::LeftOut, took: done.took };
        }
        made
    }

    /// Records that a step did not run, and shows the reason.
    pub(crate) fn leave_out(&mut self, name: &str, why: &str) {
        say(&format!("==> {name}\n    DID NOT RUN: {why}"));
        self.done.push(Done { name: format!("{name} ({why})"), outcome: Outcome::LeftOut, took: Duration::ZERO });
    }

    /// Shows every step with its outcome and duration.
    pub(crate) fn summarize(&self) {
        say("\nsummary");
        for done in &self.done {
            let (mark, took) = match done.outcome {
                Outcome::Passed => ("passed     ", took(done.took)),
                Outcome::Failed => ("FAILED     ", took(done.took)),
                Outcome::LeftOut => ("DID NOT RUN", String::new()),
            };
            say(&format!("  {mark} {took:>11}  {}", done.name));
        }
    }

    /// Returns whether there was no step.
    pub(crate) fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Returns whether every step that ran passed.
    pub(crate) fn all_passed(&self) -> bool {
        self.done.iter().all(|done| done.outcome != Outcome::Failed)
    }

    /// Returns the names of the steps that failed.
    pub(crate) fn failed(&self) -> Vec<&str> {
        self.names(Outcome::Failed)
    }

    /// Returns the names of the steps that did not run, each with the reason.
    pub(crate) fn left_out(&self) -> Vec<&str> {
        self.names(Outcome::LeftOut)
    }

    fn names(&self, outcome: Outcome) -> Vec<&str> {
        self.done.iter().filter(|done| done.outcome == outcome).map(|done| done.name.as_str()).collect()
    }

    /// Returns the duration of all steps together.
    pub(crate) fn duration(&self) -> Duration {
        self.done.iter().map(|done| done.took).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(took(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(took(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn a_failing_program_gives_its_output_and_its_line() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo to-out; echo to-err >&2; exit 3"]);
        let text = output_of(command).expect_err("exit code 3 passed").to_string();
        assert!(text.contains("to-out\nto-err"), "{text}");
        assert!(text.contains("sh -c"), "{text}");
    }

    #[test]
    fn a_step_that_is_not_possible_fails_nothing_and_is_remembered() {
        let mut steps = Steps::default();
        assert_eq!(steps.step_if_possible("install", || Ok(1)), Some(1));
        assert_eq!(steps.step_if_possible("fetch", || Err::<u8, _>(Failure::new("offline:\nmore"))), None);
        assert!(steps.all_passed());
        assert_eq!(steps.left_out(), ["fetch (offline)"]);
    }

    #[test]
    fn one_failed_step_fails_the_whole_and_a_step_left_out_does_not() {
        let mut steps = Steps::default();
        steps.leave_out("deny", "cargo-deny is missing");
        assert!(steps.step("good", || Ok(())).is_ok());
        assert!(steps.all_passed());
        assert!(steps.step("bad", || Err(Failure::new("no"))).is_err());
        assert!(!steps.all_passed());
        assert_eq!(steps.failed(), ["bad"]);
    }
}
