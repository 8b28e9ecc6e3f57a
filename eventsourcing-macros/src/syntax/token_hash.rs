//! A hash of code, by which a change of it is noticed: FNV-1a with 64 bits over the tokens, without comments and documentation.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A hash under construction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenHash(u64);

impl TokenHash {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }

    /// Adds a text, and its end.
    pub(crate) fn text(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds code. Only the tokens count, and not the space between them.
    pub(crate) fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' && tokens.peek().is_some_and(is_doc) => {
                    tokens.next();
                }
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    self.text(open);
                    self.tokens(group.stream());
                    self.text(close);
                }
                TokenTree::Ident(ident) => self.text(&ident.to_string()),
                TokenTree::Punct(punct) => self.text(punct.as_char().encode_utf8(&mut [0; 4])),
                TokenTree::Literal(literal) => self.text(&literal.to_string()),
            }
        }
    }
}

/// Whether the token after a `#` makes it a documentation comment.
fn is_doc(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn hash(tokens: TokenStream) -> u64 {
        let mut hash = TokenHash::new();
        hash.tokens(tokens);
        hash.value()
    }

    #[test]
    fn comments_and_spaces_change_nothing() {
        let documented = quote! {
            /// Adds one.
            self.count += 1;
        };
        assert_eq!(hash(documented), hash(quote!(self.count+=1;)));
        // for ever: a stored snapshot contains a hash of this one
        assert_eq!(hash(quote!(self.count += 1;)), 18_171_967_217_183_331_322);
    }

    #[test]
    fn each_token_and_its_place_count() {
        let all = [
            quote!(self.count += 1;),
            quote!(self.count += 2;),
            quote!(self.count -= 1;),
            quote!(self.counts += 1;),
            quote!(self.count += (1);),
            quote!(self.count += {1};),
            quote!(self.count += [1];),
            quote!(1 += self.count;),
        ];
        let mut hashes: Vec<u64> = all.into_iter().map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 8);
    }
}
