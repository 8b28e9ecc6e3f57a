//! LISTEN: notifications of events that other processes record, from when a consumer first waits for them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eventsourcing_core::recording::Watermark;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Inner;
use super::answer_timeout::{self, within};
use crate::sql::Sql;

/// How long to wait for a notification before the server is polled.
const SILENCE: Duration = Duration::from_secs(10);

/// The first and the longest pause before another attempt to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// The task that listens, if there is one. It ends with the recorder.
#[derive(Debug, Default)]
pub(super) struct Listener {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    pub(super) fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    /// Starts the task that listens, unless it runs already, or listening is off or not possible.
    pub(super) fn listen(&self) {
        let is_standby = self.is_standby.get().is_some_and(|is_standby| *is_standby);
        if !self.config.notify || self.config.transaction_pooling || is_standby || self.pool.is_closed() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let mut task = self.listener.task.lock().unwrap_or_else(PoisonError::into_inner);
        // the task ends with its runtime
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            let listening = Listening {
                options: self.options.clone(),
                connect_timeout: self.config.connect_timeout,
                answer_limit: answer_timeout::limit(&self.config),
                channel: self.sql.channel.clone(),
                watermark: Arc::clone(&self.watermark),
            };
            *task = Some(runtime.spawn(listening.run()));
        }
    }
}

/// The state of the task that listens, apart from the recorder, which may be dropped meanwhile.
struct Listening {
    options: PgConnectOptions,
    connect_timeout: Duration,
    answer_limit: Duration,
    channel: Sql,
    watermark: Arc<Watermark>,
}

impl Listening {
    /// Listens, and reconnects if the connection breaks.
    async fn run(self) {
        let (first, longest) = PAUSES;
        let mut pause = first;
        loop {
            match self.connect().await {
                Ok(mut listener) => {
                    pause = first;
                    let reason = self.hear(&mut listener).await;
                    tracing::debug!(%reason, "the connection that listens for new events was lost");
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot listen for new events; consumers poll until it can");
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// A connection that listens. Events recorded before are found by a lookup.
    async fn connect(&self) -> Result<PgListener, sqlx::Error> {
        // a connection of its own, separate from the pool of readers
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(self.connect_timeout);
        let pool = pool.connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        let (channel, _) = within(self.answer_limit, self.look(&mut listener)).await?;
        within(self.answer_limit, listener.listen(&channel)).await?;
        let (_, last) = within(self.answer_limit, self.look(&mut listener)).await?;
        self.watermark.raise(last);
        Ok(listener)
    }

    async fn look(&self, listener: &mut PgListener) -> Result<(String, u64), sqlx::Error> {
        let (channel, last): (String, i64) = sqlx::query_as(self.channel.text()).fetch_one(listener).await?;
        Ok((channel, u64::try_from(last).unwrap_or_default()))
    }

    /// Raises the watermark with each notification, until the connection breaks.
    async fn hear(&self, listener: &mut PgListener) -> String {
        loop {
            let heard = match timeout(SILENCE, listener.try_recv()).await {
                Ok(heard) => heard,
                // a connection that broke silently gives no notifications either, so the server is polled
                Err(_) => match within(self.answer_limit, self.look(listener)).await {
                    Ok((_, last)) => {
                        self.watermark.raise(last);
                        continue;
                    }
                    Err(error) => return error.to_string(),
                },
            };
            match heard {
                Ok(Some(announced)) => {
                    if let Ok(last) = announced.payload().parse() {
                        self.watermark.raise(last);
                    }
                }
                Ok(None) => return "it was closed".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    }
}
