//! Time limits by the clock of the machine: Tokio's own can be paused in tests, and then jumps to the next limit whenever all tasks wait.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::deadline::tellable;

/// The limit is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no answer in time")
    }
}

/// What the future gives, if it does so within this time.
pub(crate) async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let begun = Instant::now();
    let mut future = pin!(future);
    loop {
        let mut over = pin!(sleep(tellable(limit.saturating_sub(begun.elapsed()))));
        let ended = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => over.as_mut().poll(context).map(|()| None),
        });
        if let Some(done) = ended.await {
            return Ok(done);
        }
        // a clock that is paused says so before it is
        if begun.elapsed() >= limit {
            return Err(Elapsed);
        }
    }
}
