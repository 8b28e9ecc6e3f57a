//! Whether the server can be reached, when no connection of the pool was free in time: checked once for all waiting callers.
//!
//! The pool reports the same error if the server is down and if all connections are in use. A new connection shows which it
//! is. A thousand waiting callers would make a thousand connections to an overloaded server, so one of them checks for all.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use eventsourcing_core::RecorderError;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};

type Check = BoxFuture<'static, Option<RecorderError>>;

/// The check that is under way, if there is one.
#[derive(Default)]
pub(super) struct Reachability {
    check: Mutex<Option<WeakShared<Check>>>,
}

impl Reachability {
    /// Why the server cannot be reached; none if it can be.
    ///
    /// Callers that come while a check is under way get the same result. If a caller drops its future, the others complete the check.
    pub(super) async fn check(
        &self,
        connect: impl Future<Output = Option<RecorderError>> + Send + 'static,
    ) -> Option<RecorderError> {
        self.join(connect).await
    }

    fn join(&self, connect: impl Future<Output = Option<RecorderError>> + Send + 'static) -> Shared<Check> {
        let mut check = self.check.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = check.as_ref().and_then(WeakShared::upgrade) {
            return check;
        }
        let begun = connect.boxed().shared();
        *check = begun.downgrade();
        begun
    }
}

impl fmt::Debug for Reachability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reachability").finish_non_exhaustive()
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
    async fn a_thousand_callers_at_once_connect_once() {
        let (reachability, connects, answer) =
            (Reachability::default(), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let connect = || {
            let (connects, answer) = (Arc::clone(&connects), Arc::clone(&answer));
            async move {
                connects.fetch_add(1, Ordering::SeqCst);
                answer.notified().await;
                Some(RecorderError::Closed)
            }
        };
        for round in 1..=3 {
            // the caller that began the check drops its future
            assert!(reachability.check(connect()).now_or_never().is_none());
            let checking = join_all((0..1_000).map(|_| reachability.check(connect())));
            let (answers, ()) = tokio::join!(checking, async { answer.notify_one() });
            assert!(answers.iter().all(|answer| matches!(answer, Some(RecorderError::Closed))));
            // one of them, and the one that was dropped while there was no other
            assert_eq!(connects.load(Ordering::SeqCst), 2 * round);
        }
    }
}
