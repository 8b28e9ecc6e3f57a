//! The tracking positions of the plain recorder, and their faults.

use std::collections::HashMap;
use std::sync::PoisonError;

use eventsourcing_core::recording::{LogPosition, TrackedPosition, Tracking};
use eventsourcing_core::{Notification, RecorderError, StoredEvent};

use super::{Fault, PlainRecorder, State};

impl PlainRecorder {
    pub(super) async fn process(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.check_range(&events)?;
        if self.fault != Fault::TakesAnyTracking {
            tracking.check()?;
        }
        match self.fault {
            Fault::TracksLater => {
                let recorded = self.process_at_once(events, None)?;
                self.be_looked_at().await;
                self.track(&mut self.state(), &tracking);
                return Ok(recorded);
            }
            Fault::TracksFirst => {
                self.check_tracking(&self.state(), &events, &tracking)?;
                self.track(&mut self.state(), &tracking);
                self.be_looked_at().await;
                return self.process_at_once(events, None);
            }
            Fault::ChecksTrackingWithoutTheLock => {
                self.check_tracking(&self.state(), &events, &tracking)?;
                self.meet().await;
                let recorded = self.process_at_once(events, None)?;
                self.track(&mut self.state(), &tracking);
                return Ok(recorded);
            }
            Fault::ForgetsTheUpstream => self.meet().await,
            Fault::TakesAnyLaterPosition if self.waits => return self.be_overtaken(events, tracking).await,
            _ => {}
        }
        self.process_at_once(events, Some(tracking))
    }

    /// Checks, records and tracks while it holds the lock, as it should be.
    pub(super) fn process_at_once(
        &self,
        events: Vec<StoredEvent>,
        tracking: Option<Tracking>,
    ) -> Result<Vec<Notification>, RecorderError> {
        let state = &mut *self.state();
        if self.fault == Fault::ChecksVersionsFirst {
            self.check(state, &events)?;
        }
        if let Some(tracking) = &tracking {
            self.check_tracking(state, &events, tracking)?;
        }
        let ids = self.check(state, &events)?;
        let ids = self.draw(state, &events, ids);
        let recorded = self.publish(state, events, ids);
        if let Some(tracking) = tracking {
            self.track(state, &tracking);
        }
        if self.fault == Fault::CountsTracking {
            state.drawn += 1;
        }
        Ok(recorded)
    }

    pub(super) fn check_tracking(
        &self,
        state: &State,
        events: &[StoredEvent],
        tracking: &Tracking,
    ) -> Result<(), RecorderError> {
        let recorded = self.position_in(state, &tracking.upstream).id;
        let is_done = self.check(state, events).is_ok_and(|ids| ids.iter().all(Option::is_some)) && !events.is_empty();
        let is_free = match self.fault {
            Fault::TakesAnyLaterPosition => tracking.position > recorded,
            Fault::ForgetsTheUpstream => true,
            _ => tracking.after == recorded,
        };
        if is_free || (is_done && self.fault != Fault::ForgetsWhoTracked) {
            return Ok(());
        }
        Err(tracking.already_processed(recorded))
    }

    /// Never moves backwards: a repeated append was tracked before.
    pub(super) fn track(&self, state: &mut State, tracking: &Tracking) {
        let mut position = tracking.log_position();
        if self.fault == Fault::ForgetsAnchors {
            position.anchor = None;
        }
        self.with_positions(state, |positions| {
            let tracked = positions.entry(self.name_of(&tracking.upstream)).or_default();
            if position.id > tracked.id {
                *tracked = position;
            }
        });
    }

    pub(super) fn move_to(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        let state = &mut *self.state();
        let recorded = self.position_in(state, upstream);
        let is_free = match self.fault {
            Fault::MovesFromAnywhere => true,
            Fault::MovesFromTheId => recorded.id == from.id,
            _ => recorded == from || recorded == to,
        };
        if !is_free {
            let upstream = upstream.to_owned();
            return Err(RecorderError::AlreadyProcessed { upstream, after: from.id, recorded: recorded.id });
        }
        if self.fault != Fault::MovesForthOnly || to.id > recorded.id {
            self.with_positions(state, |positions| positions.insert(self.name_of(upstream), to));
        }
        Ok(())
    }

    pub(super) fn initialize_position(
        &self,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, RecorderError> {
        Tracking::check_beginning(upstream, position)?;
        let state = &mut *self.state();
        if self.fault == Fault::ForgetsTheStart && position.id == 0 {
            return Ok(self.position_in(state, upstream));
        }
        Ok(self.with_positions(state, |positions| {
            let stored = positions.entry(self.name_of(upstream)).or_insert(position);
            if self.fault == Fault::BeginsAgain && stored.id == 0 {
                *stored = position;
            }
            *stored
        }))
    }

    pub(super) fn position(&self, upstream: &str) -> LogPosition {
        self.position_in(&self.state(), upstream)
    }

    pub(super) fn positions(&self) -> Vec<TrackedPosition> {
        let mut listed: Vec<_> = self.with_positions(&mut self.state(), |positions| {
            positions.iter().map(|(upstream, position)| TrackedPosition::new(upstream.as_str(), *position)).collect()
        });
        if self.fault == Fault::ListsOnlyProcessedUpstreams {
            listed.retain(|tracked| tracked.position.id > 0);
        }
        listed.sort_by(|one, other| one.upstream.cmp(&other.upstream));
        if self.fault == Fault::ListsUpstreamsBackwards {
            listed.reverse();
        }
        listed
    }

    pub(super) fn position_in(&self, state: &State, upstream: &str) -> LogPosition {
        let upstream = self.name_of(upstream);
        if self.fault == Fault::KeepsTrackingToItself {
            return self
                .own_positions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&upstream)
                .copied()
                .unwrap_or_default();
        }
        state.positions.get(&upstream).copied().unwrap_or_default()
    }

    fn with_positions<T>(&self, state: &mut State, with: impl FnOnce(&mut HashMap<String, LogPosition>) -> T) -> T {
        if self.fault == Fault::KeepsTrackingToItself {
            return with(&mut self.own_positions.lock().unwrap_or_else(PoisonError::into_inner));
        }
        with(&mut state.positions)
    }

    fn name_of(&self, upstream: &str) -> String {
        if self.fault == Fault::FoldsUpstreams { upstream.to_lowercase() } else { upstream.to_owned() }
    }
}
