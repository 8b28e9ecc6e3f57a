//! Draws sketches of the states of a type, by reading it from nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;

use super::StateReader;
use super::sketch::Sketch;

/// The maximum number of attempts to find accepted strings for one sketch.
const TRIES: usize = 32;

/// Returns sample states as `read` would read them, each with different values and a time in the year after `begin`.
pub(crate) fn sketches(begin: Timestamp, count: u32, read: impl Fn(&mut StateReader<'_>)) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    let mut drawn = Vec::new();
    for number in 0..count {
        let (sketch, panicked) = draw(begin, number, &mut forms, &read);
        if panicked {
            // each panic is printed by the panic hook: one is enough
            drawn.resize((count - number).try_into().unwrap_or(1), sketch);
            break;
        }
        drawn.push(sketch);
    }
    drawn
}

/// Draws one sample state, and returns whether the type panicked.
fn draw(
    begin: Timestamp,
    number: u32,
    forms: &mut Vec<usize>,
    read: &impl Fn(&mut StateReader<'_>),
) -> (Vec<u8>, bool) {
    let mut tries = TRIES;
    loop {
        let mut sketch = Sketch::new(begin, number, std::mem::take(forms));
        // validation code of an event's type may panic, and must not take the application down
        let read = catch_unwind(AssertUnwindSafe(|| read(&mut StateReader::sketching(&mut sketch))));
        tries -= 1;
        let is_done = read.is_err() || sketch.is_whole || tries == 0 || !sketch.try_another_form();
        *forms = sketch.forms;
        if is_done {
            sketch.json.push(b'}');
            return (sketch.json, read.is_err());
        }
    }
}
