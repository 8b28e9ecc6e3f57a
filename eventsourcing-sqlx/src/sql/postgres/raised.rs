//! The SQLSTATEs that the append functions raise: the conditions that they check under the append lock.

/// The version before one of the events is not recorded.
pub(crate) const PREDECESSOR_MISSING: &str = "ES001";
/// The tracking position of an upstream is not where the append continues from.
pub(crate) const TRACKING_MOVED: &str = "ES002";
/// Something, such as a trigger, changed or dropped events.
pub(crate) const NOT_AS_GIVEN: &str = "ES003";
/// The head table has no row.
pub(crate) const NO_HEAD: &str = "ES004";
/// Dead letters that the append relies on are missing.
pub(crate) const LETTERS_CHANGED: &str = "ES005";
