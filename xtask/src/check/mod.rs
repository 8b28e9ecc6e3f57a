//! `cargo xtask check`: all that is to hold before a commit, beside the tests.

mod book;
mod deny;
mod dependencies;
mod growth;
mod imports;
mod links;
mod modules;
mod package;
mod rust_version;

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::run::{self, Steps, cargo, output_of, say};
use crate::tools::{self, Tool};
use crate::{api, manifest};

/// Runs every step; the first that fails ends it, and its output is shown.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = arguments.first() {
        return Err(Failure::new(format!("`cargo xtask check` takes no arguments and does not know `{unknown}`")));
    }
    let mut steps = Steps::default();
    let result = run_steps(&mut steps);
    if let Err(failure) = &result {
        run::complain(&failure.to_string());
    }
    steps.summarize();
    result.map_err(|_| Failure::new(format!("CHECK FAILED: {}", steps.failed().join("; "))))?;
    let took = run::took(steps.duration());
    match steps.left_out()[..] {
        [] => say(&format!("xtask: all checks passed in {took}")),
        ref names => say(&format!("xtask: all checks that ran passed in {took}; DID NOT RUN: {}", names.join("; "))),
    }
    Ok(())
}

fn run_steps(steps: &mut Steps) -> Result<(), Failure> {
    steps.step("rustfmt and clippy are here", || {
        component("rustfmt", "fmt")?;
        component("clippy", "clippy")
    })?;
    program(steps, cargo(["fmt", "--all", "--check"]))?;
    steps.step("modules: none imports one that imports it", || modules::check(&run::root()))?;
    steps.step("links: each leads to a file, each anchor to a heading", || links::check(&run::root()))?;
    steps.step("public types: each can grow, or says why it does not", || growth::check(&run::root()))?;
    steps.step("dependencies: a SQLite that keeps writes, no cryptography twice", dependencies::check)?;
    program(steps, cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let mut docs = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    let name = format!("RUSTDOCFLAGS='-D warnings' {}", run::line_of(&docs));
    steps.step(&name, || output_of(docs).map(drop))?;
    public_api(steps)?;
    for set in manifest::feature_sets(&run::root())? {
        // clippy and not `cargo check`, because it refuses warnings in our crates and leaves the dependencies' cache alone
        let mut command = cargo(["clippy", "--lib", "--package", &set.package]);
        command.args(&set.arguments).args(["--", "-D", "warnings"]);
        program(steps, command)?;
    }
    package::check(steps)?;
    rust_version::check(steps)?;
    if let Some(mdbook) = tool(steps, &tools::MDBOOK) {
        steps.step("mdbook build docs", || book::build(&mdbook))?;
    }
    if let Some(deny) = tool(steps, &tools::DENY) {
        deny::check(steps, &deny)?;
    }
    Ok(())
}

/// The public API as it is listed, where this compiler can tell.
fn public_api(steps: &mut Steps) -> Result<(), Failure> {
    const NAME: &str = "public API: as listed in api/";
    match api::obstacle() {
        Ok(Some(why)) => {
            steps.leave_out(NAME, &why);
            Ok(())
        }
        Ok(None) => steps.step(NAME, api::compare),
        Err(failure) => steps.step(NAME, || Err(failure)),
    }
}

/// A program of others, installed if it is missing and this machine can install it.
fn tool(steps: &mut Steps, tool: &Tool) -> Option<PathBuf> {
    tool.find().or_else(|| steps.step_if_possible(&tool.line(), || tool.install()))
}

/// A step that is one program and is named by its line.
fn program(steps: &mut Steps, command: Command) -> Result<(), Failure> {
    steps.step(&run::line_of(&command), || output_of(command).map(drop))
}

/// Makes sure that a component of the toolchain is installed.
fn component(name: &str, subcommand: &str) -> Result<(), Failure> {
    if run::succeeds(cargo([subcommand, "--version"])) {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", name]).current_dir(run::root());
    let added = output_of(rustup);
    if run::succeeds(cargo([subcommand, "--version"])) {
        return Ok(());
    }
    let why = added.err().map(|failure| format!("\n{failure}")).unwrap_or_default();
    Err(Failure::new(format!("{name} is missing; install it with `rustup component add {name}`{why}")))
}
