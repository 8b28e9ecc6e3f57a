//! The anchor of a heading, as GitHub, mdBook and rustdoc derive it from the text.

use std::collections::BTreeSet;

/// Returns the anchor of a heading with this text, on a page that already has these anchors.
pub(super) fn of(heading: &str, taken: &BTreeSet<String>) -> String {
    let letters = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter => letter.is_alphanumeric().then_some(letter),
    });
    let slug: String = letters.flat_map(char::to_lowercase).collect();
    if !taken.contains(&slug) {
        return slug;
    }
    let numbered = (1..).map(|number: u32| format!("{slug}-{number}"));
    numbered.into_iter().find(|numbered| !taken.contains(numbered)).unwrap_or(slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(heading: &str) -> String {
        of(heading, &BTreeSet::new())
    }

    #[test]
    fn punctuation_is_dropped_and_spaces_are_dashes() {
        assert_eq!(slug("Renamed before 0.1"), "renamed-before-01");
        assert_eq!(slug("`eventsourcing-core`: the modules"), "eventsourcing-core-the-modules");
        assert_eq!(slug("What is it – and why?"), "what-is-it--and-why");
        assert_eq!(slug("snake_case stays"), "snake_case-stays");
    }

    #[test]
    fn the_second_heading_of_a_text_has_a_number() {
        let taken = BTreeSet::from(["failures".to_owned()]);
        assert_eq!(of("Failures", &taken), "failures-1");
    }
}
