//! Why a request gets no page. Its text is all that a visitor learns.

use axum::http::StatusCode;

/// A refused or failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The host name of the request is not one of the explorer's.
    ForeignHost,
    /// Another site sent the request.
    CrossSite,
    /// A form without the token of the page, or with that of an earlier login.
    OldForm,
    /// The operator lacks a scope, which the text names.
    NotAllowed(&'static str),
    /// There is no audit to which an act could be written.
    NoAudit,
    /// The audit could not be written, so nothing was done.
    NotAudited,
    /// No token, or a wrong one.
    SignInNeeded,
    /// The path, the event or the aggregate does not exist.
    NotFound(&'static str),
    /// A method that the path does not have. It has these.
    Method(&'static str),
    /// A parameter of the URL or a body that cannot be used.
    BadRequest(&'static str),
    /// What the form is about has changed since its page was loaded, or the form contradicts it.
    Changed(&'static str),
    /// All permits are taken.
    Busy,
    /// The database failed, or took too long.
    Unavailable,
}

impl Failure {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::ForeignHost | Self::CrossSite | Self::OldForm | Self::NotAllowed(_) | Self::NoAudit => {
                StatusCode::FORBIDDEN
            }
            Self::Changed(_) => StatusCode::CONFLICT,
            Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Unavailable | Self::NotAudited => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A few words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::ForeignHost => "Not served under this host name",
            Self::CrossSite => "This request came from another site",
            Self::OldForm => "This form is not current",
            Self::NotAllowed(_) => "You may not do this",
            Self::NoAudit => "There is no audit",
            Self::NotAudited => "Nothing was done",
            Self::Changed(_) => "Nothing was done",
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
            Self::OldForm => "Nothing was done. Load the page again, and send the form of the new page.",
            Self::NoAudit => "This explorer has no audit, so nobody can act by it: set one with `Explorer::audit`.",
            Self::NotAudited => "The act could not be written to the audit. The log of the service says why.",
            Self::Changed(text) | Self::NotAllowed(text) => text,
            Self::SignInNeeded => "Give the token of the explorer.",
            Self::NotFound(text) | Self::BadRequest(text) => text,
            Self::Method(_) => "This address does not have this method.",
            Self::Busy => "Try again in a moment.",
            Self::Unavailable => "The log of the service says why. Try again in a moment.",
        }
    }
}
