//! The system: which application follows which, and how they are opened.

use std::any::TypeId;
use std::collections::HashSet;
use std::fmt;

use super::SystemError;
use super::opened::Opened;
use super::pipe::{Edge, Node, Pipe};
use crate::application::{Application, ApplicationStruct};

/// Applications, which of them follows which, and how they are opened.
///
/// It runs step by step with a [`SingleThreadedRunner`](super::SingleThreadedRunner), or with a task for each follower with a
/// [`SystemRunner`](super::SystemRunner).
#[derive(Clone)]
pub struct System {
    pipe: Pipe,
    variables: Option<Vec<(String, String)>>,
    given: Vec<(TypeId, Application)>,
}

impl System {
    /// The system of these pipes, which may have applications in common.
    pub fn new(pipes: impl IntoIterator<Item = Pipe>) -> Self {
        let pipe = pipes.into_iter().fold(Pipe::default(), Pipe::with);
        Self { pipe, variables: None, given: Vec::new() }
    }

    /// Opens applications with these variables and no others, rather than with those of the process.
    ///
    /// A variable with an application's name before it, such as `ORDERS_SQLITE_DBNAME`, is for that one.
    #[must_use]
    pub fn variables<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.variables = Some(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Has this application, rather than open one.
    #[must_use]
    pub fn with<A: ApplicationStruct>(mut self, application: &A) -> Self {
        self.given.retain(|(id, _)| *id != TypeId::of::<A>());
        self.given.push((TypeId::of::<A>(), Application::clone(application)));
        self
    }

    /// Whether some pipe lets this application follow another.
    pub(super) fn has_follower(&self, id: TypeId) -> bool {
        self.pipe.edges.iter().any(|edge| edge.follower == id)
    }

    /// Opens the applications that follow according to these edges, and those that they follow.
    pub(super) async fn open(&self, edges: impl Fn(&Edge) -> bool) -> Result<Opened, SystemError> {
        let edges: Vec<Edge> = self.pipe.edges.iter().filter(|edge| edges(edge)).cloned().collect();
        let is_used = |node: &&Node| edges.iter().any(|edge| edge.leader == node.id || edge.follower == node.id);
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
