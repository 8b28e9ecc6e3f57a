//! Builds the guide as a book.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::run::{self, output_of};

/// Builds the book below the target folder; a warning is an error.
pub(super) fn build(mdbook: &Path) -> Result<(), Failure> {
    let mut command = Command::new(mdbook);
    command.args(["build", "docs", "--dest-dir"]).arg(run::target().join("book")).current_dir(run::root());
    let output = output_of(command)?;
    if has_warnings(&output) { Err(Failure::new(format!("mdbook warns:\n{}", output.trim_end()))) } else { Ok(()) }
}

/// Returns whether mdBook wrote a warning. It has no option that makes a warning an error.
fn has_warnings(output: &str) -> bool {
    output.lines().any(|line| line.split_whitespace().any(|word| word == "WARN" || word == "ERROR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_from_a_title_that_mentions_one() {
        assert!(has_warnings(" INFO Book building has started\n WARN no such file\n"));
        assert!(!has_warnings(" INFO Running the html backend\n INFO written to /WARNINGS\n"));
    }
}
