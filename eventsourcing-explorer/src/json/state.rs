//! A state as lines of HTML, each with the version that last changed what it shows.

use std::collections::HashMap;
use std::fmt::Write as _;

use eventsourcing_core::application::{Blame, FieldBlame};
use serde_json::Value;

use super::fields::value_kind;
use super::pretty::Printed;
use crate::text::{beginning, push_escaped};

/// The depth below which parts are not shown: a line has room for no more, and the stack is not for the depth of data.
const DEEPEST: usize = 24;

/// The longest text of a value, and the longest list or object that is shown on one line, in bytes.
const TEXT: usize = 400;
const ON_ONE_LINE: usize = 64;

/// Writes the lines of a state.
struct Lines<'a> {
    blame: &'a Blame,
    fields: HashMap<&'a str, &'a FieldBlame>,
    /// The paths that the event of the version added.
    added: Vec<&'a str>,
    /// What follows the version in a link to it, such as `&theme=dark`.
    link_end: &'a str,
    html: String,
    limit: usize,
    is_cut: bool,
}

/// Prints a state as items of a list. The HTML is at most a line longer than `limit` bytes.
///
/// Without `payloads` the names and the kinds of the outermost fields are shown, and what is in them is left out.
pub(crate) fn state(blame: &Blame, link_end: &str, limit: usize, payloads: bool) -> Printed {
    let fields = blame.fields.iter().map(|field| (field.path.as_str(), field)).collect();
    let added = blame.changes.iter().filter(|change| change.before.is_none()).map(|change| change.path.as_str());
    let mut lines =
        Lines { blame, fields, added: added.collect(), link_end, html: String::new(), limit, is_cut: false };
    match (&blame.state, payloads) {
        (Value::Object(fields), false) => lines.hidden(fields.iter()),
        (state, true) => lines.part("", "", false, state, 0),
        (state, false) => lines.line("", 0, &format!("<mark>hidden · {}</mark>", value_kind(state)), true),
    }
    Printed { html: lines.html, is_cut: lines.is_cut }
}

impl<'a> Lines<'a> {
    fn version_of(&self, path: &str) -> Option<u64> {
        self.fields.get(path).and_then(|field| field.changed_by.as_ref()).map(|by| by.version)
    }

