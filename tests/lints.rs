//! A crate with strict lints gets none from generated code: `cargo xtask check` runs clippy on this file.
//!
//! The group `restriction` is not among them, because its lints contradict each other.
#![deny(clippy::pedantic, clippy::nursery, clippy::missing_docs_in_private_items, missing_docs)]
#![allow(unreachable_pub, reason = "aggregates are written here as in a library")]

use std::collections::BTreeMap;

use eventsourcing::prelude::*;

/// An account.
#[aggregate]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its owner.
    owner: String,
    /// What it holds, in cents.
    balance: i64,
    /// Remarks.
    notes: Vec<String>,
}

/// A note, which is created with default values.
#[aggregate]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    lines: Vec<Line>,
}

/// A line, in a private type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    /// What it says.
    text: String,
}

/// The accounts, in the order in which they were opened.
#[aggregate]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {}

#[aggregate(log)]
impl Register {
    /// Adds an account.
    #[event("AccountAdded")]
    pub fn add(&mut self, account: Uuid, owner: &str) {}

    /// Removes an account.
    ///
    /// # Errors
    /// If it is none.
    #[event("AccountRemoved")]
    pub fn remove(&mut self, account: Uuid) -> std::result::Result<(), Refused> {
        if account.is_nil() { Err(Refused) } else { Ok(()) }
    }
}

#[aggregate(unknown_fields = ignore)]
impl Note {
    /// Adds a line.
    #[event("LineAdded")]
    pub fn add(&mut self, text: &str) {
        self.lines.push(Line { text: text.to_owned() });
    }

    /// The number of characters.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.lines.iter().map(|line| line.text.len()).sum()
    }
}

/// There is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// An alias of `Result`, which the macro cannot see through.
type Fallible = std::result::Result<(), Refused>;

/// An event of its own struct.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Renamed {
    /// The new owner.
    owner: String,
}

/// The first fields of an event that has others today.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub struct WithdrawnV1 {
    /// In units.
    units: i32,
}

/// The fields after the first change.
#[derive(Clone, Copy, Debug, serde::Deserialize, serde::Serialize)]
pub struct WithdrawnV2 {
    /// In cents.
    amount: i64,
}

fn withdrawn_v1(old: WithdrawnV1) -> std::result::Result<WithdrawnV2, std::num::TryFromIntError> {
    Ok(WithdrawnV2 { amount: i64::from(u16::try_from(old.units)?) * 100 })
}

const fn withdrawn_v2(old: WithdrawnV2) -> AccountWithdrawn {
    AccountWithdrawn { amount: old.amount, note: None }
}

const fn withdrawn_as_v2(event: &AccountWithdrawn) -> WithdrawnV2 {
    WithdrawnV2 { amount: event.amount }
}

fn called_to_renamed(mut old: serde_json::Value) -> serde_json::Value {
    old["owner"] = old["called"].take();
    old
}

