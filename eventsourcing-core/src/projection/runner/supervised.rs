//! Supervision: a failed runner is restarted, unless its log is another one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::watch;

use super::builder::runtime;
use super::progress::State;
use super::worker::{PAUSES, is_stopped_within};
use crate::application::Application;
use crate::projection::{Projection, ProjectionRunner, RunnerBuilder, RunnerError, Views};

/// The longest pause before a failed runner is restarted.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl ProjectionRunner {
    /// A runner that restarts what `make` builds after each failure.
    ///
    /// The pauses between restarts double up to thirty seconds while no progress is made. If the position does not belong to the log,
    /// the runner stops for good.
    pub(crate) fn supervised<P, V>(
        upstream: &Application,
        make: impl Fn() -> RunnerBuilder<P, V> + Send + Sync + 'static,
    ) -> Result<Self, RunnerError>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        let runtime = runtime::<P>()?;
        let builder = make().sharing();
        let letters = builder.dead_letters();
        let (publish, state) = watch::channel(State::new(builder.consumer(&letters)));
        let (stop, stopping) = watch::channel(false);
        let running = supervise(make, publish, stopping);
        Ok(Self::spawn(&runtime, P::NAME, Arc::clone(&upstream.shared), letters, state, stop, running))
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
        // a panic of the task is not a handler's: those are returned as errors
        let outcome = AssertUnwindSafe(running).catch_unwind().await;
        let error = match outcome.unwrap_or(Err(RunnerError::Stopped { name: P::NAME })) {
            Ok(()) => break,
            Err(error) => error,
        };
        // a restart would fail at the same position again and again, until the log has grown past it
        if error.is_log_mismatch() {
            return State::ended(&publish, Err(error));
        }
        if publish.borrow().position > position {
            pause = PAUSES.0;
        }
        tracing::error!(%error, ?pause, "a runner failed and is restarted");
        State::retrying(&publish, error);
        if is_stopped_within(&stopping, pause).await {
            break;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    State::ended(&publish, Ok(()));
}
