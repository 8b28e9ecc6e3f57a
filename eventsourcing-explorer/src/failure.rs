//! Why a request gets no page. Its text is all that a visitor learns.

use axum::http::StatusCode;

/// A refused or failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The host name of the request is not one of the explorer's.
    ForeignHost,
    /// Another site sent the request.
    CrossSite,
    /// No token, or a wrong one.
    SignInNeeded,
    /// The path, the event or the aggregate does not exist.
    NotFound(&'static str),
    /// A method that the path does not have. It has these.
    Method(&'static str),
    /// A parameter of the URL or a body that cannot be used.
    BadRequest(&'static str),
    /// All permits are taken.
    Busy,
    /// The database failed, or took too long.
    Unavailable,
}

impl Failure {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::ForeignHost | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A few words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::ForeignHost => "Not served under this host name",
            Self::CrossSite => "This request came from another site",
            Self::SignInNeeded => "Sign in",
            Self::NotFound(_) => "Not found",
            Self::Method(_) => "Method not allowed",
            Self::BadRequest(_) => "This address cannot be read",
            Self::Busy => "Too many requests at once",
            Self::Unavailable => "The log cannot be read now",
        }
    }

    /// What a visitor can do.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::ForeignHost => "Open the explorer under a host name that it is configured for.",
            Self::CrossSite => {
                "Pages of the explorer open from links of the explorer alone. If you followed a link, continue below."
            }
            Self::SignInNeeded => "Give the token of the explorer.",
            Self::NotFound(text) | Self::BadRequest(text) => text,
            Self::Method(_) => "The explorer only reads.",
            Self::Busy => "Try again in a moment.",
            Self::Unavailable => "The log of the service says why. Try again in a moment.",
        }
    }
}
