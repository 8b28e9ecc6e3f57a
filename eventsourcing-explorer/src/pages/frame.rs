//! What is around every page: navigation, search, the time zone and the theme.

use maud::{DOCTYPE, Markup, html};

use super::parts::icon;
use crate::access::Operator;
use crate::assets;
use crate::site::{Links, Look};

/// The part of the navigation that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section<'a> {
    Overview,
    /// The log of an application, its events and its aggregates.
    Log(&'a str),
}

/// What a page is shown in.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) links: Links,
    /// The path of the page below the mount, and its parameters without those of the look.
    pub(crate) path: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) applications: Vec<&'a str>,
    pub(crate) section: Section<'a>,
    pub(crate) operator: &'a Operator,
    /// Whether a browser without script loads the page again and again.
    pub(crate) is_live: bool,
}

impl Frame<'_> {
    /// The document. `crumbs` are below the application; the last one is the page itself.
    pub(super) fn document(&self, crumbs: &[(&str, Option<String>)], more: &Markup, main: &Markup) -> Markup {
        let links = self.links;
        let Look { is_local, theme } = links.look;
        let application = match self.section {
            Section::Overview => None,
            Section::Log(name) => Some(name),
        };
        let here = |look: Look| links.with_look(&self.path, &self.parameters, look);
        let title = crumbs.last().map_or("Overview", |(title, _)| title);
        html! {
            (head(links, title, application, self.is_live))
            body {
                a.skip href="#main" { "Skip to content" }
                div.frame {
                    nav.side aria-label="Explorer" {
                        a.brand href=(links.to("overview", &[])) { (brand()) "eventsourcing" }
                        (self.navigation())
                        (more)
                        div.foot {
                            p { b { "Read-only" } " · " (self.operator.name) }
                            form method="post" action=(links.to("logout", &[])) { button.plain { "Sign out" } }
                        }
                    }
                    div.body {
                        header.top {
                            nav.crumbs aria-label="Breadcrumb" {
                                @if let Some(name) = application {
                                    a href=(links.to(&format!("{name}/log"), &[])) { (name) }
                                    span.sep { "/" }
                                }
                                @for (at, (crumb, link)) in crumbs.iter().enumerate() {
                                    @if at > 0 { span.sep { "/" } }
                                    @match link {
                                        Some(link) => a href=(link) { (crumb) },
                                        None => span aria-current="page" { (crumb) },
                                    }
                                }
                            }
                            (self.search(application))
                            span.seg.zone role="group" aria-label="Time zone" {
                                a href=(here(Look { is_local: false, theme })) aria-current=[(!is_local).then_some("true")] { "UTC" }
                                a href=(here(Look { is_local: true, theme })) aria-current=[is_local.then_some("true")] { "Local" }
                            }
                            span.seg role="group" aria-label="Colours" {
                                a.icon href=(here(Look { is_local, theme: Some("light") })) aria-label="Light" aria-current=[(theme == Some("light")).then_some("true")] { (icon("sun")) }
                                a.icon href=(here(Look { is_local, theme: Some("dark") })) aria-label="Dark" aria-current=[(theme == Some("dark")).then_some("true")] { (icon("moon")) }
                            }
                        }
                        main #main { (main) }
                    }
                }
                (self.tabs())
            }
        }
    }

    fn navigation(&self) -> Markup {
        let links = self.links;
        let is = |section: Section<'_>| (self.section == section).then_some("true");
        html! {
            ul {
                li { a href=(links.to("overview", &[])) aria-current=[is(Section::Overview)] { (icon("overview")) "Overview" } }
            }
            @for name in &self.applications {
                h2.cut { (name) }
                ul { li { a href=(links.to(&format!("{name}/log"), &[])) aria-current=[is(Section::Log(name))] { (icon("log")) "Log" } } }
            }
        }
    }

    /// The bar at the bottom of a small screen: the first applications, which have room there.
    fn tabs(&self) -> Markup {
        let links = self.links;
        let is = |section: Section<'_>| (self.section == section).then_some("true");
        let (one, several) = (self.applications.len() == 1, self.applications.iter().take(4));
        html! {
            nav.tabs aria-label="Sections" {
                a href=(links.to("overview", &[])) aria-current=[is(Section::Overview)] { (icon("overview")) "Overview" }
                @for name in several {
                    a href=(links.to(&format!("{name}/log"), &[])) aria-current=[is(Section::Log(name))] {
                        (icon("log")) span.cut { @if one { "Log" } @else { (name) } }
                    }
                }
            }
        }
    }

    /// The search for a position, an id, a topic or a time, in the application that is shown or in the first one.
    fn search(&self, application: Option<&str>) -> Markup {
        let Some(name) = application.or(self.applications.first().copied()) else { return html! {} };
        html! {
            form.search role="search" action=(format!("{}{name}/search", self.links.to_mount)) {
                (icon("search"))
                input #q name="q" maxlength="256" autocomplete="off" aria-label=(format!("Search {name} for a position, an id, a topic or a time")) placeholder="Position, id, topic or time…";
                @for (name, value) in self.links.fields() { input type="hidden" name=(name) value=(value); }
                kbd { "/" }
            }
        }
    }
}

/// The beginning of every document.
pub(super) fn head(links: Links, title: &str, application: Option<&str>, is_live: bool) -> Markup {
    let Look { is_local, theme } = links.look;
    let asset = |asset: &assets::Asset| format!("{}assets/{}", links.to_mount, asset.name);
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] data-tz=[is_local.then_some("local")];
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) @if let Some(name) = application { " · " (name) } " · eventsourcing" }
            link rel="stylesheet" href=(asset(&assets::STYLE));
            link rel="icon" href=(asset(&assets::ICON));
            @if is_live { noscript { meta http-equiv="refresh" content="5"; } }
            script src=(asset(&assets::SCRIPT)) defer {}
        }
    }
}

pub(super) fn brand() -> Markup {
    html! {
        svg viewBox="0 0 20 20" aria-hidden="true" {
            rect.facc width="20" height="20" rx="5" {}
            path.fmark d="M4 5h12v2H4zM4 9h8v2H4zM4 13h10v2H4z" {}
        }
    }
}
