//! The explorer: which applications it shows, and to whom.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::any;
use eventsourcing_core::Application;

use crate::ExplorerError;
use crate::access::{Hosts, MIN_TOKEN, Operator, Permits, Token};
use crate::reading::{Latest, Reader};
use crate::server::{self, Server};
use crate::service::answer;
use crate::shared::{Hook, Service};

/// Pages that show what applications have recorded: a router for a service, or a server of its own.
///
/// It only reads. Nothing in it can append, edit or delete an event.
///
/// # Examples
///
/// Nested in a service:
///
/// ```
/// use eventsourcing_core::Application;
/// use eventsourcing_explorer::Explorer;
///
/// # fn token_from_a_secret_store() -> String { "a-token-of-32-random-characters-".to_owned() }
/// let orders = Application::builder("Orders").open()?;
/// let payments = Application::builder("Payments").open()?;
///
/// let explorer = Explorer::of(&orders)
///     .also(&payments)
///     .token(token_from_a_secret_store())
///     .host("shop.example.com")
///     .router()?;
/// let service: axum::Router = axum::Router::new().nest("/internal/events", explorer);
/// # let _ = service;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A server of its own, at an address that only this machine reaches:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use eventsourcing_core::Application;
/// use eventsourcing_explorer::Explorer;
///
/// let orders = Application::builder("Orders").open()?;
/// let server = Explorer::of(&orders).serve(([127, 0, 0, 1], 0).into()).await?;
/// println!("{} with the token {}", server.url(), server.token().unwrap_or("that was set"));
/// server.stop().await;
/// # Ok(()) }
/// ```
#[must_use = "an explorer shows nothing until it is mounted or served"]
pub struct Explorer {
    applications: Vec<Application>,
    token: Option<String>,
    hook: Option<Arc<Hook>>,
    hosts: Vec<String>,
    show_payloads: bool,
}

impl fmt::Debug for Explorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.applications.iter().map(Application::name).collect();
        f.debug_struct("Explorer").field("applications", &names).field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Explorer {
    /// The address at which an explorer of its own is usually served: port 4040 of this machine alone.
    pub const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4040);

    /// Creates an explorer of one application.
    pub fn of(application: &Application) -> Self {
        let applications = vec![application.clone()];
        Self { applications, token: None, hook: None, hosts: Vec::new(), show_payloads: false }
    }

    /// Shows another application too, under its name.
    pub fn also(mut self, application: &Application) -> Self {
        self.applications.push(application.clone());
        self
    }

    /// Sets the token that opens the pages: at least 16 characters, of which none is a space.
    ///
    /// A browser gives it once, on the login page, and gets a cookie. A program sends it as `Authorization: Bearer`. The cookie follows from
    /// the token, so it is valid for each process with that token, until the token changes.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets who a request comes from, if the service knows already: an [`Operator`] with its scopes, or `None` to refuse.
    ///
    /// It is asked for each page, before the token. If it refuses, the token still counts if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing_core::Application;
    /// use eventsourcing_explorer::{Explorer, Operator};
    ///
    /// let orders = Application::builder("Orders").open()?;
    /// // a proxy in front of the service has authenticated the user, and removes this header from what users send
    /// let router = Explorer::of(&orders)
    ///     .auth(|request| Some(Operator::new(request.headers.get("x-user")?.to_str().ok()?)))
    ///     .router()?;
    /// # let _ = router;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn auth(mut self, hook: impl Fn(&Parts) -> Option<Operator> + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Answers requests for this host name too, such as `shop.example.com`.
    ///
    /// Without it, the pages are served for `localhost` and for addresses. Requests for other names are refused: a site could let its own name
    /// resolve to this machine, and read the pages as its own.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Shows the values in an encrypted log to those who have the token.
    ///
    /// By default they see positions, times, topics, ids, sizes, and the names and kinds of fields. Operators of [`auth`](Self::auth) need
    /// [`Scope::Payload`](crate::Scope::Payload) instead. A log without encryption has no hidden values.
    pub fn show_payloads(mut self, show: bool) -> Self {
        self.show_payloads = show;
        self
    }

    /// Returns the router, which can be nested under any path of a service, with `nest` or `nest_service`.
    ///
    /// # Errors
    /// [`ExplorerError::NoToken`] if there is neither a token nor an authentication; [`ShortToken`](ExplorerError::ShortToken) and
    /// [`BadToken`](ExplorerError::BadToken) for a token that cannot be used; [`SameName`](ExplorerError::SameName) if two applications have
    /// one name; [`BadHost`](ExplorerError::BadHost) if a host is no host name.
    pub fn router(self) -> Result<Router, ExplorerError> {
        if self.token.is_none() && self.hook.is_none() {
            return Err(ExplorerError::NoToken { min: MIN_TOKEN });
        }
        for (at, application) in self.applications.iter().enumerate() {
            let name = application.name();
            if self.applications[..at].iter().any(|other| other.name().eq_ignore_ascii_case(name)) {
                return Err(ExplorerError::SameName { name: name.to_owned() });
            }
        }
        let service = Service {
            readers: self.applications.iter().map(Reader::new).collect(),
            hosts: Hosts::new(&self.hosts)?,
            token: self.token.as_deref().map(Token::new).transpose()?,
            hook: self.hook,
            show_payloads: self.show_payloads,
            permits: Permits::new(),
            latest: Latest::default(),
        };
        // a wildcard and not a fallback: a service that nests the router may have a fallback of its own
        Ok(Router::new().route("/", any(answer)).route("/{*path}", any(answer)).with_state(Arc::new(service)))
    }

    /// Serves the pages at an address, without a service around them, until the [`Server`] is stopped or dropped.
    ///
    /// Without a token, an address that only this machine reaches gets a random one, which [`Server::token`] returns. The server speaks plain
    /// HTTP: for other machines, put a proxy with TLS in front of it.
    ///
    /// # Errors
    /// [`ExplorerError::NotLoopback`] if other machines can reach the address and there is neither a token nor an authentication;
    /// [`Listen`](ExplorerError::Listen) if the address is in use; and the errors of [`router`](Self::router).
    pub async fn serve(mut self, address: SocketAddr) -> Result<Server, ExplorerError> {
        let mut made = None;
        if self.token.is_none() && self.hook.is_none() {
            if !address.ip().is_loopback() {
                return Err(ExplorerError::NotLoopback { address });
            }
            let token = Token::random()?;
            self.token = Some(token.clone());
            made = Some(token);
        }
        server::start(address, self.router()?, made).await
    }
}
