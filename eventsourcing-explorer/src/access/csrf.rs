//! The token that each form repeats: what a browser sends for a foreign site does not have it.

use std::fmt;

use axum::http::request::Parts;
use subtle::ConstantTimeEq as _;

use super::{Operator, Token, digest, hex};
use crate::ExplorerError;
use crate::failure::Failure;

/// The secret that the tokens of forms are made with.
pub(crate) struct CsrfKey(String);

impl fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfKey(hidden)")
    }
}

impl CsrfKey {
    /// A secret that follows from the token, so that each process of a service has the same; a random one without a token.
    pub(crate) fn new(token: Option<&str>) -> Result<Self, ExplorerError> {
        match token {
            Some(token) => Ok(Self(hex(&digest(&["key of the forms of an explorer", token])))),
            None => Token::random().map(Self),
        }
    }

    /// The token for the forms of an operator, bound to the cookie of the login or to the operator's name.
    pub(crate) fn token(&self, operator: &Operator, token: Option<&Token>) -> String {
        let cookie = token.map_or("", Token::cookie);
        hex(&digest(&["form of an explorer", &self.0, cookie, &operator.name]))
    }

    /// Checks that a form comes from a page of the explorer that this operator has open.
    ///
    /// A request with the token in `Authorization` needs no token of a form: no browser sends that header by itself.
    pub(crate) fn check(
        &self,
        parts: &Parts,
        operator: &Operator,
        token: Option<&Token>,
        given: &str,
    ) -> Result<(), Failure> {
        if token.is_some_and(|token| token.is_bearer(&parts.headers) == Some(true)) {
            return Ok(());
        }
        let site = parts.headers.get("sec-fetch-site").map(axum::http::HeaderValue::as_bytes);
        if site != Some(b"same-origin") {
            return Err(Failure::CrossSite);
        }
        let expected = self.token(operator, token);
        let is_same = bool::from(digest(&[given]).ct_eq(&digest(&[&expected])));
        if is_same { Ok(()) } else { Err(Failure::OldForm) }
    }
}

/// The token in the fields of a form.
pub(crate) fn csrf_of(fields: &[(String, String)]) -> &str {
    fields.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value)
}
