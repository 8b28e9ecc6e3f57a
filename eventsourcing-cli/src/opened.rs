//! The state of an event, opened: its JSON, and what the library keeps in it beside the event's own fields.

use eventsourcing::Timestamp;

use crate::json::Fields;

/// The keys of a state that are not the event's own fields.
pub(crate) const RESERVED: [&str; 3] = ["timestamp", "class_version", "$metadata"];

/// The JSON of an event.
pub(crate) struct Opened {
    bytes: Vec<u8>,
}

impl Opened {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The JSON as it is recorded; none if it is no JSON object.
    pub(crate) fn json(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        self.fields().map(|_| text)
    }

    pub(crate) fn fields(&self) -> Option<Fields<'_>> {
        Fields::of(std::str::from_utf8(&self.bytes).ok()?)
    }

    /// The event's own fields, as a JSON object.
    pub(crate) fn own_fields(&self) -> Option<String> {
        self.fields().map(|fields| fields.without(&RESERVED))
    }

    /// The time of the event.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        serde_json::from_str(self.fields()?.get("timestamp")?).ok()
    }

    /// The version of the event's shape; 1 if it is not recorded.
    pub(crate) fn class_version(&self) -> Option<u64> {
        let fields = self.fields()?;
        fields.get("class_version").map_or(Some(1), |version| serde_json::from_str(version).ok())
    }

    /// The metadata of the event, as JSON.
    pub(crate) fn metadata(&self) -> Option<String> {
        self.fields()?.get("$metadata").map(str::to_owned)
    }

    /// The application whose event caused this one.
    pub(crate) fn cause(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Metadata {
            cause: Option<Cause>,
        }
        #[derive(serde::Deserialize)]
        struct Cause {
            application: String,
        }
        let metadata: Metadata = serde_json::from_str(self.fields()?.get("$metadata")?).ok()?;
        metadata.cause.map(|cause| cause.application)
    }
}
