//! The pages for operators: consumers, dead letters, rebuilds and the audit.

mod audit;
mod letter;
mod letters;
mod navigation;
mod pieces;
mod projections;
mod rebuilds;
mod storage;
mod system;

pub(crate) use audit::{AuditPage, audit, audit_csv, audit_json};
pub(crate) use letters::{LettersPage, acted_json, letters, letters_json};
pub(crate) use pieces::Hidden;
pub(crate) use projections::{projections, projections_json};
pub(crate) use rebuilds::{rebuilds, rebuilds_json};
pub(crate) use storage::{StoragePage, storage, storage_json, verify, verify_json};
pub(crate) use system::{system, system_json};
