//! Writes the lines of an export, to a file or to the standard output.

use std::path::PathBuf;

use eventsourcing::Notification;
use eventsourcing::recording::{LogPosition, StoredDictionary};

use super::digest::LogDigest;
use super::line::{self, End, Header, States};
use super::part_file::{Exported, PartFile};
use crate::failure::Failure;
use crate::opened::Opened;
use crate::output::Output;

/// Where the lines go.
pub(super) enum Sink<'o> {
    File(PartFile),
    Output(&'o mut Output),
}

/// An export that is being written.
pub(super) struct Writer<'o> {
    sink: Sink<'o>,
    pub(super) position: LogPosition,
    digest: LogDigest,
    /// The id of the last dictionary that was written.
    pub(super) dictionary: u32,
}

impl<'o> Writer<'o> {
    /// Begins an export with its header.
    pub(super) fn begin(sink: Sink<'o>, header: &Header) -> Result<Self, Failure> {
        let position = LogPosition { id: header.after, anchor: header.anchor };
        let mut writer = Self { sink, position, digest: LogDigest::default(), dictionary: 0 };
        writer.write(line::to_line(header))?;
        Ok(writer)
    }

    /// Continues an export.
    pub(super) fn resume(file: PartFile, exported: Exported) -> Self {
        let Exported { position, digest, dictionary, .. } = exported;
        Self { sink: Sink::File(file), position, digest, dictionary }
    }

    pub(super) fn dictionary(&mut self, dictionary: &StoredDictionary) -> Result<(), Failure> {
        self.dictionary = dictionary.id;
        self.write(line::dictionary_line(dictionary))
    }

    pub(super) fn json(&mut self, event: &Notification, opened: &Opened) -> Result<(), Failure> {
        self.digest.add_json(event.as_ref(), opened.bytes());
        self.position = event.position();
        self.write(line::json_line(event.as_ref(), opened.bytes()))
    }

    pub(super) fn sealed(&mut self, event: &Notification) -> Result<(), Failure> {
        self.digest.add_sealed(event.as_ref());
        self.position = event.position();
        self.write(line::sealed_line(event.as_ref()))
    }

    /// Keeps what is written, of an export that is not whole. Returns the file.
    pub(super) fn keep(&mut self) -> Result<Option<PathBuf>, Failure> {
        match &mut self.sink {
            Sink::File(file) => file.keep().map(Some),
            Sink::Output(output) => output.flush().map(|()| None),
        }
    }

    /// Ends the export, and returns its last line.
    pub(super) fn end(mut self, states: States, is_whole: bool) -> Result<(States, End), Failure> {
        let end = End { end: self.position.id, events: self.digest.events(), digest: self.digest.finish() };
        if !is_whole {
            self.write(line::to_line(&end))?;
        }
        match self.sink {
            Sink::File(file) => file.finish()?,
            Sink::Output(output) => output.flush()?,
        }
        Ok((states, end))
    }

    fn write(&mut self, line: serde_json::Result<Vec<u8>>) -> Result<(), Failure> {
        let line = line.map_err(|error| Failure::Output(error.into()))?;
        match &mut self.sink {
            Sink::File(file) => file.write(&line),
            Sink::Output(output) => output.bytes(&line),
        }
    }
}
