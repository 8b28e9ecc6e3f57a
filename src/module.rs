//! The names of the variable that selects where events are recorded.

/// The variable that selects where events are recorded.
pub(crate) const MODULE: &str = "PERSISTENCE_MODULE";
/// The name of [`MODULE`] in older versions of the Python library.
pub(crate) const FACTORY: &str = "INFRASTRUCTURE_FACTORY";
