//! The tokens of a JSON text. It accepts any text: what is no JSON becomes tokens of its characters.

/// A part of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'j> {
    /// A text before a colon, with its quotes.
    Key(&'j str),
    /// Any other text, with its quotes.
    Text(&'j str),
    Number(&'j str),
    /// `true`, `false`, `null`, and what is no JSON.
    Word(&'j str),
    Open(&'j str),
    Close(&'j str),
    Comma,
    Colon,
}

/// Reads tokens without recursion, however deep the text is nested.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'j> {
    text: &'j str,
    at: usize,
    /// For each open container whether it is an object.
    open: Vec<bool>,
    /// Whether the next text in an object is a key.
    awaits_key: bool,
}

impl<'j> Scanner<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        Self { text, at: 0, open: Vec::new(), awaits_key: false }
    }

    /// The place in the text after the last token.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The number of open containers.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    fn end_of_text(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => return at + 1,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        bytes.len()
    }

    fn end_while(&self, start: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let bytes = self.text.as_bytes();
        (start..bytes.len()).find(|at| !belongs(bytes[*at])).unwrap_or(bytes.len())
    }
}

impl<'j> Iterator for Scanner<'j> {
    type Item = Token<'j>;

    fn next(&mut self) -> Option<Token<'j>> {
        let start = self.end_while(self.at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        let first = *self.text.as_bytes().get(start)?;
        let end = match first {
            b'{' | b'[' | b'}' | b']' | b',' | b':' => start + 1,
            b'"' => self.end_of_text(start),
            b'-' | b'0'..=b'9' => {
                self.end_while(start, |byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
            }
            // up to the next byte that has a meaning, so the end is never inside a character
            _ => self.end_while(start, |byte| {
                !matches!(byte, b'{' | b'[' | b'}' | b']' | b',' | b':' | b'"' | b' ' | b'\t' | b'\n' | b'\r')
            }),
        };
        self.at = end;
        let part = &self.text[start..end];
        let in_object = self.open.last() == Some(&true);
        Some(match first {
            b'{' | b'[' => {
                self.open.push(first == b'{');
                self.awaits_key = first == b'{';
                Token::Open(part)
            }
            b'}' | b']' => {
                self.open.pop();
                self.awaits_key = false;
                Token::Close(part)
            }
            b',' => {
                self.awaits_key = in_object;
                Token::Comma
            }
            b':' => {
                self.awaits_key = false;
                Token::Colon
            }
            b'"' if in_object && self.awaits_key => Token::Key(part),
            b'"' => Token::Text(part),
            b'-' | b'0'..=b'9' => Token::Number(part),
            _ => Token::Word(part),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_object_are_told_apart() {
        let tokens: Vec<Token<'_>> = Scanner::new(r#"{"a\"b": [1.5e3, "x"], "c": null}"#).collect();
        let expected = [
            Token::Open("{"),
            Token::Key(r#""a\"b""#),
            Token::Colon,
            Token::Open("["),
            Token::Number("1.5e3"),
            Token::Comma,
            Token::Text("\"x\""),
            Token::Close("]"),
            Token::Comma,
            Token::Key("\"c\""),
            Token::Colon,
            Token::Word("null"),
            Token::Close("}"),
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn what_is_no_json_is_read_to_its_end() {
        for text in ["", "}", "]}]", "\"open", "\"\\", "größe, {", "{{{", "a\u{0}b", "{\"a\" \"b\" c", "\\\"ü"] {
            let mut scanner = Scanner::new(text);
            while scanner.next().is_some() {}
            assert!(scanner.at() <= text.len(), "{text}");
        }
    }
}
