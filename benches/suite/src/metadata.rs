//! Saves to memory of events with metadata, beside saves of events that have the same bytes in a field.

use std::time::Instant;

use eventsourcing::{Metadata, Notification};

use crate::account::{AMOUNT, Account, Bank, CURRENCY, HISTORY, NOTE};
use crate::measure::{Contender, Round};
use crate::place::{self, Database};
use crate::report::{OURS, Title};
use crate::{Run, wait};

/// What metadata is recorded behind.
const KEY: &str = r#","$metadata":"#;

/// Measures both.
pub fn run(run: &mut Run) {
    let title = Title::new(Database::Memory, "save 1 event on one thread, 100 bytes of metadata", 1, "saves");
    run.measure(&title, |run| {
        // a field that makes events as long as metadata does
        let long = format!("{NOTE}{}", "x".repeat(KEY.len() + serde_json::to_string(&metadata()).unwrap().len()));
        assert_eq!(size(NOTE, Some(&metadata())), size(&long, None));
        vec![saves(OURS, run, NOTE.to_owned(), Some(metadata())), saves("the same bytes in a field", run, long, None)]
    });
}

/// The metadata of a request.
fn metadata() -> Metadata {
    Metadata::new().with_correlation_id("0190e2b4-7c1d-4f3a-9b52-6d8e01a7c3f5").with_actor("ada@example.com")
}

/// The size of a recorded deposit.
fn size(note: &str, metadata: Option<&Metadata>) -> usize {
    let (bank, mut account) = (place::bank_in_memory(), Account::open(AMOUNT, CURRENCY, note));
    wait(save(&bank, &mut account, metadata))[0].state.len()
}

async fn save(bank: &Bank, account: &mut Account, metadata: Option<&Metadata>) -> Vec<Notification> {
    match metadata {
        Some(metadata) => bank.save(account).metadata(metadata.clone()).await.unwrap(),
        None => bank.save(account).await.unwrap(),
    }
}

/// Saves sequentially on a thread with its own runtime.
fn saves(who: &'static str, run: &Run, note: String, metadata: Option<Metadata>) -> Contender<'static> {
    let time = run.time;
    Contender::new(who, move || {
        // a new one for each round, because it fills the memory
        let bank = place::bank_in_memory();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let mut saves = 0;
            while start.elapsed() < time {
                let mut account = Account::open(AMOUNT, CURRENCY, &note);
                save(&bank, &mut account, metadata.as_ref()).await;
                for _ in 1..HISTORY {
                    account.deposit(AMOUNT, CURRENCY, &note);
                    save(&bank, &mut account, metadata.as_ref()).await;
                }
                saves += HISTORY as usize;
            }
            Round::of(saves, start.elapsed())
        })
    })
}
