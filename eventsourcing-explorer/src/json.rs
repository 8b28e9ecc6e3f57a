//! JSON as it is recorded: read and shown from its bytes, so that every number stays the one that was written.

mod fields;
mod pretty;
mod preview;
mod scanner;
mod state;

pub(crate) use fields::{Field, fields};
pub(crate) use pretty::{hidden, pretty};
pub(crate) use preview::{preview, preview_hidden, preview_value};
pub(crate) use state::{short_value, state};
