//! What can be saved: an aggregate, several of them, or domain events as they are.

use std::collections::HashSet;

use uuid::Uuid;

use super::topics::Topics;
use crate::domain::{Aggregate, AggregateEvent, DomainEvent, Taken};
use crate::persistence::{Mapper, StoredEvent};
use crate::{Error, Result, Root};

/// Something whose events can be saved in one go.
///
/// | what | how |
/// |---|---|
/// | an aggregate | `&mut world` |
/// | aggregates of different types | `(&mut world, &mut ship)`, up to twelve |
/// | aggregates of one type | `&mut worlds` of a `Vec`, a slice or an array; a `Vec` or array of `&mut` |
/// | nothing | `()`, or `None` of an `Option` |
/// | any number of different types | a `Vec` of `Box<dyn Saveable>` |
/// | domain events | a [`DomainEvent`], a `Vec` of them |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved",
    label = "not an aggregate by `&mut`, nor domain events",
    note = "an aggregate is saved by `&mut`, because its pending events leave it: `app.save(&mut world)`, `app.save((&mut world, &mut ship))`"
)]
pub trait Saveable: Send {
    /// Adds the pending events.
    ///
    /// # Errors
    /// What [`Batch::add`] returns.
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()>;

    /// Takes note that the events are recorded, so that they are no longer pending.
    ///
    /// Not called if the save fails or is dropped: then they are still pending, and the next save repeats the attempt.
    fn recorded(&mut self);
}

/// The events of one save, on their way to the recorder.
#[derive(Debug)]
pub struct Batch<'a> {
    mapper: &'a Mapper,
    topics: &'a Topics,
    events: Vec<StoredEvent>,
    /// How many aggregates and single events they come from.
    sources: usize,
    /// Earlier events of its aggregates, which must be recorded too.
    taken: Vec<Taken>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(mapper: &'a Mapper, topics: &'a Topics) -> Self {
        Self { mapper, topics, events: Vec::new(), sources: 0, taken: Vec::new() }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// [`Error::Mapper`] if it cannot be stored, [`Error::TopicTaken`] if another type records under its topics,
    /// [`Error::Homeless`] if its id is nil or its version 0.
    pub fn add<E: AggregateEvent>(&mut self, event: &DomainEvent<E>, append_id: Uuid) -> Result<()> {
        self.add_all(std::slice::from_ref(event), append_id)
    }

    fn add_all<E: AggregateEvent>(&mut self, events: &[DomainEvent<E>], append_id: Uuid) -> Result<()> {
        self.topics.claim::<E>()?;
        self.sources += 1;
        let is_homeless = |event: &&DomainEvent<E>| event.originator_id.is_nil() || event.originator_version == 0;
        if let Some(event) = events.iter().find(is_homeless) {
            let DomainEvent { originator_id, originator_version: version, .. } = *event;
            return Err(Error::Homeless { topic: event.event.topic(), originator_id, version });
        }
        let stored = self.mapper.to_stored_events(events, append_id)?;
        if self.events.is_empty() {
            self.events = stored;
        } else {
            self.events.extend(stored);
        }
        Ok(())
    }

    /// The events, of which no two are the same version of an aggregate, and what must be recorded before them.
    pub(super) fn into_events(self) -> Result<(Vec<StoredEvent>, Vec<Taken>)> {
        // one aggregate alone cannot have a version twice
        if self.sources > 1 {
            let mut seen = HashSet::with_capacity(self.events.len());
            let again = |event: &&StoredEvent| !seen.insert((event.originator_id, event.originator_version));
            if let Some(event) = self.events.iter().find(again) {
                let (originator_id, version) = (event.originator_id, event.originator_version);
                return Err(Error::SavedTwice { originator_id, version });
            }
        }
        Ok((self.events, self.taken))
    }

    fn add_pending<A: Aggregate>(&mut self, root: &mut Root<A>) -> Result<()> {
        root.check()?;
        self.taken.extend(root.taken().cloned());
        if root.pending_events().is_empty() {
            return Ok(());
        }
        let append_id = root.append_id();
        self.add_all(root.pending_events(), append_id)
    }
}

impl<A: Aggregate> Saveable for &mut A {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        batch.add_pending(self.root_mut())
    }

    fn recorded(&mut self) {
        self.root_mut().recorded();
    }
}

impl<A: Aggregate> Saveable for &mut [A] {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|mut aggregate| aggregate.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(|mut aggregate| aggregate.recorded());
    }
}

impl<A: Aggregate> Saveable for &mut Vec<A> {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.as_mut_slice().add_to(batch)
    }

    fn recorded(&mut self) {
        self.as_mut_slice().recorded();
    }
}

impl<A: Aggregate, const N: usize> Saveable for &mut [A; N] {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.as_mut_slice().add_to(batch)
    }

    fn recorded(&mut self) {
        self.as_mut_slice().recorded();
    }
}

impl<S: Saveable> Saveable for Vec<S> {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|item| item.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(S::recorded);
    }
}

impl<S: Saveable, const N: usize> Saveable for [S; N] {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|item| item.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(S::recorded);
    }
}

impl<S: Saveable> Saveable for Option<S> {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|item| item.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(S::recorded);
    }
}

impl<S: Saveable + ?Sized> Saveable for Box<S> {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        (**self).add_to(batch)
    }

    fn recorded(&mut self) {
        (**self).recorded();
    }
}

impl<E: AggregateEvent> Saveable for DomainEvent<E> {
    fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        batch.add(self, Uuid::new_v4())
    }

    fn recorded(&mut self) {}
}

impl Saveable for () {
    fn add_to(&mut self, _: &mut Batch<'_>) -> Result<()> {
        Ok(())
    }

    fn recorded(&mut self) {}
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Saveable),*> Saveable for ($($name,)*) {
            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn add_to(&mut self, batch: &mut Batch<'_>) -> Result<()> {
                let ($($name,)*) = self;
                $($name.add_to(batch)?;)*
                Ok(())
            }

            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn recorded(&mut self) {
                let ($($name,)*) = self;
                $($name.recorded();)*
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
