//! Why a snapshot was not stored, or is not used.

use crate::state::JsonError;

/// Why the state of an aggregate cannot be restored from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// The aggregate cannot be serialized.
    #[error("it cannot be serialized ({0}); a key of a map must be a string, a number or a variant without fields")]
    NotWritten(JsonError),
    /// The serialized aggregate cannot be deserialized.
    #[error("its state cannot be deserialized ({0}); make its `Deserialize` accept what its `Serialize` writes")]
    NotReadBack(JsonError),
    /// The aggregate is deserialized as another one.
    #[error(
        "it is deserialized as another state: at `{path}`, the aggregate writes {written} and its copy writes {read}; \
         make its `Deserialize` restore what its `Serialize` writes"
    )]
    NotTheSame {
        /// The path of fields and list positions, such as `$.lines[2].price`. A map key is data, and is shown as `*`.
        path: String,
        /// The kind of value that the aggregate writes at the path.
        written: &'static str,
        /// The kind of value that the copy writes at the path.
        read: &'static str,
    },
    /// The deserialized aggregate writes the same JSON, but its `Debug` output differs.
    #[error(
        "it is deserialized as another state, with the same JSON but another `Debug` output: look for a field that serde skips, \
         an untagged enum that takes one variant for another, or an option in an option; \
         if the difference is irrelevant, keep it out of `Debug`"
    )]
    LooksDifferent,
    /// The deserialized aggregate has another id, version or time.
    #[error("it is deserialized with another id, version or time; let serde write and read its root")]
    OtherRoot,
    /// The deserialized aggregate does not write the JSON from which it was read: the JSON is of another shape.
    #[error("its state is of another shape, a part of which this program ignores or fills with defaults")]
    NotAllRead,
}
