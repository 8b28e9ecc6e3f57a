//! From the user's tokens to the model.

mod application;
mod event;
mod impl_block;
mod options;
mod ours;
pub(crate) mod parameter;
mod projection;
pub(crate) mod stored;

pub(crate) use application::application;
pub(crate) use impl_block::{demote, impl_block, plain_name};
pub(crate) use options::struct_options;
pub(crate) use ours::is_event_attribute;
pub(crate) use projection::{policy, projection};
