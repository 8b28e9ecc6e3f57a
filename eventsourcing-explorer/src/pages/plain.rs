//! Pages without navigation: the login, and what failed.

use maud::{Markup, html};

use super::frame::{brand, head};
use super::twin::{SCHEMA, written};
use crate::failure::Failure;
use crate::site::Links;

fn card(links: Links, title: &str, content: &Markup) -> Markup {
    html! {
        (head(links, title, None, false, false))
        body.plain-page { main.card #main { p.brand { (brand()) "eventsourcing" } h1 { (title) } (content) } }
    }
}

/// The form for the token. `then` is the page below the mount to which it leads.
pub(crate) fn sign_in(links: Links, then: &str, was_wrong: bool) -> Markup {
    let content = html! {
        p.mute { "The service that serves this page has its token." }
        form method="post" action=(links.to("login", &[])) {
            input type="hidden" name="then" value=(then);
            label { "Token" input.field #token type="password" name="token" required autofocus autocomplete="current-password" aria-invalid=[was_wrong.then_some("true")]; }
            @if was_wrong { p.bad role="alert" { "This is not the token." } }
            button.btn.main { "Sign in" }
        }
    };
    card(links, "Sign in", &content)
}

/// What a visitor sees instead of a page. `again` is a link to the same page.
pub(crate) fn failed(links: Links, failure: Failure, again: Option<&str>) -> Markup {
    let content = html! {
        p.mute { (failure.text()) }
        @match (failure, again) {
            (Failure::CrossSite | Failure::Busy | Failure::Unavailable, Some(again)) => a.btn.main href=(again) { "Continue" },
            (Failure::NotFound(_) | Failure::BadRequest(_), _) => a.btn href=(links.to("overview", &[])) { "Overview" },
            _ => {},
        }
    };
    card(links, failure.title(), &content)
}

/// The same as JSON.
pub(crate) fn failed_json(failure: Failure) -> String {
    written(&FailedJson { schema: SCHEMA, error: failure.title(), detail: failure.text() })
}

#[derive(serde::Serialize)]
struct FailedJson {
    schema: u32,
    error: &'static str,
    detail: &'static str,
}
