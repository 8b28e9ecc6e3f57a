//! The rules, one function each; every one of them has a file in the facade's `tests/ui`.

mod aggregate;
mod body;
mod changes;
mod items;
mod parameters;
mod projection;
mod signature;

pub(crate) use aggregate::{aggregate, event_name, has_a_creation, topic_name};
pub(crate) use items::{accessors, aggregate_struct, application, impl_block, misplaced_event};
pub(crate) use parameters::parameters;
pub(crate) use projection::{
    handlers, no_saves_beside, policy_impl, projection_impl, projection_name, tables, units_of_work,
};
pub(crate) use signature::{returned, returns_aggregate, signature};
