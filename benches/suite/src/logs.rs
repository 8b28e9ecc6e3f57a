//! An event-sourced log of 100,000 events that is opened, and the end of the whole log.
//!
//! Both must cost the same for any number of events: the limits read the same rows by the same indexes.

use std::sync::Arc;

use crate::account::Bank;
use crate::measure::Contender;
use crate::ours::logs::{LastReader, Opener, record_journal};
use crate::place::Database;
use crate::report::{OURS, Title};
use crate::{Run, in_a_task};

/// The number of events of the log that is opened.
pub const JOURNAL: u64 = 100_000;

/// How many notifications are read from the end.
pub const LAST: usize = 100;

pub fn opened(database: Database) -> Title {
    Title::new(database, format!("open an event-sourced log of {JOURNAL} events"), 1, "logs")
}

pub fn last(database: Database) -> Title {
    Title::new(database, format!("read the last {LAST} notifications"), 1, "pages")
}

/// Measures both in a log that has other events already. `limits` makes the limits: of opening the log of a journal, and of the end.
pub fn run<const N: usize>(
    run: &mut Run,
    database: Database,
    bank: &Arc<Bank>,
    limits: impl Fn(&Run, uuid::Uuid) -> [[Contender<'static>; N]; 2],
) {
    if ![opened(database), last(database)].iter().any(|title| run.wants(title)) {
        return;
    }
    let journal = in_a_task(record_journal(Arc::clone(bank), JOURNAL));
    run.measure(&opened(database), |run| {
        let [limit, _] = limits(run, journal);
        let ours = Contender::crew(OURS, run.time, vec![Opener::new(bank, journal)]);
        [ours].into_iter().chain(limit).collect()
    });
    run.measure(&last(database), |run| {
        let [_, limit] = limits(run, journal);
        let ours = Contender::crew(OURS, run.time, vec![LastReader::new(bank, LAST)]);
        [ours].into_iter().chain(limit).collect()
    });
}
