//! The command `eventsourcing` of a program of one's own, which has the types of its applications.
//!
//! It shows the states of aggregates, retries dead letters, and rebuilds views:
//!
//! ```console
//! $ export PERSISTENCE_MODULE=sqlite SQLITE_DBNAME=shop.db SHOP_VIEWS=views.db
//! $ cargo run --package eventsourcing-cli --example admin -- state 1c810b3c-559d-57d5-938f-4b8e2eccbdb3 --blame
//! ```
//!
//! With applications alone it is shorter: `eventsourcing_cli::run::<(Shop, Payments)>()`.

#[expect(dead_code, reason = "what is recorded is recorded by the shop itself, and here it is looked at")]
mod shop;

use std::process::ExitCode;

use eventsourcing::ApplicationStruct as _;

use self::shop::{Cities, Payments, Shop, views};

fn main() -> ExitCode {
    eventsourcing_cli::admin().application::<Shop>().policy::<Payments>().projection(Cities, [Shop::NAME], views).run()
}
