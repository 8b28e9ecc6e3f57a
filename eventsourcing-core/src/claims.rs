//! Which type has which name in this process: two that have one name in one database would take each other's data for their own.

use std::any::type_name;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, PoisonError};

/// What has the name, the database, and the name.
type Place = (Kind, String, String);

/// What has a name of its own in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Application,
    Projection,
}

/// The types that use a name in this process, and how many times each does.
static CLAIMED: LazyLock<Mutex<HashMap<Place, (&'static str, usize)>>> = LazyLock::new(Mutex::default);

/// That a type uses a name. It ends with this.
#[derive(Debug)]
pub(crate) struct Claim(Place);

/// Another type uses the name.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) by: &'static str,
    pub(crate) wanted_by: &'static str,
}

impl Claim {
    /// Claims the name in a database for a type, unless another type uses it there.
    pub(crate) fn of<T>(kind: Kind, database: String, name: &str) -> Result<Self, Taken> {
        let place = (kind, database, name.to_owned());
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        match claimed.entry(place.clone()) {
            Entry::Vacant(free) => {
                free.insert((own_name::<T>(), 1));
            }
            Entry::Occupied(mut taken) => {
                let (by, times) = taken.get_mut();
                if *by != own_name::<T>() {
                    return Err(Taken { by, wanted_by: own_name::<T>() });
                }
                *times += 1;
            }
        }
        Ok(Self(place))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, times)) = claimed.get_mut(&self.0) {
            *times -= 1;
            if *times == 0 {
                claimed.remove(&self.0);
            }
        }
    }
}

/// The name of a type, also of one that is shared.
fn own_name<T>() -> &'static str {
    let name = type_name::<T>();
    name.strip_prefix("alloc::sync::Arc<").and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}
