//! The library, used through its public API only.

pub mod following;
pub mod logs;
pub mod reads;
pub mod saves;
