//! The version of the compiler.

use std::process::Command;

use crate::failure::Failure;
use crate::run;

/// Returns the compiler's version without the patch number, such as `1.95`. For a nightly it is the whole version.
pub(crate) fn version() -> Result<String, Failure> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("-vV").current_dir(run::root());
    let output = run::output_of(rustc)?;
    parse(&output).ok_or_else(|| Failure::new(format!("`rustc -vV` names no release:\n{output}")))
}

fn parse(output: &str) -> Option<String> {
    let release = output.lines().find_map(|line| line.strip_prefix("release: "))?;
    if release.contains('-') {
        return Some(release.to_owned());
    }
    let (series, _patch) = release.rsplit_once('.')?;
    Some(series.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patch_releases_are_one_compiler_and_a_nightly_is_another() {
        assert_eq!(parse("rustc 1.95.1 (abc)\nrelease: 1.95.1\n").as_deref(), Some("1.95"));
        assert_eq!(parse("release: 1.97.0-nightly\n").as_deref(), Some("1.97.0-nightly"));
        assert_eq!(parse("rustc\n"), None);
    }
}
