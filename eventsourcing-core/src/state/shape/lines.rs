//! A shape as lines, a line for each part: the path to it, and what is there.

use std::fmt::Write as _;

use super::Shape;

/// The end of the kind of a field without which the type is read too.
pub(crate) const MAY_BE_MISSING: &str = ", may be missing";
/// The end of the kind of a value that may be `null`.
pub(crate) const OR_NULL: &str = " or null";
/// The kind of what serde does not tell.
pub(crate) const NOT_DESCRIBED: &str = "not described";
/// The kind of a value that may be anything.
pub(crate) const ANY: &str = "any";
/// The kind of a value that serde reads as a whole before the type sees it: an untagged or internally tagged enum.
pub(super) const ANY_NOT_TRACED: &str = "any, not traced";
/// The end of the kind of a value whose parts serde does not tell.
pub(crate) const NOT_TRACED: &str = ", not traced";
/// The kind of a key by which a struct asks for its fields, which it does if one of them is flattened.
pub(super) const FIELD_NAME: &str = "the name of a field";
/// The beginning of the kind of a map. The kind of its keys comes after it.
pub(crate) const MAP_BY: &str = "map by ";
/// The beginning of the kind of another name of a field. The field's name comes after it, if it was found out.
pub(crate) const ALIAS: &str = "another name of ";

impl Shape {
    /// Returns the lines of an event's shape, in the order of its fields: paths such as `lines[].price`, and kinds such as `u32 or null`.
    pub(crate) fn lines(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        match self {
            Self::Struct(_) => self.add_parts("", &mut lines),
            // an event without fields
            Self::Scalar("unit") => {}
            _ => self.add("", "", &mut lines),
        }
        lines
    }

    fn add(&self, path: &str, suffix: &str, lines: &mut Vec<(String, String)>) {
        let kind = match self {
            // the option is no part of its own in JSON
            Self::Optional(part) => return part.shape.add(path, &format!("{OR_NULL}{suffix}"), lines),
            Self::Unknown => NOT_DESCRIBED.to_owned(),
            Self::Scalar(kind) => (*kind).to_owned(),
            Self::Text(texts) => texts.kind(),
            Self::Names(names) => format!("one of {}", names.join(" | ")),
            Self::List(_) => "list".to_owned(),
            Self::Map(key, _) if key.is_field_name() => format!("object{NOT_TRACED}"),
            Self::Map(key, _) => format!("{MAP_BY}{}", key.kind_of_key()),
            Self::Tuple(parts) => format!("tuple of {}", parts.len()),
            Self::Struct(_) => "object".to_owned(),
            Self::Enum(_) => "one of".to_owned(),
            Self::Recursive => "itself".to_owned(),
        };
        lines.push((path.to_owned(), kind + suffix));
        self.add_parts(path, lines);
    }

    fn add_parts(&self, path: &str, lines: &mut Vec<(String, String)>) {
        match self {
            Self::Unknown | Self::Scalar(_) | Self::Text(_) | Self::Names(_) | Self::Recursive => {}
            Self::Optional(part) => part.shape.add_parts(path, lines),
            Self::List(part) => part.shape.add(&format!("{path}[]"), "", lines),
            Self::Map(key, _) if key.is_field_name() => {}
            Self::Map(_, part) => part.shape.add(&format!("{path}{{}}"), "", lines),
            Self::Tuple(parts) => match parts.as_slice() {
                // an array
                [first, rest @ ..] if rest.len() > 1 && rest.iter().all(|part| part == first) => {
                    first.add(&format!("{path}[]"), "", lines);
                }
                parts => {
                    for (place, part) in parts.iter().enumerate() {
                        part.add(&format!("{path}[{place}]"), "", lines);
                    }
                }
            },
            Self::Struct(fields) => {
                for field in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    let path = format!("{path}{dot}{}", escaped(field.name));
                    if field.is_alias {
                        lines.push((path, format!("{ALIAS}{}", field.alias_of.map_or("a field".to_owned(), escaped))));
                    } else {
                        field.shape.add(&path, if field.is_optional { MAY_BE_MISSING } else { "" }, lines);
                    }
                }
            }
            Self::Enum(of) => {
                for variant in &of.variants {
                    variant.content.add(&format!("{path}<{}>", escaped(variant.name)), "", lines);
                }
            }
        }
    }

    /// Whether a map with this key is a struct that has a flattened field.
    fn is_field_name(&self) -> bool {
        matches!(self, Self::Scalar(FIELD_NAME))
    }

    fn kind_of_key(&self) -> String {
        match self {
            Self::Scalar(kind) => (*kind).to_owned(),
            Self::Text(texts) => texts.kind(),
            Self::Enum(_) | Self::Names(_) => "name".to_owned(),
            _ => NOT_DESCRIBED.to_owned(),
        }
    }
}

/// Returns a name without the characters that have a meaning in a path.
fn escaped(name: &str) -> String {
    without(name, ":.[]{}<>")
}

/// Returns a text without these characters, and without those that separate the parts of a line.
pub(crate) fn without(text: &str, characters: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let is_special = character.is_whitespace() || character.is_control() || "%#".contains(character);
        if is_special || characters.contains(character) {
            // writing to a string cannot fail
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                let _ = write!(escaped, "%{byte:02X}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}
