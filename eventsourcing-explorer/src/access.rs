//! Who may ask what: hosts and origins, tokens, operators, permits, and the headers that guard a page.

mod headers;
mod operator;
mod origin;
mod permits;
mod token;

pub(crate) use headers::guard;
pub use operator::{Operator, Scope};
pub(crate) use origin::Hosts;
pub(crate) use permits::Permits;
pub(crate) use token::{COOKIE, MIN_TOKEN, Token};
