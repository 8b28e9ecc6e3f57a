//! The results of commands: a command that refuses leaves no event, no version and no changed state.

use std::num::ParseIntError;

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;

use crate::fold;

type Fallible<T> = std::result::Result<T, Refused>;
type Plain = u8;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refused;

impl From<ParseIntError> for Refused {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    total: u8,
    steps: Vec<u8>,
}

#[aggregate]
impl Counter {
    #[event]
    pub fn new(start: &str) -> std::result::Result<Self, Refused> {
        Ok(Self { total: start.parse()?, steps: Vec::new() })
    }

    #[event("Counted")]
    pub fn count(&mut self, by: u8) -> std::result::Result<u8, Refused> {
        self.steps.push(by);
        self.total = self.total.checked_add(by).ok_or(Refused)?;
        Ok(self.total)
    }

    #[event("CountedText")]
    pub fn count_text(&mut self, by: &str) -> Fallible<()> {
        self.steps.push(0);
        let by: u8 = by.parse()?;
        self.total = self.total.checked_add(by).ok_or(Refused)?;
        Ok(())
    }

    #[event]
    pub fn double(&mut self) -> u8 {
        self.total = self.total.saturating_mul(2);
        self.total
    }

    #[event]
    pub fn halve(&mut self) -> Plain {
        self.total /= 2;
        self.total
    }

    #[event]
    pub fn pop(&mut self) -> Option<u8> {
        self.steps.pop()
    }

    #[event]
    pub fn clear(&mut self, unless: u8) {
        if self.total == unless {
            return;
        }
        self.total = 0;
    }

    #[event]
    pub fn swap(&mut self) -> (u8, &'static str) {
        (std::mem::take(&mut self.total), "was")
    }

    #[event]
    pub fn replace(&mut self, by: u8) -> Fallible<()> {
        *self = Self { total: by, steps: Vec::new() };
        if by == 0 { Err(Refused) } else { Ok(()) }
    }
}

fn counter() -> Counter {
    Counter::new("250").unwrap()
}

/// Asserts that nothing has changed, and that later commands still work and replay.
fn nothing_happened(mut counter: Counter, before: &Counter) {
    assert_eq!(counter, *before);
    assert_eq!(counter.pending_events().len(), before.pending_events().len());
    counter.count(1).unwrap();
    assert_eq!(counter.version(), before.version() + 1);
    assert_eq!(fold(&counter), counter);
}

#[test]
fn a_refusing_command_changes_neither_events_nor_version_nor_state() {
    let mut counter = counter();
    counter.count(2).unwrap();
    let before = counter.clone();
    assert_eq!(counter.count(200), Err(Refused));
    nothing_happened(counter, &before);
}

#[test]
fn a_command_whose_result_has_another_name_refuses_just_so() {
    let mut counter = counter();
    let before = counter.clone();
    assert_eq!(counter.count_text("200"), Err(Refused));
    assert_eq!(counter.count_text("two"), Err(Refused));
    nothing_happened(counter, &before);
}

#[test]
fn a_command_that_replaced_all_of_self_refuses_just_so() {
    let mut counter = counter();
    let before = counter.clone();
    assert_eq!(counter.replace(0), Err(Refused));
    nothing_happened(counter, &before);
}

#[test]
fn a_refusal_keeps_the_events_that_are_pending() {
    let mut counter = counter();
    counter.count(1).unwrap();
    counter.count(200).unwrap_err();
    assert_eq!(counter.pending_events().len(), 2);
    assert_eq!(fold(&counter), counter);
}

#[test]
fn a_command_that_succeeds_returns_what_its_body_returned() {
    let mut counter = counter();
    assert_eq!(counter.count(2), Ok(252));
    assert_eq!(counter.count_text("3"), Ok(()));
    assert_eq!(counter.pop(), Some(0));
    assert_eq!(counter.double(), 255);
    assert_eq!(counter.halve(), 127);
    assert_eq!(counter.swap(), (127, "was"));
    assert_eq!(counter.version(), 7);
    assert_eq!(fold(&counter), counter);
}

#[test]
fn a_creation_that_refuses_makes_nothing() {
    assert_eq!(Counter::new("many"), Err(Refused));
    let counter = counter();
    assert_eq!(fold(&counter), counter);
}

#[test]
fn an_early_return_still_records() {
    let mut counter = counter();
    counter.clear(250);
    assert_eq!((counter.version(), counter.total), (2, 250));
    counter.clear(0);
    assert_eq!((counter.version(), counter.total), (3, 0));
    assert_eq!(fold(&counter), counter);
}

#[test]
fn a_recorded_event_that_its_body_refuses_today_is_an_error_at_replay() {
    let mut counter = counter();
    counter.count(5).unwrap();
    let mut events = counter.collect_events();
    let CounterEvent::Counted(counted) = &mut events[1].event else { panic!("counted") };
    counted.by = 6;
    let second = events.remove(1);
    let begun: Option<Counter> = events.remove(0).mutate(None).unwrap();
    let error = second.mutate(begun).unwrap_err();
    assert!(matches!(error, AggregateError::Apply { reason: eventsourcing::ApplyError::Refused, .. }), "{error}");
}

/// No command after the creation can refuse, so that it need not be `Clone`.
#[aggregate]
struct NotClone {
    total: u8,
}

#[aggregate]
impl NotClone {
    #[event]
    fn new(total: u8) -> std::result::Result<Self, Refused> {
        if total == 0 { Err(Refused) } else { Ok(Self { total }) }
    }

    #[event]
    fn count(&mut self) -> Plain {
        self.total += 1;
        self.total
    }
}

#[test]
fn an_aggregate_whose_changes_cannot_refuse_need_not_be_clone() {
    assert!(NotClone::new(0).is_err());
    let mut aggregate = NotClone::new(1).unwrap();
    assert_eq!(aggregate.count(), 2);
    assert_eq!(fold(&aggregate).total, 2);
}
