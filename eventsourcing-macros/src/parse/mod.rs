//! Parses the user's tokens into the parsed model, without checking it.

mod aggregate;
mod application;
mod handlers;
mod method;
mod options;

pub(crate) use aggregate::{aggregate_impl, aggregate_struct, path_of_library};
pub(crate) use application::application;
pub(crate) use handlers::{policy, projection};
