//! Records which type uses which name in this process. Two types with one name in one database would mix up their data.

use std::any::type_name;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The kind of the name, the database, and the name.
type Name = (NameKind, String, String);

/// The kinds of names that must be unique in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NameKind {
    Application,
    Projection,
}

/// The types that use a name in this process, with the number of uses.
static CLAIMED: LazyLock<Mutex<HashMap<Name, (&'static str, usize)>>> = LazyLock::new(Mutex::default);

/// A claim of a name for a type, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct NameClaim(Name);

/// The error of a claim: another type uses the name.
#[derive(Debug)]
pub(crate) struct NameTaken {
    pub(crate) by: &'static str,
    pub(crate) wanted_by: &'static str,
}

impl NameClaim {
    /// Claims a name in a database for a type, unless another type uses it there.
    pub(crate) fn of<T>(kind: NameKind, database: String, name: &str) -> Result<Self, NameTaken> {
        let name = (kind, database, name.to_owned());
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        match claimed.entry(name.clone()) {
            Entry::Vacant(free) => {
                free.insert((own_name::<T>(), 1));
            }
            Entry::Occupied(mut taken) => {
                let (by, times) = taken.get_mut();
                if *by != own_name::<T>() {
                    return Err(NameTaken { by, wanted_by: own_name::<T>() });
                }
                *times += 1;
            }
        }
        Ok(Self(name))
    }
}

impl Drop for NameClaim {
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

/// Returns the name of a type, without an `Arc` around it.
fn own_name<T>() -> &'static str {
    let name = type_name::<T>();
    name.strip_prefix("alloc::sync::Arc<").and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}
