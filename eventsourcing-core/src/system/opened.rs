//! The system: applications and which follows which; and the same, opened.

use std::any::TypeId;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::SystemError;
use super::pipe::{Edge, Node, Pipe};
use crate::application::Application;
use crate::application::ApplicationStruct;
use crate::following::RunnerError;

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
        let opened = Opened { applications, edges };
        opened.check_topics()?;
        Ok(opened)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").field("edges", &self.pipe.edges).finish_non_exhaustive()
    }
}

/// The applications of a system, opened.
pub(super) struct Opened {
    applications: Vec<(TypeId, Application)>,
    pub(super) edges: Vec<Edge>,
}

impl Opened {
    pub(super) fn get<A: ApplicationStruct>(&self) -> Result<A, SystemError> {
        match self.application(TypeId::of::<A>()) {
            Some(application) => Ok(A::from(application.clone())),
            None => {
                let names: Vec<&str> = self.applications.iter().map(|(_, application)| application.name()).collect();
                Err(SystemError::NoSuchApplication { name: A::NAME, there: names.join(", ") })
            }
        }
    }

    /// The applications at the ends of each edge: who is followed, and who follows.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Edge, &Application, &Application)> {
        self.edges
            .iter()
            .filter_map(|edge| Some((edge, self.application(edge.leader)?, self.application(edge.follower)?)))
    }

    fn application(&self, id: TypeId) -> Option<&Application> {
        self.applications.iter().find_map(|(other, application)| (*other == id).then_some(application))
    }

    /// Whether somebody records each topic that a policy takes, and each who is followed some of them, as far as applications say
    /// what they record.
    fn check_topics(&self) -> Result<(), SystemError> {
        for edge in &self.edges {
            let upstreams: Vec<&Application> = self
                .pairs()
                .filter_map(|(other, upstream, _)| (other.follower == edge.follower).then_some(upstream))
                .collect();
            let records =
                |topic: &str| upstreams.iter().any(|upstream| upstream.shared.schema.records(topic) != Some(false));
            if let Some(topic) = edge.topics.iter().find(|topic| !records(topic)) {
                let names: Vec<&str> = upstreams.iter().map(|upstream| upstream.name()).collect();
                return Err(SystemError::NobodyRecords { follower: edge.names.1, topic, upstreams: names.join(", ") });
            }
        }
        for (edge, upstream, _) in self.pairs() {
            if edge.topics.iter().all(|topic| upstream.shared.schema.records(topic) == Some(false)) {
                return Err(SystemError::Follower(RunnerError::NothingToFollow {
                    name: edge.names.1,
                    upstream: Arc::from(upstream.name()),
                    topics: edge.topics,
                }));
            }
        }
        Ok(())
    }
}
