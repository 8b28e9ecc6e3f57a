//! What a command says beside its output, on standard error: notes, warnings of the library, and why it failed.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::escape::safe_lines;
use crate::failure::Failure;

/// Shows the library's warnings, such as that of a misspelled environment variable.
pub(crate) fn listen() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(SafeErrors);
    // a program that has a subscriber already keeps it
    drop(tracing::subscriber::set_global_default(subscriber.finish()));
}

/// Says something about the output, such as how far a search looked.
pub(crate) fn note(text: impl Display) {
    say(&format!("note: {text}"));
}

/// Says why the command failed.
pub(crate) fn fail(failure: &Failure) {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    say(&format!("error: {text}"));
}

fn say(text: &str) {
    // whoever does not read it does not want it
    drop(writeln!(io::stderr(), "{}", safe_lines(text)));
}

/// Standard error, safe from what a log contains.
struct SafeErrors;

impl Write for SafeErrors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(safe_lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for SafeErrors {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
