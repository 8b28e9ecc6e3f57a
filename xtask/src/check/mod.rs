//! `cargo xtask check`: every check before a commit, except the tests.

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

/// Runs every step. It stops at the first step that fails, and shows its output.
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
    steps.step("rustfmt and clippy are installed", || {
        component("rustfmt", "fmt")?;
        component("clippy", "clippy")
    })?;
    program(steps, cargo(["fmt", "--all", "--check"]))?;
    steps.step("modules: none imports one that imports it", || modules::check(&run::root()))?;
    steps.step("links: every link leads to a file, every anchor to a heading", || links::check(&run::root()))?;
    steps.step("public types: each can grow, or says why not", || growth::check(&run::root()))?;
    steps.step("dependencies: a SQLite that loses no writes, no second copy of cryptography", dependencies::check)?;
    program(steps, cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let mut docs = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    let name = format!("RUSTDOCFLAGS='-D warnings' {}", run::line_of(&docs));
    steps.step(&name, || output_of(docs).map(drop))?;
    public_api(steps)?;
    for set in manifest::feature_sets(&run::root())? {
        // clippy instead of `cargo check`, because it can deny warnings in our crates without a rebuild of the dependencies
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

/// Compares the public API with its listings, if this compiler can.
fn public_api(steps: &mut Steps) -> Result<(), Failure> {
    const NAME: &str = "public API: it matches the listings in api/";
    match api::obstacle() {
        Ok(Some(why)) => {
            steps.leave_out(NAME, &why);
            Ok(())
        }
        Ok(None) => steps.step(NAME, api::compare),
        Err(failure) => steps.step(NAME, || Err(failure)),
    }
}

/// Returns a third-party program. It is installed if it is missing and this machine can install it.
fn tool(steps: &mut Steps, tool: &Tool) -> Option<PathBuf> {
    tool.find().or_else(|| steps.step_if_possible(&tool.line(), || tool.install()))
}

/// Runs a step that is one command. Its name is the command line.
fn program(steps: &mut Steps, command: Command) -> Result<(), Failure> {
    steps.step(&run::line_of(&command), || output_of(command).map(drop))
}

/// Installs a component of the toolchain, if it is missing.
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
