//! A JSON formatter that detects `null` values and reserved keys of the outermost object while serde_json writes.
//!
//! This is cheaper than a scan of the finished JSON, and it cannot mistake text inside a string for a key.

use std::io;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

/// What the formatter has detected so far.
#[derive(Debug)]
pub(super) struct Watch {
    reserved: &'static [&'static str],
    /// Whether a `null` was written.
    pub(super) null: bool,
    /// The first reserved key of the outermost object.
    pub(super) reserved_key: Option<&'static str>,
    depth: usize,
    key: Key,
}

/// How much of a key of the outermost object was written.
#[derive(Debug)]
enum Key {
    /// No key is being written.
    None,
    /// A key has begun, without any text yet.
    Begun,
    /// The text so far is exactly a reserved key.
    Reserved(&'static str),
    /// The text is not a reserved key.
    Other,
}

impl Watch {
    pub(super) fn new(reserved: &'static [&'static str]) -> Self {
        Self { reserved, null: false, reserved_key: None, depth: 0, key: Key::None }
    }
}

/// Writes the compact format that is serde_json's default.
impl Formatter for &mut Watch {
    fn write_null<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.null = true;
        writer.write_all(b"null")
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        writer.write_all(b"]")
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        writer.write_all(b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.depth == 1 {
            self.key = Key::Begun;
        }
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn end_object_key<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        if let Key::Reserved(key) = self.key {
            self.reserved_key.get_or_insert(key);
        }
        self.key = Key::None;
        Ok(())
    }

    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        match self.key {
            Key::None => {}
            // text without characters to escape arrives as a single fragment
            Key::Begun => {
                let reserved = self.reserved.iter().find(|reserved| **reserved == fragment);
                self.key = reserved.map_or(Key::Other, |reserved| Key::Reserved(reserved));
            }
            Key::Reserved(_) | Key::Other => self.key = Key::Other,
        }
        writer.write_all(fragment.as_bytes())
    }

    fn write_char_escape<W: io::Write + ?Sized>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        if !matches!(self.key, Key::None) {
            self.key = Key::Other;
        }
        CompactFormatter.write_char_escape(writer, escape)
    }
}
