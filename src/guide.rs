//! The guide: the chapters of `docs/`, here so that their code is compiled and run.

#[doc = include_str!("../docs/aggregates.md")]
pub mod aggregates {}

#[doc = include_str!("../docs/applications.md")]
pub mod applications {}

#[doc = include_str!("../docs/persistence.md")]
pub mod persistence {}
