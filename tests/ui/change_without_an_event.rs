use std::collections::BTreeMap;

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct Account {
    balance: u64,
    entries: Vec<u64>,
    counts: BTreeMap<String, u64>,
    limit: Option<u64>,
    owner: Owner,
}

#[derive(Clone)]
pub struct Owner {
    name: String,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open() -> Self {
        Self { balance: 0, entries: Vec::new(), counts: BTreeMap::new(), limit: None, owner: Owner { name: String::new() } }
    }

    // `#[event]` is forgotten
    pub fn deposit(&mut self, amount: u64) {
        self.balance += amount;
    }

    pub fn enter(&mut self, amount: u64) {
        self.entries.push(amount)
    }

    pub fn rename(&mut self, name: &str) {
        self.owner.name = name.to_owned();
    }

    pub fn correct(&mut self, place: usize, amount: u64) {
        self.entries[place] = amount;
    }

    pub fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub fn swap(&mut self, other: u64) -> u64 {
        let before;
        (before, self.balance) = (self.balance, other);
        before
    }

    pub fn close(&mut self) -> u64 {
        std::mem::take(&mut self.balance)
    }

    pub fn lift(&mut self) -> Option<u64> {
        self.limit.take()
    }

    pub fn sort(&mut self) -> usize {
        for entry in self.entries.iter_mut() {
            *entry += 1;
        }
        (0..3).for_each(|entry| self.entries.push(entry));
        assert_eq!({ self.balance = 3; self.balance }, 3);
        self.entries.len()
    }

    pub fn with_balance(mut self, balance: u64) -> Self {
        self.balance = balance;
        self
    }
}

fn main() {}
