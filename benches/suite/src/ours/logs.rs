//! Event-sourced logs and the end of the log, as in an application.

use std::hint::black_box;
use std::sync::Arc;

use eventsourcing::prelude::*;

use crate::account::{AMOUNT, Bank, CURRENCY, Journal, NOTE};
use crate::measure::Work;

/// Records a log of this number of events, and returns its id.
pub async fn record_journal(bank: Arc<Bank>, events: u64) -> Uuid {
    let mut journal = Journal::empty(Uuid::new_v4());
    while journal.version() < events {
        (0..1_000).for_each(|_| journal.pay_in(AMOUNT, CURRENCY, NOTE));
        bank.save(&mut journal).await.unwrap();
    }
    journal.id()
}

/// A task that opens a log.
pub struct Opener {
    bank: Arc<Bank>,
    journal: Uuid,
}

impl Opener {
    pub fn new(bank: &Arc<Bank>, journal: Uuid) -> Self {
        Self { bank: Arc::clone(bank), journal }
    }
}

impl Work for Opener {
    async fn once(&mut self) {
        let journal: Journal = self.bank.repository().log(self.journal).await.unwrap();
        black_box(journal.version());
    }
}

/// A task that reads the last notifications.
pub struct LastReader {
    bank: Arc<Bank>,
    count: usize,
}

impl LastReader {
    pub fn new(bank: &Arc<Bank>, count: usize) -> Self {
        Self { bank: Arc::clone(bank), count }
    }
}

impl Work for LastReader {
    async fn once(&mut self) {
        let last = self.bank.log().last(self.count).await.unwrap();
        assert_eq!(last.len(), self.count);
        black_box(last);
    }
}
