//! The library, used through its public API only.

pub mod following;
pub mod reads;
pub mod saves;
