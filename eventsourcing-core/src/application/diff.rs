//! The fields of an aggregate that differ between two of its versions.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::field_change::{FieldChange, changes};
use super::repository::{Repository, not_found};
use super::state_view::Json;
use crate::domain::Aggregate;
use crate::state::json_value::json_value;
use crate::{Error, Result};

impl Repository<'_> {
    /// The fields of an aggregate that differ between two of its versions, by their paths, with the values before and after.
    ///
    /// The states are compared as their `Serialize` writes them, and sorted by path: fields by name, items of lists by index. Objects are
    /// compared field by field, and lists item by item: an item that is inserted at the beginning of a list moves all others, so each of them
    /// is a change. A field that is added or removed is one change, however much it contains.
    ///
    /// - Version 0 is the time before the creation: `diff(id, 0, 1)` returns the fields that the aggregate was created with.
    /// - The versions may come in any order. `diff(id, 7, 3)` returns what going back from version 7 to version 3 changes.
    /// - The field of the aggregate's root is left out, because its version and its time differ between any two versions.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`] if the aggregate does not have one of the versions, [`Error::StateNotJson`] if a state cannot be represented
    /// as JSON, and the errors of [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Reserved { seats: u64 }
    /// # impl AggregateEvent for Reserved {
    /// #     const TOPICS: &'static [&'static str] = &["Seats.Reserved"];
    /// #     fn topic(&self) -> &'static str { "Seats.Reserved" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "Seats.Reserved" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # #[derive(Clone, Debug, serde::Serialize)]
    /// # struct Seats { reserved: u64, root: Root<Seats> }
    /// # impl Aggregate for Seats {
    /// #     type Event = Reserved;
    /// #     const NAME: &'static str = "Seats";
    /// #     fn root(&self) -> &Root<Self> { &self.root }
    /// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
    /// #     fn create(event: Reserved) -> Result<Self, ApplyError> { Ok(Seats { reserved: event.seats, root: Root::default() }) }
    /// #     fn apply(&mut self, event: Reserved) -> Result<(), ApplyError> { self.reserved += event.seats; Ok(()) }
    /// # }
    /// use eventsourcing::{Application, Error, FieldChange, Uuid};
    /// use serde_json::json;
    /// # futures::executor::block_on(async {
    /// let theatre = Application::builder("Theatre").open()?;
    /// let mut seats = Seats::create_from(Uuid::new_v4(), Reserved { seats: 1 })?;
    /// seats.trigger(Reserved { seats: 2 })?;
    /// theatre.save(&mut seats).await?;
    ///
    /// let changes = theatre.repository().diff::<Seats>(seats.id(), 1, 2).await?;
    /// assert_eq!(changes, [FieldChange::new("/reserved", Some(json!(1)), Some(json!(3)))]);
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn diff<A: Aggregate + Serialize>(&self, id: Uuid, from: u64, to: u64) -> Result<Vec<FieldChange>> {
        self.diff_with::<A>(id, from, to, fields::<A>).await
    }

    /// Like [`diff`](Self::diff), with a function that shows a state as JSON.
    pub(super) async fn diff_with<A: Aggregate>(
        &self,
        id: Uuid,
        from: u64,
        to: u64,
        json: Json<A>,
    ) -> Result<Vec<FieldChange>> {
        let (older, newer) = (from.min(to), from.max(to));
        let state: Option<A> = if older == 0 { None } else { Some(self.get_at(id, older).await?) };
        if newer == 0 && !self.exists(id).await? {
            return Err(not_found::<A>(id));
        }
        if newer == older {
            return Ok(Vec::new());
        }
        let older_fields = state.as_ref().map(json).transpose()?;
        let newer_fields = json(&self.continue_to(state, id, newer).await?)?;
        let (before, after) = (older_fields.as_ref(), Some(&newer_fields));
        Ok(if from < to { changes(before, after) } else { changes(after, before) })
    }
}

/// The state as JSON, without the field of the root.
pub(super) fn fields<A: Aggregate + Serialize>(aggregate: &A) -> Result<Value> {
    let mut state = json_value(aggregate).map_err(|reason| Error::StateNotJson {
        aggregate: A::NAME,
        originator_id: aggregate.id(),
        version: aggregate.version(),
        reason,
    })?;
    // found by its value, because serde may rename the field; nothing else has the same id, version and times
    if let (Value::Object(fields), Ok(root)) = (&mut state, json_value(aggregate.root())) {
        fields.retain(|_, value| *value != root);
    }
    Ok(state)
}
