//! The body of an event method runs again at every replay: what may differ then is refused.
//!
//! The check reads tokens, so it also sees into the arguments of macros. What it cannot see, such as an event method
//! called through another variable, the core reports when the aggregate is saved or replayed.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;

use crate::errors::Errors;
use crate::messages;
use crate::model::{Aggregate, Event};

/// Types and those of their functions that give another value each time.
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
];

/// Crates whose functions give another value each time.
const FRESH_CRATES: &[&str] = &["rand", "fastrand", "getrandom", "nanoid"];

/// Functions, macros and values that do, when they stand alone.
const FRESH_CALLS: &[&str] = &["thread_rng", "rng", "random"];
const FRESH_MACROS: &[&str] = &["nanoid"];
const FRESH_VALUES: &[&str] = &["OsRng"];

/// The body reads no clock, no random numbers and no fresh ids.
pub(super) fn deterministic(event: &Event, errors: &mut Errors) {
    walk(event.block.to_token_stream(), &mut |tokens, index| {
        let Some(what) = fresh(&tokens[index..]).filter(|_| !follows_a_path(tokens, index)) else { return };
        errors.at(stream(&tokens[index..index + what.len]), messages::not_deterministic(&what.text));
    });
}

/// What the user wrote, and how many tokens it takes.
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

/// The body calls no event method of its own aggregate.
pub(super) fn no_nested_events(event: &Event, aggregate: &Aggregate, errors: &mut Errors) {
    let commands: Vec<String> = aggregate.events().map(|event| event.signature.ident.to_string()).collect();
    let aggregate = aggregate.name.to_string();
    walk(event.block.to_token_stream(), &mut |tokens, index| {
        let rest = &tokens[index..];
        let called = match word(&tokens[index]) {
            Some(first) if first == "self" => after_dot(rest),
            Some(first) if first == "Self" || first == aggregate => after_colons(rest),
            _ => None,
        };
        if let Some(called) = called.filter(|called| commands.contains(called)) {
            let len = if matches!(&rest[1], TokenTree::Punct(dot) if dot.as_char() == '.') { 3 } else { 4 };
            errors.at(stream(&rest[..len]), messages::nested_event(&called));
        }
    });
}

/// Shows every token in its place among its neighbours, groups and what is in them.
pub(super) fn walk(tokens: TokenStream, visit: &mut impl FnMut(&[TokenTree], usize)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        visit(&tokens, index);
        if let TokenTree::Group(group) = token {
            walk(group.stream(), visit);
        }
    }
}

fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// The `b` of `a::b`.
fn after_colons(tokens: &[TokenTree]) -> Option<String> {
    (is_punct(tokens.get(1), ':') && is_punct(tokens.get(2), ':')).then(|| word(tokens.get(3)?))?
}

/// The `b` of `a.b(`.
fn after_dot(tokens: &[TokenTree]) -> Option<String> {
    let is_call = matches!(tokens.get(3), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    (is_punct(tokens.get(1), '.') && is_call).then(|| word(tokens.get(2)?))?
}

/// The `name` of `self.name(…)` and `self.name::<T>(…)`, and its tokens.
pub(super) fn call_of_self(tokens: &[TokenTree]) -> Option<(String, TokenStream)> {
    let [this, _, name, next, ..] = tokens else { return None };
    let is_self = matches!(this, TokenTree::Ident(this) if this == "self");
    if !is_self || !is_called(tokens, 2) {
        return None;
    }
    let len = if matches!(next, TokenTree::Group(_)) { 4 } else { 3 };
    Some((word(name)?, stream(&tokens[..len])))
}

/// Whether the word is a method that is called, or what a path leads to: `.name(…)`, `.name::<T>(…)`, `Self::name`.
pub(super) fn is_called(tokens: &[TokenTree], index: usize) -> bool {
    let before = |distance: usize| index.checked_sub(distance).and_then(|index| tokens.get(index));
    let next = tokens.get(index + 1);
    let is_call = matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    is_punct(before(1), ':') && is_punct(before(2), ':') || is_punct(before(1), '.') && (is_call || is_punct(next, ':'))
}

/// Whether the word is a field or a method, or stands in another module: `self.rng()`, `dice::rand::roll()`.
fn follows_a_path(tokens: &[TokenTree], index: usize) -> bool {
    let before = |distance: usize| index.checked_sub(distance).and_then(|index| tokens.get(index));
    if is_punct(before(1), '.') && !is_punct(before(2), '.') {
        return true;
    }
    let after_colons = is_punct(before(1), ':') && is_punct(before(2), ':');
    // a type is known by its name, wherever it stands; a function or a module is not
    let is_type = matches!(&tokens[index], TokenTree::Ident(word) if word.to_string().starts_with(char::is_uppercase));
    after_colons && !is_type && matches!(before(3), Some(TokenTree::Ident(_)))
}
