//! Simulates an overloaded machine: programs are stopped most of the time, as if they shared it with many others.
//!
//! Signals need no privilege and, unlike busy loops, take no time from other programs on the machine.

use std::process::{Child, Command, Stdio};

use crate::failure::Failure;
use crate::postgres::Keeper;
use crate::run;

/// Lets the process group `$1` run for 10 ms of every 100, until it has ended. If this script is terminated, the group continues.
const BRAKE: &str = r#"
    trap 'kill -s CONT -- "-$1"; exit' TERM INT
    while kill -s CONT -- "-$1"; do
        sleep 0.01
        kill -s STOP -- "-$1"
        sleep 0.09
    done
"#;

/// Runs a program and its descendants, for a tenth of the time.
pub(crate) fn run(keeper: &mut Keeper, mut command: Command) -> Result<(), Failure> {
    let line = run::line_of(&command);
    let mut child = keeper.launch(&mut command)?;
    let mut brake = match keeper.launch(&mut brake(&child)) {
        Ok(brake) => brake,
        Err(failure) => {
            // without the brake it would run at full speed
            let _ = child.kill();
            return Err(failure);
        }
    };
    let status = keeper.wait_for(&mut child)?;
    // it ends once the program has ended
    keeper.wait_for(&mut brake)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` failed ({status})"))) }
}

fn brake(group: &Child) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", BRAKE, "sh", &group.id().to_string()]).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    /// A program and its child that are stopped again and again still end, and the brake after them.
    #[test]
    fn a_program_with_a_brake_ends_and_so_does_the_brake() {
        let mut program = Command::new("/bin/sh");
        program.args(["-c", "sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; exit 7"]).process_group(0);
        let mut program = program.spawn().expect("a shell");
        let mut brake = brake(&program).spawn().expect("a shell");
        assert_eq!(program.wait().expect("its status").code(), Some(7));
        assert!(brake.wait().expect("its status").success());
    }

    #[test]
    fn a_brake_that_is_ended_lets_the_program_go_on() {
        let mut program = Command::new("/bin/sh");
        program.args(["-c", "read line"]).stdin(Stdio::piped()).process_group(0);
        let mut program = program.spawn().expect("a shell");
        let mut brake = brake(&program).spawn().expect("a shell");
        let mut kill = Command::new("/bin/sh");
        kill.args(["-c", "kill -s TERM \"$1\"", "sh", &brake.id().to_string()]);
        assert!(run::succeeds(kill));
        brake.wait().expect("its status");
        drop(program.stdin.take());
        // if it were still stopped, it would not notice that its input has ended
        program.wait().expect("its status");
    }
}
