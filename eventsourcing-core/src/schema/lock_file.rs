//! The text of the lock file: a line for each event and for each part of its shape.
//!
//! A line says all by itself, and the order of lines has no meaning. So two branches that add events merge, by hand or with git's
//! `merge=union`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::described::{Lines, Shapes};
use crate::state::shape::without;

/// The format that this program writes, and the newest one that it reads.
pub(super) const FORMAT: u32 = 1;

const HEADER: &str = "# The shapes of recorded events, format ";
/// What is wrong with the first line of another file.
const NO_HEADER: &str = "the first line says what the file is, and its format";
const REST_OF_HEADER: &str = ". `EVENTS_LOCK=accept cargo test` rewrites this file.";

/// A file of a format that this program does not know.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewerFormat(pub(super) u32);

/// What a lock file says, and what is wrong with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) shapes: Shapes,
    /// In the order of the file.
    pub(super) wrong: Vec<WrongLine>,
}

/// A line that is not as the library writes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WrongLine {
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) reason: &'static str,
    /// Whether it said something that is not among the shapes.
    pub(super) is_lost: bool,
    /// The event that it says something about, as far as that can be read.
    pub(super) event: Option<(String, u32)>,
}

/// Reads a lock file, and goes on after lines that cannot be read.
pub(super) fn parse(text: &str) -> Result<Parsed, NewerFormat> {
    let mut parsed = Parsed::default();
    for (text, number) in text.lines().zip(1_usize..) {
        let is_header = match text.strip_prefix(HEADER) {
            None => false,
            Some(rest) => match rest.split_once('.').and_then(|(format, _)| format.parse::<u32>().ok()) {
                Some(FORMAT) => true,
                Some(other) => return Err(NewerFormat(other)),
                None => false,
            },
        };
        let mut note = |reason, is_lost, event| {
            parsed.wrong.push(WrongLine { number, text: text.to_owned(), reason, is_lost, event });
        };
        if number == 1 && !is_header {
            note(NO_HEADER, false, None);
        }
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| text.starts_with(marker)) {
            note("the file has a merge conflict", false, None);
            continue;
        }
        if let Err((reason, event)) = read_line(text, &mut parsed.shapes) {
            note(reason, true, event);
        }
    }
    if text.is_empty() {
        parsed.wrong.push(WrongLine { number: 1, text: String::new(), reason: NO_HEADER, is_lost: false, event: None });
    }
    Ok(parsed)
}

/// Why a line cannot be read, and which event it is about.
type Unreadable = (&'static str, Option<(String, u32)>);

/// Adds a line to the shapes.
fn read_line(line: &str, shapes: &mut Shapes) -> Result<(), Unreadable> {
    if line.contains(char::REPLACEMENT_CHARACTER) {
        return Err(("it is no text", None));
    }
    let (topic, rest) = line.split_once(' ').ok_or(("it has a topic and no version", None))?;
    let (version, part) = rest.split_once(' ').map_or((rest, None), |(version, part)| (version, Some(part)));
    let version = match version.parse() {
        Ok(version @ 1..) => version,
        _ => return Err(("a version from 1 comes after the topic", None)),
    };
    let event = || Some((topic.to_owned(), version));
    let part = match part.map(|part| part.split_once(": ")) {
        Some(None) => {
            return Err(("a path and a kind come after the version, as in `name: string`", event()));
        }
        Some(part) => part,
        None => None,
    };
    let lines: &mut Lines = shapes.entry(topic.to_owned()).or_default().entry(version).or_default();
    if let Some((path, kind)) = part {
        match lines.get(path) {
            Some(before) if before != kind => {
                return Err(("an earlier line says something else about the same part", event()));
            }
            Some(_) => {}
            None => drop(lines.insert(path.to_owned(), kind.to_owned())),
        }
    }
    Ok(())
}

/// Writes a lock file.
pub(super) fn to_text(shapes: &Shapes) -> String {
    let mut text = format!("{HEADER}{FORMAT}{REST_OF_HEADER}\n");
    for (topic, versions) in shapes {
        for (version, lines) in versions {
            // writing to a string cannot fail
            let _ = writeln!(text, "{topic} {version}");
            for (path, kind) in lines {
                let _ = writeln!(text, "{topic} {version} {path}: {kind}");
            }
        }
    }
    text
}

/// Returns a topic as it is written in a lock file.
pub(super) fn as_written(shapes: Shapes) -> Shapes {
    shapes.into_iter().map(|(topic, versions)| (without(&topic, ""), versions)).collect::<BTreeMap<_, _>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Shapes {
        let lines = |lines: &[(&str, &str)]| -> Lines {
            lines.iter().map(|(path, kind)| ((*path).to_owned(), (*kind).to_owned())).collect()
        };
        let started = BTreeMap::from([
            (2, lines(&[("name", "string"), ("moons", "u32, may be missing")])),
            (10, lines(&[("name", "string or null")])),
        ]);
        Shapes::from([
            ("World.Ended".to_owned(), BTreeMap::from([(1, lines(&[]))])),
            ("World.Started".to_owned(), started),
        ])
    }

    fn read(text: &str) -> Parsed {
        parse(text).expect("a known format")
    }

    fn is_read(text: &str) -> bool {
        read(text) == Parsed { shapes: shapes(), wrong: Vec::new() }
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let text = to_text(&shapes());
        assert!(is_read(&text), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("World.Started 2 ")).count(), 2, "{text}");
    }

    #[test]
    fn the_order_of_lines_and_lines_twice_have_no_meaning() {
        let text = to_text(&shapes());
        let (header, rest) = text.split_once('\n').expect("a header");
        let mut lines: Vec<&str> = rest.lines().chain(rest.lines()).collect();
        lines.reverse();
        assert!(is_read(&format!("{header}\n{}", lines.join("\n"))));
    }

    #[test]
    fn a_line_that_was_edited_by_hand_is_named_and_the_others_are_read() {
        let text = to_text(&shapes());
        for (line, said) in [
            ("World.Started", "no version"),
            ("World.Started one", "a version from 1"),
            ("World.Started 0", "a version from 1"),
            ("World.Started 1 name", "a path and a kind"),
            ("World.Started 2 name: u32", "an earlier line"),
            ("<<<<<<< HEAD", "merge conflict"),
            ("World.Started 2 n\u{FFFD}: u32", "no text"),
        ] {
            let Parsed { shapes: found, wrong } = read(&format!("{text}{line}\n"));
            let [WrongLine { number, text: named, reason, is_lost, .. }] = wrong.as_slice() else {
                panic!("{line}: {wrong:?}")
            };
            assert_eq!((*number, named.as_str()), (text.lines().count() + 1, line));
            assert!(reason.contains(said), "{line}: {reason}");
            assert_eq!(*is_lost, !said.contains("conflict"), "{line}");
            assert_eq!(found, shapes(), "{line}");
        }
        for text in ["World.Started 1\n", ""] {
            let wrong = read(text).wrong;
            assert!(matches!(wrong.as_slice(), [WrongLine { number: 1, is_lost: false, .. }]), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn a_newer_format_is_told() {
        let text = to_text(&shapes()).replacen("format 1", "format 2", 1);
        assert_eq!(parse(&text), Err(NewerFormat(2)));
    }
}
