//! The token: compared in constant time, and never shown.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::ExplorerError;

/// The name of the cookie that a browser gets when it signs in.
pub(crate) const COOKIE: &str = "eventsourcing_explorer";

/// The minimum length of a token.
pub(crate) const MIN_TOKEN: usize = 16;

/// What a token is compared by. The token itself is not kept.
#[derive(Clone)]
pub(crate) struct Token {
    digest: [u8; 32],
    /// The digest of the cookie's value, which follows from the token: it stays valid after a restart, and in each process of a service.
    cookie_digest: [u8; 32],
    cookie: String,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl Token {
    pub(crate) fn new(token: &str) -> Result<Self, ExplorerError> {
        if token.len() < MIN_TOKEN {
            return Err(ExplorerError::ShortToken { len: token.len(), min: MIN_TOKEN });
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ExplorerError::BadToken);
        }
        let cookie = hex(&digest(&["cookie of an explorer", token]));
        Ok(Self { digest: digest(&[token]), cookie_digest: digest(&[&cookie]), cookie })
    }

    /// Returns a token of 128 random bits.
    pub(crate) fn random() -> Result<String, ExplorerError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(ExplorerError::NoRandomness)?;
        Ok(hex(&bytes))
    }

    pub(crate) fn is(&self, given: &str) -> bool {
        digest(&[given]).ct_eq(&self.digest).into()
    }

    /// Whether a request has the token in `Authorization`, or the cookie of a browser that signed in.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        if let Some(is_valid) = self.is_bearer(headers) {
            return is_valid;
        }
        let cookies = headers.get_all(COOKIE_HEADER).iter().filter_map(|value| value.to_str().ok());
        let mut values =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        values.any(|(name, value)| name == COOKIE && bool::from(digest(&[value]).ct_eq(&self.cookie_digest)))
    }

    /// Whether `Authorization` has the token; `None` if there is no such header, so that a cookie counts.
    pub(crate) fn is_bearer(&self, headers: &HeaderMap) -> Option<bool> {
        let (scheme, given) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        Some(scheme.eq_ignore_ascii_case("bearer") && self.is(given.trim()))
    }

    /// The value of the cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }
}

/// Equal lengths are compared, whatever the length of what is given.
pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_neither_shown_nor_the_cookie() {
        let token = Token::new("correct-horse-battery").expect("a token");
        assert!(token.is("correct-horse-battery") && !token.is("correct-horse-batter"));
        assert!(!token.cookie().contains("horse"));
        assert!(!format!("{token:?}").contains("horse"));
    }

    #[test]
    fn tokens_that_can_be_guessed_are_refused_without_being_shown() {
        let error = Token::new("hunter2").expect_err("too short");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(matches!(Token::new("a token with spaces"), Err(ExplorerError::BadToken)));
    }
}
