//! `cargo xtask check`: all that is to hold before a commit, beside the tests.

mod dependencies;
mod growth;
mod imports;
mod manifest;
mod modules;

use std::process::Command;

use crate::failure::Failure;
use crate::run::{self, Steps, cargo, output_of, say};

/// How to get cargo-deny.
const DENY_IS_MISSING: &str = "cargo-deny is missing, so licences, advisories and sources are NOT checked; \
                               install it with: cargo install cargo-deny --locked";

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
    steps.step("public types: each can grow, or says why it does not", || growth::check(&run::root()))?;
    steps.step("dependencies: a SQLite that keeps writes, no cryptography twice", dependencies::check)?;
    program(steps, cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let mut docs = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    let name = format!("RUSTDOCFLAGS='-D warnings' {}", run::line_of(&docs));
    steps.step(&name, || output_of(docs).map(drop))?;
    for set in manifest::feature_sets(&run::root())? {
        // clippy and not `cargo check`, because it refuses warnings in our crates and leaves the dependencies' cache alone
        let mut command = cargo(["clippy", "--lib", "--package", &set.package]);
        command.args(&set.arguments).args(["--", "-D", "warnings"]);
        program(steps, command)?;
    }
    deny(steps)
}

/// cargo-deny, as far as this machine lets it.
fn deny(steps: &mut Steps) -> Result<(), Failure> {
    if !run::succeeds(cargo(["deny", "--version"])) {
        steps.leave_out("cargo deny check", DENY_IS_MISSING);
        return Ok(());
    }
    program(steps, cargo(["deny", "check", "bans", "licenses", "sources"]))?;
    // apart from the rest, since it alone asks the network
    if run::succeeds(cargo(["deny", "fetch", "db"])) {
        program(steps, cargo(["deny", "check", "advisories"]))
    } else {
        steps.leave_out("cargo deny check advisories", "`cargo deny fetch db` could not fetch the advisories");
        Ok(())
    }
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
