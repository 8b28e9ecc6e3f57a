//! Permits: how many requests and streams are answered at once. A permit is held to the end of the body.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;

/// The number of requests that are answered at once.
const REQUESTS: usize = 64;

/// The number of streams that are open at once.
const STREAMS: usize = 32;

/// The permits of an explorer.
#[derive(Clone, Debug)]
pub(crate) struct Permits {
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// A permit, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held(OwnedSemaphorePermit);

impl Permits {
    pub(crate) fn new() -> Self {
        Self { requests: Arc::new(Semaphore::new(REQUESTS)), streams: Arc::new(Semaphore::new(STREAMS)) }
    }

    pub(crate) fn request(&self) -> Result<Held, Failure> {
        take(&self.requests)
    }

    pub(crate) fn stream(&self) -> Result<Held, Failure> {
        take(&self.streams)
    }
}

fn take(permits: &Arc<Semaphore>) -> Result<Held, Failure> {
    Arc::clone(permits).try_acquire_owned().map(Held).map_err(|_| Failure::Busy)
}

impl Held {
    /// Holds the permit until the body of the response has ended or is dropped.
    ///
    /// The end of the handler is not the end of the response: a stream has only begun, and a slow client reads a page for long.
    pub(crate) fn until_end_of(self, response: Response) -> Response {
        response.map(|inner| Body::new(HeldBody { inner, _permit: self.0 }))
    }
}

struct HeldBody {
    inner: Body,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
