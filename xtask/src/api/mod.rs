//! `cargo xtask api`: the public API of each published crate as a text in `api/`, so that each change is visible in the diff.

mod difference;
mod listing;
mod rustdoc;

use std::fs;
use std::path::PathBuf;

use crate::compiler;
use crate::failure::{Failure, While as _};
use crate::manifest;
use crate::run::{root, say};

pub(crate) use rustdoc::{is_asked_for as is_asked_for_rustdoc, run as run_rustdoc};

/// The command that rewrites the listings.
const ACCEPT: &str = "cargo xtask api --accept";

/// Compares the code with the listings, or rewrites them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = arguments.iter().find(|argument| *argument != "--accept") {
        return Err(Failure::new(format!("`cargo xtask api` accepts `--accept` only, and not `{unknown}`")));
    }
    if !arguments.is_empty() {
        return accept();
    }
    if let Some(why) = obstacle()? {
        return Err(Failure::new(why));
    }
    compare()?;
    say("xtask: the public API matches the listings");
    Ok(())
}

/// Returns the reason why this compiler cannot compare the listings, if there is one.
pub(crate) fn obstacle() -> Result<Option<String>, Failure> {
    let here = compiler::version()?;
    for package in manifest::published(&root())? {
        let listed = read(&package.name)?;
        match listing::compiler_of(&listed) {
            Some(there) if there == here => {}
            there => {
                let there = there.unwrap_or("another compiler");
                return Ok(Some(format!(
                    "api/{}.txt was made with rustc {there} and this is {here}, which may write the same API differently; \
                     compare with rustc {there}, or rewrite the listings: {ACCEPT}",
                    package.name
                )));
            }
        }
    }
    Ok(None)
}

/// Fails if the public API differs from the listings.
pub(crate) fn compare() -> Result<(), Failure> {
    let mut differences = Vec::new();
    for (package, made) in make()? {
        let listed = read(&package)?;
        if listed != made {
            differences.push(format!("api/{package}.txt\n{}", difference::between(&listed, &made)));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the public API differs from the listings:\n\n{}\n\nif the change is intended, describe it in CHANGELOG.md and accept it: {ACCEPT}",
        differences.join("\n\n")
    )))
}

fn accept() -> Result<(), Failure> {
    for (package, made) in make()? {
        let path = path(&package);
        let is_as_before = fs::read_to_string(&path).is_ok_and(|listed| listed == made);
        if is_as_before {
            continue;
        }
        let doing = || format!("writing {}", path.display());
        fs::create_dir_all(root().join("api")).while_doing(doing)?;
        fs::write(&path, made).while_doing(doing)?;
        say(&format!("xtask: wrote api/{package}.txt"));
    }
    Ok(())
}

/// Makes the listing of each published package from the current code.
fn make() -> Result<Vec<(String, String)>, Failure> {
    let packages: Vec<String> = manifest::published(&root())?.into_iter().map(|package| package.name).collect();
    let version = compiler::version()?;
    let files = rustdoc::document(&packages)?;
    let listings = packages.into_iter().zip(files).map(|(package, file)| {
        let listing = listing::of(&file, &version)?;
        Ok((package, listing))
    });
    listings.collect()
}

fn path(package: &str) -> PathBuf {
    root().join("api").join(format!("{package}.txt"))
}

fn read(package: &str) -> Result<String, Failure> {
    let path = path(package);
    fs::read_to_string(&path).while_doing(|| format!("reading {} (to write it: {ACCEPT})", path.display()))
}
