//! Routes for the probes of an orchestrator: does the process run, and can it serve.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use eventsourcing_core::Application;
use eventsourcing_core::application::{ReadinessCheck, ReadinessState};
use futures::future::join_all;
use tokio::sync::Mutex;

/// How long an answer holds for further requests, so that many of them are one question to the database.
const HOLDS: Duration = Duration::from_secs(1);

/// Routes for probes of this application: `/healthz` and `/readyz`.
///
/// | path | question | answer |
/// |---|---|---|
/// | `/healthz` | does the process answer? | always 200 with `ok`; no database is asked |
/// | `/readyz` | can it serve? | 200 with `ready`, or 503 with `lagging`, `failed` or `unreachable` |
///
/// They need no token, because they disclose nothing but that word. `readyz` fails if a database returns an error or does not answer within
/// [two seconds](HealthRoutes::within), if a consumer of this process gave up, and if one lags above a limit that is set. An answer holds for a
/// second, so any number of requests asks each database once a second at most. [`Application::readiness`] says more.
///
/// A process whose consumer gave up should be looked at, and not be restarted in a loop: probe the liveness with `/healthz`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use eventsourcing_core::Application;
///
/// let orders = Application::builder("Orders").open()?;
/// let payments = Application::builder("Payments").open()?;
/// let probes = eventsourcing_explorer::health(&orders).also(&payments).max_lag_time(Duration::from_secs(60));
/// let service: axum::Router = axum::Router::new().merge(probes.router());
/// # let _ = service;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn health(application: &Application) -> HealthRoutes {
    HealthRoutes {
        applications: vec![application.clone()],
        within: ReadinessCheck::DEFAULT_TIME_LIMIT,
        max_lag_events: None,
        max_lag_time: None,
    }
}

/// The routes of [`health`], before they are a router.
#[derive(Clone)]
#[must_use = "nothing is served until it is a router"]
pub struct HealthRoutes {
    applications: Vec<Application>,
    within: Duration,
    max_lag_events: Option<u64>,
    max_lag_time: Option<Duration>,
}

impl HealthRoutes {
    /// Asks another application too. The process is ready if all of them are.
    pub fn also(mut self, application: &Application) -> Self {
        self.applications.push(application.clone());
        self
    }

    /// Sets how long the question may take: two seconds by default. Set it below the time limit of the probe.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Is not ready while a consumer has more notifications than this to process.
    pub fn max_lag_events(mut self, events: u64) -> Self {
        self.max_lag_events = Some(events);
        self
    }

    /// Is not ready while the first event that a consumer has not processed is older than this.
    pub fn max_lag_time(mut self, time: Duration) -> Self {
        self.max_lag_time = Some(time);
        self
    }

    /// Returns the router, to be merged into that of a service, or nested.
    pub fn router(self) -> Router {
        let asked = Arc::new(Asked { routes: self, last: Mutex::new(None) });
        Router::new()
            .route("/healthz", get(|| async { answer(StatusCode::OK, "ok") }))
            .route("/readyz", get(ready))
            .with_state(asked)
    }

    /// The worst state of all applications, which are asked at once.
    async fn ask(&self) -> ReadinessState {
        let asked = self.applications.iter().map(|application| {
            let mut check = application.readiness().within(self.within);
            if let Some(events) = self.max_lag_events {
                check = check.max_lag_events(events);
            }
            if let Some(time) = self.max_lag_time {
                check = check.max_lag_time(time);
            }
            async { check.await.state }
        });
        let states = join_all(asked).await;
        let rank = |state: &ReadinessState| match state {
            ReadinessState::Ready => 0,
            ReadinessState::Lagging => 1,
            ReadinessState::ConsumerFailed => 2,
            _ => 3,
        };
        states.into_iter().max_by_key(rank).unwrap_or(ReadinessState::Ready)
    }
}

impl fmt::Debug for HealthRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.applications.iter().map(Application::name).collect();
        f.debug_struct("HealthRoutes")
            .field("applications", &names)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

struct Asked {
    routes: HealthRoutes,
    /// The last answer, and when it was given. Held while the databases are asked, so that they are asked once.
    last: Mutex<Option<(Instant, ReadinessState)>>,
}

async fn ready(State(asked): State<Arc<Asked>>) -> Response {
    let mut last = asked.last.lock().await;
    let state = match *last {
        Some((at, state)) if at.elapsed() < HOLDS => state,
        _ => {
            let state = asked.routes.ask().await;
            *last = Some((Instant::now(), state));
            state
        }
    };
    drop(last);
    match state {
        ReadinessState::Ready => answer(StatusCode::OK, "ready"),
        state => answer(StatusCode::SERVICE_UNAVAILABLE, &state.to_string()),
    }
}

fn answer(status: StatusCode, word: &str) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, word.to_owned()).into_response()
}
