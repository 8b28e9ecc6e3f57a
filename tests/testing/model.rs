//! The model of the tests: a bank with accounts, and marketing, which promises gifts to those who open one.

use eventsourcing::domain;
use eventsourcing::prelude::*;

/// Neither the aggregate nor its events have `PartialEq`.
#[aggregate]
#[derive(Debug)]
pub(crate) struct Account {
    owner: String,
    balance: u64,
    receipts: Vec<(Timestamp, Uuid)>,
    /// A mistake, which only a test of `peek` makes.
    peeks: u64,
}

#[derive(Debug)]
pub(crate) struct Overdrawn {
    pub(crate) missing: u64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub(crate) fn open(owner: &str) -> Self {
        Self { owner: owner.to_owned(), balance: 0, receipts: Vec::new(), peeks: 0 }
    }

    /// A creation that may be refused.
    pub(crate) fn open_for(owner: &str) -> Result<Self, &'static str> {
        if owner.is_empty() { Err("an account has an owner") } else { Ok(Self::open(owner)) }
    }

    #[event("Deposited")]
    pub(crate) fn deposit(&mut self, amount: u64) {
        self.balance += amount;
    }

    #[event("Withdrawn")]
    fn withdrawn(&mut self, amount: u64, at: Timestamp, receipt: Uuid) {
        self.balance -= amount;
        self.receipts.push((at, receipt));
    }

    pub(crate) fn withdraw(&mut self, amount: u64) -> Result<u64, Overdrawn> {
        if amount > self.balance {
            return Err(Overdrawn { missing: amount - self.balance });
        }
        self.withdrawn(amount, domain::now(), domain::new_id());
        Ok(self.balance)
    }

    /// A mistake: it records an event, and refuses nevertheless.
    pub(crate) fn deposit_and_refuse(&mut self) -> Result<(), &'static str> {
        self.deposit(1);
        Err("refused")
    }

    /// A mistake: a replay does not repeat it.
    #[unrecorded]
    pub(crate) fn peek(&mut self) -> u64 {
        self.peeks += 1;
        self.balance
    }

    pub(crate) fn balance(&self) -> u64 {
        self.balance
    }

    pub(crate) fn peeks(&self) -> u64 {
        self.peeks
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }
}

#[application(aggregates(Account))]
pub(crate) struct Bank;

#[derive(Debug)]
pub(crate) enum TransferError {
    Overdrawn(#[expect(dead_code, reason = "only shown")] Overdrawn),
    Library(#[expect(dead_code, reason = "only shown")] Error),
}

impl From<Error> for TransferError {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl Bank {
    pub(crate) async fn transfer(&self, payer: Uuid, payee: Uuid, amount: u64) -> Result<(), TransferError> {
        let mut from: Account = self.repository().get(payer).await?;
        let mut to: Account = self.repository().get(payee).await?;
        from.withdraw(amount).map_err(TransferError::Overdrawn)?;
        to.deposit(amount);
        self.save((&mut from, &mut to)).await?;
        Ok(())
    }
}

#[aggregate]
pub(crate) struct Gift {
    pub(crate) to: String,
    pub(crate) count: u32,
}

#[aggregate]
impl Gift {
    pub(crate) fn id_for(owner: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, owner.as_bytes())
    }

    #[event("Promised", id = Self::id_for(to))]
    pub(crate) fn promise(to: &str) -> Self {
        Self { to: to.to_owned(), count: 1 }
    }

    #[event("Increased")]
    pub(crate) fn increase(&mut self) {
        self.count += 1;
    }
}

#[application(aggregates(Gift))]
pub(crate) struct Marketing;

#[policy]
impl Marketing {
    #[on]
    async fn opened(&self, event: &AccountOpened, work: &mut UnitOfWork) -> Result<()> {
        if event.owner.is_empty() {
            return Err(Error::AggregateNotFound { aggregate: "Owner", originator_id: Uuid::nil() });
        }
        let id = Gift::id_for(&event.owner);
        if !work.exists(id).await? {
            return work.save(&mut Gift::promise(&event.owner));
        }
        let mut gift: Gift = work.get(id).await?;
        gift.increase();
        work.save(&mut gift)
    }
}

/// The history of an account with a balance of 50.
pub(crate) fn fifty() -> (AccountOpened, AccountDeposited) {
    (AccountOpened { owner: "Ada".to_owned() }, AccountDeposited { amount: 50 })
}
