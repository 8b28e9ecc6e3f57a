//! The system: its pipes, and how its applications are opened.

use std::any::TypeId;
use std::collections::HashSet;
use std::fmt;

use super::SystemError;
use super::opened::Opened;
use super::pipe::{Edge, Node, Pipe};
use crate::application::{Application, ApplicationStruct};

/// Several applications connected by pipes, and how they are opened.
///
/// Run it step by step with a [`SingleThreadedRunner`](super::SingleThreadedRunner), or with a task for each consuming application
/// with a [`SystemRunner`](super::SystemRunner).
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::pipe;
/// use eventsourcing::system::{SingleThreadedRunner, System};
/// # use eventsourcing::projection::Recorded;
/// # use eventsourcing::recording::Cause;
/// # use eventsourcing::{Application, ApplicationStruct, ProcessApplication, Projection, Result, StoredEvent, UnitOfWork, Uuid};
/// # fn placed() -> StoredEvent {
/// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
/// #     StoredEvent::new(Uuid::new_v4(), 1, "Order.Placed", state, Uuid::new_v4()).checksummed()
/// # }
/// # struct Payments(Application);
/// # impl From<Application> for Payments { fn from(application: Application) -> Self { Self(application) } }
/// # impl std::ops::Deref for Payments { type Target = Application; fn deref(&self) -> &Application { &self.0 } }
/// # impl ApplicationStruct for Payments {
/// #     const NAME: &'static str = "Payments";
/// #     async fn open_in(_: Option<Vec<(String, String)>>) -> Result<Self> { Ok(Self(Application::builder("Payments").open()?)) }
/// # }
/// # impl Projection for Payments {
/// #     type View = UnitOfWork;
/// #     const NAME: &'static str = "Payments";
/// #     const TOPICS: &'static [&'static str] = &["Order.Placed"];
/// #     async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut UnitOfWork) -> Result<(), Cause> { Ok(()) }
/// # }
/// # impl ProcessApplication for Payments {}
/// # struct Orders(Application);
/// # impl From<Application> for Orders { fn from(application: Application) -> Self { Self(application) } }
/// # impl std::ops::Deref for Orders { type Target = Application; fn deref(&self) -> &Application { &self.0 } }
/// # impl ApplicationStruct for Orders {
/// #     const NAME: &'static str = "Orders";
/// #     async fn open_in(_: Option<Vec<(String, String)>>) -> Result<Self> { Ok(Self(Application::builder("Orders").open()?)) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::new([pipe![Orders => Payments]]);
/// assert_eq!(system.edges()[0].to_string(), "Orders => Payments");
/// assert_eq!(system.edges()[0].topics, ["Order.Placed"]);
///
/// let mut runner = SingleThreadedRunner::open(&system).await?;
///
/// let orders: Orders = runner.get()?;
/// # orders.recorder().insert_events(vec![placed()]).await?;
/// assert_eq!(runner.settled().await?, 1);
/// assert_eq!(runner.get::<Payments>()?.tracked_position("Orders").await?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct System {
    pub(super) pipe: Pipe,
    variables: Option<Vec<(String, String)>>,
    given: Vec<(TypeId, Application)>,
}

impl System {
    /// A system of these pipes, which may share applications.
    pub fn new(pipes: impl IntoIterator<Item = Pipe>) -> Self {
        let pipe = pipes.into_iter().fold(Pipe::default(), Pipe::with);
        Self { pipe, variables: None, given: Vec::new() }
    }

    /// Opens applications with these variables only, instead of the environment of the process.
    ///
    /// A variable with an application's name as prefix, such as `ORDERS_SQLITE_DBNAME`, applies to that application only.
    #[must_use]
    pub fn variables<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.variables = Some(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Uses this open application instead of opening one.
    #[must_use]
    pub fn with<A: ApplicationStruct>(mut self, application: &A) -> Self {
        self.given.retain(|(id, _)| *id != TypeId::of::<A>());
        self.given.push((TypeId::of::<A>(), Application::clone(application)));
        self
    }

    /// Whether a pipe leads to this application.
    pub(super) fn has_consumer(&self, id: TypeId) -> bool {
        self.pipe.edges.iter().any(|edge| edge.consumer == id)
    }

    /// Opens the applications of these edges.
    pub(super) async fn open(&self, edges: impl Fn(&Edge) -> bool) -> Result<Opened, SystemError> {
        let edges: Vec<Edge> = self.pipe.edges.iter().filter(|edge| edges(edge)).cloned().collect();
        let is_used = |node: &&Node| edges.iter().any(|edge| edge.leader == node.id || edge.consumer == node.id);
        let nodes: Vec<&Node> = self.pipe.nodes.iter().filter(is_used).collect();
        let mut names = HashSet::new();
        if let Some(Node { name, .. }) = nodes.iter().find(|node| !names.insert(node.name)) {
            return Err(SystemError::SameName { name });
        }
        let mut applications = Vec::with_capacity(nodes.len());
        for Node { id, name, open } in nodes {
            let application = match self.given.iter().find(|(given, _)| given == id) {
                Some((_, application)) => application.clone(),
                None => open(self.variables.clone())
                    .await
                    .map_err(|error| SystemError::Application { name, source: error.into() })?,
            };
            applications.push((*id, application));
        }
        Opened::new(applications, edges)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").field("edges", &self.pipe.edges).finish_non_exhaustive()
    }
}
