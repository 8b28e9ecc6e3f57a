//! The browser in which the pages of the explorer are tested: Chromium, and the driver that controls it.

use std::process::Command;

use crate::failure::Failure;
use crate::postgres::{Machine as _, ThisMachine};
use crate::run::{self, say};

/// The packages of Debian and Ubuntu.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Finds the driver. It is installed if it is missing and this machine can install it.
///
/// # Errors
/// If there is none: the commands that provide one.
pub(crate) fn prepare() -> Result<(), Failure> {
    if is_there() {
        return Ok(());
    }
    if !ThisMachine.can_install() {
        return Err(Failure::new(none()));
    }
    say(&format!(
        "there is no chromedriver: installing Debian's package, because this runs as root (apt-get install -y {})",
        PACKAGES.join(" ")
    ));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run::output_of(apt(&["update"]))?;
    run::output_of(apt(&[&["install", "-y", "--no-install-recommends"][..], &PACKAGES].concat()))?;
    if is_there() { Ok(()) } else { Err(Failure::new(none())) }
}

/// Whether the driver starts.
pub(crate) fn is_there() -> bool {
    let mut command = Command::new("chromedriver");
    command.arg("--version");
    run::succeeds(command)
}

/// Sets the variable that makes the tests in a browser mandatory.
pub(crate) fn export(command: &mut Command) {
    command.env("EVENTSOURCING_TEST_BROWSER", "1");
}

/// Returns the message for a machine without a driver.
fn none() -> String {
    format!(
        "the pages of the explorer are tested in a browser, and `chromedriver --version` fails. Do one of these and run `cargo xtask test` again:
    on Debian or Ubuntu   sudo apt-get update && sudo apt-get install -y {}
    on macOS              brew install --cask chromium && brew install chromedriver
    only other tests      cargo xtask test -- --package eventsourcing-core",
        PACKAGES.join(" ")
    )
}
