//! What tests of domain models need: a clock that stands still, and ids that are the same in each run.

pub use crate::domain::fixed_clock::{Clock, ClockGuard, ClockScope, id};
