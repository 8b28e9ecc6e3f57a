//! The pages: HTML, and the same as JSON.

mod aggregate;
mod aggregates;
mod event;
mod forms;
mod frame;
mod log;
mod operations;
mod overview;
mod parts;
mod plain;
mod strip;
mod trace;
mod twin;
mod types;

pub(crate) use aggregate::{AggregatePage, ComparePage, aggregate, aggregate_json, compare, compare_json};
pub(crate) use aggregates::{AggregatesPage, aggregates, aggregates_json};
pub(crate) use event::{EventPage, event, event_json};
pub(crate) use forms::Desk;
pub(crate) use frame::{Frame, Section};
pub(crate) use log::{LogPage, log, log_json};
pub(crate) use operations::{
    AuditPage, Hidden, LettersPage, StoragePage, acted_json, audit, audit_csv, audit_json, letters, letters_json,
    projections, projections_json, rebuilds, rebuilds_json, storage, storage_json, system, system_json, verify,
    verify_json,
};
pub(crate) use overview::{Shown, overview, overview_json};
pub(crate) use parts::{Sight, gap, row};
pub(crate) use plain::{failed, failed_json, sign_in};
pub(crate) use trace::{TracePage, trace, trace_json};
pub(crate) use types::{types, types_json};
