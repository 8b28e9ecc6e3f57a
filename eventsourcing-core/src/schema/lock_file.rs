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
const REST_OF_HEADER: &str = ". `EVENTS_LOCK=accept cargo test` rewrites this file.";

/// What is wrong with the text of a lock file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    NewerFormat(u32),
    Line { number: usize, text: String, reason: &'static str },
}

/// Reads a lock file.
pub(super) fn parse(text: &str) -> Result<Shapes, Problem> {
    let mut shapes = Shapes::new();
    let mut lines = text.lines().zip(1_usize..);
    let wrong = |number, text: &str, reason| Problem::Line { number, text: text.to_owned(), reason };
    let (header, number) = lines.next().unwrap_or(("", 1));
    let format = header.strip_prefix(HEADER).and_then(|rest| rest.split_once('.')?.0.parse::<u32>().ok());
    match format {
        None => return Err(wrong(number, header, "the first line says what the file is, and its format")),
        Some(FORMAT) => {}
        Some(other) => return Err(Problem::NewerFormat(other)),
    }
    for (line, number) in lines {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>") {
            return Err(wrong(number, line, "the file has a merge conflict"));
        }
        let Some((topic, rest)) = line.split_once(' ') else {
            return Err(wrong(number, line, "it has a topic and no version"));
        };
        let (version, part) = rest.split_once(' ').map_or((rest, None), |(version, part)| (version, Some(part)));
        let version = match version.parse() {
            Ok(version @ 1..) => version,
            _ => return Err(wrong(number, line, "a version from 1 comes after the topic")),
        };
        let lines: &mut Lines = shapes.entry(topic.to_owned()).or_default().entry(version).or_default();
        if let Some(part) = part {
            let Some((path, kind)) = part.split_once(": ") else {
                return Err(wrong(number, line, "a path and a kind come after the version, as in `name: string`"));
            };
            match lines.insert(path.to_owned(), kind.to_owned()) {
                Some(before) if before != kind => {
                    return Err(wrong(number, line, "an earlier line says something else about the same part"));
                }
                _ => {}
            }
        }
    }
    Ok(shapes)
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

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let text = to_text(&shapes());
        assert_eq!(parse(&text), Ok(shapes()));
        assert_eq!(text.lines().filter(|line| line.starts_with("World.Started 2 ")).count(), 2, "{text}");
    }

    #[test]
    fn the_order_of_lines_and_lines_twice_have_no_meaning() {
        let text = to_text(&shapes());
        let (header, rest) = text.split_once('\n').expect("a header");
        let mut lines: Vec<&str> = rest.lines().chain(rest.lines()).collect();
        lines.reverse();
        assert_eq!(parse(&format!("{header}\n{}", lines.join("\n"))), Ok(shapes()));
    }

    #[test]
    fn a_line_that_was_edited_by_hand_is_named() {
        let header = to_text(&Shapes::new());
        for (line, said) in [
            ("World.Started", "no version"),
            ("World.Started one", "a version from 1"),
            ("World.Started 0", "a version from 1"),
            ("World.Started 1 name", "a path and a kind"),
            ("<<<<<<< HEAD", "merge conflict"),
        ] {
            let Err(Problem::Line { number, text, reason }) = parse(&format!("{header}{line}\n")) else {
                panic!("{line} was read")
            };
            assert_eq!((number, text.as_str()), (2, line));
            assert!(reason.contains(said), "{line}: {reason}");
        }
        let twice = format!("{header}World.Started 1 name: string\nWorld.Started 1 name: u32\n");
        assert!(matches!(parse(&twice), Err(Problem::Line { number: 3, .. })));
        assert!(matches!(parse("World.Started 1\n"), Err(Problem::Line { number: 1, .. })));
        assert!(matches!(parse(""), Err(Problem::Line { number: 1, .. })));
    }

    #[test]
    fn a_newer_format_is_told() {
        let text = to_text(&shapes()).replacen("format 1", "format 2", 1);
        assert_eq!(parse(&text), Err(Problem::NewerFormat(2)));
    }
}
