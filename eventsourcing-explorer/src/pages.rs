//! The pages: HTML, and the same as JSON.

mod aggregate;
mod event;
mod frame;
mod log;
mod overview;
mod parts;
mod plain;
mod strip;
mod twin;

pub(crate) use aggregate::{AggregatePage, ComparePage, aggregate, aggregate_json, compare, compare_json};
pub(crate) use event::{EventPage, event, event_json};
pub(crate) use frame::{Frame, Section};
pub(crate) use log::{LogPage, log, log_json};
pub(crate) use overview::{Shown, overview, overview_json};
pub(crate) use parts::{Sight, gap, row};
pub(crate) use plain::{failed, failed_json, sign_in};
