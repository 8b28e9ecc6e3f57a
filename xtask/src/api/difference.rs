//! The difference of two listings, as text.

use std::collections::BTreeSet;

/// Returns the removed and the added lines, in the order of the listings. Each line of a listing is one item.
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
