//! An error and its sources as one text.

use std::error::Error as StdError;

/// An error and its chain of sources.
pub(crate) fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The message of an error and those of its sources, each unless an earlier message contains it.
pub(crate) fn story(error: &(dyn StdError + 'static)) -> String {
    chain(error).map(ToString::to_string).fold(String::new(), |story, said| match story.is_empty() {
        true => said,
        false if story.contains(&said) => story,
        false => format!("{story}: {said}"),
    })
}

/// Implements `Debug` as the error's message with those of its sources.
///
/// A program whose `main` returns the error prints it, and `unwrap` panics with it, so a person reads it.
macro_rules! readable_debug {
    ($error:ty) => {
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::error_chain::story(self))
            }
        }
    };
}
pub(crate) use readable_debug;
