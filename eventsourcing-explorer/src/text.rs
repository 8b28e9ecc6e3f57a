//! Text for a page: escaped, and with the characters visible that would change how the rest is read.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is invisible or changes the direction of the text around it.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns the text with its misleading characters as `\u{…}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(misleads) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if misleads(c) {
            // writing to a `String` does not fail
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Appends text to HTML, escaped and visible. Line breaks stay only between the tokens of JSON, where they are spaces.
pub(crate) fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c if misleads(c) => {
                let _ = write!(html, "\\u{{{:x}}}", u32::from(c));
            }
            c => html.push(c),
        }
    }
}

/// Returns the longest beginning that has at most this many bytes and does not split a character.
pub(crate) fn beginning(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// Returns a number with separators, such as `18,204,911`.
pub(crate) fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Returns a number of bytes, such as `81 B`, `4.2 KB` or `10 MB`.
pub(crate) fn bytes(number: usize) -> String {
    let tenths = |unit: usize| (number.saturating_mul(10) + unit / 2) / unit;
    let in_unit = |unit: usize, name: &str| match tenths(unit) {
        tenths if tenths >= 100 || tenths.is_multiple_of(10) => format!("{} {name}", tenths / 10),
        tenths => format!("{}.{} {name}", tenths / 10, tenths % 10),
    };
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => in_unit(1_000, "KB"),
        1_000_000..1_000_000_000 => in_unit(1_000_000, "MB"),
        _ => in_unit(1_000_000_000, "GB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_turn_the_text_around_are_shown_by_number() {
        assert_eq!(visible("a\u{202e}b\u{0}"), "a\\u{202e}b\\u{0}");
        assert_eq!(visible("Größe 👩‍👩‍👧"), "Größe 👩‍👩‍👧");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0_u64, 999, 1_000, 18_204_911].map(grouped), ["0", "999", "1,000", "18,204,911"]);
    }

    #[test]
    fn sizes_have_at_most_one_decimal() {
        assert_eq!([0, 999, 1_000, 4_240, 10_485_760].map(bytes), ["0 B", "999 B", "1 KB", "4.2 KB", "10 MB"]);
    }

    #[test]
    fn a_beginning_splits_no_character() {
        assert_eq!(beginning("größe", 3), "gr");
        assert_eq!(beginning("ab", 3), "ab");
    }
}
