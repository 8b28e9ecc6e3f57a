//! Saves as in an application: events of an account, then a new account.

use std::sync::Arc;

use crate::account::{Account, Bank, HISTORY, Usual};
use crate::limits::row::Commands;
use crate::measure::Work;

/// A task that saves.
pub struct Saver<A = Account> {
    bank: Arc<Bank>,
    account: Option<A>,
    events: u64,
    commands: Commands,
}

impl Saver {
    /// A task that saves this number of events at a time.
    pub fn new(bank: &Arc<Bank>, events: u64) -> Self {
        Self::of(bank, events)
    }
}

impl<A: Usual> Saver<A> {
    /// A task that saves this number of events of such an aggregate at a time.
    pub fn of(bank: &Arc<Bank>, events: u64) -> Self {
        Self { bank: Arc::clone(bank), account: None, events, commands: Commands::None }
    }

    /// Gives each save a command id of this kind.
    pub fn with(self, commands: Commands) -> Self {
        Self { commands, ..self }
    }

    /// Saves, and returns the last of the notification ids.
    pub async fn save(&mut self) -> u64 {
        let mut left = self.events;
        if self.account.as_ref().is_some_and(|account| account.version() >= HISTORY) {
            self.account = None;
        }
        let account = self.account.get_or_insert_with(|| {
            left -= 1;
            A::usual()
        });
        (0..left).for_each(|_| account.deposit_usual());
        let save = self.bank.save(account);
        let save = match self.commands.next() {
            Some(id) => save.command(id),
            None => save,
        };
        save.await.unwrap().last().map_or(0, |notification| notification.id)
    }
}

impl<A: Usual> Work for Saver<A> {
    async fn once(&mut self) {
        self.save().await;
    }
}
