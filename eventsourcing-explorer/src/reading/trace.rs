//! What an event caused and what caused it, found in the metadata of events that were recorded near it.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use eventsourcing_core::recording::{NotificationQuery, NotificationRef};
use eventsourcing_core::{Metadata, Timestamp};

use super::opened::Opened;
use super::reader::{Reader, Stored};
use crate::failure::Failure;

/// How many events before the beginning of a trace are looked at, and how many after it, in each log.
pub(crate) const BEFORE: u64 = 100;
pub(crate) const AFTER: u64 = 900;

/// A part of a log that was looked at: its first and its last position.
pub(crate) type Reach = Option<(u64, u64)>;

impl Reader {
    /// The events around a position, opened, and which positions they are.
    pub(crate) async fn around(&self, position: u64) -> Result<(Vec<Opened>, Reach), Failure> {
        let newest = self.newest().await?;
        let after = position.saturating_sub(BEFORE + 1);
        let up_to = newest.min(position.saturating_add(AFTER));
        if after >= up_to {
            return Ok((Vec::new(), None));
        }
        let (mapper, mut rows, mut bytes) = (self.application.mapper(), Vec::new(), 0);
        let mut visit = |row: NotificationRef<'_>| {
            bytes += row.state.len();
            rows.push(Stored::in_list(mapper, &row));
            match bytes > 32 * 1024 * 1024 {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let size = usize::try_from(up_to - after).unwrap_or(usize::MAX);
        let query = NotificationQuery::after(after, size).up_to(up_to);
        let read = self.application.recorder().read_notifications(query, &mut visit).await;
        read.map_err(|error| self.failed(&error))?;
        let last = rows.last().and_then(|row| row.position);
        Ok((self.open(rows).await, last.map(|last| (after + 1, last))))
    }
}

/// An event of a trace.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) application: String,
    pub(crate) event: Opened,
    pub(crate) metadata: Metadata,
    /// How many events of the trace caused it, one through the other.
    pub(crate) depth: usize,
}

impl Step {
    fn is(&self, application: &str, position: u64) -> bool {
        self.application == application && self.event.stored.position == Some(position)
    }

    fn when(&self) -> Option<Timestamp> {
        self.event.when()
    }
}

/// Selects the events of a trace: those with its correlation, what caused the event, and what it caused. What caused an event comes before it.
pub(crate) fn steps(origin: (&str, u64), found: Vec<Step>) -> Vec<Step> {
    let Some(start) = found.iter().position(|step| step.is(origin.0, origin.1)) else { return Vec::new() };
    let place = |(at, step): (usize, &Step)| ((step.application.clone(), step.event.stored.position), at);
    let places: HashMap<(String, Option<u64>), usize> = found.iter().enumerate().map(place).collect();
    let causes: Vec<Option<usize>> = found
        .iter()
        .map(|step| {
            let cause = step.metadata.cause()?;
            places.get(&(cause.application.to_string(), Some(cause.notification_id))).copied()
        })
        .collect();
    let mut is_in = vec![false; found.len()];
    is_in[start] = true;
    // each round adds the causes and the effects of what is in it, and what has the same correlation
    loop {
        let mut has_grown = false;
        for (at, cause) in causes.iter().enumerate() {
            if let Some(cause) = *cause
                && is_in[at] != is_in[cause]
            {
                (is_in[at], is_in[cause], has_grown) = (true, true, true);
            }
        }
        let known = found.iter().zip(&is_in).filter(|(_, is_in)| **is_in);
        let known: BTreeSet<&str> = known.filter_map(|(step, _)| step.metadata.correlation_id()).collect();
        for (step, is_in) in found.iter().zip(&mut is_in).filter(|(_, is_in)| !**is_in) {
            let is_known = step.metadata.correlation_id().is_some_and(|correlation| known.contains(correlation));
            (*is_in, has_grown) = (is_known, has_grown || is_known);
        }
        if !has_grown {
            break;
        }
    }
    let mut depths = vec![0_usize; found.len()];
    for (at, depth) in depths.iter_mut().enumerate() {
        let mut cause = causes[at];
        // a cycle has no beginning
        while let Some(next) = cause
            && *depth < found.len()
        {
            *depth += 1;
            cause = causes[next];
        }
    }
    let selected = found.into_iter().zip(depths).zip(is_in).filter(|(_, is_in)| *is_in);
    let mut steps: Vec<Step> = selected.map(|((step, depth), _)| Step { depth, ..step }).collect();
    steps.sort_by_key(|step| (step.when(), step.depth, step.event.stored.position));
    steps
}
