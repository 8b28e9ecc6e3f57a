//! Names in statements.

/// A name as an identifier in quotes, in both dialects: any text is just a name.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
