//! Public structs and enums can grow: each is `#[non_exhaustive]`, or a comment `// exhaustive: …` above it says why it is not.
//!
//! The source is read as text, without a parser. A struct whose fields are all private can grow in any case.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, While as _};

/// The source folders of the crates with a public API.
const CRATES: &[&str] =
    &["src", "eventsourcing-core/src", "eventsourcing-sqlx/src", "eventsourcing-cli/src", "eventsourcing-explorer/src"];

/// Checks every type of the public crates.
pub(super) fn check(root: &Path) -> Result<(), Failure> {
    let (mut types, mut fixed) = (0, Vec::new());
    for source in CRATES {
        check_folder(&root.join(source), source, &mut types, &mut fixed)?;
    }
    if types == 0 {
        return Err(Failure::new("no public type was found: xtask/src/check/growth.rs looks in the wrong place"));
    }
    if fixed.is_empty() { Ok(()) } else { Err(Failure::new(fixed.join("\n"))) }
}

fn check_folder(folder: &Path, shown: &str, types: &mut usize, fixed: &mut Vec<String>) -> Result<(), Failure> {
    let reading = || format!("reading {}", folder.display());
    for entry in fs::read_dir(folder).while_doing(reading)? {
        let path = entry.while_doing(reading)?.path();
        let shown = format!("{shown}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            check_folder(&path, &shown, types, fixed)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).while_doing(|| format!("reading {shown}"))?;
            let (found, names) = read(&text);
            *types += found;
            fixed.extend(names.iter().map(|name| {
                format!(
                    "{shown}: `{name}` cannot grow without breaking its users; make it `#[non_exhaustive]`, with a constructor if others \
                     have to create it, or say above it why not: `// exhaustive: …`"
                )
            }));
        }
    }
    Ok(())
}

/// Returns the number of public types in a file, and the names of those that cannot grow.
fn read(text: &str) -> (usize, Vec<&str>) {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let (mut types, mut fixed) = (0, Vec::new());
    for (place, line) in lines.iter().enumerate() {
        let (rest, is_enum) = match (line.strip_prefix("pub struct "), line.strip_prefix("pub enum ")) {
            (Some(rest), _) => (rest, false),
            (_, Some(rest)) => (rest, true),
            _ => continue,
        };
        types += 1;
        let is_open = is_enum || has_public_fields(&lines[place..]);
        if is_open && !is_marked(&lines[..place]) {
            fixed.push(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(rest));
        }
    }
    (types, fixed)
}

/// Returns whether other crates could write a literal of the struct that begins here: it has a public field, or no fields.
fn has_public_fields(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    if first.ends_with(';') || first.ends_with('}') {
        return !first.contains(['(', '{'])
            || ["(pub ", "{ pub ", ", pub "].iter().any(|public| first.contains(public));
    }
    lines[1..].iter().take_while(|line| !line.starts_with('}')).any(|line| line.starts_with("pub "))
}

/// Returns whether the attributes and comments directly above a type say that it can grow, or why not.
fn is_marked(above: &[&str]) -> bool {
    // up to the previous item, because an attribute may take several lines
    let belongs = |line: &&&str| line.starts_with("//") || !(line.is_empty() || line.ends_with(['}', ';']));
    let is_mark = |line: &&str| *line == "#[non_exhaustive]" || line.starts_with("// exhaustive: ");
    above.iter().rev().take_while(belongs).any(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str) -> Vec<&str> {
        read(text).1
    }

    #[test]
    fn a_struct_with_a_public_field_cannot_grow() {
        assert_eq!(
            fixed("#[derive(Debug)]\npub struct Event<'e> {\n    /// Its id.\n    pub id: &'e str,\n}"),
            ["Event"]
        );
        assert_eq!(
            fixed("pub struct Id(pub u64);\npub struct Unit;\npub struct Short { pub id: u64 }"),
            ["Id", "Unit", "Short"]
        );
    }

    #[test]
    fn an_enum_cannot_grow() {
        assert_eq!(fixed("pub enum Kind {\n    One,\n}"), ["Kind"]);
    }

    #[test]
    fn a_mark_above_a_type_is_enough() {
        let marked =
            "#[non_exhaustive]\n/// More;\n#[error(\n    \"said\"\n)]\npub struct Event {\n    pub id: u64,\n}";
        assert!(fixed(marked).is_empty());
        assert!(fixed("// exhaustive: a pair\n#[derive(Debug)]\npub struct Pair {\n    pub one: u8,\n}").is_empty());
    }

    #[test]
    fn a_mark_of_another_type_does_not_count() {
        assert_eq!(fixed("#[non_exhaustive]\npub enum One {}\npub enum Two {}"), ["Two"]);
    }

    #[test]
    fn a_struct_without_public_fields_can_grow() {
        assert!(fixed("pub struct Event {\n    id: u64,\n    pub(crate) name: u8,\n}\npub struct Id(u64);").is_empty());
    }
}
