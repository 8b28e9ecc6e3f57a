//! The statements for projections: their positions, dead letters and versions, and the audit of what operators do.

pub(crate) mod audit;
pub(crate) mod catalogue;
pub(crate) mod dead_letters;
#[cfg(feature = "postgres")]
mod fragments;
pub(crate) mod positions;
pub(crate) mod versions;
