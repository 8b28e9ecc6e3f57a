//! Checks the packages as they would be published: they are complete, cause no warnings, and build with each other.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, While as _};
use crate::manifest::{self, Published};
use crate::run::{self, Steps, cargo, line_of, output_of};

/// The files that each package contains besides its code.
const CONTAINED: &[&str] = &["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Creates the packages, checks their contents, and builds them.
pub(super) fn check(steps: &mut Steps) -> Result<(), Failure> {
    let packages = manifest::published(&run::root())?;
    // `--allow-dirty`: this runs before a commit
    let mut command = cargo(["package", "--no-verify", "--allow-dirty"]);
    for package in &packages {
        command.args(["--package", &package.name]);
    }
    steps.step(&line_of(&command), || {
        let output = output_of(command)?;
        let warnings = warnings(&output);
        if warnings.is_empty() { Ok(()) } else { Err(Failure::new(warnings.join("\n"))) }
    })?;
    steps.step("packages: each has its README, its licences and its metadata", || contents(&packages))?;
    steps.step("packages: each builds from its own contents", || build(&packages))
}

fn contents(packages: &[Published]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for package in packages {
        let keys = manifest::missing_metadata(package)?;
        missing.extend(keys.iter().map(|key| format!("{}: the manifest has no `{key}`", package.name)));
        let list = output_of(cargo(["package", "--list", "--allow-dirty", "--quiet", "--package", &package.name]))?;
        missing.extend(lacks(&list).iter().map(|file| format!("{}: the package has no {file}", package.name)));
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(missing.join("\n"))) }
}

/// Returns the files that are missing in a package's list.
fn lacks(list: &str) -> Vec<&'static str> {
    CONTAINED.iter().copied().filter(|file| !list.lines().any(|line| line == *file)).collect()
}

/// Returns the warnings of `cargo package`, except those about tests and benches, which are left out on purpose.
fn warnings(output: &str) -> Vec<&str> {
    let is_meant = |line: &&str| {
        ["ignoring test `", "ignoring benchmark `"].iter().any(|meant| line.contains(meant))
            && line.ends_with("is not included in the published package")
    };
    output.lines().filter(|line| line.starts_with("warning")).filter(|line| !is_meant(line)).collect()
}

/// Unpacks the packages beside each other and builds the facade with all others, then its documentation, which includes files.
///
/// `cargo package` can build them too. But for a package that others depend on it uses a cached copy of the same version, as it was when it
/// was first built (observed with cargo 1.95), and it builds all dependencies again, in another profile.
fn build(packages: &[Published]) -> Result<(), Failure> {
    let folder = run::target().join("package").join("unpacked");
    let doing = || format!("preparing {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).while_doing(doing)?;
    }
    fs::create_dir_all(&folder).while_doing(doing)?;
    let version = manifest::version(&run::root())?;
    let names: Vec<String> = packages.iter().map(|package| format!("{}-{version}", package.name)).collect();
    for name in &names {
        let mut tar = Command::new("tar");
        // `m`: with the current time; all files of a package have the same old time, with which cargo would consider any package built
        tar.arg("-xzmf").arg(folder.with_file_name(format!("{name}.crate"))).arg("-C").arg(&folder);
        output_of(tar)?;
    }
    fs::write(folder.join("Cargo.toml"), workspace(packages, &names)).while_doing(doing)?;
    fs::copy(run::root().join("Cargo.lock"), folder.join("Cargo.lock")).while_doing(doing)?;
    output_of(in_folder(&folder, ["check", "--lib", "--package", "eventsourcing"]))?;
    output_of(in_folder(&folder, ["doc", "--lib", "--no-deps", "--package", "eventsourcing"])).map(drop)
}

/// Returns a `cargo` command in the unpacked packages that builds into our target folder, so that dependencies are not built again.
fn in_folder<const N: usize>(folder: &Path, arguments: [&str; N]) -> Command {
    let mut command = cargo(arguments);
    command.current_dir(folder).arg("--target-dir").arg(run::target());
    command
}

/// Returns the manifest of a workspace of the unpacked packages, which depend on each other.
fn workspace(packages: &[Published], folders: &[String]) -> String {
    let members: Vec<String> = folders.iter().map(|folder| format!("{folder:?}")).collect();
    let patches =
        packages.iter().zip(folders).map(|(package, folder)| format!("{} = {{ path = {folder:?} }}\n", package.name));
    // the profile of our own workspace, whose dependencies are already built
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{}\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n[profile.dev.package.\"*\"]\ndebug = false\n",
        members.join(", "),
        patches.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_package_without_a_licence_is_incomplete() {
        assert_eq!(lacks("Cargo.toml\nREADME.md\nLICENSE-MIT\nsrc/lib.rs\n"), ["LICENSE-APACHE"]);
        assert_eq!(lacks("docs/README.md\nLICENSE-APACHE\nLICENSE-MIT\n"), ["README.md"]);
    }

    #[test]
    fn only_the_warnings_about_tests_and_benches_are_meant() {
        let output = "   Packaging a v0.1.0\n\
                      warning: ignoring test `ui` as `tests/ui.rs` is not included in the published package\n\
                      warning: ignoring example `b` as `examples/b.rs` is not included in the published package\n\
                      warning: manifest has no description\n";
        assert_eq!(warnings(output).len(), 2);
    }

    #[test]
    fn each_package_is_what_the_others_depend_on() {
        let package = Published { name: "core".to_owned(), folder: PathBuf::new() };
        let text = workspace(&[package], &["core-0.1.0".to_owned()]);
        assert!(text.contains("members = [\"core-0.1.0\"]"), "{text}");
        assert!(text.contains("core = { path = \"core-0.1.0\" }"), "{text}");
    }
}
