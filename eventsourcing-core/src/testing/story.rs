//! What a failed assertion says before its difference: what was given, and what happened.

use std::any::type_name;
use std::fmt::{self, Debug};

use super::event_state::EventState;

/// What was given, and what the command returned.
#[derive(Clone, Debug)]
pub(super) struct Story {
    given: String,
    /// The subject of what happened, such as `the command`.
    subject: &'static str,
    returned: String,
    pub(super) is_refused: bool,
}

impl Story {
    pub(super) fn new<R: Debug>(given: &[EventState], subject: &'static str, returned: &R) -> Self {
        let topics: Vec<&str> = given.iter().map(|event| event.topic.as_str()).collect();
        let given = if topics.is_empty() { "no events".to_owned() } else { topics.join(", ") };
        Self { given, subject, returned: format!("{returned:?}"), is_refused: is_err(returned) }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { given, subject, returned, .. } = self;
        write!(f, "\ngiven {given}\n when {subject} returned {returned}\n then ")
    }
}

/// Whether a value is an `Err` of a `Result`.
///
/// A command may return anything, and a trait cannot tell a `Result` from all other types. The name of the type and what it shows do.
fn is_err<R: Debug>(returned: &R) -> bool {
    type_name::<R>().starts_with("core::result::Result<") && format!("{returned:?}").starts_with("Err(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "only shown")]
    struct Err(u8);

    #[test]
    fn only_an_err_of_a_result_is_a_refusal() {
        assert!(is_err(&Result::<(), u8>::Err(1)));
        assert!(!is_err(&Result::<u8, ()>::Ok(1)));
        assert!(!is_err(&Err(1)));
        assert!(!is_err(&Some(Result::<(), u8>::Err(1))));
        assert!(!is_err(&()));
    }
}
