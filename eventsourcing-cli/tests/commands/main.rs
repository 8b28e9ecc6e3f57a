//! The command by its output and its exit codes, as a process of its own, on SQLite files and PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;
mod doctor;
mod faults;
mod following;
mod hostile;
#[cfg(unix)]
mod letters;
mod looking;
mod looking_only;
mod operating;
mod output;
mod projected;
#[cfg(unix)]
mod screens;
#[path = "../../examples/admin/shop.rs"]
#[expect(dead_code, reason = "the example has more than the tests use")]
mod shop;
#[cfg(unix)]
mod terminal;
mod transfer;
mod typed;
mod usage;
