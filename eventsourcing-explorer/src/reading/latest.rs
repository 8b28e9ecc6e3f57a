//! The newest events of all applications, read once a second for all who look.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::reader::Reader;
use super::scan::{Filter, Found, From, MAX_ROWS};
use crate::failure::Failure;

/// The number of applications that are read, with three statements each.
const READ: usize = 3;

/// How long what was read is shown.
const FRESH: Duration = Duration::from_secs(1);

/// The newest events of each application, as they were read last. Those of further applications are not read.
#[derive(Debug, Default)]
pub(crate) struct Latest(Mutex<Option<(Instant, Newest)>>);

/// What was read of each application.
pub(crate) type Newest = Arc<Vec<Option<Found>>>;

impl Latest {
    /// Returns what was read, or reads it: one of several requests does, and the others wait for it.
    pub(crate) async fn of(&self, readers: &[Reader]) -> Result<Newest, Failure> {
        let mut last = self.0.lock().await;
        if let Some((read, newest)) = &*last
            && read.elapsed() < FRESH
        {
            return Ok(Arc::clone(newest));
        }
        let mut newest = Vec::new();
        for (at, reader) in readers.iter().enumerate() {
            newest.push(if at < READ { Some(reader.newest_events().await?) } else { None });
        }
        let newest = Arc::new(newest);
        *last = Some((Instant::now(), Arc::clone(&newest)));
        Ok(newest)
    }
}

impl Reader {
    async fn newest_events(&self) -> Result<Found, Failure> {
        let mut found = self.search(&Filter::default(), From::Newest, MAX_ROWS).await?;
        self.timed(found.rows.iter_mut().map(|row| &mut row.stored).collect()).await?;
        Ok(found)
    }
}
