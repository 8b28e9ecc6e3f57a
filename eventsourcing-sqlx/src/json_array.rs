//! Texts as one value of a statement: a JSON array.

/// The texts as a JSON array, which is one value for the same statement, for any number of texts.
pub(crate) fn json_array(texts: &[String]) -> String {
    let mut json = String::from("[");
    for text in texts {
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                c if c.is_ascii_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
        json.push('"');
    }
    json.push(']');
    json
}

#[cfg(test)]
mod tests {
    use super::json_array;

    #[test]
    fn any_text_survives_the_way_through_json() {
        let texts = ["World.Started".to_owned(), "a\"b\\c\n\u{1}\u{7f}ü😀".to_owned()];
        let expected = "[\"World.Started\",\"a\\\"b\\\\c\\u000a\\u0001\\u007fü😀\"]";
        assert_eq!(json_array(&texts), expected);
        assert_eq!(json_array(&[]), "[]");
    }
}
