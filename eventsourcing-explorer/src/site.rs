//! The addresses of the pages: what a URL asks for, and how one page links to another.

mod aggregates_query;
mod links;
mod operations;
mod query;
mod route;

pub(crate) use aggregates_query::{AggregatesQuery, Selected};
pub(crate) use links::{Links, Look};
pub(crate) use operations::{Act, Of, WatchQuery, Watched};
pub(crate) use query::{AggregateQuery, LogQuery, pairs};
pub(crate) use route::{Form, Page, Route, Wanted};
