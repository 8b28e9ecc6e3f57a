//! Commands that are recognized when they come again: their ids, their content, and what is recorded of them.

mod command;
mod compare;
mod counts;
mod executed;
mod pruning;
mod recorded;
mod save;
mod scope;

pub use command::Command;
pub(super) use compare::Comparison;
pub use counts::CommandCounts;
pub use executed::Executed;
pub(super) use pruning::Pruning;
pub use pruning::Retention;
pub(super) use save::Compares;
pub(super) use scope::{Reserved, without};
