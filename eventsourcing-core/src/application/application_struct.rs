//! The struct under `#[application]`.

use std::ops::Deref;

use super::Application;
use crate::Result;

/// The struct of an application, which has a name and can be opened: `#[application]` writes this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an application",
    label = "not an application",
    note = "write `#[application]` on the struct"
)]
pub trait ApplicationStruct: From<Application> + Deref<Target = Application> + Send + Sync + 'static {
    /// The name of the application.
    const NAME: &'static str;

    /// Opens it with these variables and no others, or as the process's environment says.
    ///
    /// # Errors
    /// If a variable is missing or unusable, or the database cannot be opened.
    fn open_in(variables: Option<Vec<(String, String)>>) -> impl Future<Output = Result<Self>> + Send;
}
