//! The domain of every measurement: an account, whose events are about 100 bytes of JSON.

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

/// The number of events of an account, after which the next one is opened.
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
        // the texts are only recorded
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

/// An account whose amounts have their own type. The library does not know that serde restores it, so it reads each event back.
#[aggregate]
#[derive(Clone, Debug)]
pub struct Purse {
    pub balance: Cents,
}

/// An amount of money.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cents(pub i64);

#[aggregate]
impl Purse {
    #[event("Created")]
    pub fn open(amount: Cents, currency: &str, note: &str) -> Self {
        let _ = (currency, note);
        Self { balance: amount }
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: Cents, currency: &str, note: &str) {
        let _ = (currency, note);
        self.balance.0 += amount.0;
    }
}

/// An account with snapshots.
#[aggregate]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    pub balance: i64,
    pub deposits: u64,
}

#[aggregate(snapshots)]
impl Ledger {
    #[event("Created")]
    pub fn open(amount: i64, currency: &str, note: &str) -> Self {
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

/// What was paid in, by anyone.
#[aggregate]
pub struct Journal {}

#[aggregate(log)]
impl Journal {
    #[event("PaidIn")]
    pub fn pay_in(&mut self, amount: i64, currency: &str, note: &str) {}
}

/// An aggregate that can be saved repeatedly: it is created and then changed.
pub trait Usual: Aggregate {
    fn usual() -> Self;
    fn deposit_usual(&mut self);
}

impl Usual for Account {
    fn usual() -> Self {
        Self::open(AMOUNT, CURRENCY, NOTE)
    }

    fn deposit_usual(&mut self) {
        self.deposit(AMOUNT, CURRENCY, NOTE);
    }
}

impl Usual for Purse {
    fn usual() -> Self {
        Self::open(Cents(AMOUNT), CURRENCY, NOTE)
    }

    fn deposit_usual(&mut self) {
        self.deposit(Cents(AMOUNT), CURRENCY, NOTE);
    }
}

#[application(aggregates(Account, Purse, Ledger, Journal))]
pub struct Bank;
