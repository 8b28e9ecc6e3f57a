//! Whether the server can be reached, when no connection of the pool was free in time: asked once for all who wait.
//!
//! The pool reports the same error for a server that is down and for connections that are all in use. A new connection tells which it
//! is. A thousand waiting callers would make a thousand connections to a server that has too much to do already, so one asks for all.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use eventsourcing_core::RecorderError;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};

type Asked = BoxFuture<'static, Option<RecorderError>>;

/// The look that is under way, if one is.
#[derive(Default)]
pub(super) struct Probe {
    asked: Mutex<Option<WeakShared<Asked>>>,
}

impl Probe {
    /// Why the server cannot be reached; none if it can be.
    ///
    /// Callers that come while another asks get the same answer. A caller that goes away leaves the question to the others.
    pub(super) async fn ask(
        &self,
        connect: impl Future<Output = Option<RecorderError>> + Send + 'static,
    ) -> Option<RecorderError> {
        self.join(connect).await
    }

    fn join(&self, connect: impl Future<Output = Option<RecorderError>> + Send + 'static) -> Shared<Asked> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = asked.as_ref().and_then(WeakShared::upgrade) {
            return asked;
        }
        let begun = connect.boxed().shared();
        *asked = begun.downgrade();
        begun
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_thousand_who_ask_at_once_connect_once() {
        let (probe, connects, answer) = (Probe::default(), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let connect = || {
            let (connects, answer) = (Arc::clone(&connects), Arc::clone(&answer));
            async move {
                connects.fetch_add(1, Ordering::SeqCst);
                answer.notified().await;
                Some(RecorderError::Closed)
            }
        };
        for round in 1..=3 {
            // who began the question goes away
            assert!(probe.ask(connect()).now_or_never().is_none());
            let asking = join_all((0..1_000).map(|_| probe.ask(connect())));
            let (answers, ()) = tokio::join!(asking, async { answer.notify_one() });
            assert!(answers.iter().all(|answer| matches!(answer, Some(RecorderError::Closed))));
            // one of them, and the one who went away while nobody else was there
            assert_eq!(connects.load(Ordering::SeqCst), 2 * round);
        }
    }
}
