//! What is read of an application: windows of its log, events and versions. Nothing here can write.

mod latest;
mod opened;
mod reader;
mod scan;
mod states;
mod times;
mod versions;

pub(crate) use latest::Latest;
pub(crate) use opened::{Content, Opened};
pub(crate) use reader::{Reader, Stored};
pub(crate) use scan::{Filter, Found, From, MAX_ROWS};
pub(crate) use states::{REPLAYED, State};
