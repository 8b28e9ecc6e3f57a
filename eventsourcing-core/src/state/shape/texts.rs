//! Which texts a type takes that asks for a string.
//!
//! A UUID, a time and a name are all strings in JSON, and serde tells no difference. So each type is offered one text of each kind.

/// The kind of a type that takes every text.
const ANY_TEXT: &str = "string";
/// The kind of a type that takes none of the samples.
const NO_SAMPLE: &str = "restricted";
/// The beginning of the list of what a type that takes most samples refuses.
const NOT: &str = "not ";
const OR: &str = " | ";

/// The kinds of texts with a sample, in the order in which they are tried. Types of the standard library and of common crates take one.
const SAMPLES: [(&str, &str); 16] = [
    ("letter", "a"),
    ("uuid", "0190e2b4-7c1d-4f3a-9b52-6d8e01a7c3f5"),
    ("timestamp", "2026-11-23T04:11:04Z"),
    ("date", "2026-11-23"),
    ("time", "04:11:04"),
    ("decimal", "17.5"),
    ("integer", "1"),
    ("code", "EUR"),
    ("email", "a@example.com"),
    ("url", "https://example.com/"),
    ("datetime", "2026-11-23T04:11:04"),
    ("duration", "PT1H"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("socket", "192.0.2.1:80"),
    ("words", "Any words, and more."),
];

/// The number of samples.
pub(super) const COUNT: usize = SAMPLES.len();

/// Returns a sample by its number.
pub(super) fn sample(number: usize) -> &'static str {
    SAMPLES.get(number).map_or("a", |(_, text)| text)
}

/// What is known of a type that asks for a string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// The numbers of the samples that it takes; `None` as long as it was not found out.
    pub(super) taken: Option<Vec<usize>>,
    /// The sample to offer at the moment.
    pub(super) offered: Option<usize>,
}

impl Texts {
    /// Returns the kind: `string`, `string (uuid)`, `string (not letter | code)`.
    pub(super) fn kind(&self) -> String {
        let Some(taken) = &self.taken else { return ANY_TEXT.to_owned() };
        let names = |is_listed: &dyn Fn(usize) -> bool| {
            let listed = SAMPLES.iter().enumerate().filter(|(number, _)| is_listed(*number));
            listed.map(|(_, (name, _))| *name).collect::<Vec<_>>().join(OR)
        };
        match taken.len() {
            COUNT => ANY_TEXT.to_owned(),
            0 => format!("{ANY_TEXT} ({NO_SAMPLE})"),
            most if most > COUNT / 2 => format!("{ANY_TEXT} ({NOT}{})", names(&|number| !taken.contains(&number))),
            _ => format!("{ANY_TEXT} ({})", names(&|number| taken.contains(&number))),
        }
    }
}

/// Returns whether a type of the second kind takes every text that one of the first kind takes; `None` if one of them is no string.
pub(crate) fn takes_all(before: &str, after: &str) -> Option<bool> {
    let (before, after) = (list(before)?, list(after)?);
    let takes = |list: &str, name: &str| match list.strip_prefix(NOT) {
        Some(refused) => !refused.split(OR).any(|other| other == name),
        None => list.is_empty() || list.split(OR).any(|other| other == name),
    };
    let is_within = || SAMPLES.iter().all(|(name, _)| !takes(before, name) || takes(after, name));
    // a text that no sample is like may be of any kind
    Some(before == after || after.is_empty() || (before != NO_SAMPLE && is_within()))
}

/// Returns what is said about the texts of a kind; it is empty for every text.
fn list(kind: &str) -> Option<&str> {
    match kind.strip_prefix(ANY_TEXT)? {
        "" => Some(""),
        rest => rest.strip_prefix(" (")?.strip_suffix(')'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_takes_all_texts_of_one_that_takes_fewer() {
        for (before, after, expected) in [
            ("string (uuid)", "string", Some(true)),
            ("string", "string (uuid)", Some(false)),
            ("string (uuid)", "string (timestamp)", Some(false)),
            ("string (integer)", "string (decimal | integer)", Some(true)),
            ("string (decimal | integer)", "string (integer)", Some(false)),
            ("string (uuid)", "string (not words)", Some(true)),
            ("string", "string (not words)", Some(false)),
            ("string (not letter | words)", "string (not words)", Some(true)),
            ("string (not words)", "string (not letter | words)", Some(false)),
            ("string (restricted)", "string", Some(true)),
            ("string (restricted)", "string (restricted)", Some(true)),
            ("string (restricted)", "string (not words)", Some(false)),
            ("string (uuid)", "string (restricted)", Some(false)),
            ("u32", "string", None),
        ] {
            assert_eq!(takes_all(before, after), expected, "{before} → {after}");
        }
    }

    #[test]
    fn a_kind_says_what_is_taken_or_the_few_that_are_not() {
        let kind = |taken: Option<Vec<usize>>| Texts { taken, offered: None }.kind();
        assert_eq!(kind(None), "string");
        assert_eq!(kind(Some((0..COUNT).collect())), "string");
        assert_eq!(kind(Some(vec![])), "string (restricted)");
        assert_eq!(kind(Some(vec![1, 2])), "string (uuid | timestamp)");
        assert_eq!(kind(Some((1..COUNT).collect())), "string (not letter)");
    }
}
