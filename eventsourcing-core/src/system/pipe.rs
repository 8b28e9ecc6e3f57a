//! Pipes: which application processes the log of which.

use std::any::TypeId;
use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::step::{Steps, steps};
use crate::Result;
use crate::application::{Application, ApplicationStruct};
use crate::process::ProcessApplication;
use crate::projection::{Beginning, OnFailure, ProjectionRunner, RunnerError};
use crate::recording::LogPosition;

/// Connects applications: `pipe![Orders => Reservations => Orders, Orders => Payments]`.
///
/// The application after an arrow processes the log of the application before it. An application may be on both sides of arrows, any
/// number of times, and two applications may process each other's logs. An application after an arrow has a `#[policy]`. The macro
/// returns a [`Pipe`](crate::system::Pipe) for a [`System`](crate::system::System).
#[macro_export]
macro_rules! pipe {
    (@from $pipe:expr, $leader:ty => $consumer:ty $(=> $next:ty)*) => {
        $crate::pipe!(@from $pipe.and::<$leader, $consumer>(), $consumer $(=> $next)*)
    };
    (@from $pipe:expr, $last:ty) => { $pipe };
    ($($leader:ty $(=> $consumer:ty)+),+ $(,)?) => {{
        let pipe = $crate::system::Pipe::default();
        $(let pipe = $crate::pipe!(@from pipe, $leader $(=> $consumer)+);)+
        pipe
    }};
}

/// Applications, and which of them process which logs.
#[derive(Clone, Debug, Default)]
pub struct Pipe {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

impl Pipe {
    /// Adds that `F` processes the log of `L`.
    #[must_use]
    pub fn and<L: ApplicationStruct, F: ProcessApplication>(mut self) -> Self {
        self.add_node(Node::of::<L>());
        self.add_node(Node::of::<F>());
        self.add_edge(Edge::of::<L, F>());
        self
    }

    /// Adds another pipe.
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
        if !self.edges.iter().any(|other| (other.leader, other.consumer) == (edge.leader, edge.consumer)) {
            self.edges.push(edge);
        }
    }
}

/// Opens an application.
type Open = fn(Option<Vec<(String, String)>>) -> BoxFuture<'static, Result<Application>>;

/// An application of a system.
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

/// Starts the step-by-step processing of the first application's log by the second one.
type Follow = fn(&Application, &Application) -> BoxFuture<'static, Result<Box<dyn Steps>, RunnerError>>;

/// Starts the processing of the first application's log by the second one, in a supervised task.
type Supervise = fn(&Application, &Application, Supervision) -> Result<ProjectionRunner, RunnerError>;

/// The options of a supervised runner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Supervision {
    pub(super) on_failure: OnFailure,
    pub(super) poll_interval: Duration,
    pub(super) accepted: Option<LogPosition>,
    pub(super) beginning: Beginning,
}

/// A connection: one application processes the log of another.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) leader: TypeId,
    pub(super) consumer: TypeId,
    pub(super) names: (&'static str, &'static str),
    /// The topics that the consuming application's policy handles.
    pub(super) topics: &'static [&'static str],
    pub(super) steps: Follow,
    pub(super) supervise: Supervise,
}

impl Edge {
    fn of<L: ApplicationStruct, F: ProcessApplication>() -> Self {
        let supervise: Supervise = |upstream, consumer, how| {
            let (upstream, consumer) = (upstream.clone(), F::from(consumer.clone()));
            ProjectionRunner::supervised(&upstream.clone(), move || {
                let Supervision { on_failure, poll_interval, accepted, beginning } = how;
                let builder =
                    consumer.follow(&upstream).on_failure(on_failure).poll_interval(poll_interval).beginning(beginning);
                match accepted {
                    Some(accepted) => builder.accept_log(accepted),
                    None => builder,
                }
            })
        };
        Self {
            leader: TypeId::of::<L>(),
            consumer: TypeId::of::<F>(),
            names: (L::NAME, <F as ApplicationStruct>::NAME),
            topics: F::TOPICS,
            steps: |upstream, consumer| steps(F::from(consumer.clone()).follow(upstream)),
            supervise,
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {}", self.names.0, self.names.1)
    }
}
