//! The guide: the chapters of `docs/`, here so that their code is compiled and run.

#[doc = include_str!("../docs/aggregates.md")]
pub mod aggregates {}

// of two definitions of a link the first counts, and this one leads somewhere here
#[doc = "[following]: ../following/index.html"]
#[doc = ""]
#[doc = include_str!("../docs/applications.md")]
pub mod applications {}

#[doc = include_str!("../docs/following.md")]
pub mod following {}

#[doc = "[tracking]: ../following/index.html#what-comes-of-another-applications-events"]
#[doc = ""]
#[doc = include_str!("../docs/persistence.md")]
pub mod persistence {}
