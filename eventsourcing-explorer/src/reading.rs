//! What is read of an application: windows of its log, events and versions. Nothing here can write.

mod aggregates;
mod consumers;
mod latest;
mod opened;
mod reader;
mod sample;
mod scan;
mod states;
mod storage;
mod times;
mod trace;
mod versions;

pub(crate) use aggregates::Listed;
pub(crate) use latest::Latest;
pub(crate) use opened::{Content, Opened};
pub(crate) use reader::{Reader, Stored};
pub(crate) use sample::{Sample, TopicSample};
pub(crate) use scan::{Filter, Found, From, MAX_ROWS};
pub(crate) use states::{REPLAYED, State};
pub(crate) use storage::{Stored as Storage, VERIFIED, Verified};
pub(crate) use trace::{AFTER, BEFORE, Step, steps};
