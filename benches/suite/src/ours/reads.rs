//! Reads as in an application: an account from the repository, the log through a reader and the mapper.

use std::hint::black_box;
use std::sync::Arc;

use eventsourcing::prelude::*;

use crate::account::{AMOUNT, Account, AccountEvent, Bank, CURRENCY, Ledger, NOTE};
use crate::measure::Work;

/// A task that gets one account after the other.
pub struct Loader {
    bank: Arc<Bank>,
    streams: Vec<Uuid>,
    next: usize,
}

impl Loader {
    pub fn new(bank: &Arc<Bank>, streams: &[Uuid]) -> Self {
        Self { bank: Arc::clone(bank), streams: streams.to_vec(), next: 0 }
    }
}

impl Work for Loader {
    async fn once(&mut self) {
        let id = self.streams[self.next % self.streams.len()];
        self.next += 1;
        let account: Account = self.bank.repository().get(id).await.unwrap();
        black_box(account.balance);
    }
}

/// A task that gets one ledger after the other. Their type has snapshots.
pub struct LedgerLoader {
    bank: Arc<Bank>,
    ledgers: Vec<Uuid>,
    next: usize,
}

impl LedgerLoader {
    pub fn new(bank: &Arc<Bank>, ledgers: Vec<Uuid>) -> Self {
        Self { bank: Arc::clone(bank), ledgers, next: 0 }
    }
}

impl Work for LedgerLoader {
    async fn once(&mut self) {
        let id = self.ledgers[self.next % self.ledgers.len()];
        self.next += 1;
        let ledger: Ledger = self.bank.repository().get(id).await.unwrap();
        black_box(ledger.balance);
    }
}

/// Records ledgers of this number of events, and takes a snapshot of each after fewer of them if there are to be snapshots.
pub async fn record_ledgers(bank: Arc<Bank>, count: usize, events: u64, snapshot_at: Option<u64>) -> Vec<Uuid> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        let mut ledger = Ledger::open(AMOUNT, CURRENCY, NOTE);
        (1..events).for_each(|_| ledger.deposit(AMOUNT, CURRENCY, NOTE));
        bank.save(&mut ledger).await.unwrap();
        if let Some(version) = snapshot_at {
            bank.take_snapshot_at::<Ledger>(ledger.id(), version).await.unwrap();
        }
        ids.push(ledger.id());
    }
    ids
}

/// A task that reads pages at one position of the log after the other, and decodes their events.
pub struct Pager {
    bank: Arc<Bank>,
    page: usize,
    starts: Vec<u64>,
    next: usize,
}

impl Pager {
    pub fn new(bank: &Arc<Bank>, page: usize, starts: Vec<u64>) -> Self {
        Self { bank: Arc::clone(bank), page, starts, next: 0 }
    }
}

impl Work for Pager {
    async fn once(&mut self) {
        let start = self.starts[self.next % self.starts.len()];
        self.next += 1;
        let notifications = self.bank.log().select(start, self.page).await.unwrap();
        assert_eq!(notifications.len(), self.page);
        let event = |notification| self.bank.mapper().to_notified_event(notification).unwrap();
        black_box(notifications.iter().map(|notification| amount(&event(notification).event)).sum::<i64>());
    }
}

/// Lists the ids of all accounts, and returns their number.
pub async fn list_ids(bank: Arc<Bank>, page: usize) -> usize {
    let mut ids = bank.repository().ids::<Account>().page_size(page);
    let mut listed = 0;
    while let Some(account) = ids.next().await {
        black_box(account.unwrap().id);
        listed += 1;
    }
    listed
}

/// Reads the whole log, decodes each event, and returns their number.
pub async fn read_log(bank: Arc<Bank>, page: usize) -> usize {
    let mut notifications = NotificationLogReader::new(bank.log()).page_size(page).read(1);
    let (mut events, mut sum) = (0, 0);
    while let Some(notification) = notifications.next().await {
        let event: DomainEvent<AccountEvent> = bank.mapper().to_notified_event(&notification.unwrap()).unwrap();
        sum += amount(&event.event);
        events += 1;
    }
    black_box(sum);
    events
}

/// Subscribes from the beginning of the log until this number of events is decoded, and returns the number.
pub async fn follow_log(bank: Arc<Bank>, page: usize, until: usize) -> usize {
    let mut followed = bank.subscribe(0).page_size(page).events::<AccountEvent>();
    let (mut events, mut sum) = (0, 0);
    while events < until {
        sum += amount(&followed.next().await.unwrap().unwrap().item.event);
        events += 1;
    }
    black_box(sum);
    events
}

fn amount(event: &AccountEvent) -> i64 {
    match event {
        AccountEvent::Created(created) => created.amount,
        AccountEvent::Deposited(deposited) => deposited.amount,
    }
}
