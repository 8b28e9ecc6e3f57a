//! The test kit: each assertion passes when it is right, and says what is wrong when it is not.
#![cfg(feature = "testing")]

mod clocks;
mod commands;
mod decisions;
mod examples;
mod model;
mod policies;
mod projections;
mod replays;
mod splits;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt as _;

/// What a test that fails prints, without colours.
fn said(test: impl FnOnce()) -> String {
    text(catch_unwind(AssertUnwindSafe(test)).err())
}

/// What an async test that fails prints, without colours.
async fn said_by(test: impl Future<Output = ()>) -> String {
    text(AssertUnwindSafe(test).catch_unwind().await.err())
}

fn text(panic: Option<Box<dyn Any + Send>>) -> String {
    let Some(panic) = panic else { return "nothing: the test passed".to_owned() };
    let said = panic.downcast_ref::<String>().cloned();
    let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned())).unwrap_or_default();
    // the tests may run on a terminal
    ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[0m"].iter().fold(said, |said, colour| said.replace(colour, ""))
}
