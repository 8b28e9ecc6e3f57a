//! Checks that the declared rust-version builds the packages, if that toolchain is installed.

use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::manifest;
use crate::run::{self, Steps, line_of, output_of};
use crate::{compiler, environment};

/// Builds the published packages with the declared Rust.
pub(super) fn check(steps: &mut Steps) -> Result<(), Failure> {
    let version = manifest::rust_version(&run::root())?;
    if compiler::version()? == version {
        // all other steps already run with it
        return Ok(());
    }
    let mut list = Command::new("rustup");
    list.args(["toolchain", "list"]).current_dir(run::root());
    let installed = output_of(list).ok();
    let Some(toolchain) = installed.as_deref().and_then(|list| toolchain(list, &version)) else {
        let why = format!("that toolchain is not installed; to install it: rustup toolchain install {version}");
        steps.leave_out(&format!("build with Rust {version}, the declared rust-version"), &why);
        return Ok(());
    };
    let mut build = Command::new("rustup");
    build.args(["run", toolchain, "cargo", "check", "--workspace", "--exclude", "xtask", "--all-features", "--locked"]);
    build.current_dir(run::root()).stdin(Stdio::null());
    environment::seal(&mut build);
    steps.step(&line_of(&build), || output_of(build).map(drop))
}

/// Returns the installed toolchain of a version, from lines such as `1.94.1-x86_64-unknown-linux-gnu (active)`.
fn toolchain<'a>(list: &'a str, version: &str) -> Option<&'a str> {
    let is_wanted = |name: &&str| name.strip_prefix(version).is_some_and(|rest| rest.starts_with(['.', '-']));
    list.lines().filter_map(|line| line.split_whitespace().next()).find(is_wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_is_found_by_its_version_with_or_without_a_patch() {
        let list = "stable-x86_64-linux (active, default)\n1.9-x86_64-linux\n1.94.1-x86_64-linux\n1.95-x86_64-linux\n";
        assert_eq!(toolchain(list, "1.94"), Some("1.94.1-x86_64-linux"));
        assert_eq!(toolchain(list, "1.95"), Some("1.95-x86_64-linux"));
        assert_eq!(toolchain(list, "1.93"), None);
    }
}
