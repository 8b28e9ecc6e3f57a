//! Text from a log as a terminal may get it: without characters that control the terminal or hide text.

use std::fmt::{self, Write as _};

/// Returns whether a terminal could act on a character, or show other text than there is.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // widths of zero, marks and overrides of the direction, separators of lines, tags
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text whose hidden characters are shown as `\u{1b}`.
pub(crate) struct Safe<'t>(pub(crate) &'t str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_hidden(c) { write!(f, "{}", c.escape_unicode())? } else { f.write_char(c)? }
        }
        Ok(())
    }
}

/// Returns text of several lines whose other hidden characters are shown as `\u{1b}`.
pub(crate) fn safe_lines(text: &str) -> String {
    text.split('\n').map(|line| Safe(line).to_string()).collect::<Vec<_>>().join("\n")
}

/// Appends a character of a JSON string: a hidden one as `\u001b`, which means the same.
pub(crate) fn push_json(c: char, into: &mut String) {
    if !is_hidden(c) {
        into.push(c);
        return;
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        // a `String` takes whatever is written
        let _ = write!(into, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_are_shown_as_codes() {
        assert_eq!(Safe("a\u{1b}[31mb\u{9b}c\r\n\u{202e}d").to_string(), "a\\u{1b}[31mb\\u{9b}c\\u{d}\\u{a}\\u{202e}d");
        assert_eq!(Safe("Grüße, 世界 🦀").to_string(), "Grüße, 世界 🦀");
    }

    #[test]
    fn a_hidden_character_of_json_stays_the_same_string() {
        let mut json = String::from("\"");
        "a\u{9b}\u{e0001}".chars().for_each(|c| push_json(c, &mut json));
        json.push('"');
        assert_eq!(json, "\"a\\u009b\\udb40\\udc01\"");
        assert_eq!(serde_json::from_str::<String>(&json).ok().as_deref(), Some("a\u{9b}\u{e0001}"));
    }
}
