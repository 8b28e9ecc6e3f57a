//! The part of the navigation that leads to the pages for operators.

use maud::{Markup, html};

use crate::access::Scope;
use crate::pages::frame::{Frame, Section};
use crate::pages::parts::icon;
use crate::site::Watched;

/// The pages, with their names and icons.
const PAGES: [(Watched, &str, &str); 7] = [
    (Watched::Projections, "Consumers", "layers"),
    (Watched::System, "System", "map"),
    (Watched::Letters, "Dead letters", "tray"),
    (Watched::Rebuilds, "Rebuilds", "turn"),
    (Watched::Storage, "Storage", "cylinder"),
    (Watched::Verify, "Verify", "shield"),
    (Watched::Audit, "Audit", "clipboard"),
];

impl Frame<'_> {
    /// The links to the pages for operators, if there is anything for them.
    pub(in crate::pages) fn operations(&self) -> Markup {
        let is = |page| (self.section == Section::Watched(page)).then_some("true");
        html! {
            @if self.has_operations {
                h2 { "Operations" }
                ul {
                    @for (page, name, picture) in PAGES {
                        li { a href=(self.links.to(page.path(), &[])) aria-current=[is(page)] { (icon(picture)) (name) } }
                    }
                }
            }
        }
    }

    /// The same links above the page, for small screens without the other navigation.
    pub(in crate::pages) fn operations_above(&self) -> Markup {
        let is = |page| (self.section == Section::Watched(page)).then_some("true");
        html! {
            @if matches!(self.section, Section::Watched(_)) {
                nav.above aria-label="Operations" {
                    @for (page, name, _) in PAGES { a href=(self.links.to(page.path(), &[])) aria-current=[is(page)] { (name) } }
                }
            }
        }
    }

    /// What the operator may do, in a word.
    pub(in crate::pages) fn may(&self) -> &'static str {
        let acts = [Scope::LettersRetry, Scope::LettersDiscard, Scope::Rebuild];
        if acts.into_iter().any(|scope| self.operator.may(scope)) { "Operator" } else { "Read-only" }
    }
}
