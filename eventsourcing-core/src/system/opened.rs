//! The open applications of a system, after the check of their topics.

use std::any::TypeId;
use std::sync::Arc;

use super::SystemError;
use super::pipe::Edge;
use crate::application::{Application, ApplicationStruct};
use crate::projection::RunnerError;

/// The open applications of a system.
pub(super) struct Opened {
    applications: Vec<(TypeId, Application)>,
    pub(super) edges: Vec<Edge>,
}

impl Opened {
    /// The applications, if the topics of each pipe are recorded upstream.
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

    /// The upstream and the consuming application of each edge.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Edge, &Application, &Application)> {
        self.edges
            .iter()
            .filter_map(|edge| Some((edge, self.application(edge.leader)?, self.application(edge.consumer)?)))
    }

    fn application(&self, id: TypeId) -> Option<&Application> {
        self.applications.iter().find_map(|(other, application)| (*other == id).then_some(application))
    }

    /// Checks that each topic of a policy is recorded by an upstream application, and that each upstream application records at least
    /// one of them. Applications that register no aggregates pass.
    fn check_topics(&self) -> Result<(), SystemError> {
        for edge in &self.edges {
            let upstreams: Vec<&Application> = self
                .pairs()
                .filter_map(|(other, upstream, _)| (other.consumer == edge.consumer).then_some(upstream))
                .collect();
            let records = |topic: &str| {
                upstreams.iter().any(|upstream| upstream.shared.aggregate_types.records(topic) != Some(false))
            };
            if let Some(topic) = edge.topics.iter().find(|topic| !records(topic)) {
                let names: Vec<&str> = upstreams.iter().map(|upstream| upstream.name()).collect();
                return Err(SystemError::EventsNotRecorded {
                    consumer: edge.names.1,
                    topic,
                    upstreams: names.join(", "),
                });
            }
        }
        for (edge, upstream, _) in self.pairs() {
            if edge.topics.iter().all(|topic| upstream.shared.aggregate_types.records(topic) == Some(false)) {
                return Err(SystemError::Runner(RunnerError::EventsNotRecorded {
                    name: edge.names.1,
                    upstream: Arc::from(upstream.name()),
                    topics: edge.topics,
                }));
            }
        }
        Ok(())
    }
}
