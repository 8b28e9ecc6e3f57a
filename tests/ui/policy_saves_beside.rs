use eventsourcing::prelude::*;

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

    #[event("Renamed")]
    pub fn rename(&mut self, owner: &str) {
        self.owner = owner.to_owned();
    }
}

#[application]
pub struct Bank;

#[policy]
impl Bank {
    #[on]
    async fn opened(&self, _: &AccountOpened, work: &mut UnitOfWork) -> Result<()> {
        let mut copy = Account::open("Ada");
        self.save(&mut copy).await?;
        work.save(&mut copy)
    }

    #[on]
    async fn renamed(&self, event: &AccountRenamed, context: &EventContext, _: &mut UnitOfWork) -> Result<()> {
        let rename = |account: &mut Account| account.rename(&event.owner);
        self.retry::<Account, (), _>(context.originator_id, rename).await?;
        assert!(self.save_tracked((), Tracking::new("Bank", 0, 1)).await.is_ok());
        Ok(())
    }
}

fn main() {}
