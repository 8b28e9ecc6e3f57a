//! A log as a file: export and import, and the proof that both logs are equal.

mod check;
mod digest;
pub(crate) mod export;
pub(crate) mod import;
mod line;
mod part_file;
mod reader;
mod source;
mod target;
mod writer;

pub(crate) use digest::LogDigest;
