//! Which projection has which name: of two that run under one name in one database, each would take the other's events for handled.

use std::any::type_name;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::RunnerError;

/// A database and a key.
type Place = (String, String);

/// The types that run in this process, and how many runners each has.
static RUNNING: LazyLock<Mutex<HashMap<Place, (&'static str, usize)>>> = LazyLock::new(Mutex::default);

/// That a projection runs under its name. It ends with this.
#[derive(Debug)]
pub(super) struct Claim(Place);

impl Claim {
    /// Claims the name in a database for a type, unless another type runs there under it.
    pub(super) fn of<P>(name: &'static str, database: String, key: &str) -> Result<Self, RunnerError> {
        let place = (database, key.to_owned());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        match running.entry(place.clone()) {
            Entry::Vacant(free) => {
                free.insert((own_name::<P>(), 1));
            }
            Entry::Occupied(mut taken) => {
                let (by, runners) = taken.get_mut();
                if *by != own_name::<P>() {
                    return Err(RunnerError::NameTaken { name, by, wanted_by: own_name::<P>() });
                }
                *runners += 1;
            }
        }
        Ok(Self(place))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, runners)) = running.get_mut(&self.0) {
            *runners -= 1;
            if *runners == 0 {
                running.remove(&self.0);
            }
        }
    }
}

/// The name of a type, also of one that is shared.
fn own_name<P>() -> &'static str {
    let name = type_name::<P>();
    name.strip_prefix("alloc::sync::Arc<").and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}
