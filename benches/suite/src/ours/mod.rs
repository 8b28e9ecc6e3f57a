//! The library, through what it offers its users and nothing else.

pub mod following;
pub mod reads;
pub mod saves;
