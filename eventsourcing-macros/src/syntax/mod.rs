//! Helpers for names, paths, types and tokens, which all phases use.

pub(crate) mod attributes;
mod manifest;
pub(crate) mod names;
pub(crate) mod paths;
pub(crate) mod source;
pub(crate) mod std_macros;
pub(crate) mod token_hash;
pub(crate) mod tokens;
pub(crate) mod types;
