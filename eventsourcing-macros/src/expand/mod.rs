//! Expands the checked model into code as a person would write it.

mod aggregate_impl;
mod aggregate_struct;
mod application;
mod body;
mod command;
mod docs;
mod event_enum;
mod event_outside;
mod event_struct;
mod evolution;
mod literals;
mod log;
mod personal;
mod projection;
mod snapshots;
mod split;
mod stand_in;
mod trait_impl;

pub(crate) use aggregate_impl::aggregate_impl;
pub(crate) use aggregate_struct::aggregate_struct;
pub(crate) use application::application;
pub(crate) use event_outside::event_outside;
pub(crate) use projection::{policy, projection};
pub(crate) use stand_in::aggregate_type;
