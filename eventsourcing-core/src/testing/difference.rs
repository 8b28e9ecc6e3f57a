//! The difference of two texts, by line, coloured where a terminal shows it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, stderr};

use similar::{ChangeTag, TextDiff};

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const PLAIN: &str = "\u{1b}[0m";

/// Returns the lines of both texts: with `-` what is only expected, with `+` what is only there.
pub(super) fn difference(expected: &str, found: &str) -> String {
    painted(expected, found, has_colours(std::env::var_os("NO_COLOR").as_deref(), stderr().is_terminal()))
}

/// Colours are for a terminal whose user does not refuse them: see <https://no-color.org>.
fn has_colours(no_color: Option<&OsStr>, is_terminal: bool) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

fn painted(expected: &str, found: &str, has_colours: bool) -> String {
    let mut shown = String::new();
    for change in TextDiff::from_lines(expected, found).iter_all_changes() {
        let (sign, colour) = match change.tag() {
            ChangeTag::Delete => ('-', RED),
            ChangeTag::Insert => ('+', GREEN),
            ChangeTag::Equal => (' ', ""),
        };
        let line = change.value().trim_end_matches('\n');
        let is_painted = has_colours && !colour.is_empty();
        let (begin, end) = if is_painted { (colour, PLAIN) } else { ("", "") };
        let written = writeln!(shown, "{begin}{sign} {line}{end}");
        debug_assert!(written.is_ok(), "a string takes any text");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_red_and_green_on_a_terminal() {
        let shown = painted("same\nold\n", "same\nnew\n", true);
        assert_eq!(shown, "  same\n\u{1b}[31m- old\u{1b}[0m\n\u{1b}[32m+ new\u{1b}[0m\n");
    }

    #[test]
    fn nothing_is_coloured_without_colours() {
        assert_eq!(painted("same\nold\n", "same\nnew\n", false), "  same\n- old\n+ new\n");
    }

    #[test]
    fn colours_need_a_terminal_and_no_refusal() {
        assert!(has_colours(None, true));
        // the variable counts only if it is not empty
        assert!(has_colours(Some(OsStr::new("")), true));
        assert!(!has_colours(Some(OsStr::new("1")), true));
        assert!(!has_colours(None, false));
    }
}
