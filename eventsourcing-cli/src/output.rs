//! The standard output: text for people, or JSON lines for programs.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use eventsourcing::Timestamp;
use serde::Serialize;

use crate::arguments::General;
use crate::failure::Failure;
use crate::moment::Zone;

/// The style of positions and versions.
pub(crate) const NUMBER: Style = AnsiColor::Cyan.on_default();
/// The style of topics.
pub(crate) const TOPIC: Style = Style::new().bold();
/// The style of what is less important.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// The style of what was added.
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
/// The style of what was removed.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// The style of what is wrong.
pub(crate) const WRONG: Style = AnsiColor::Red.on_default();

/// The standard output of a command.
pub(crate) struct Output {
    out: BufWriter<Stdout>,
    pub(crate) is_json: bool,
    pub(crate) is_terminal: bool,
    has_colors: bool,
    zone: Zone,
}

impl Output {
    pub(crate) fn new(general: &General) -> Self {
        let out = io::stdout();
        // NO_COLOR, CLICOLOR and TERM=dumb have their say
        let has_colors = AutoStream::choice(&out) != ColorChoice::Never;
        Self {
            is_terminal: out.is_terminal(),
            out: BufWriter::new(out),
            is_json: general.json,
            has_colors,
            zone: Zone::new(general.local),
        }
    }

    /// Writes a line of text, which must be safe for a terminal.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        writeln!(self.out, "{text}").map_err(Failure::output)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(Failure::output)
    }

    /// Writes a value as one line of JSON, safe for a terminal.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
        self.line(crate::json::one_line(&json))
    }

    /// Writes what is kept in the buffer.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::output)
    }

    /// Writes what is kept in the buffer, at the end of the command.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.flush()
    }

    /// Returns text in a style, if the output has colours.
    pub(crate) fn styled(&self, style: Style, text: impl Display) -> String {
        if self.has_colors { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// Returns a time in the zone that was asked for.
    pub(crate) fn time(&self, time: Timestamp) -> String {
        self.zone.show(time)
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }
}

/// Returns a number with its thousands separated.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number of things, such as `1 event` or `2 events`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(super::grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
