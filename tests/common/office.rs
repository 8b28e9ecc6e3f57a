//! The model that several test suites share: accounts and notes, the applications that record them, and those that process them.

use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub(crate) fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    pub(crate) lines: Vec<String>,
}

#[aggregate]
impl Note {
    #[event("Begun")]
    pub(crate) fn begin() -> Self {
        Self { lines: Vec::new() }
    }

    #[event("LineAdded")]
    pub(crate) fn add(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

/// The upstream application of most tests.
#[application(aggregates(Account, Note))]
#[derive(Clone, Debug)]
pub(crate) struct Office;

/// A second upstream application with the same aggregates.
#[application(aggregates(Account))]
#[derive(Clone, Debug)]
pub(crate) struct Branch;

/// A downstream application without a policy: tests save to it themselves.
#[application]
#[derive(Clone, Debug)]
pub(crate) struct Archive;

/// A process application that opens an account for each deposit.
#[application(aggregates(Account))]
pub(crate) struct Mirror;

#[policy]
impl Mirror {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Account::open())
    }
}

/// A projection that sums deposits, with its view in memory.
pub(crate) struct Total;

#[projection("total")]
impl Total {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, total: &mut i64) -> Result<()> {
        *total += event.amount;
        Ok(())
    }
}

/// Opens an office in memory.
pub(crate) async fn office() -> Office {
    Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()
}

/// Records `count` events of a new account, the first of which opens it, and returns the last notification id.
pub(crate) async fn deposits(office: &Office, count: usize, amount: i64) -> u64 {
    let mut account = Account::open();
    (1..count).for_each(|_| account.deposit(amount));
    office.save(&mut account).await.unwrap().last().unwrap().id
}
