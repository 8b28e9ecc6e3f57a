//! `cargo xtask tools`: third-party programs that `cargo xtask check` runs, in the versions that it expects.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::run::{self, Steps, cargo, output_of, target};

/// A program that cargo installs from the registry.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    version: &'static str,
    /// Additional arguments of `cargo install`.
    arguments: &'static [&'static str],
}

/// Builds the guide as a book. Without its web server and search index it compiles in half a minute.
pub(crate) const MDBOOK: Tool = Tool { name: "mdbook", version: "0.5.4", arguments: &["--no-default-features"] };

/// Checks licences, sources and advisories of the dependencies.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", arguments: &[] };

/// Installs every tool that is missing in its version.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = arguments.first() {
        return Err(Failure::new(format!("`cargo xtask tools` takes no arguments and does not know `{unknown}`")));
    }
    let mut steps = Steps::default();
    for tool in [MDBOOK, DENY] {
        if tool.own().is_file() {
            run::say(&format!("{} is installed", tool.own().display()));
        } else {
            steps.step(&tool.line(), || tool.install().map(drop))?;
        }
    }
    Ok(())
}

impl Tool {
    /// Returns the program, installed by us or found in `PATH`.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        if self.own().is_file() {
            return Some(self.own());
        }
        let mut command = Command::new(self.name);
        command.arg("--version");
        run::succeeds(command).then(|| self.name.into())
    }

    /// Installs the program.
    pub(crate) fn install(&self) -> Result<PathBuf, Failure> {
        let build = self.folder().join("build");
        let mut command = cargo(["install", self.name, "--version", self.version, "--locked"]);
        // without optimization, because it runs for a second
        command.args(self.arguments).arg("--debug");
        command.arg("--root").arg(self.folder()).arg("--target-dir").arg(&build);
        output_of(command)?;
        // only the program is used again; an error here does not matter
        let _ = fs::remove_dir_all(build);
        Ok(self.own())
    }

    /// Returns the line that a person would type to install it.
    pub(crate) fn line(&self) -> String {
        let arguments = self.arguments.iter().map(|argument| format!(" {argument}"));
        format!("cargo install {} --version {} --locked{}", self.name, self.version, arguments.collect::<String>())
    }

    fn folder(&self) -> PathBuf {
        target().join("tools").join(format!("{}-{}", self.name, self.version))
    }

    /// Returns the path to which [`install`](Self::install) installs it.
    fn own(&self) -> PathBuf {
        self.folder().join("bin").join(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_of_a_tool_has_another_place() {
        let newer = Tool { version: "0.6.0", ..MDBOOK };
        assert_ne!(newer.own(), MDBOOK.own());
        assert!(MDBOOK.line().ends_with("--version 0.5.4 --locked --no-default-features"), "{}", MDBOOK.line());
    }
}
