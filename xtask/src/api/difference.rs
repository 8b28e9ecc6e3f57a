//! How two listings differ, for a reader.

use std::collections::BTreeSet;

/// The lines that are gone and those that are new, in the order of the listings, in which each line is an item of its own.
pub(super) fn between(listed: &str, made: &str) -> String {
    let [before, after] = [listed, made].map(|text| text.lines().collect::<BTreeSet<_>>());
    let gone = listed.lines().filter(|line| !after.contains(line)).map(|line| format!("- {line}"));
    let new = made.lines().filter(|line| !before.contains(line)).map(|line| format!("+ {line}"));
    let lines: Vec<String> = gone.chain(new).collect();
    if lines.is_empty() { "  the same items in another order or number".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_item_is_shown_as_it_was_and_as_it_is() {
        assert_eq!(between("a\nb\nc\n", "a\nb2\nc\nd\n"), "- b\n+ b2\n+ d");
    }

    #[test]
    fn another_order_is_no_empty_difference() {
        assert!(between("a\nb\n", "b\na\n").contains("order"));
    }
}
