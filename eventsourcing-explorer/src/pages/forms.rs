//! Forms by which operators act, on any page.

use maud::{Markup, html};

use super::parts::icon;
use crate::access::{Operator, Scope};
use crate::operations::Consumer;
use crate::site::{Act, Links};

/// What forms need.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(crate) operator: &'a Operator,
    pub(crate) has_audit: bool,
    /// The token that each form repeats.
    pub(crate) csrf: String,
    pub(crate) links: Links,
}

impl Desk<'_> {
    /// Whether the operator can do something here.
    pub(super) fn can(&self, scope: Scope) -> bool {
        self.has_audit && self.operator.may(scope)
    }

    /// A form that does something to a consumer, with these hidden fields and this content.
    pub(super) fn form(&self, act: Act, consumer: &Consumer, fields: &[(&str, String)], content: &Markup) -> Markup {
        html! {
            form.act method="post" action=(self.links.to(act.path(), &[])) {
                input type="hidden" name="csrf" value=(self.csrf);
                input type="hidden" name="consumer" value=(consumer.key);
                input type="hidden" name="upstream" value=(consumer.upstream);
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                (content)
            }
        }
    }

    /// Why there are no forms.
    pub(super) fn why_not(&self, scopes: &[Scope]) -> Markup {
        html! {
            @if !self.has_audit {
                p.lock { (icon("lock")) span { "Nobody acts here: the explorer has no audit." } }
            } @else if let Some(scope) = scopes.iter().find(|scope| !self.operator.may(**scope)) {
                p.lock { (icon("lock")) span { "The scope " code { (scope.name()) } " is needed to act here." } }
            }
        }
    }
}

/// The form that shows the hidden values of an event once.
pub(super) fn reveal(desk: &Desk<'_>, application: &str, position: u64, is_hidden: bool) -> Markup {
    html! {
        @if is_hidden && desk.can(Scope::Reveal) {
            form.pad.reveal method="post" action=(desk.links.to(Act::RevealEvent.path(), &[])) {
                input type="hidden" name="csrf" value=(desk.csrf);
                input type="hidden" name="application" value=(application);
                input type="hidden" name="at" value=(position);
                (reason_field(false))
                (reveal_button())
            }
        }
    }
}

/// The button that shows hidden values.
pub(super) fn reveal_button() -> Markup {
    html! { button.btn { (icon("lock")) "Reveal the values, and write it to the audit" } }
}

/// The field for a reason.
pub(super) fn reason_field(is_required: bool) -> Markup {
    html! {
        label {
            @if is_required { "Why (required, kept with the audit)" } @else { "Why (kept with the audit)" }
            textarea.field name="reason" rows="2" maxlength="2000" required[is_required] {}
        }
    }
}
