//! Reads an export, and refuses one that is not whole.

use std::io::{BufRead, Read as _};

use eventsourcing::StoredEvent;
use eventsourcing::recording::StoredDictionary;

use super::digest::LogDigest;
use super::line::{End, FORMAT, Header, Line, States};
use crate::failure::Failure;

/// The longest line in bytes: a state of the largest size that a database takes, in base64.
const LONGEST: u64 = 1_500_000_000;

/// What an export has, apart from its frame.
pub(super) enum Item {
    Dictionary(StoredDictionary),
    /// The position, and the event with its JSON or its recorded state.
    Event(u64, StoredEvent),
}

/// An export that is read from its beginning.
pub(super) struct ExportReader<R> {
    lines: R,
    line: u64,
    /// The header of the first part.
    header: Option<Header>,
    is_in_part: bool,
    position: u64,
    of_part: LogDigest,
    of_all: LogDigest,
}

impl<R: BufRead> ExportReader<R> {
    pub(super) fn new(lines: R) -> Self {
        let (of_part, of_all) = (LogDigest::default(), LogDigest::default());
        Self { lines, line: 0, header: None, is_in_part: false, position: 0, of_part, of_all }
    }

    /// Reads the header of the first part, if it was not read yet.
    pub(super) fn header(&mut self) -> Result<Header, Failure> {
        while self.header.is_none() {
            match self.read_line()? {
                Some(Line::Header(header)) => self.begin(header)?,
                Some(_) => return Err(self.bad("an export begins with a header")),
                None => return Err(Failure::Truncated { line: self.line }),
            }
        }
        self.header.clone().ok_or(Failure::Truncated { line: self.line })
    }

    /// Returns the next dictionary or event; none after the last part.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Failure> {
        self.header()?;
        loop {
            match self.read_line()? {
                None if self.is_in_part => return Err(Failure::Truncated { line: self.line }),
                None => return Ok(None),
                Some(Line::Header(header)) if !self.is_in_part => self.begin(header)?,
                Some(Line::End(end)) if self.is_in_part => self.end(&end)?,
                Some(Line::Dictionary(dictionary)) if self.is_in_part => return Ok(Some(Item::Dictionary(dictionary))),
                Some(Line::Event(position, event)) if self.is_in_part => {
                    return self.event(position, event).map(Some);
                }
                Some(_) => return Err(self.bad("it is in the wrong place")),
            }
        }
    }

    /// The position of the last event that was read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The digest of all events that were read.
    pub(super) fn digest(&self) -> &LogDigest {
        &self.of_all
    }

    fn begin(&mut self, header: Header) -> Result<(), Failure> {
        if header.export != FORMAT {
            return Err(self.bad(&format!(
                "its format is {}, and this program reads format {FORMAT}; use a newer one",
                header.export
            )));
        }
        if let Some(first) = &self.header {
            let is_same = header.application == first.application && header.states == first.states;
            if !is_same {
                return Err(self.bad("the part that begins here is of another application, or has other states"));
            }
            if header.after != self.position {
                return Err(Failure::MissingPositions { after: self.position, next: header.after.saturating_add(1) });
            }
        }
        self.position = header.after;
        self.is_in_part = true;
        self.of_part = LogDigest::default();
        self.header.get_or_insert(header);
        Ok(())
    }

    fn event(&mut self, position: u64, event: StoredEvent) -> Result<Item, Failure> {
        if position <= self.position {
            return Err(self.bad("its position is not after that of the event before it"));
        }
        if position - 1 != self.position {
            return Err(Failure::MissingPositions { after: self.position, next: position });
        }
        self.position = position;
        let states = self.header.as_ref().map(|header| header.states);
        for digest in [&mut self.of_part, &mut self.of_all] {
            let event = event.as_ref().notification(position);
            match states {
                Some(States::Sealed) => digest.add_sealed(event),
                _ => digest.add_json(event, event.state),
            }
        }
        Ok(Item::Event(position, event))
    }

    fn end(&mut self, end: &End) -> Result<(), Failure> {
        let found = End { end: self.position, events: self.of_part.events(), digest: self.of_part.finish() };
        if *end != found {
            return Err(self.bad("the events before it are not those that were exported: the export was altered"));
        }
        self.is_in_part = false;
        Ok(())
    }

    fn read_line(&mut self) -> Result<Option<Line>, Failure> {
        let mut line = Vec::new();
        let reading = Failure::file("reading the export");
        let count = self.lines.by_ref().take(LONGEST).read_until(b'\n', &mut line).map_err(reading)?;
        if count == 0 {
            return Ok(None);
        }
        self.line += 1;
        // a line that was cut off has no end
        if line.pop() != Some(b'\n') {
            return Err(Failure::Truncated { line: self.line - 1 });
        }
        let states = self.header.as_ref().map(|header| header.states);
        Line::read(&line, states).map(Some).map_err(|reason| self.bad(&reason))
    }

    fn bad(&self, reason: &str) -> Failure {
        Failure::BadLine { line: self.line, reason: reason.to_owned() }
    }
}
