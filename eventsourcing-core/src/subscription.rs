//! Subscriptions: the log of an application as a stream, from any position on.

pub(crate) mod page;
pub(crate) mod pages;
mod stream;

pub use stream::{Subscribe, Subscription, Tracked};
