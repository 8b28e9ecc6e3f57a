//! Writes the state of an event as JSON: its timestamp, then the version of its shape from 2 on, then its metadata if it has any, then its
//! fields by name, in one flat object.

use std::io::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::finite::is_finite;
use super::formatter::Watch;
use super::tree::Tree;
use super::{METADATA, RESERVED, StateError, time};

/// The destination to which an event writes its fields.
#[derive(Debug)]
pub struct StateWriter<'a> {
    timestamp: Timestamp,
    into: &'a mut Vec<u8>,
    /// The JSON of the metadata.
    metadata: Option<&'a str>,
    /// The tree to build instead of writing JSON.
    tree: Option<&'a mut Option<Tree>>,
    /// Whether the event was written in its previous shape.
    is_downcast: bool,
}

impl<'a> StateWriter<'a> {
    pub(crate) fn new(timestamp: Timestamp, into: &'a mut Vec<u8>) -> Self {
        Self { timestamp, into, metadata: None, tree: None, is_downcast: false }
    }

    /// Writes the metadata of the event too, which is given as JSON.
    pub(crate) fn with_metadata(self, json: Option<&'a str>) -> Self {
        Self { metadata: json, ..self }
    }

    /// Returns a writer that builds a tree, to compare it with another.
    pub(crate) fn of_tree(tree: &'a mut Option<Tree>, unused: &'a mut Vec<u8>) -> Self {
        Self { tree: Some(tree), ..Self::new(Timestamp::UNIX_EPOCH, unused) }
    }

    /// Writes an event, which must be a struct with named fields.
    ///
    /// # Errors
    /// [`StateError::NotAnObject`] for any other value, [`StateError::ReservedField`] if a field has a reserved name,
    /// [`StateError::NotFinite`] if a floating-point number is NaN or infinite and so would not be restored, and
    /// [`StateError::Json`] if the event's `Serialize` fails.
    pub fn write<T: Serialize + ?Sized>(&mut self, event: &T) -> Result<(), StateError> {
        self.write_version(1, event)
    }

    /// Writes an event whose shape has changed, with the version of its shape: 2 after the first change.
    ///
    /// [`StateReader::version`](super::StateReader::version) finds it, so that the event is always read in this shape.
    ///
    /// # Errors
    /// The errors of [`write`](Self::write).
    pub fn write_version<T: Serialize + ?Sized>(&mut self, version: u32, event: &T) -> Result<(), StateError> {
        if let Some(tree) = &mut self.tree {
            **tree = Tree::of(event);
            return Ok(());
        }
        let into = &mut *self.into;
        into.extend_from_slice(br#"{"timestamp":""#);
        time::write(self.timestamp, into).map_err(serde_json::Error::io)?;
        into.push(b'"');
        if version > 1 {
            write!(into, r#","class_version":{version}"#).map_err(serde_json::Error::io)?;
        }
        if let Some(json) = self.metadata {
            write!(into, r#","{METADATA}":{json}"#).map_err(serde_json::Error::io)?;
        }
        let start = into.len();
        let mut watch = Watch::new(&RESERVED);
        event.serialize(&mut serde_json::Serializer::with_formatter(&mut *into, &mut watch))?;
        // numbers that are not finite are written as `null`; few events contain `null`, and only those are inspected
        if watch.null && !is_finite(event) {
            return Err(StateError::NotFinite);
        }
        match into.get(start) {
            Some(b'{') if into.len() == start + 2 => {
                into.remove(start);
            }
            Some(b'{') => {
                // the macro rejects such names; a hand-written event or a nested `flatten` may still produce them
                if let Some(field) = watch.reserved_key {
                    return Err(StateError::ReservedField { field });
                }
                into[start] = b',';
            }
            // a unit struct
            Some(b'n') => {
                into.truncate(start);
                into.push(b'}');
            }
            Some(b'[') => return Err(StateError::NotAnObject { found: "a list" }),
            Some(b'"') => return Err(StateError::NotAnObject { found: "a string" }),
            _ => return Err(StateError::NotAnObject { found: "a single value" }),
        }
        Ok(())
    }

    /// Writes an event in its previous shape, for programs that do not know its newest one yet.
    ///
    /// `previous` is what such a program would record. The event is read back before it is recorded, and refused with
    /// [`StateError::LostInDowncast`] if the previous shape lacks a part of it.
    ///
    /// # Errors
    /// The errors of [`write`](Self::write).
    pub fn write_downcast<T: Serialize + ?Sized, P: Serialize>(
        &mut self,
        version: u32,
        event: &T,
        previous: impl FnOnce(&T) -> P,
    ) -> Result<(), StateError> {
        // trees are compared, and the newest shape is the one that must not differ
        if self.tree.is_some() {
            return self.write(event);
        }
        self.is_downcast = true;
        self.write_version(version, &previous(event))
    }

    /// Returns whether the event was written in its previous shape.
    pub(crate) fn is_downcast(&self) -> bool {
        self.is_downcast
    }
}
