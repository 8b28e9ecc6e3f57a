//! Why an explorer does not start.

use std::net::SocketAddr;

/// Why an explorer cannot be mounted or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplorerError {
    /// Nobody could open a page, or everybody could.
    #[error(
        "the explorer has neither a token nor an authentication: set `Explorer::token` to at least {min} characters from a secret store, \
         or let `Explorer::auth` decide who a request comes from"
    )]
    NoToken {
        /// The minimum length of a token.
        min: usize,
    },
    /// An address that others can reach needs a token that somebody chose.
    #[error(
        "the explorer does not listen at {address} with a token of its own: others can reach that address. Set `Explorer::token` or \
         `Explorer::auth`, or listen at 127.0.0.1"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// A token that can be guessed. The error does not contain it.
    #[error("the token has {len} characters; set `Explorer::token` to at least {min}, such as 32 random ones")]
    ShortToken {
        /// The length of the token.
        len: usize,
        /// The minimum length.
        min: usize,
    },
    /// A token that a header cannot carry. The error does not contain it.
    #[error(
        "the token contains a space or a character outside of ASCII; set `Explorer::token` to letters, digits and `-._~+/=`"
    )]
    BadToken,
    /// Each application has its pages under its name.
    #[error("two applications are named `{name}`; each needs a name of its own, in any case of letters")]
    SameName {
        /// The name.
        name: String,
    },
    /// The host name is not one.
    #[error(
        "`{host}` is no host name; give the name alone, such as `shop.example.com`, without a scheme, a port or a path"
    )]
    BadHost {
        /// The name.
        host: String,
    },
    /// The random numbers of the operating system are needed for a token.
    #[error("the operating system has no random numbers for a token: {0}")]
    NoRandomness(getrandom::Error),
    /// The address cannot be listened at.
    #[error("the explorer cannot listen at {address}: {source}; free the port, or give another one (0 chooses one)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}
