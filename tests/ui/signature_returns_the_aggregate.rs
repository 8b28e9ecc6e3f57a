use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone)]
pub struct Account {
    balance: u64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: u64) -> Self {
        self.balance += amount;
        self.clone()
    }

    #[event("Withdrawn")]
    pub fn withdraw(&mut self, amount: u64) -> std::result::Result<(u64, Account), ()> {
        self.balance -= amount;
        Ok((self.balance, self.clone()))
    }

    #[event("Split")]
    pub fn split(&mut self) -> Option<Box<Self>> {
        None
    }

    // none of these is the aggregate
    #[event("Counted")]
    pub fn count(&mut self) -> [u8; Self::LEN] {
        [0; Self::LEN]
    }

    #[event("Seen")]
    pub fn see(&mut self) -> Option<<Self as Aggregate>::Event> {
        None
    }

    const LEN: usize = 2;
}

fn main() {}
