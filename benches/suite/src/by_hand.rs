//! The account written by hand, without macros: the same events and the same work.

use eventsourcing::domain::{StateError, StateReader, StateWriter};
use eventsourcing::{Aggregate, AggregateEvent, ApplyError, Root, Uuid};
use serde::{Deserialize, Serialize};

use crate::account::{AMOUNT, CURRENCY, NOTE};

#[derive(Clone, Debug)]
pub struct Account {
    pub balance: i64,
    pub deposits: u64,
    root: Root<Account>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deposit {
    amount: i64,
    currency: String,
    note: String,
}

#[derive(Clone, Debug)]
pub enum AccountEvent {
    Created(Deposit),
    Deposited(Deposit),
}

impl Account {
    pub fn usual() -> Self {
        let created = Deposit { amount: AMOUNT, currency: CURRENCY.to_owned(), note: NOTE.to_owned() };
        Root::create(Uuid::new_v4(), created, AccountEvent::Created, |created| Self {
            balance: created.amount,
            deposits: 1,
            root: Root::default(),
        })
    }

    pub fn deposit(&mut self, amount: i64, currency: &str, note: &str) {
        let deposited = Deposit { amount, currency: currency.to_owned(), note: note.to_owned() };
        Root::trigger(self, deposited, AccountEvent::Deposited, |account, deposited| {
            account.balance += deposited.amount;
            account.deposits += 1;
        });
    }
}

impl Aggregate for Account {
    type Event = AccountEvent;

    const NAME: &'static str = "Account";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: AccountEvent) -> Result<Self, ApplyError> {
        match event {
            AccountEvent::Created(Deposit { amount, .. }) => {
                Ok(Self { balance: amount, deposits: 1, root: Root::default() })
            }
            AccountEvent::Deposited(_) => Err(ApplyError::NotACreation),
        }
    }

    fn apply(&mut self, event: AccountEvent) -> Result<(), ApplyError> {
        match event {
            AccountEvent::Created(_) => Err(ApplyError::IsACreation),
            AccountEvent::Deposited(Deposit { amount, .. }) => {
                self.balance += amount;
                self.deposits += 1;
                Ok(())
            }
        }
    }
}

impl AggregateEvent for AccountEvent {
    const TOPICS: &'static [&'static str] = &["Account.Created", "Account.Deposited"];

    fn topic(&self) -> &'static str {
        match self {
            Self::Created(_) => "Account.Created",
            Self::Deposited(_) => "Account.Deposited",
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        let (Self::Created(event) | Self::Deposited(event)) = self;
        state.write(event)
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            "Account.Created" => state.read().map(Self::Created),
            "Account.Deposited" => state.read().map(Self::Deposited),
            _ => Err(StateError::UnknownTopic),
        }
    }
}
