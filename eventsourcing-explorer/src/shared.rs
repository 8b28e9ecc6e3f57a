//! What all requests share.

use std::fmt;
use std::sync::Arc;

use axum::http::request::Parts;

use crate::access::{Hosts, Operator, Permits, Token};
use crate::reading::{Latest, Reader};

/// Decides who a request comes from.
pub(crate) type Hook = dyn Fn(&Parts) -> Option<Operator> + Send + Sync;

/// The applications, who may see them, and how many at once.
pub(crate) struct Service {
    pub(crate) readers: Vec<Reader>,
    pub(crate) hosts: Hosts,
    pub(crate) token: Option<Token>,
    pub(crate) hook: Option<Arc<Hook>>,
    pub(crate) show_payloads: bool,
    pub(crate) permits: Permits,
    pub(crate) latest: Latest,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("readers", &self.readers).finish_non_exhaustive()
    }
}
