//! The assertions that outcomes of aggregates and of applications share.

use std::fmt::Debug;

use super::difference::difference;
use super::event_state::{EventState, are_the_same, lines};
use super::story::Story;

/// Exactly these events were recorded, and the command was not refused.
#[track_caller]
pub(super) fn events(story: &Story, expected: &[EventState], recorded: &[EventState]) {
    if !are_the_same(expected, recorded) {
        let [expected, recorded] = lines(expected, recorded);
        let shown = difference(&expected, &recorded);
        panic!("{story}other events were recorded than expected (- expected, + recorded):\n\n{shown}");
    }
    if story.is_refused {
        panic!("{story}that is an error; `then_error` expects one");
    }
}

/// The command was refused with an error, and recorded nothing.
#[track_caller]
pub(super) fn refused<'r, T: Debug, E>(story: &Story, returned: &'r Result<T, E>, recorded: &[EventState]) -> &'r E {
    let Err(error) = returned else { panic!("{story}that is no error, and one was expected") };
    if !recorded.is_empty() {
        let [none, recorded] = lines(&[], recorded);
        let shown = difference(&none, &recorded);
        panic!("{story}an error was returned, and events were recorded nevertheless (+ recorded):\n\n{shown}");
    }
    error
}

/// Two values show the same. They need no `PartialEq`.
#[track_caller]
pub(super) fn same(story: &Story, what: &str, expected: &impl Debug, found: &impl Debug) {
    let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
    if expected != found {
        let shown = difference(&expected, &found);
        panic!("{story}another {what} than expected (- expected, + returned):\n\n{shown}");
    }
}
