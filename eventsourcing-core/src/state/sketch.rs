//! Sketches: sample states derived from an event's type, before any event exists, to train the first dictionary.
//!
//! A type names its fields when it is deserialized, because it asks for them. So the type is deserialized from no input, by a
//! deserializer that answers every request, and each request and answer is written as JSON. If the type rejects an answer, such as a
//! string that is not a date, other answers are tried a limited number of times. The sketch is what is known by then.

mod answers;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use super::time;

/// The string formats to try in order: words, and formats that types of the standard library and of common crates accept.
const FORMS: [&str; 6] =
    ["", "0190e2b4-7c1d-4f3a-9b52-6d8e01a7c3f5", "2026-11-23T04:11:04Z", "2026-11-23", "17.5", "EUR"];

/// The words for strings whose format is unknown.
const WORDS: [&str; 16] = [
    "order", "name", "default", "active", "north", "and the", "invoice", "customer", "London", "a new", "item", "http",
    "example", "main", "report", "green",
];

/// A sample state under construction.
#[derive(Debug)]
pub(crate) struct Sketch {
    pub(super) json: Vec<u8>,
    random: u64,
    depth: u8,
    wrappers: u8,
    /// The format of each string, in the order in which the strings are requested.
    pub(super) forms: Vec<usize>,
    texts: usize,
    pub(super) is_whole: bool,
}

impl Sketch {
    pub(super) fn new(begin: Timestamp, number: u32, forms: Vec<usize>) -> Self {
        let random = (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut sketch = Self { json: Vec::new(), random, depth: 0, wrappers: 0, forms, texts: 0, is_whole: false };
        let year = 365 * 24 * 60 * 60 * 1_000_000;
        let after = SignedDuration::from_micros(i64::try_from(sketch.random(year)).unwrap_or(0));
        sketch.json.extend_from_slice(br#"{"timestamp":""#);
        // writing to a buffer cannot fail; a time beyond the maximum falls back to `begin`
        drop(time::write(begin.checked_add(after).unwrap_or(begin), &mut sketch.json));
        sketch.json.push(b'"');
        sketch
    }

    /// Writes the version of the shape that will be recorded.
    pub(super) fn version(&mut self, version: u32) {
        if version > 1 {
            self.json.extend_from_slice(format!(r#","class_version":{version}"#).as_bytes());
        }
    }

    /// Deserializes an event from no input.
    pub(crate) fn of<T: DeserializeOwned>(&mut self) {
        self.is_whole = T::deserialize(&mut *self).is_ok();
    }

    /// Selects the next format for the string that was requested last, because that is the rejected one.
    pub(super) fn try_another_form(&mut self) -> bool {
        self.forms.truncate(self.texts);
        match self.forms.last_mut() {
            Some(form) if *form + 1 < FORMS.len() => {
                *form += 1;
                true
            }
            Some(form) => {
                *form = 0;
                false
            }
            None => false,
        }
    }

    /// Returns a number below `end`, the same for the same sketch (xorshift64, Marsaglia 2003).
    fn random(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % end.max(1)
    }

    /// Returns the next string.
    fn text(&mut self) -> String {
        if self.forms.len() <= self.texts {
            self.forms.push(0);
        }
        let form = self.forms.get(self.texts).copied().unwrap_or(0);
        self.texts += 1;
        match FORMS.get(form) {
            Some(form) if !form.is_empty() => (*form).to_owned(),
            _ => format!("{}{}", self.word(), self.random(1_000)),
        }
    }

    fn word(&mut self) -> &'static str {
        let place = usize::try_from(self.random(WORDS.len() as u64)).unwrap_or(0);
        WORDS.get(place).copied().unwrap_or("")
    }
}
