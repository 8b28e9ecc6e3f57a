//! The version of an event's shape, found before the state is read.

use super::CLASS_VERSION;

/// Returns the version if it stands where [`StateWriter`](super::StateWriter) writes it: behind the timestamp.
pub(super) fn written(text: &str) -> Option<u64> {
    let (_, rest) = text.strip_prefix(r#"{"timestamp":""#)?.split_once('"')?;
    let rest = rest.strip_prefix(r#","class_version":"#)?;
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    // anything else that JSON takes for a number is left to its parser
    if !matches!(rest.as_bytes().get(end), Some(b',' | b'}')) || rest.starts_with('0') {
        return None;
    }
    rest.get(..end)?.parse().ok()
}

/// Returns whether a state has certainly no version, so that it is the first one.
///
/// States of the first version name none, and most are of the first version. A search for the key is far quicker than a parser.
pub(super) fn is_absent(text: &str) -> bool {
    // a key may be written with escapes
    !text.contains(CLASS_VERSION) && !text.contains("\\u")
}
