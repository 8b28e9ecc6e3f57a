//! The reason why JSON could not be read or written, without any value: encrypted data must not leak through an error.
//!
//! serde includes the unexpected value in its messages. So a state that cannot be read is read a second time, through a
//! deserializer whose errors keep kinds, field names and positions, and drop values.

use serde::de::{Deserialize, Deserializer};
use serde_json::error::Category;

use super::StateError;
use super::told::{REFUSED, Told};
use super::traced::{Traced, Trail};

/// Why a state could not be read or written as JSON. It never contains a value of the state.
///
/// The message of an error that a type's own `Serialize` or `Deserialize` returns may contain values, and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonError {
    reason: Box<str>,
}

impl JsonError {
    pub(super) fn new(reason: impl Into<Box<str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// Explains why `T` could not be read, by reading it again.
    pub(super) fn of_reading<'de, T: Deserialize<'de>>(
        error: &serde_json::Error,
        again: impl Deserializer<'de, Error = serde_json::Error>,
    ) -> StateError {
        if error.classify() != Category::Data {
            return Self::from(error).into();
        }
        let trail = Trail::new();
        let Err(told) = T::deserialize(Traced::new(again, &trail)) else { return Self::from(error).into() };
        let Told { text, path, unknown_field } = told;
        if let (Some(field), Some(Trail::KEY_OF_THE_EVENT)) = (unknown_field, path.as_deref()) {
            return StateError::UnknownField { field };
        }
        let path = path.map_or_else(String::new, |path| format!(" (`{path}`)"));
        Self::new(format!("{text} at line {} column {}{path}", error.line(), error.column())).into()
    }
}

impl From<&serde_json::Error> for JsonError {
    fn from(error: &serde_json::Error) -> Self {
        match error.classify() {
            // these messages describe the JSON syntax, and show nothing of the content
            Category::Syntax | Category::Eof => Self::new(error.to_string()),
            Category::Data | Category::Io if error.line() == 0 => Self::new(REFUSED),
            Category::Data | Category::Io => {
                Self::new(format!("{REFUSED}, at line {} column {}", error.line(), error.column()))
            }
        }
    }
}
