//! What a type says about a value that it rejects, without the value.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// What is said of a message that may contain values.
pub(super) const REFUSED: &str =
    "the type rejects the value, with a message that is not shown because it may contain data";

/// A type's message about a value that it rejects.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) path: Option<String>,
    /// The name of a field that the type does not know, or `*` if it may be data.
    pub(super) unknown_field: Option<String>,
}

impl Told {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), path: None, unknown_field: None }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Told {}

fn kind(unexpected: Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        Unexpected::Float(_) => "floating point",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "sequence",
        Unexpected::Map | Unexpected::NewtypeStruct => "map",
        _ => "other",
    }
}

impl de::Error for Told {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        let enumeration = message.strip_prefix("data did not match any variant of untagged enum ");
        match enumeration {
            Some(name) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => Self::new(message),
            _ => Self::new(REFUSED),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid type: {}, expected {expected}", kind(unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid value: {}, expected {expected}", kind(unexpected)))
    }

    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid length {len}, expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown variant, expected one of {}", expected.join(", ")))
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        let told = Self::new(format!("unknown field, expected one of {}", expected.join(", ")));
        let shown = if is_identifier(name) { name } else { "*" };
        Self { unknown_field: Some(shown.to_owned()), ..told }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("duplicate field `{field}`"))
    }
}

/// Returns whether a name is probably that of a field. Another one may be the key of a map, which is data.
fn is_identifier(name: &str) -> bool {
    const LONGEST: usize = 64;
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_-$".contains(character);
    let is_begun = name.starts_with(|first: char| is_part(first) && !first.is_ascii_digit());
    is_begun && name.len() <= LONGEST && name.chars().all(is_part)
}
