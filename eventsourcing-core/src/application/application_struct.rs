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
}
