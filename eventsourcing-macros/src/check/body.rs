//! The bodies of event methods, which run again at every replay and must have the same effect each time.
//!
//! The check searches tokens, including the arguments of macros. It cannot detect an event method that is called through another
//! variable. The core reports such a call when the aggregate is saved or replayed.

use proc_macro2::{Delimiter, Ident, TokenTree};
use quote::ToTokens as _;

use crate::errors::Errors;
use crate::messages;
use crate::model::checked::Event;
use crate::syntax::tokens::{after_colons, after_dot, is_punct, stream, walk, word};

/// Types, with their functions that return a different value each time.
const FRESH: &[(&str, &[&str])] = &[
    ("SystemTime", &["now"]),
    ("Instant", &["now"]),
    ("Utc", &["now"]),
    ("Local", &["now"]),
    ("Timestamp", &["now"]),
    ("Zoned", &["now"]),
    ("UtcDateTime", &["now"]),
    ("OffsetDateTime", &["now_utc", "now_local"]),
    ("Uuid", &["new_v4", "new_v7", "now_v1", "now_v6", "now_v7"]),
    ("Ulid", &["new", "generate", "from_datetime"]),
    // the library's own, which are functions of its module
    ("domain", &["now", "new_id"]),
];

/// Crates whose functions return a different value each time.
const FRESH_CRATES: &[&str] = &["rand", "fastrand", "getrandom", "nanoid"];

/// Functions, macros and values with a different value each time, when they are used without a path.
const FRESH_CALLS: &[&str] = &["thread_rng", "rng", "random"];
const FRESH_MACROS: &[&str] = &["nanoid"];
const FRESH_VALUES: &[&str] = &["OsRng"];

/// The body must not read the clock, random numbers or new ids.
pub(super) fn deterministic(event: &Event, errors: &mut Errors) {
    walk(event.block.to_token_stream(), &mut |tokens, index| {
        let Some(what) = fresh(&tokens[index..]).filter(|_| !follows_a_path(tokens, index)) else { return };
        errors.at(stream(&tokens[index..index + what.len]), messages::event::not_deterministic(&what.text));
    });
}

/// A source of different values in the user's code, and its number of tokens.
struct Fresh {
    text: String,
    len: usize,
}

fn fresh(tokens: &[TokenTree]) -> Option<Fresh> {
    let first = word(tokens.first()?)?;
    if let Some(second) = after_colons(tokens) {
        let is_fresh = FRESH.iter().any(|(ty, functions)| first == *ty && functions.contains(&second.as_str()));
        if is_fresh || FRESH_CRATES.contains(&first.as_str()) {
            return Some(Fresh { text: format!("{first}::{second}"), len: 4 });
        }
    }
    if FRESH_VALUES.contains(&first.as_str()) {
        return Some(Fresh { text: first, len: 1 });
    }
    match tokens.get(1)? {
        // `random::<u8>()`
        TokenTree::Punct(_) if FRESH_CALLS.contains(&first.as_str()) && is_punct(tokens.get(3), '<') => {
            Some(Fresh { text: format!("{first}()"), len: 1 })
        }
        TokenTree::Group(arguments) if FRESH_CALLS.contains(&first.as_str()) => {
            let is_call = arguments.delimiter() == Delimiter::Parenthesis && arguments.stream().is_empty();
            is_call.then(|| Fresh { text: format!("{first}()"), len: 2 })
        }
        TokenTree::Punct(bang) if bang.as_char() == '!' && FRESH_MACROS.contains(&first.as_str()) => {
            Some(Fresh { text: format!("{first}!"), len: 2 })
        }
        _ => None,
    }
}

/// The body must not call an event method of its own aggregate.
pub(super) fn no_nested_events(event: &Event, commands: &[String], aggregate: &Ident, errors: &mut Errors) {
    let aggregate = aggregate.to_string();
    walk(event.block.to_token_stream(), &mut |tokens, index| {
        let rest = &tokens[index..];
        let called = match word(&tokens[index]) {
            Some(first) if first == "self" => after_dot(rest),
            Some(first) if first == "Self" || first == aggregate => after_colons(rest),
            _ => None,
        };
        if let Some(called) = called.filter(|called| commands.contains(called)) {
            let len = if matches!(&rest[1], TokenTree::Punct(dot) if dot.as_char() == '.') { 3 } else { 4 };
            errors.at(stream(&rest[..len]), messages::event::nested(&called));
        }
    });
}

/// Whether the word is a field, a method or part of another module: `self.rng()`, `dice::rand::roll()`.
fn follows_a_path(tokens: &[TokenTree], index: usize) -> bool {
    let before = |distance: usize| index.checked_sub(distance).and_then(|index| tokens.get(index));
    if is_punct(before(1), '.') && !is_punct(before(2), '.') {
        return true;
    }
    let after_colons = is_punct(before(1), ':') && is_punct(before(2), ':');
    // types are identified by name in every module; functions and modules are not
    let is_type = matches!(&tokens[index], TokenTree::Ident(word) if word.to_string().starts_with(char::is_uppercase));
    let is_of_another = |module: &TokenTree| matches!(module, TokenTree::Ident(name) if *name != "eventsourcing");
    after_colons && !is_type && before(3).is_some_and(is_of_another)
}
