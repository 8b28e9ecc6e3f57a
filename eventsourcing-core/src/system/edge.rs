//! Who processes whose log, as data.

use std::fmt;

use super::System;

/// A connection of a system: one application processes the log of another.
///
/// `Display` shows it as [`pipe!`](crate::pipe) writes it: `Orders => Payments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemEdge {
    /// The name of the application whose log is processed.
    pub upstream: &'static str,
    /// The name of the application whose policy processes it.
    pub consumer: &'static str,
    /// The topics that the policy handles. Events of other topics are passed over.
    pub topics: &'static [&'static str],
}

impl fmt::Display for SystemEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {}", self.upstream, self.consumer)
    }
}

impl System {
    /// Returns which application processes which log, in the order of the pipes. Each connection is in it once.
    ///
    /// Nothing is opened. How far a log is processed is [`tracked_upstreams`](crate::Application::tracked_upstreams) of the consumer.
    pub fn edges(&self) -> Vec<SystemEdge> {
        let edges = self.pipe.edges.iter();
        edges.map(|edge| SystemEdge { upstream: edge.names.0, consumer: edge.names.1, topics: edge.topics }).collect()
    }
}
