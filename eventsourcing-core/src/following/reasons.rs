//! The reasons of dead letters as they are stored: no longer than need be, and encrypted where the log is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::DeadLetter;
use super::failure::story;
use crate::persistence::{Cause, Kind, Mapper, Notification, Place};

/// The most bytes of a reason that are kept.
const LONGEST: usize = 4 * 1024;

/// What a reason that is encrypted begins with; base64 of the sealed text follows.
const SEALED: &str = "sealed:1:";

/// What stands in the place of a reason that cannot be encrypted.
const NOT_KEPT: &str = "the reason was not kept, because it could not be encrypted; retry the letter to see it";

/// The cause for which an event was refused, as it is stored.
///
/// With a cipher it is sealed as states are, for the place of its event and for no other use.
pub(super) fn stored(cause: &Cause, place: Place<'_>, mapper: &Mapper) -> String {
    let reason = bounded(story(cause).replace('\0', "\u{fffd}"));
    if !mapper.has_cipher() {
        return reason;
    }
    match mapper.seal(&place, reason.into_bytes()) {
        Ok((sealed, _)) => format!("{SEALED}{}", STANDARD.encode(sealed)),
        Err(error) => {
            tracing::warn!(%error, "the reason of a dead letter could not be encrypted and is not kept");
            NOT_KEPT.to_owned()
        }
    }
}

/// The letter with its reason in plain text, whether it was stored encrypted or, as before there was a cipher, not.
pub(super) fn opened(mut letter: DeadLetter, mapper: &Mapper) -> DeadLetter {
    if let Some(sealed) = letter.reason.as_deref().and_then(|reason| reason.strip_prefix(SEALED)) {
        let (originator_id, originator_version) = (letter.originator_id, letter.originator_version);
        let place = Place { kind: Kind::DeadLetterReason, originator_id, originator_version, topic: &letter.topic };
        let reason = match STANDARD.decode(sealed) {
            Ok(sealed) => mapper.open(&place, &sealed, None).map(|text| String::from_utf8_lossy(&text).into_owned()),
            // no reason that was sealed, but one that looks like it
            Err(_) => return letter,
        };
        letter.reason = Some(reason.unwrap_or_else(|error| format!("the reason cannot be shown: {error}")));
    }
    letter
}

/// The place of the reason for which an event is refused.
pub(super) fn place_of(event: &Notification) -> Place<'_> {
    let Notification { originator_id, originator_version, ref topic, .. } = *event;
    Place { kind: Kind::DeadLetterReason, originator_id, originator_version, topic }
}

fn bounded(mut reason: String) -> String {
    let len = reason.len();
    if len <= LONGEST {
        return reason;
    }
    reason.truncate(reason.floor_char_boundary(LONGEST));
    reason.push_str(&format!("… (cut off: the whole reason has {len} bytes)"));
    reason
}
