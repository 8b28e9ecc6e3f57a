//! What the machine could do: the drivers alone, the same rows, the same durability, and nothing that a library needs beside.

pub mod policies;
pub mod postgres_reads;
pub mod postgres_saves;
pub mod row;
pub mod sqlite_reads;
pub mod sqlite_saves;
pub mod views;
