//! Runs cargo-deny, as far as this machine allows. Its rules are in `deny.toml`.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::run::{self, Steps, output_of};

/// Checks bans, licences and sources, then advisories.
pub(super) fn check(steps: &mut Steps, program: &Path) -> Result<(), Failure> {
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(run::root());
        command
    };
    steps.step("cargo deny check bans licenses sources", || {
        output_of(deny(&["check", "bans", "licenses", "sources"])).map(drop)
    })?;
    // separate, because only this check needs the network
    if run::succeeds(deny(&["fetch", "db"])) {
        steps.step("cargo deny check advisories", || output_of(deny(&["check", "advisories"])).map(drop))
    } else {
        steps.leave_out("cargo deny check advisories", "`cargo deny fetch db` could not fetch the advisories");
        Ok(())
    }
}
