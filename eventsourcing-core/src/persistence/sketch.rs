//! Sketches: states as the type of an event would have them, drawn before there is any event, for the first dictionary.
//!
//! A type tells the names of its fields when it is deserialised: it asks for them. So it is deserialised from nothing, by a
//! deserializer that has an answer to everything, and writes down as JSON what was asked and answered. What an answer is
//! refused for, such as a text that is no date, is tried otherwise a few times; whatever is known by then is the sketch.

mod answers;

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use super::{StateReader, time};
use crate::domain::AggregateEvent;

/// How often the texts of a sketch are chosen anew.
const TRIES: usize = 32;

/// Texts of these forms are tried, one after the other: words, and what types of the standard library and of common crates take.
const FORMS: [&str; 6] =
    ["", "0190e2b4-7c1d-4f3a-9b52-6d8e01a7c3f5", "2026-11-23T04:11:04Z", "2026-11-23", "17.5", "EUR"];

/// What a text is made of whose form nobody knows.
const WORDS: [&str; 16] = [
    "order", "name", "default", "active", "north", "and the", "invoice", "customer", "London", "a new", "item", "http",
    "example", "main", "report", "green",
];

/// A state that is being drawn.
#[derive(Debug)]
pub(crate) struct Sketch {
    json: Vec<u8>,
    random: u64,
    depth: u8,
    wrappers: u8,
    /// The form of each text, in the order in which they are asked for.
    forms: Vec<usize>,
    texts: usize,
    is_whole: bool,
}

/// So many states as an event of this topic would have, each with other values, at times of the year after `begin`.
pub(crate) fn sketches<E: AggregateEvent>(topic: &str, begin: Timestamp, count: u32) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    let mut drawn = Vec::new();
    for number in 0..count {
        let (sketch, panicked) = draw::<E>(topic, begin, number, &mut forms);
        if panicked {
            // a panic is reported wherever panics are: once is enough
            drawn.resize((count - number).try_into().unwrap_or(1), sketch);
            break;
        }
        drawn.push(sketch);
    }
    drawn
}

/// One state, and whether the type panicked.
fn draw<E: AggregateEvent>(topic: &str, begin: Timestamp, number: u32, forms: &mut Vec<usize>) -> (Vec<u8>, bool) {
    let mut tries = TRIES;
    loop {
        let mut sketch = Sketch::new(begin, number, std::mem::take(forms));
        // what others wrote to refuse values may panic, and must not take the application with it
        let read = catch_unwind(AssertUnwindSafe(|| drop(E::read(topic, &mut StateReader::sketching(&mut sketch)))));
        tries -= 1;
        let is_done = read.is_err() || sketch.is_whole || tries == 0 || !sketch.try_another_form();
        *forms = sketch.forms;
        if is_done {
            sketch.json.push(b'}');
            return (sketch.json, read.is_err());
        }
    }
}

impl Sketch {
    fn new(begin: Timestamp, number: u32, forms: Vec<usize>) -> Self {
        let random = (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut sketch = Self { json: Vec::new(), random, depth: 0, wrappers: 0, forms, texts: 0, is_whole: false };
        let year = 365 * 24 * 60 * 60 * 1_000_000;
        let after = SignedDuration::from_micros(i64::try_from(sketch.random(year)).unwrap_or(0));
        sketch.json.extend_from_slice(br#"{"timestamp":""#);
        // a buffer takes all; and after the end of time there is always the beginning
        drop(time::write(begin.checked_add(after).unwrap_or(begin), &mut sketch.json));
        sketch.json.push(b'"');
        sketch
    }

    /// Deserialises an event from nothing.
    pub(crate) fn of<T: DeserializeOwned>(&mut self) {
        self.is_whole = T::deserialize(&mut *self).is_ok();
    }

    /// Chooses the next form for the text that was asked for last: it is the one that was refused.
    fn try_another_form(&mut self) -> bool {
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

    /// A number below `end`, the same for the same sketch (xorshift64, Marsaglia 2003).
    fn random(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % end.max(1)
    }

    /// The next text.
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
