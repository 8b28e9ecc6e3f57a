//! The serialized state of an event: JSON, written and read without an intermediate tree.
//!
//! These modules depend on serde and know no aggregate. [`domain`](crate::domain) re-exports the public types.

pub(crate) mod aggregate_state;
mod causing_event;
mod class_version;
pub(crate) mod difference;
mod error;
pub(crate) mod exact;
mod finite;
mod formatter;
mod json_error;
pub(crate) mod json_value;
mod metadata;
mod metadata_error;
mod reader;
mod reserved;
pub(crate) mod shape;
mod sketch;
pub(crate) mod sketches;
pub mod split;
mod time;
mod told;
mod traced;
pub(crate) mod tree;
pub mod upcast;
mod writer;

pub use causing_event::CausingEvent;
pub use difference::StateDifference;
pub use error::StateError;
pub use json_error::JsonError;
pub use metadata::Metadata;
pub(crate) use metadata::NO_METADATA;
pub use metadata_error::MetadataError;
pub use reader::StateReader;
pub use writer::StateWriter;

/// The key of the event's timestamp.
const TIMESTAMP: &str = "timestamp";
/// The key of the version of the event's shape; a state without it has version 1.
const CLASS_VERSION: &str = "class_version";
/// The key of the event's metadata; a state without it has none.
const METADATA: &str = "$metadata";
/// The keys of a state that are reserved for the library.
const RESERVED: [&str; 3] = [TIMESTAMP, CLASS_VERSION, METADATA];
