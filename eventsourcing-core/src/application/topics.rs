//! The topics of an application: each belongs to one type of aggregate.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::AggregateEvent;
use crate::{Error, Result};

/// The types of aggregates by the topics that they record under, or recorded under before.
///
/// A type is known when the application opens if it is registered with the builder, or else from its first use.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Few enough that a linear search is quicker than a hash.
    types: Vec<TypeId>,
    owners: HashMap<&'static str, (TypeId, &'static str)>,
}

impl Topics {
    /// Claims the topics of `E` for its type; an error if another type records under one of them.
    pub(crate) fn claim<E: AggregateEvent>(&self) -> Result<()> {
        let id = TypeId::of::<E>();
        if self.known.read().unwrap_or_else(PoisonError::into_inner).types.contains(&id) {
            return Ok(());
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let other = |topic: &&&'static str| known.owners.get(**topic).is_some_and(|(owner, _)| *owner != id);
        let all = || [E::TOPICS, E::OLD_TOPICS, E::RETIRED_TOPICS].into_iter().flatten();
        if let Some(topic) = all().find(other) {
            let first = known.owners.get(topic).map_or("", |(_, name)| *name);
            return Err(Error::TopicTaken { topic, first, second: type_name::<E>() });
        }
        known.owners.extend(all().map(|topic| (*topic, (id, type_name::<E>()))));
        known.types.push(id);
        Ok(())
    }
}
