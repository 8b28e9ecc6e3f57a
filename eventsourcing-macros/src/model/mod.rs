//! The input and output of the phases: plain data with the user's tokens.

pub(crate) mod attributes;
pub(crate) mod checked;
pub(crate) mod parsed;
