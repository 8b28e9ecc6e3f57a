//! The stored reasons of dead letters: truncated, and encrypted if the log is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::codec::Mapper;
use crate::error_chain::story;
use crate::projection::DeadLetter;
use crate::recording::{Cause, Notification, StateKind, StateLocation};

/// The maximum number of bytes of a stored reason.
const LONGEST: usize = 4 * 1024;

/// The prefix of an encrypted reason; base64 of the sealed text follows.
const SEALED: &str = "sealed:1:";

/// The text stored instead of a reason that cannot be encrypted.
const NOT_KEPT: &str = "the reason was not stored, because it could not be encrypted; retry the dead letter to see it";

/// The cause for which an event was refused, as stored.
///
/// With a cipher it is sealed like states are, bound to its event and this use.
pub(crate) fn stored(cause: &Cause, location: StateLocation<'_>, mapper: &Mapper) -> String {
    let reason = bounded(story(&**cause).replace('\0', "\u{fffd}"));
    if !mapper.has_cipher() {
        return reason;
    }
    match mapper.seal(&location, reason.into_bytes()) {
        Ok((sealed, _)) => format!("{SEALED}{}", STANDARD.encode(sealed)),
        Err(error) => {
            tracing::warn!(%error, "the reason of a dead letter could not be encrypted and is not stored");
            NOT_KEPT.to_owned()
        }
    }
}

/// The letter with its reason in plain text, whether it was stored encrypted or, before there was a cipher, not.
pub(crate) fn opened(mut letter: DeadLetter, mapper: &Mapper) -> DeadLetter {
    if let Some(sealed) = letter.reason.as_deref().and_then(|reason| reason.strip_prefix(SEALED)) {
        let (originator_id, originator_version) = (letter.originator_id, letter.originator_version);
        let location = StateLocation {
            kind: StateKind::DeadLetterReason,
            originator_id,
            originator_version,
            topic: &letter.topic,
        };
        let reason = match STANDARD.decode(sealed) {
            Ok(sealed) => mapper.open(&location, &sealed, None).map(|text| String::from_utf8_lossy(&text).into_owned()),
            // a plain reason that looks like a sealed one
            Err(_) => return letter,
        };
        letter.reason = Some(reason.unwrap_or_else(|error| format!("the reason cannot be decrypted: {error}")));
    }
    letter
}

/// The location of the reason for which an event is refused.
pub(crate) fn location_of(event: &Notification) -> StateLocation<'_> {
    let Notification { originator_id, originator_version, ref topic, .. } = *event;
    StateLocation { kind: StateKind::DeadLetterReason, originator_id, originator_version, topic }
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
