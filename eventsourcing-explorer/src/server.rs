//! A server for an explorer that is not part of a service.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::ExplorerError;

/// The number of connections that are open at once. Further ones wait in the queue of the operating system.
const CONNECTIONS: usize = 256;

/// How long a connection may take to send the head of its next request.
const HEAD: Duration = Duration::from_secs(30);

/// How long to wait after the operating system refused a connection, as it does if too many files are open.
const REFUSED: Duration = Duration::from_millis(200);

/// An explorer that is served. It stops when this is dropped.
#[must_use = "the server stops when this is dropped"]
pub struct Server {
    address: SocketAddr,
    token: Option<String>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Returns the address, with the port that was chosen if it was 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the overview. It does not contain the token.
    pub fn url(&self) -> String {
        format!("http://{}/overview", self.address)
    }

    /// Returns the random token, if none was set.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Serves until the process ends or the future is dropped.
    pub async fn wait(mut self) {
        // the task ends only if it is aborted
        let _ = (&mut self.task).await;
    }

    /// Stops at once: open connections are closed.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens at an address and serves the router.
pub(crate) async fn start(address: SocketAddr, router: Router, token: Option<String>) -> Result<Server, ExplorerError> {
    let failed = |source| ExplorerError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Server { address, token, task: tokio::spawn(accept(listener, router)) })
}

async fn accept(listener: TcpListener, router: Router) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    // dropped with this task, so that no connection outlives the server
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // the semaphore is never closed
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "the explorer could not accept a connection");
                tokio::time::sleep(REFUSED).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let mut http = http1::Builder::new();
            let connection =
                http.timer(TokioTimer::new()).header_read_timeout(HEAD).serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the explorer ended");
            }
            drop(permit);
        });
    }
}
