//! Finds the paths of its own crate that the text of a module names.

/// A path below the root of the crate that a module names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    /// Whether it is re-exported under its own name.
    pub(super) is_public: bool,
}

/// Returns the paths that begin with `crate`, `self` or `super` in a module's text, up to its tests, and its re-exports of children.
pub(super) fn of(text: &str, module: &[String]) -> Vec<Import> {
    let tokens = tokens(text);
    let mut imports = Vec::new();
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let is_import = *token == "use" && tokens.get(place + 1).is_some();
        if is_import {
            let is_public = is_public(tokens.get(..place).unwrap_or_default());
            let mut leaves = Vec::new();
            place = tree(&tokens, place + 1, &[], &mut leaves);
            let paths = leaves.iter().filter_map(|leaf| resolve(leaf, module, is_public));
            imports.extend(paths.map(|path| Import { path, is_public }));
        } else if ["crate", "self", "super"].contains(token) && tokens.get(place + 1) == Some(&"::") {
            let mut path = vec![(*token).to_owned()];
            while let (Some(&"::"), Some(next)) = (tokens.get(place + 1), tokens.get(place + 2)) {
                if !is_name(next) {
                    break;
                }
                path.push((*next).to_owned());
                place += 2;
            }
            imports.extend(resolve(&path, module, false).map(|path| Import { path, is_public: false }));
            place += 1;
        } else {
            place += 1;
        }
    }
    imports
}

/// Returns whether the tokens before a `use` make it public.
fn is_public(before: &[&str]) -> bool {
    matches!(before, [.., "pub"] | [.., "pub", "(", _, ")"])
}

/// Collects the leaves of a tree of imports, and returns the index after it.
fn tree(tokens: &[&str], mut place: usize, before: &[String], leaves: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    loop {
        match tokens.get(place) {
            Some(&"{") => {
                place += 1;
                while tokens.get(place).is_some_and(|token| *token != "}") {
                    place = tree(tokens, place, &path, leaves);
                    if tokens.get(place) == Some(&",") {
                        place += 1;
                    }
                }
                return place + 1;
            }
            // a glob names no item
            Some(&"*") => return place + 1,
            Some(name) if is_name(name) => {
                // `a::{self}` is `a`
                if *name != "self" || path.is_empty() {
                    path.push((*name).to_owned());
                }
                place += 1;
            }
            _ => return place,
        }
        match tokens.get(place) {
            Some(&"::") => place += 1,
            Some(&"as") => {
                leaves.push(path);
                return place + 2;
            }
            _ => {
                leaves.push(path);
                return place;
            }
        }
    }
}

/// Returns the path below the root of the crate; `None` if it leads to another crate.
fn resolve(path: &[String], module: &[String], is_public: bool) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([module, rest].concat()),
        "super" => {
            let parent = module.get(..module.len().checked_sub(1)?)?;
            match rest.first().map(String::as_str) {
                Some("super") => resolve(rest, parent, is_public),
                _ => Some([parent, rest].concat()),
            }
        }
        // `pub use child::Name;`
        _ if is_public => Some([module, path].concat()),
        _ => None,
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Splits a text into names, `::` and single signs, without comments and literals, up to the tests of the module.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("mod tests {") {
            break;
        } else if let Some(len) = raw(rest).or_else(|| character(rest)) {
            len
        } else if first == '"' {
            literal(rest)
        } else if is_name(rest) {
            let len = rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(rest.len());
            tokens.extend(rest.get(..len));
            len
        } else if rest.starts_with("::") {
            tokens.push("::");
            2
        } else {
            if !first.is_whitespace() {
                tokens.extend(rest.get(..first.len_utf8()));
            }
            first.len_utf8()
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    tokens
}

/// Returns the length of a raw literal, such as `r#"…"#`.
fn raw(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let signs = after.len() - after.trim_start_matches('#').len();
    let inside = after.get(signs..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(signs));
    let len = inside.find(&end).map_or(inside.len(), |place| place + end.len());
    Some(text.len() - inside.len() + len)
}

/// Returns the length of a literal of one character; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let mut signs = inside.char_indices();
    let (_, first) = signs.next()?;
    if first == '\\' {
        signs.next()?;
        return Some(1 + inside.get(2..)?.find('\'')? + 3);
    }
    let (place, second) = signs.next()?;
    (second == '\'').then_some(place + 2)
}

/// Returns the length of a literal in quotes.
fn literal(text: &str) -> usize {
    let mut is_escaped = false;
    for (place, sign) in text.char_indices().skip(1) {
        match sign {
            '"' if !is_escaped => return place + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str, module: &str) -> Vec<String> {
        let module: Vec<_> = module.split("::").map(str::to_owned).collect();
        of(text, &module).into_iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn trees_of_imports_are_taken_apart() {
        let text = "use crate::{a::{B, c::D as E}, f};\nuse super::{self, g};\nuse std::fmt;";
        assert_eq!(paths(text, "x::y"), ["a::B", "a::c::D", "f", "x", "x::g"]);
    }

    #[test]
    fn paths_in_code_are_found_and_comments_and_texts_are_not() {
        let text = "// crate::no\nfn f() { crate::a::b(); super::super::c(); \"crate::no \\\" crate::no\"; }";
        assert_eq!(paths(text, "x::y"), ["a::b", "c"]);
    }

    #[test]
    fn a_public_use_of_a_child_is_a_re_export() {
        let imports =
            of("pub(crate) use child::Name;\npub use self::other::Two;\nuse third::Three;", &["x".to_owned()]);
        let imports: Vec<_> = imports.iter().map(|import| (import.path.join("::"), import.is_public)).collect();
        assert_eq!(imports, [("x::child::Name".to_owned(), true), ("x::other::Two".to_owned(), true)]);
    }

    #[test]
    fn no_literal_hides_what_comes_after_it() {
        let text = r##"f('"', '\'', r#"a " b"#, br"\", &'a str); crate::a::b();"##;
        assert_eq!(paths(text, "x"), ["a::b"]);
    }

    #[test]
    fn tests_at_the_end_are_left_out() {
        assert_eq!(paths("use crate::a;\n#[cfg(test)]\nmod tests {\n use crate::b;\n}", "x"), ["a"]);
    }
}
