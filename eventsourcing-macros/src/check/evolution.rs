//! The evolution of events: versions with their steps, and the names that events and aggregates had.

use syn::{LitStr, Path};

use super::candidate::{Candidate, events};
use super::names::MAX_TOPIC;
use crate::errors::Errors;
use crate::messages::{self, evolution as message};
use crate::model::checked::{Evolution, Topic, Was};
use crate::model::parsed::{self, EvolutionOptions};
use crate::syntax::paths;

/// The name of an aggregate in topics, now and before.
pub(super) struct AggregateNames {
    pub(super) now: String,
    pub(super) before: Vec<LitStr>,
}

impl AggregateNames {
    /// Checks the names that the aggregate had, and leaves out invalid ones.
    pub(super) fn new(now: String, was: Vec<LitStr>, errors: &mut Errors) -> Self {
        let mut before: Vec<LitStr> = Vec::new();
        for name in was {
            let text = name.value();
            if text.trim().is_empty() {
                errors.at(&name, message::EMPTY_NAME);
            } else if text == now {
                errors.at(&name, message::is_the_name(&text));
            } else if before.iter().any(|other| other.value() == text) {
                errors.at(&name, message::topic_twice(&text));
            } else {
                before.push(name);
            }
        }
        Self { now, before }
    }

    /// Returns a topic under each name that the aggregate had. A topic that does not begin with the name of the aggregate had no other.
    fn before<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = (String, &'a LitStr)> {
        let rest = topic.strip_prefix(&self.now).filter(|rest| rest.starts_with('.'));
        let names = rest.map(|rest| self.before.iter().map(move |name| (format!("{}{rest}", name.value()), name)));
        names.into_iter().flatten()
    }
}

/// Checks the options of one event.
pub(super) fn evolution(
    options: EvolutionOptions,
    topic: &Topic,
    names: &AggregateNames,
    errors: &mut Errors,
) -> Evolution {
    let EvolutionOptions { version, upcasts, was, downcast } = options;
    let number = version.as_ref().and_then(|version| version.base10_parse().ok()).unwrap_or(1_u32);
    let needed = usize::try_from(number - 1).unwrap_or(usize::MAX);
    if let (Some(version), true) = (&version, upcasts.len() < needed) {
        errors.at(version, message::step_missing(number, upcasts.len()));
    } else if let Some(step) = upcasts.get(needed) {
        errors.at(step, message::step_too_many(step, number, upcasts.len()));
    }
    each_once(&upcasts, errors);
    if let (Some((option, function)), 1) = (&downcast, number) {
        errors.at(option, message::downcast_of_the_first(function));
    }
    Evolution {
        version: number,
        steps: upcasts,
        was: old_topics(was, topic, names, errors),
        downcast: downcast.map(|(_, function)| function),
    }
}

/// A step must not be given twice: it would be the step of two versions, of which each has its own shape.
fn each_once(steps: &[Path], errors: &mut Errors) {
    for (place, step) in steps.iter().enumerate() {
        if steps.iter().take(place).any(|other| paths::text(other) == paths::text(step)) {
            errors.at(step, message::step_twice(step));
        }
    }
}

/// The topics that an event had: those of `was`, and each of them under the names that the aggregate had.
fn old_topics(options: Vec<parsed::Was>, topic: &Topic, names: &AggregateNames, errors: &mut Errors) -> Vec<Was> {
    let mut was: Vec<Was> = Vec::new();
    for parsed::Was { topic: written, steps } in options {
        let text = written.value();
        if text.trim().is_empty() {
            errors.at(&written, message::EMPTY_TOPIC);
        } else if text.len() > MAX_TOPIC {
            errors.at(&written, messages::event::topic_too_long(text.len()));
        } else if text == topic.text {
            errors.at(&written, message::is_the_topic(&text));
        } else if was.iter().any(|other| other.topic == text) {
            errors.at(&written, message::topic_twice(&text));
        } else {
            if steps.as_ref().is_some_and(Vec::is_empty) {
                errors.at(&written, message::NO_STEPS);
            }
            each_once(steps.as_deref().unwrap_or_default(), errors);
            was.push(Was { topic: text, place: written.span(), steps });
        }
    }
    under_each_name(was, topic, names)
}

/// Adds the topics under the names that the aggregate had, each behind the one that it is the same as.
fn under_each_name(was: Vec<Was>, topic: &Topic, names: &AggregateNames) -> Vec<Was> {
    let written: Vec<String> = was.iter().map(|was| was.topic.clone()).collect();
    let mut all: Vec<Was> = Vec::new();
    let renamed = |all: &mut Vec<Was>, of: &str, steps: &Option<Vec<Path>>| {
        for (old, name) in names.before(of) {
            let is_known = old == topic.text || written.contains(&old) || all.iter().any(|other| other.topic == old);
            if !is_known {
                all.push(Was { topic: old, place: name.span(), steps: steps.clone() });
            }
        }
    };
    // a topic that is written out stays as it is
    if !topic.is_pinned {
        renamed(&mut all, &topic.text, &None);
    }
    for was in was {
        let (of, steps) = (was.topic.clone(), was.steps.clone());
        all.push(was);
        renamed(&mut all, &of, &steps);
    }
    all
}

/// The topics of events that no longer exist, which no other event may have.
pub(super) fn retired(
    topics: &[LitStr],
    names: &AggregateNames,
    candidates: &[Candidate],
    errors: &mut Errors,
) -> Vec<String> {
    let mut retired: Vec<String> = Vec::new();
    for written in topics {
        let topic = written.value();
        let used = events(candidates)
            .find(|event| event.topic.text == topic || event.evolution.was.iter().any(|was| was.topic == topic));
        if topic.trim().is_empty() {
            errors.at(written, message::EMPTY_TOPIC);
        } else if let Some(event) = used {
            errors.at(written, message::retired_is_used(&topic, &event.signature.ident));
        } else if topics.iter().take_while(|other| !std::ptr::eq(*other, written)).any(|other| other.value() == topic) {
            errors.at(written, message::topic_twice(&topic));
        } else {
            retired.extend(names.before(&topic).map(|(old, _)| old));
            retired.push(topic);
        }
    }
    retired
}
