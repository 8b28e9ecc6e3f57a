//! Plain methods: caches, helpers of events, and methods that change nothing.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

use eventsourcing::prelude::*;

use crate::fold;

/// An immutable collection whose methods return the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Persistent(Vec<u64>);

impl Persistent {
    fn insert(&self, value: u64) -> Self {
        Self(self.0.iter().copied().chain([value]).collect())
    }
}

#[aggregate]
#[derive(Debug)]
pub struct Account {
    entries: Vec<u64>,
    labels: BTreeMap<String, u64>,
    limits: Persistent,
    total: Option<u64>,
    looked_at: Mutex<u64>,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open() -> Self {
        let mut this = Self {
            entries: Vec::new(),
            labels: BTreeMap::new(),
            limits: Persistent::default(),
            total: None,
            looked_at: Mutex::new(0),
        };
        this.enter(0);
        this
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: u64) {
        self.enter(amount);
    }

    #[event("LimitsSet")]
    fn limits_set(&mut self, limits: &[u64]) {
        self.limits = Persistent(limits.to_vec());
    }

    /// A helper of two events.
    fn enter(&mut self, amount: u64) {
        self.entries.push(amount);
        self.forget();
    }

    fn forget(&mut self) {
        self.total = None;
    }

    #[unrecorded]
    pub fn total(&mut self) -> u64 {
        *self.total.get_or_insert_with(|| self.entries.iter().sum())
    }

    #[unrecorded]
    pub fn reset(&mut self) {
        self.total = None;
    }

    /// Decides without a change, and calls an event.
    pub fn allow(&mut self, limit: u64) -> usize {
        self.total();
        let next = self.limits.insert(limit);
        let mut labels = self.labels.clone();
        labels.insert("mine".to_owned(), limit);
        let mut entries = std::iter::once(1).chain(self.entries.iter().copied()).collect::<Vec<_>>();
        entries.push(self.entries.first().copied().unwrap_or_default());
        entries[0] = self.entries[0];
        *self.looked_at.lock().unwrap() += 1;
        /// Has its own `self`.
        struct Counter(u64);
        impl Counter {
            fn count(&mut self) {
                self.0 += 1;
            }
        }
        let mut counter = Counter(0);
        counter.count();
        self.limits_set(&next.0);
        entries.len() + labels.len()
    }

    pub fn look(&self) -> u64 {
        let once = OnceCell::new();
        *self.looked_at.lock().unwrap() += 1;
        *once.get_or_init(|| *self.looked_at.lock().unwrap())
    }

    /// Consumes the aggregate, so that nothing can differ.
    pub fn into_entries(mut self) -> Vec<u64> {
        self.entries.sort_unstable();
        std::mem::take(&mut self.entries)
    }
}

#[test]
fn plain_methods_that_change_no_state_are_left_alone() {
    let mut account = Account::open();
    account.deposit(3);
    account.deposit(2);
    assert_eq!(account.total(), 5);
    assert_eq!(account.allow(7), 6);
    assert_eq!((account.look(), account.version()), (2, 4));
    let copy = fold(&account);
    assert_eq!((&copy.entries, &copy.limits), (&account.entries, &account.limits));
    // the cache is no part of the state
    assert_eq!((copy.total, account.total), (None, Some(5)));
    account.reset();
    assert_eq!(account.into_entries(), [0, 2, 3]);
}
