//! The topics of an application: each belongs to one type of aggregate.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::AggregateEvent;
use crate::{Error, Result};

/// Which type records under which topic.
///
/// A type is known from the moment the application opens if it was named then, or else from its first use.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Few enough that to look at each is quicker than to hash.
    types: Vec<TypeId>,
    owners: HashMap<&'static str, (TypeId, &'static str)>,
}

impl Topics {
    /// Makes sure that no other type records under the topics of `E`.
    pub(crate) fn claim<E: AggregateEvent>(&self) -> Result<()> {
        let id = TypeId::of::<E>();
        if self.known.read().unwrap_or_else(PoisonError::into_inner).types.contains(&id) {
            return Ok(());
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let other = |topic: &&&'static str| known.owners.get(**topic).is_some_and(|(owner, _)| *owner != id);
        if let Some(topic) = E::TOPICS.iter().find(other) {
            let first = known.owners.get(topic).map_or("", |(_, name)| *name);
            return Err(Error::TopicTaken { topic, first, second: type_name::<E>() });
        }
        known.owners.extend(E::TOPICS.iter().map(|topic| (*topic, (id, type_name::<E>()))));
        known.types.push(id);
        Ok(())
    }
}
