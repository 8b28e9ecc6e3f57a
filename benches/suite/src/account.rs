//! The domain of every measurement: an account, whose events are about 100 bytes of JSON.

use eventsourcing::prelude::*;

/// How many events an account gets before the next one is opened.
pub const HISTORY: u64 = 20;

pub const AMOUNT: i64 = 5;
pub const CURRENCY: &str = "EUR";
pub const NOTE: &str = "order-000123";

#[aggregate]
#[derive(Clone, Debug)]
pub struct Account {
    pub balance: i64,
    pub deposits: u64,
}

#[aggregate]
impl Account {
    /// As many fields as a deposit, so that every event has the same size.
    #[event("Created")]
    pub fn open(amount: i64, currency: &str, note: &str) -> Self {
        // the texts are there to be recorded
        let _ = (currency, note);
        Self { balance: amount, deposits: 1 }
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: i64, currency: &str, note: &str) {
        let _ = (currency, note);
        self.balance += amount;
        self.deposits += 1;
    }
}

impl Account {
    /// A new account with the usual first deposit.
    pub fn usual() -> Self {
        Self::open(AMOUNT, CURRENCY, NOTE)
    }

    /// The usual deposit.
    pub fn deposit_usual(&mut self) {
        self.deposit(AMOUNT, CURRENCY, NOTE);
    }
}

#[application(aggregates(Account))]
pub struct Bank;
