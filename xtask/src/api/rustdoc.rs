//! rustdoc's description of a crate as JSON.
//!
//! The option is unstable, so rustdoc takes it with `RUSTC_BOOTSTRAP=1` alone. Given to cargo, that variable would reach the build scripts
//! of dependencies that look for unstable features, and the whole tree would be built again. So cargo calls this program as rustdoc, and it
//! sets the variable for rustdoc alone.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::{Failure, While as _};
use crate::run::{cargo, complain, output_of, target};

/// The variable with the path of the real rustdoc. If it is set, cargo called this program instead of rustdoc.
const RUSTDOC: &str = "EVENTSOURCING_XTASK_RUSTDOC";

/// Writes rustdoc's JSON for the libraries of the packages, and returns its files in the same order.
pub(super) fn document(packages: &[String]) -> Result<Vec<PathBuf>, Failure> {
    // for the whole workspace: for a part of it, dependencies would have other features and be checked again
    let mut command = cargo(["doc", "--workspace", "--lib", "--no-deps", "--all-features"]);
    let this = std::env::current_exe().while_doing(|| "finding this program".to_owned())?;
    let rustdoc = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    command.env("RUSTDOC", this).env(RUSTDOC, rustdoc);
    // another step reports warnings of the documentation; the time in the flags makes rustdoc run each time, so the files that are
    // read below cannot belong to another checkout that builds into the same folder
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let flags = format!("-Z unstable-options --output-format json --cap-lints allow --cfg made_at_{now}");
    command.env("RUSTDOCFLAGS", flags);
    output_of(command)?;
    Ok(packages
        .iter()
        .map(|package| target().join("doc").join(format!("{}.json", package.replace('-', "_"))))
        .collect())
}

/// Whether cargo called this program as rustdoc.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(RUSTDOC).is_some()
}

/// Runs rustdoc with the arguments, and with unstable options enabled.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let rustdoc = std::env::var_os(RUSTDOC).unwrap_or_default();
    match Command::new(&rustdoc).args(arguments).env("RUSTC_BOOTSTRAP", "1").env_remove(RUSTDOC).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("xtask: running {}: {error}", rustdoc.display()));
            ExitCode::FAILURE
        }
    }
}
