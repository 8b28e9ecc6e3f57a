//! JSON as indented HTML, up to a length.

use super::fields::{Field, kind};
use super::scanner::{Scanner, Token};
use crate::text::{beginning, push_escaped};

/// The depth from which on lines are not indented further, so that deep texts cost no more than flat ones.
const DEEPEST: usize = 24;

/// HTML that shows a text.
#[derive(Debug)]
pub(crate) struct Printed {
    /// Escaped HTML.
    pub(crate) html: String,
    /// Whether the text ends before its value does.
    pub(crate) is_cut: bool,
}

/// A writer that stops at a length. Each token is written with few tags, because a page has a budget.
struct Writer {
    html: String,
    limit: usize,
    is_cut: bool,
}

impl Writer {
    fn new(limit: usize) -> Self {
        Self { html: String::new(), limit, is_cut: false }
    }

    fn is_full(&mut self) -> bool {
        self.is_cut |= self.html.len() >= self.limit;
        self.is_cut
    }

    fn line(&mut self, depth: usize) {
        self.html.push('\n');
        self.html.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    }

    /// Writes a token; one that is too long is cut.
    fn tagged(&mut self, tag: &str, text: &str) {
        let room = self.limit.saturating_sub(self.html.len());
        let shown = beginning(text, room);
        self.html.extend(["<", tag, ">"]);
        push_escaped(&mut self.html, shown);
        if shown.len() < text.len() {
            self.is_cut = true;
            self.html.push('…');
        }
        self.html.extend(["</", tag, ">"]);
    }

    fn value(&mut self, json: &str, base: usize) {
        let mut scanner = Scanner::new(json).peekable();
        let mut depth = base;
        while let Some(token) = scanner.next() {
            if self.is_full() {
                return;
            }
            match token {
                Token::Key(key) => self.tagged("i", key),
                Token::Text(text) => self.tagged("u", text),
                Token::Number(number) => self.tagged("b", number),
                Token::Word(word) => self.tagged("em", word),
                Token::Open(bracket) => {
                    self.html.push_str(bracket);
                    if let Some(Token::Close(bracket)) = scanner.peek() {
                        self.html.push_str(bracket);
                        scanner.next();
                    } else {
                        depth += 1;
                        self.line(depth);
                    }
                }
                Token::Close(bracket) => {
                    depth = depth.saturating_sub(1);
                    self.line(depth);
                    self.html.push_str(bracket);
                }
                Token::Comma => {
                    self.html.push(',');
                    self.line(depth);
                }
                Token::Colon => self.html.push_str(": "),
            }
        }
    }

    fn finish(self) -> Printed {
        Printed { html: self.html, is_cut: self.is_cut }
    }
}

/// Prints the fields of an object. The HTML is at most some tags longer than `limit` bytes.
pub(crate) fn pretty(fields: &[Field<'_>], limit: usize) -> Printed {
    let mut writer = Writer::new(limit);
    writer.html.push('{');
    for (at, field) in fields.iter().enumerate() {
        if writer.is_full() {
            return writer.finish();
        }
        writer.line(1);
        writer.tagged("i", field.key);
        writer.html.push_str(": ");
        writer.value(field.value, 1);
        if at + 1 < fields.len() {
            writer.html.push(',');
        }
    }
    if !writer.is_cut {
        writer.html.push_str(if fields.is_empty() { "}" } else { "\n}" });
    }
    writer.finish()
}

/// Prints the names and the kinds of fields. What is in a value, also the names in an object, is left out.
pub(crate) fn hidden(fields: &[Field<'_>], limit: usize) -> Printed {
    let mut writer = Writer::new(limit);
    writer.html.push('{');
    for (at, field) in fields.iter().enumerate() {
        if writer.is_full() {
            return writer.finish();
        }
        writer.line(1);
        writer.tagged("i", field.key);
        writer.html.push_str(": ");
        writer.tagged("mark", &format!("hidden · {}", kind(field.value)));
        if at + 1 < fields.len() {
            writer.html.push(',');
        }
    }
    writer.html.push_str(if fields.is_empty() { "}" } else { "\n}" });
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::fields;

    fn printed(json: &str) -> String {
        pretty(&fields(json).expect("an object"), 10_000).html
    }

    #[test]
    fn nested_values_are_indented_and_empty_ones_are_not() {
        let expected = "{\n  <i>&quot;a&quot;</i>: [\n    <b>1</b>,\n    {\n      <i>&quot;b&quot;</i>: <em>null</em>\n    }\n  ],\n  <i>&quot;c&quot;</i>: {},\n  <i>&quot;d&quot;</i>: []\n}";
        assert_eq!(printed(r#"{"a":[1,{"b":null}],"c":{},"d":[]}"#), expected);
        assert_eq!(printed("{}"), "{}");
    }

    #[test]
    fn large_numbers_are_those_that_were_written() {
        assert!(printed(r#"{"a":9007199254740993,"b":1e400}"#).contains("<b>9007199254740993</b>"));
        assert!(printed(r#"{"b":1e400}"#).contains("<b>1e400</b>"));
    }

    #[test]
    fn markup_in_texts_is_escaped() {
        let html = printed(r#"{"<script>":"</u><img src=x onerror='alert(1)'>"}"#);
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let json = format!(r#"{{"a":"{}"}}"#, "ü".repeat(100_000));
        let printed = pretty(&fields(&json).expect("an object"), 1_000);
        assert!(printed.is_cut && printed.html.len() < 1_200, "{}", printed.html.len());
    }

    #[test]
    fn deep_nesting_needs_neither_a_deep_stack_nor_wide_lines() {
        let json = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(pretty(&fields(&json).expect("an object"), 50_000).is_cut);
    }

    #[test]
    fn hidden_values_show_no_names_inside_of_objects() {
        let json = r#"{"name":"Ada","scores":{"ada@example.com":1}}"#;
        let html = hidden(&fields(json).expect("an object"), 10_000).html;
        assert!(html.contains("scores") && html.contains("hidden · object"));
        assert!(!html.contains("Ada") && !html.contains("example"), "{html}");
    }
}
