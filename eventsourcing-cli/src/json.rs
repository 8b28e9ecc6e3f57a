//! The JSON of an event as text, exactly as it is recorded: no number passes through a float.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::escape::push_json;

/// Returns JSON on one line, safe for a terminal, and the same value.
pub(crate) fn one_line(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    each_token(json, |token| match token {
        Token::InString(c) => push_json(c, &mut text),
        Token::Other(c) => text.push(c),
    });
    text
}

/// Returns JSON on several lines, each indented, safe for a terminal, and the same value.
pub(crate) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut is_empty = false;
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    each_token(json, |token| {
        let closes = matches!(token, Token::Other('}' | ']'));
        if is_empty && !closes {
            line(&mut text, depth);
        }
        let was_empty = std::mem::take(&mut is_empty);
        match token {
            Token::InString(c) => push_json(c, &mut text),
            Token::Other(c @ ('{' | '[')) => {
                text.push(c);
                depth += 1;
                is_empty = true;
            }
            Token::Other(c @ ('}' | ']')) => {
                depth = depth.saturating_sub(1);
                if !was_empty {
                    line(&mut text, depth);
                }
                text.push(c);
            }
            Token::Other(',') => {
                text.push(',');
                line(&mut text, depth);
            }
            Token::Other(':') => text.push_str(": "),
            Token::Other(c) => text.push(c),
        }
    });
    text
}

/// A character of JSON. White space between values is left out.
#[derive(Clone, Copy)]
enum Token {
    /// A character of a string, with its quotes.
    InString(char),
    Other(char),
}

fn each_token(json: &str, mut see: impl FnMut(Token)) {
    let (mut in_string, mut is_escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            see(Token::InString(c));
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
        } else if c == '"' {
            see(Token::InString(c));
            in_string = true;
        } else if !c.is_ascii_whitespace() {
            see(Token::Other(c));
        }
    }
}

/// The fields of a JSON object in their order, each value as it is written.
pub(crate) struct Fields<'j>(pub(crate) Vec<(Cow<'j, str>, &'j RawValue)>);

impl<'j> Fields<'j> {
    /// The fields of an object; none if it is no valid one.
    pub(crate) fn of(json: &'j str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns an object of the fields that are not left out.
    pub(crate) fn without(&self, left_out: &[&str]) -> String {
        let mut text = String::from("{");
        for (name, value) in self.0.iter().filter(|(name, _)| !left_out.contains(&&**name)) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(&**name).to_string());
            text.push(':');
            text.push_str(value.get());
        }
        text.push('}');
        text
    }

    /// Returns the value of a field as it is written.
    pub(crate) fn get(&self, name: &str) -> Option<&'j str> {
        self.0.iter().find(|(is, _)| is == name).map(|(_, value)| value.get())
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    fields.push((name.0, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A name, borrowed unless it contains escapes.
#[derive(serde::Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_it_is_written() {
        let json = r#"{"n":12345678901234567890123,"f":1.10e+400,"s":"a\"\\","e":[],"o":{"x":[1,2]}}"#;
        assert_eq!(one_line(json), json);
        let expected = "{\n  \"n\": 12345678901234567890123,\n  \"f\": 1.10e+400,\n  \"s\": \"a\\\"\\\\\",\n  \"e\": [],\n  \
                        \"o\": {\n    \"x\": [\n      1,\n      2\n    ]\n  }\n}";
        assert_eq!(indented(json), expected);
    }

    #[test]
    fn a_control_character_in_a_string_is_escaped() {
        assert_eq!(one_line("{ \"a\" : \"\u{9b}\u{7f}\" }"), r#"{"a":"\u009b\u007f"}"#);
    }

    #[test]
    fn fields_keep_their_order_and_their_text() {
        let fields = Fields::of(r#"{"b":1.0,"timestamp":"now","a\u0062":{"c": 2}}"#)
            .map(|fields| fields.without(&["timestamp"]));
        assert_eq!(fields.as_deref(), Some(r#"{"b":1.0,"ab":{"c": 2}}"#));
        assert!(Fields::of("[1]").is_none());
    }
}
