//! Who may ask what: hosts and origins, tokens, forms, operators, permits, and the headers that guard a page.

mod csrf;
mod headers;
mod operator;
mod origin;
mod permits;
mod token;

pub(crate) use csrf::{CsrfKey, csrf_of};
pub(crate) use headers::guard;
pub use operator::{Operator, Scope};
pub(crate) use origin::Hosts;
pub(crate) use permits::Permits;
pub(crate) use token::{COOKIE, MIN_TOKEN, Token, digest, hex};