    fn is_added(&self, path: &str) -> bool {
        let is_in =
            |outer: &&str| path.strip_prefix(*outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.added.iter().any(|added| is_in(&added))
    }

    /// Writes one line. `is_whole` says that it shows all of what is at the path, so that the path's version is that of the line.
    fn line(&mut self, path: &str, depth: usize, content: &str, is_whole: bool) {
        let version = self.version_of(path).filter(|_| is_whole);
        let mark = match version {
            Some(version) if version == self.blame.version && self.is_added(path) => " class=add",
            Some(version) if version == self.blame.version => " class=mod",
            _ => "",
        };
        let indent = "  ".repeat(depth.min(DEEPEST));
        // writing to a `String` does not fail
        let _ = write!(self.html, "<li{mark}><code>{indent}{content}</code>");
        if let Some(by) = self.fields.get(path).and_then(|field| field.changed_by.as_ref()).filter(|_| is_whole) {
            let _ = write!(self.html, "<a href=\"?at={}{}\">{}<span> · ", by.version, self.link_end, by.version);
            let name = by.topic.rsplit_once('.').map_or(by.topic.as_str(), |(_, name)| name);
            push_escaped(&mut self.html, beginning(name, 40));
            self.html.push_str("</span></a>");
        }
        self.html.push_str("</li>");
    }

    /// Writes a part of the state, with its name and the comma after it.
    fn part(&mut self, path: &str, name: &str, has_next: bool, value: &Value, depth: usize) {
        if self.html.len() >= self.limit {
            self.is_cut = true;
            return;
        }
        let comma = if has_next { "," } else { "" };
        self.is_cut |= value.as_str().is_some_and(|text| text.len() > TEXT);
        if let Some(short) = on_one_line(value) {
            return self.line(path, depth, &format!("{name}{short}{comma}"), true);
        }
        let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
        if depth >= DEEPEST {
            self.is_cut = true;
            return self.line(path, depth, &format!("{name}{open} … {close}{comma}"), true);
        }
        // a part that was added as a whole has one version; of others each line has its own
        let is_whole = !path.is_empty() && self.is_added(path) && self.version_of(path) == Some(self.blame.version);
        self.line(path, depth, &format!("{name}{open}"), is_whole);
        match value {
            Value::Object(fields) => {
                for (at, (key, value)) in fields.iter().enumerate() {
                    let below = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                    let name = format!("{}: ", quoted("i", key));
                    let has_next = at + 1 < fields.len();
                    self.part(&below, &name, has_next, value, depth + 1);
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    let has_next = at + 1 < items.len();
                    self.part(&format!("{path}/{at}"), "", has_next, value, depth + 1);
                }
            }
            _ => {}
        }
        if !self.is_cut {
            let content = format!("{close}{comma}");
            self.closing(path, depth, &content, is_whole);
        }
    }

    /// Writes the line that closes a part. It has the mark of the part, and no version of its own.
    fn closing(&mut self, path: &str, depth: usize, content: &str, is_whole: bool) {
        let mark = if is_whole && self.is_added(path) { " class=add" } else { "" };
        let _ = write!(self.html, "<li{mark}><code>{}{content}</code></li>", "  ".repeat(depth.min(DEEPEST)));
    }

    fn hidden<'v>(&mut self, fields: impl ExactSizeIterator<Item = (&'v String, &'v Value)>) {
        let last = fields.len().saturating_sub(1);
        self.line("", 0, "{", false);
        for (at, (key, value)) in fields.enumerate() {
            if self.html.len() >= self.limit {
                self.is_cut = true;
                return;
            }
            let path = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let comma = if at < last { "," } else { "" };
            let content = format!("{}: <mark>hidden · {}</mark>{comma}", quoted("i", key), value_kind(value));
            self.line(&path, 1, &content, true);
        }
        self.line("", 0, "}", false);
    }
}

/// A value as HTML on one line: a value that contains none, or few short ones.
fn on_one_line(value: &Value) -> Option<String> {
    let is_plain = |value: &Value| !(value.is_array() || value.is_object());
    match value {
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Object(fields) if fields.is_empty() => Some("{}".to_owned()),
        Value::Array(items) if items.len() <= 16 && items.iter().all(is_plain) => {
            let short = (value.to_string().len() <= ON_ONE_LINE).then_some(items)?;
            Some(format!("[{}]", short.iter().map(plain).collect::<Vec<_>>().join(", ")))
        }
        Value::Object(fields) if fields.len() <= 16 && fields.values().all(is_plain) => {
            let short = (value.to_string().len() <= ON_ONE_LINE).then_some(fields)?;
            let field = |(key, value): (&String, &Value)| format!("{}: {}", quoted("i", key), plain(value));
            Some(format!("{{ {} }}", short.iter().map(field).collect::<Vec<_>>().join(", ")))
        }
        Value::Array(_) | Value::Object(_) => None,
        value => Some(plain(value)),
    }
}

/// A text, a number or a word as HTML.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => quoted("u", text),
        Value::Number(number) => format!("<b>{number}</b>"),
        word => format!("<em>{word}</em>"),
    }
}

/// A text with its quotes, as JSON writes it.
fn quoted(tag: &str, text: &str) -> String {
    let shown = beginning(text, TEXT);
    let mut html = format!("<{tag}>");
    push_escaped(&mut html, &Value::String(shown.to_owned()).to_string());
    if shown.len() < text.len() {
        html.push('…');
    }
    let _ = write!(html, "</{tag}>");
    html
}

/// A value on one line with about `limit` bytes of text, as HTML.
pub(crate) fn short_value(value: &Value, limit: usize) -> String {
    let text = value.to_string();
    let shown = beginning(&text, limit);
    let mut html = String::new();
    push_escaped(&mut html, shown);
    if shown.len() < text.len() {
        html.push('…');
    }
    html
}
