//! The state of a live aggregate is that of its events.

use std::fmt::Debug;

use super::aggregate::{pending, replayed};
use super::difference::difference;
use super::event_state::EventState;
use crate::domain::Aggregate;
use crate::state::difference::looks_the_same;

/// Asserts that an aggregate is the same after a replay of its events.
///
/// It is not if something changes its state that no event records. The events are written as JSON and read back, as a database would do it.
/// The aggregate is new: all of its events are pending. The two states are compared by what `Debug` shows; id, version and times are
/// compared too. [`replays_by`] compares less, such as all but a cache.
///
/// # Panics
/// If the states differ. The message shows the difference. If events of the aggregate are not pending, because they are saved already.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::testing::replays;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
/// # use example::*;
///
/// let mut seats = Seats::open(2);
/// seats.take()?;
/// replays(&seats);
/// # Ok::<(), SoldOut>(())
/// ```
#[track_caller]
pub fn replays<A: Aggregate + Debug>(aggregate: &A) {
    let again = replayed_like(aggregate, None, &history(aggregate), "");
    same(aggregate, &again, A::NAME, "");
}

/// Like [`replays`], and compares what `part` returns of the two states.
///
/// # Panics
/// Like [`replays`].
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::testing::replays_by;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
/// # use example::*;
///
/// replays_by(&Seats::open(2), |seats| seats.left);
/// ```
#[track_caller]
pub fn replays_by<A: Aggregate, T: Debug>(aggregate: &A, part: impl Fn(&A) -> T) {
    let again = replayed_like(aggregate, None, &history(aggregate), "");
    same(&part(aggregate), &part(&again), A::NAME, "");
}

/// Runs commands on a new aggregate, and asserts after each one that the aggregate is the same after a replay of its events.
///
/// The commands are any values, such as those that a strategy of the crate `proptest` generates, and `run` calls the method that each
/// stands for. What it returns is ignored: a command may be refused.
///
/// # Panics
/// If the states differ. The message names the command. Otherwise like [`replays`].
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::testing::replays_after;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
/// # use example::*;
///
/// #[derive(Debug)]
/// enum Command { Take }
///
/// // the third is refused
/// let commands = [Command::Take, Command::Take, Command::Take];
/// replays_after(Seats::open(2), commands, |seats, command| match command {
///     Command::Take => seats.take(),
/// });
/// ```
#[track_caller]
pub fn replays_after<A, C, R>(
    mut aggregate: A,
    commands: impl IntoIterator<Item = C>,
    mut run: impl FnMut(&mut A, C) -> R,
) where
    A: Aggregate + Debug,
    C: Debug,
{
    let mut again = replayed_like(&aggregate, None, &history(&aggregate), "");
    same(&aggregate, &again, A::NAME, "");
    for (number, command) in (1..).zip(commands) {
        let when = format!(" after command {number}, {command:?}");
        let known = aggregate.pending_events().len();
        drop(run(&mut aggregate, command));
        // only the new events, so that the time does not grow with the square of the number of commands
        again = replayed_like(&aggregate, Some(again), &pending(&aggregate, known), &when);
        same(&aggregate, &again, A::NAME, &when);
    }
}

/// The events of an aggregate, all of which are pending.
#[track_caller]
fn history<A: Aggregate>(aggregate: &A) -> Vec<EventState> {
    let history = pending(aggregate, 0);
    let (version, pending) = (aggregate.version(), history.len() as u64);
    assert!(
        version == pending,
        "the {} is at version {version}, and {pending} of its events are pending; a replay needs all of them: \
         test an aggregate that is not saved",
        A::NAME
    );
    history
}

/// The aggregate after these events, whose id, version and times are those of the live one.
#[track_caller]
pub(super) fn replayed_like<A: Aggregate>(live: &A, before: Option<A>, events: &[EventState], when: &str) -> A {
    let Some(again) = replayed(before, events, live.id(), live.created_on()) else {
        panic!("the {} has no events to replay", A::NAME);
    };
    let of = |aggregate: &A| (aggregate.id(), aggregate.version(), aggregate.created_on(), aggregate.modified_on());
    assert!(
        of(live) == of(&again),
        "the {} has another id, version or time after a replay of its events{when}: {:?} live, {:?} replayed",
        A::NAME,
        of(live),
        of(&again)
    );
    again
}

/// The two states show the same.
#[track_caller]
pub(super) fn same<T: Debug>(live: &T, again: &T, name: &str, when: &str) {
    if !looks_the_same(live, again, &mut String::new()) {
        let shown = difference(&format!("{live:#?}"), &format!("{again:#?}"));
        panic!(
            "the {name} is not the same after a replay of its events{when}: something changed it that no event records \
             (- live, + replayed):\n\n{shown}"
        );
    }
}
