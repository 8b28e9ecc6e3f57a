//! The metadata that the events of one save share, serialized once.

use std::borrow::Cow;
use std::sync::Arc;

use crate::codec::MapperFailure;
use crate::domain::{Metadata, StateError};

/// The metadata of one save.
#[derive(Debug, Default)]
pub(crate) struct SharedMetadata {
    metadata: Option<Arc<Metadata>>,
    /// Its JSON, once an event needs it.
    json: Option<String>,
}

impl SharedMetadata {
    pub(crate) fn new(metadata: Arc<Metadata>) -> Self {
        Self { metadata: Some(metadata).filter(|metadata| !metadata.is_empty()), json: None }
    }

    /// Returns the JSON of an event's metadata: that of the save, and on top of it what the event has itself. None if there is neither.
    pub(super) fn json(&mut self, own: Option<&Metadata>) -> Result<Option<Cow<'_, str>>, MapperFailure> {
        match (&self.metadata, own) {
            (None, None) => Ok(None),
            (None, Some(own)) => json(own).map(|json| Some(Cow::Owned(json))),
            (Some(shared), Some(own)) => json(&shared.overlaid(own)).map(|json| Some(Cow::Owned(json))),
            (Some(shared), None) => {
                if self.json.is_none() {
                    self.json = Some(json(shared)?);
                }
                Ok(self.json.as_deref().map(Cow::Borrowed))
            }
        }
    }
}

fn json(metadata: &Metadata) -> Result<String, MapperFailure> {
    metadata.check()?;
    let json = serde_json::to_string(metadata).map_err(StateError::from)?;
    metadata.check_len(json.len())?;
    Ok(json)
}
