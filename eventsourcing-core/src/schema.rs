//! The shapes of recorded events: a lock file that notices changes before they are deployed, and an audit of a log.
//!
//! Events outlive the program that recorded them. [`EventsLock`] compares the shapes that the program reads with a file in its
//! repository, in a test. [`Application::audit_log`](crate::Application::audit_log) compares a real log with the program, before it is
//! deployed.
//!
//! The shapes are what the types' `Deserialize` asks for, so they include serde's attributes and nested types. What serde does not tell is
//! not noticed: the fields of a `#[serde(flatten)]`, and the content of untagged and internally tagged enums.

mod advice;
mod audit;
mod change;
mod comparison;
mod described;
mod error;
mod events_lock;
mod lock_file;

pub use audit::{AuditFinding, AuditProblem, LogAudit};
pub use change::ShapeChange;
pub use error::{DroppedLine, SchemaError};
pub use events_lock::EventsLock;
