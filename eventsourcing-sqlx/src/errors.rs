//! Errors of the databases: of which kind they are, and what messages say about them.

mod kind;
mod messages;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

pub(crate) use self::kind::ErrorKind;
#[cfg(feature = "postgres")]
pub(crate) use self::messages::decoding;
pub(crate) use self::messages::{check_runtime, no_runtime, other, seconds};
