//! The trait of structs with `#[application]`.

use std::ops::Deref;

use super::Application;
use crate::Result;

/// An application struct with a name, implemented by `#[application]`.
///
/// It may be implemented by hand too. A later version of this library may add methods, each with a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an application",
    label = "not an application",
    note = "write `#[application]` on the struct"
)]
pub trait ApplicationStruct: From<Application> + Deref<Target = Application> + Send + Sync + 'static {
    /// The name of the application.
    const NAME: &'static str;

    /// Opens the application with these variables only, or with the environment of the process if there are none.
    ///
    /// # Errors
    /// If a variable is missing or invalid, or the database cannot be opened.
    fn open_in(variables: Option<Vec<(String, String)>>) -> impl Future<Output = Result<Self>> + Send;

    /// Opens the application with these variables only, to look at it: nothing is written, and an encrypted log is opened without its key if
    /// `with_key` is `false`.
    ///
    /// It is for tools that have the type. `#[application]` opens it read-only. The default implementation opens it as
    /// [`open_in`](Self::open_in) does.
    ///
    /// # Errors
    /// If a variable is missing or invalid, or the database cannot be opened, or its tables are missing or old.
    fn open_to_look(variables: Vec<(String, String)>, with_key: bool) -> impl Future<Output = Result<Self>> + Send {
        let _ = with_key;
        Self::open_in(Some(variables))
    }
}
