//! Supervision: whatever a follower fails of, it is started again, unless its log is another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::watch;

use super::runner_builder::runtime;
use super::state::State;
use super::worker::{PAUSES, is_stopped_within};
use super::{Projection, ProjectionRunner, RunnerBuilder, RunnerError, Views};
use crate::application::Application;

/// The longest pause before a follower that failed is started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl ProjectionRunner {
    /// A runner that starts what it is made to run again and again, with pauses that double up to thirty seconds as long as it does
    /// not come on. If its position does not fit the log, it stops for good.
    pub(crate) fn supervised<P, V>(
        upstream: &Application,
        make: impl Fn() -> RunnerBuilder<P, V> + Send + Sync + 'static,
    ) -> Result<Self, RunnerError>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        let runtime = runtime::<P>()?;
        let (publish, state) = watch::channel(State::default());
        let (stop, stopping) = watch::channel(false);
        let count_letters = make().count_letters();
        let running = supervise(make, publish, stopping);
        Ok(Self::spawn(&runtime, P::NAME, Arc::clone(&upstream.shared), count_letters, state, stop, running))
    }
}

async fn supervise<P, V>(
    make: impl Fn() -> RunnerBuilder<P, V> + Send + Sync + 'static,
    publish: watch::Sender<State>,
    stopping: watch::Receiver<bool>,
) where
    P: Projection,
    V: Views<View = P::View>,
{
    let mut pause = PAUSES.0;
    loop {
        let position = publish.borrow().position;
        let running = async {
            let (worker, pages) = make().worker(publish.clone(), stopping.clone()).await?;
            worker.run(pages).await
        };
        // a panic is none of a handler's: those are errors
        let outcome = AssertUnwindSafe(running).catch_unwind().await;
        let error = match outcome.unwrap_or(Err(RunnerError::Stopped { name: P::NAME })) {
            Ok(()) => break,
            Err(error) => error,
        };
        // it would come to the same place again and again, until the log has grown past it
        if error.is_another_log() {
            return State::ended(&publish, Err(error));
        }
        if publish.borrow().position > position {
            pause = PAUSES.0;
        }
        tracing::error!(%error, ?pause, "a follower failed and is started again");
        State::retrying(&publish, error);
        if is_stopped_within(&stopping, pause).await {
            break;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    State::ended(&publish, Ok(()));
}
