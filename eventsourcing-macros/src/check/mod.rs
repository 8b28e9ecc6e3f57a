//! Checks the parsed model, and returns the checked model and all errors.
//!
//! Each rule is a function, and has a file in the facade's `tests/ui`. Code with errors is not in the checked model, or is plain
//! code there.

mod aggregate_impl;
mod aggregate_struct;
mod application;
mod body;
mod candidate;
mod changes;
mod creation;
mod event;
mod evolution;
mod fields;
mod finder;
mod handler;
mod handlers;
mod log;
mod names;
mod parameter;
mod personal;
mod policy;
mod projection;
mod recordable;
mod returned;
mod shared;
mod signature;
mod split;
mod stored;
mod tables;
mod unknown_fields;

pub(crate) use aggregate_impl::aggregate_impl;
pub(crate) use aggregate_struct::aggregate_struct;
pub(crate) use application::application;
pub(crate) use policy::policy;
pub(crate) use projection::projection;
