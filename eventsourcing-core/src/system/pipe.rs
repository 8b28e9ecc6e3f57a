//! Pipes: which application follows which.

use std::any::TypeId;
use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::step::{Steps, steps};
use crate::Result;
use crate::application::{Application, ApplicationStruct};
use crate::following::{Beginning, OnFailure, ProcessApplication, ProjectionRunner, RunnerError};
use crate::persistence::LogPosition;

/// Says which application follows which: `pipe![Orders => Reservations => Orders, Orders => Payments]`.
///
/// Each application follows the one before its arrow, so one can follow several, be followed by several, and both follow and be followed by the
/// same. What follows has a `#[policy]`. It makes a [`Pipe`](crate::system::Pipe) for a [`System`](crate::system::System).
#[macro_export]
macro_rules! pipe {
    (@from $pipe:expr, $leader:ty => $follower:ty $(=> $next:ty)*) => {
        $crate::pipe!(@from $pipe.and::<$leader, $follower>(), $follower $(=> $next)*)
    };
    (@from $pipe:expr, $last:ty) => { $pipe };
    ($($leader:ty $(=> $follower:ty)+),+ $(,)?) => {{
        let pipe = $crate::system::Pipe::default();
        $(let pipe = $crate::pipe!(@from pipe, $leader $(=> $follower)+);)+
        pipe
    }};
}

/// Applications, and which follows which.
#[derive(Clone, Debug, Default)]
pub struct Pipe {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

impl Pipe {
    /// The same, and `F` follows `L`.
    #[must_use]
    pub fn and<L: ApplicationStruct, F: ProcessApplication>(mut self) -> Self {
        self.add_node(Node::of::<L>());
        self.add_node(Node::of::<F>());
        self.add_edge(Edge::of::<L, F>());
        self
    }

    /// The same, with all of another.
    #[must_use]
    pub(super) fn with(mut self, other: Self) -> Self {
        other.nodes.into_iter().for_each(|node| self.add_node(node));
        other.edges.into_iter().for_each(|edge| self.add_edge(edge));
        self
    }

    fn add_node(&mut self, node: Node) {
        if !self.nodes.iter().any(|other| other.id == node.id) {
            self.nodes.push(node);
        }
    }

    fn add_edge(&mut self, edge: Edge) {
        if !self.edges.iter().any(|other| (other.leader, other.follower) == (edge.leader, edge.follower)) {
            self.edges.push(edge);
        }
    }
}

/// How an application is opened.
type Open = fn(Option<Vec<(String, String)>>) -> BoxFuture<'static, Result<Application>>;

/// An application.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) id: TypeId,
    pub(super) name: &'static str,
    pub(super) open: Open,
}

impl Node {
    fn of<A: ApplicationStruct>() -> Self {
        let open: Open = |variables| async { Ok(Application::clone(&*A::open_in(variables).await?)) }.boxed();
        Self { id: TypeId::of::<A>(), name: A::NAME, open }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Lets the second application follow the first step by step.
type Follow = fn(&Application, &Application) -> BoxFuture<'static, Result<Box<dyn Steps>, RunnerError>>;

/// Lets the second application follow the first on a task that is supervised.
type Supervise = fn(&Application, &Application, Supervision) -> Result<ProjectionRunner, RunnerError>;

/// How a follower is run for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Supervision {
    pub(super) on_failure: OnFailure,
    pub(super) poll_interval: Duration,
    pub(super) accepted: Option<LogPosition>,
    pub(super) beginning: Beginning,
}

/// That one application follows another.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) leader: TypeId,
    pub(super) follower: TypeId,
    pub(super) names: (&'static str, &'static str),
    /// The topics that the follower's policy takes.
    pub(super) topics: &'static [&'static str],
    pub(super) steps: Follow,
    pub(super) supervise: Supervise,
}

impl Edge {
    fn of<L: ApplicationStruct, F: ProcessApplication>() -> Self {
        let supervise: Supervise = |upstream, follower, how| {
            let (upstream, follower) = (upstream.clone(), F::from(follower.clone()));
            ProjectionRunner::supervised(&upstream.clone(), move || {
                let Supervision { on_failure, poll_interval, accepted, beginning } = how;
                let builder =
                    follower.follow(&upstream).on_failure(on_failure).poll_interval(poll_interval).beginning(beginning);
                match accepted {
                    Some(accepted) => builder.accept_log(accepted),
                    None => builder,
                }
            })
        };
        Self {
            leader: TypeId::of::<L>(),
            follower: TypeId::of::<F>(),
            names: (L::NAME, <F as ApplicationStruct>::NAME),
            topics: F::TOPICS,
            steps: |upstream, follower| steps(F::from(follower.clone()).follow(upstream)),
            supervise,
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {}", self.names.0, self.names.1)
    }
}