#[aggregate(name = "Ledger", derive(PartialEq), was = ["Account"], retired = ["Account.Frozen"])]
impl Account {
    /// Opens an account.
    #[event("Opened", id = Self::create_id(&owner))]
    pub fn open(owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), balance: 0, notes: Vec::new() }
    }

    /// Imports an account.
    ///
    /// # Errors
    /// If the balance is negative.
    #[event("Imported", topic = "Account.Imported")]
    pub fn import(owner: &str, #[serde(default)] balance: i64) -> std::result::Result<Self, Refused> {
        if balance < 0 { Err(Refused) } else { Ok(Self { owner: owner.to_owned(), balance, notes: Vec::new() }) }
    }

    /// Creates an account without an owner.
    #[event]
    pub fn create() -> Self {
        Self { owner: String::new(), balance: 0, notes: Vec::new() }
    }

    /// Withdraws money.
    ///
    /// # Errors
    /// If there is not enough.
    #[event("Withdrawn", version = 3, upcasts = [withdrawn_v1, withdrawn_v2], downcast = withdrawn_as_v2)]
    pub fn withdraw(&mut self, amount: i64, note: Option<&str>) -> std::result::Result<i64, Refused> {
        self.balance -= amount;
        self.notes.extend(note.map(ToOwned::to_owned));
        if self.balance < 0 { Err(Refused) } else { Ok(self.balance) }
    }

    /// Closes the account.
    ///
    /// # Errors
    /// If it is not empty.
    #[event]
    pub fn close(&mut self) -> Fallible {
        if self.balance == 0 { Ok(()) } else { Err(Refused) }
    }

    /// It was one event.
    #[event("Drained", split)]
    fn drained(amount: i64, note: &str) -> (AccountWithdrawn, AccountClose) {
        (AccountWithdrawn { amount, note: Some(note.to_owned()) }, AccountClose {})
    }

    #[event("Halved", split)]
    fn halved(times: usize, amount: i64) -> std::result::Result<Vec<AccountEvent>, String> {
        let withdrawn = AccountWithdrawn { amount: amount.checked_div(2).ok_or("no amount")?, note: None };
        Ok(vec![AccountEvent::Withdrawn(withdrawn); times])
    }

    /// Counts values of every kind.
    #[event("Counted")]
    pub fn count(
        &mut self,
        numbers: &[u64],
        ids: Vec<Uuid>,
        pair: (u8, u8),
        text: Option<impl Into<String>>,
        reason: Option<&Refusal>,
        ratio: f64,
    ) -> usize {
        self.notes.extend(text.map(Into::into));
        let _ = (pair, reason, ratio);
        self.balance += 1;
        numbers.len() + ids.len()
    }

    /// Empties the account.
    #[event("Emptied")]
    pub fn empty(&mut self) {
        self.balance = 0;
    }

    /// Renames the owner.
    #[event(struct = Renamed, was = ["Account.Called" => called_to_renamed])]
    pub fn rename(&mut self, owner: &str) {
        owner.clone_into(&mut self.owner);
    }

    /// The id of the account of an owner.
    fn create_id(owner: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, owner.as_bytes())
    }

    /// Drops what can be computed again.
    #[unrecorded]
    pub fn cache(&mut self) {
        self.notes.clear();
    }
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refusal {
    /// Its text.
    why: String,
}

/// The bank.
#[application(name = "TheBank", aggregates(Account))]
#[derive(Clone, Debug)]
pub struct Bank;

/// Another application.
#[application]
pub struct Marketing;

/// A projection with tables.
#[derive(Clone, Copy, Debug)]
pub struct Names;

/// The tables by name.
type Tables = BTreeMap<String, Vec<String>>;

#[projection("names", version = 2)]
impl Names {
    /// Creates the table.
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut Tables) -> Result<()> {
        std::future::ready(()).await;
        view.insert(format!("{prefix}worlds"), Vec::new());
        Ok(())
    }

    /// Adds the owner.
    #[on]
    async fn opened(&self, event: &AccountOpened, context: &EventContext, view: &mut Tables) -> Result<()> {
        std::future::ready(()).await;
        view.entry(context.table("worlds").into_owned()).or_default().push(event.owner.clone());
        Ok(())
    }

    /// Adds many owners.
    #[on]
    async fn imported(&self, events: &[EventEnvelope<AccountImported>], view: &mut Tables) -> Result<()> {
        for event in events {
            std::future::ready(()).await;
            view.entry(event.context.table("worlds").into_owned()).or_default().push(event.event.owner.clone());
        }
        Ok(())
    }
}

#[policy]
impl Marketing {
    /// Opens an account here too.
    #[on]
    async fn opened(&self, event: &AccountOpened, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        if work.exists(context.originator_id).await? {
            return Ok(());
        }
        work.save(&mut Account::open(event.owner.as_str()))
    }
}

#[tokio::test]
async fn an_aggregate_under_strict_lints_is_projected() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let bank = Bank::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let marketing = Marketing::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let views = MemoryViews::new(Tables::new());
    let names = ProjectionRunner::start(&bank, Names, views.clone()).await?;
    let policy = marketing.follow(&bank).start().await?;
    let recorded = bank.save(&mut Account::open("Ada")).await?;
    let patience = std::time::Duration::from_mins(1);
    names.wait_for(recorded[0].id, patience).await?;
    policy.wait_for(recorded[0].id, patience).await?;
    assert_eq!(views.read(|tables| tables["worlds"].clone()), ["Ada"]);
    assert_eq!(marketing.log().max_id().await?, Some(1));
    Ok(())
}
