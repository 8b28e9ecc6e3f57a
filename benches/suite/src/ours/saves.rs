//! Saving as an application does it: events of an account, then a new account.

use std::sync::Arc;

use eventsourcing::Aggregate;

use crate::account::{Account, Bank, HISTORY};
use crate::measure::Work;

/// A task that saves.
pub struct Saver {
    bank: Arc<Bank>,
    account: Option<Account>,
    events: u64,
}

impl Saver {
    /// One that saves so many events at a time.
    pub fn new(bank: &Arc<Bank>, events: u64) -> Self {
        Self { bank: Arc::clone(bank), account: None, events }
    }
}

impl Work for Saver {
    async fn once(&mut self) {
        let mut left = self.events;
        if self.account.as_ref().is_none_or(|account| account.version() >= HISTORY) {
            self.account = Some(Account::usual());
            left -= 1;
        }
        if let Some(account) = &mut self.account {
            (0..left).for_each(|_| account.deposit_usual());
            self.bank.save(account).await.unwrap();
        }
    }
}
