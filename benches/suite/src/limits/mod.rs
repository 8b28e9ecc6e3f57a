//! The limits of the machine: the drivers alone, with the same rows and the same durability, without the work of a library.

pub mod policies;
pub mod postgres_reads;
pub mod postgres_saves;
pub mod row;
pub mod sqlite_reads;
pub mod sqlite_saves;
pub mod views;
