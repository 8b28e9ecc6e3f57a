//! What happens to the fields of a recorded event that its struct does not have.

use proc_macro2::Ident;

use crate::errors::Errors;
use crate::messages;
use crate::model::attributes::UnknownFields;
use crate::model::checked::Payload;
use crate::syntax::paths;

/// Checks the option of an event. Returns what the event says, or what its fields do.
pub(super) fn unknown_fields(
    option: Option<(Ident, UnknownFields)>,
    payload: &Payload,
    is_flattened: bool,
    errors: &mut Errors,
) -> Option<UnknownFields> {
    if let (Some((option, _)), Payload::Own(own)) = (&option, payload) {
        errors.at(option, messages::event::unknown_fields_of_own_type(&paths::text(own)));
    }
    match option {
        Some((option, UnknownFields::Refuse)) if is_flattened => {
            errors.at(option, messages::event::UNKNOWN_FIELDS_OF_A_FLATTENED_FIELD);
            None
        }
        // serde hands every field that is not another's to the flattened one
        _ if is_flattened => Some(UnknownFields::Ignore),
        option => option.map(|(_, unknown_fields)| unknown_fields),
    }
}
