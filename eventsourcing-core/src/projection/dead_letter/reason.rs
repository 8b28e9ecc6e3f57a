//! The stored reasons of dead letters and of what was done about them: truncated, and encrypted if the log is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::codec::Mapper;
use crate::error_chain::story;
use crate::recording::{Cause, StateLocation};

/// The maximum number of bytes of a stored reason.
const LONGEST: usize = 4 * 1024;

/// The prefix of an encrypted reason; base64 of the sealed text follows.
const SEALED: &str = "sealed:1:";

/// The text stored instead of a reason that cannot be encrypted.
const NOT_KEPT: &str = "the reason was not stored, because it could not be encrypted; retry the dead letter to see it";

/// The cause for which an event was refused, as text.
pub(crate) fn text(cause: &Cause) -> String {
    bounded(story(&**cause).replace('\0', "\u{fffd}"))
}

/// A text about an event, as stored: with a cipher it is sealed like states are, bound to its event and this use.
pub(crate) fn sealed(text: String, location: StateLocation<'_>, mapper: &Mapper) -> String {
    if !mapper.has_cipher() {
        return text;
    }
    match mapper.seal(&location, text.into_bytes()) {
        Ok((sealed, _)) => format!("{SEALED}{}", STANDARD.encode(sealed)),
        Err(error) => {
            tracing::warn!(%error, "the reason of a dead letter could not be encrypted and is not stored");
            NOT_KEPT.to_owned()
        }
    }
}

/// A stored text in plain text, whether it was stored encrypted or, before there was a cipher, not.
pub(crate) fn opened(stored: String, location: StateLocation<'_>, mapper: &Mapper) -> String {
    let Some(sealed) = stored.strip_prefix(SEALED) else { return stored };
    // otherwise a plain reason that looks like a sealed one
    let Ok(sealed) = STANDARD.decode(sealed) else { return stored };
    let reason = mapper.open(&location, &sealed, None).map(|text| String::from_utf8_lossy(&text).into_owned());
    reason.unwrap_or_else(|error| format!("the reason cannot be decrypted: {error}"))
}

fn bounded(mut reason: String) -> String {
    let len = reason.len();
    if len <= LONGEST {
        return reason;
    }
    reason.truncate(reason.floor_char_boundary(LONGEST));
    reason.push_str(&format!("… (truncated: the whole reason has {len} bytes)"));
    reason
}
