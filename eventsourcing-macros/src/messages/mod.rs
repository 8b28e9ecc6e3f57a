//! The error messages of the macros, by attribute: what is wrong and how to fix it.

pub(crate) mod aggregate;
pub(crate) mod application;
pub(crate) mod event;
pub(crate) mod evolution;
pub(crate) mod log;
pub(crate) mod on;
pub(crate) mod options;
pub(crate) mod parameter;
pub(crate) mod personal;
pub(crate) mod policy;
pub(crate) mod projection;
pub(crate) mod signature;
pub(crate) mod snapshots;
pub(crate) mod split;
pub(crate) mod tables;
pub(crate) mod unrecorded;
