#![deny(unused_must_use)]

use eventsourcing::prelude::*;
use eventsourcing::system::{SingleThreadedRunner, System, SystemRunner};
use eventsourcing::Rebuild;

#[aggregate]
pub struct Account {
    owner: String,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open(owner: &str) -> Self {
        Self { owner: owner.to_owned() }
    }

    #[event("Imported")]
    #[must_use = "an import without its account is lost"]
    pub fn import(owner: &str) -> Self {
        Self { owner: owner.to_owned() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, owner: &str) {
        self.owner = owner.to_owned();
    }
}

#[application]
pub struct Bank;

pub struct Owners;

#[projection("owners")]
impl Owners {
    #[on]
    async fn opened(&self, event: &AccountOpened, owners: &mut Vec<String>) -> Result<()> {
        owners.push(event.owner.clone());
        Ok(())
    }
}

async fn run(bank: &Bank, system: &System) -> std::result::Result<(), Box<dyn std::error::Error>> {
    Account::open("Ada");
    Account::import("Ada");
    let mut account = Account::open("Ada");
    account.collect_events();
    account.rename("Bea");

    let views = MemoryViews::new(Vec::new());
    ProjectionRunner::builder(bank, Owners, views.clone());
    ProjectionRunner::start(bank, Owners, views.clone()).await?;
    ProjectionRunner::builder(bank, Owners, views.clone()).start().await?;
    Rebuild::builder(bank, Owners, views.clone()).start().await?;
    SystemRunner::start(system).await?;
    SingleThreadedRunner::open(system).await?;
    Ok(())
}

fn main() {}
