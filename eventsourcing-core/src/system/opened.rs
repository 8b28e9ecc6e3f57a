//! The applications of a system, opened: whether they fit together, and who follows whom.

use std::any::TypeId;
use std::sync::Arc;

use super::SystemError;
use super::pipe::Edge;
use crate::application::{Application, ApplicationStruct};
use crate::following::RunnerError;

/// The applications of a system, opened.
pub(super) struct Opened {
    applications: Vec<(TypeId, Application)>,
    pub(super) edges: Vec<Edge>,
}

impl Opened {
    /// What fits together.
    pub(super) fn new(applications: Vec<(TypeId, Application)>, edges: Vec<Edge>) -> Result<Self, SystemError> {
        let opened = Self { applications, edges };
        opened.check_topics()?;
        Ok(opened)
    }

    pub(super) fn get<A: ApplicationStruct>(&self) -> Result<A, SystemError> {
        match self.application(TypeId::of::<A>()) {
            Some(application) => Ok(A::from(application.clone())),
            None => {
                let there: Vec<&str> = self.applications.iter().map(|(_, application)| application.name()).collect();
                let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
                Err(SystemError::NoSuchApplication { name: A::NAME, there })
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
