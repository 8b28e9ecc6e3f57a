//! Web pages that show what an application of [eventsourcing](https://docs.rs/eventsourcing) has recorded.
//!
//! An [`Explorer`] is an [`axum::Router`] that a service nests under any of its paths, or a server of its own. Nothing in it can append, edit or
//! delete an event.
//!
//! ```
//! use eventsourcing_core::Application;
//! use eventsourcing_explorer::Explorer;
//!
//! # fn token_from_a_secret_store() -> String { "a-token-of-32-random-characters-".to_owned() }
//! let orders = Application::builder("Orders").open()?;
//! let explorer = Explorer::of(&orders).token(token_from_a_secret_store()).router()?;
//! let service: axum::Router = axum::Router::new().nest("/internal/events", explorer);
//! # let _ = service;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A struct with `#[application]` dereferences to its application, so `Explorer::of(&shop)` works for it too.
//!
//! # Pages
//!
//! | path | content |
//! |---|---|
//! | `overview` | each application: its last position, its newest events and what they say |
//! | `{application}/log` | the log, the newest events first, filtered by topic, type and aggregate, or from a time on; new events as they are recorded |
//! | `{application}/events/{position}` | one event: its payload, its metadata, how it is stored, and the other events of its aggregate in the same save |
//! | `{application}/aggregates` | aggregates: those that changed last, those of a type, those whose ids begin with some digits |
//! | `{application}/aggregates/{id}` | an aggregate at a version: its history, its state, who changed each line last, what the version changed; two versions compared |
//! | `{application}/types` | the event types: their numbers, sizes and shapes among the newest events |
//! | `{application}/traces/{position}` | what caused an event, and what it caused, through all applications |
//! | `projections` | projections and policies: versions, state, position, lag, dead letters, the last error |
//! | `system` | who processes whose log, as a map and as a table |
//! | `letters` | dead letters, grouped by reason, aggregate or time; they are tried, retried and discarded there |
//! | `rebuilds` | how far each rebuild is; it is switched to or aborted there |
//! | `storage`, `verify` | sizes, forms and dictionaries; whether a part of a log is as it was recorded |
//! | `audit`, `audit.csv` | who did what, when, why, and with which outcome |
//!
//! The state of an aggregate is shown if its type is registered with its application and is `Serialize` or `Debug`. Without that, the fields
//! that were last seen in its events are.
//!
//! Most of the last ones need to be told what to show: [`Explorer::runner`], [`views`](Explorer::views) and their neighbours. Each page is also JSON under its path with `.json`, with the version of the schema as `schema`. Payloads are shown from their recorded
//! bytes, so that numbers above 2<sup>53</sup> are exact in both.
//!
//! The filter, the place, the selected event, the time zone and the colours are in the URL. The pages work without script; with it, `j` and `k`
//! move, Enter opens, `/` searches, `t` follows the log, and times can be local.
//!
//! # Probes
//!
//! [`health()`](health) returns routes for an orchestrator: `/healthz` and `/readyz`. They need no token.
//!
//! # Safety
//!
//! - A page needs the [token](Explorer::token), or an [`Operator`] from the service's own [authentication](Explorer::auth).
//! - Requests for foreign [host names](Explorer::host) and from other sites are refused.
//! - Values of an encrypted log are [hidden](Explorer::show_payloads) unless they are allowed.
//! - A page lists at most 200 events with at most six statements, each with a window or an index, and says how far it has looked. The overview
//!   is read once a second, for all who look. 64 requests and 32 streams are answered at once; further ones get the status 503. Nobody's open page is no query: without a request and without a
//!   stream, the explorer asks the database nothing.
//! - An act needs a [`Scope`] and an [audit](Explorer::audit), to which it is written before it is done. Forms carry a token that is bound to the
//!   login.
//! - The content security policy allows no inline script or style.
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod assets;
mod error;
mod explorer;
mod failure;
mod gather;
mod health;
mod json;
mod operations;
mod pages;
mod reading;
mod server;
mod service;
mod shared;
mod site;
mod tail;
mod text;
mod times;

pub use access::{Operator, Scope};
pub use error::ExplorerError;
pub use explorer::Explorer;
pub use health::{HealthRoutes, health};
pub use server::Server;
