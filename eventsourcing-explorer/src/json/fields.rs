//! The fields of an object, each with the text of its value.

use super::scanner::{Scanner, Token};

/// A field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'j> {
    /// The name, with its quotes and escapes.
    pub(crate) key: &'j str,
    /// The value as it is written.
    pub(crate) value: &'j str,
}

impl Field<'_> {
    /// Whether the field has this name, which has no character that JSON escapes.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) == Some(name)
    }
}

/// Returns the fields of an object, or `None` if the text is none.
pub(crate) fn fields(json: &str) -> Option<Vec<Field<'_>>> {
    let mut scanner = Scanner::new(json);
    let Some(Token::Open("{")) = scanner.next() else { return None };
    let mut fields = Vec::new();
    let mut key = None;
    let mut start = scanner.at();
    loop {
        let before = scanner.at();
        match scanner.next()? {
            Token::Key(name) if scanner.depth() == 1 => key = Some(name),
            Token::Colon if scanner.depth() == 1 => start = scanner.at(),
            Token::Comma if scanner.depth() == 1 => {
                fields.push(Field { key: key.take()?, value: json[start..before].trim() });
            }
            Token::Close(_) if scanner.depth() == 0 => {
                if let Some(key) = key {
                    fields.push(Field { key, value: json[start..before].trim() });
                }
                return Some(fields);
            }
            _ => {}
        }
    }
}

/// Returns what a value is: its kind, and nothing of its content.
pub(super) fn kind(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'"') => "text",
        Some(b'{') => "object",
        Some(b'[') => "list",
        Some(b't' | b'f') => "yes or no",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "number",
        _ => "value",
    }
}

/// The same of a value that was read.
pub(super) fn value_kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "yes or no",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "list",
        serde_json::Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_text_that_is_written() {
        let json = r#"{ "a": 9007199254740993 , "b": {"a": [1, {"c": 2}]}, "c": "x,y}" }"#;
        let values: Vec<&str> = fields(json).expect("an object").iter().map(|field| field.value).collect();
        assert_eq!(values, ["9007199254740993", r#"{"a": [1, {"c": 2}]}"#, "\"x,y}\""]);
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        assert_eq!(fields("{}"), Some(Vec::new()));
        for text in ["", "[1]", "{\"a\"", "{\"a\":1", "null"] {
            assert_eq!(fields(text), None, "{text}");
        }
    }
}
