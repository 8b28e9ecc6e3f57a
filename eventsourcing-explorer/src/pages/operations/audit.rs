//! The page of the audit, and the audit as a table for other programs.

use eventsourcing_core::Timestamp;
use eventsourcing_core::audit::AuditRecord;
use maud::{Markup, html};
use serde::Serialize;

use crate::pages::frame::Frame;
use crate::pages::parts::{icon, time};
use crate::pages::twin::{SCHEMA, written};
use crate::site::{WatchQuery, Watched};
use crate::text::visible;

/// What the page of the audit shows.
#[derive(Debug)]
pub(crate) struct AuditPage {
    /// The last entry first.
    pub(crate) records: Vec<AuditRecord>,
    pub(crate) has_more: bool,
    pub(crate) has_audit: bool,
}

impl AuditPage {
    /// The id below which the next page begins.
    fn next(&self) -> Option<u64> {
        self.records.last().map(|last| last.id).filter(|_| self.has_more)
    }
}

/// The page of the audit.
pub(crate) fn audit(page: &AuditPage, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let older = |before| WatchQuery { before: Some(before), ..WatchQuery::default() }.pairs();
    let main = html! {
        div.head {
            h1 { "Audit" }
            span.sub { "written before each act, with its outcome afterwards" }
            span.acts {
                a.btn href=(links.to(Watched::AuditCsv.path(), &[])) { (icon("table")) "CSV" }
                a.btn href=(links.to("audit.json", &[])) { (icon("braces")) "JSON" }
            }
        }
        section.panel aria-label="Audit" {
            @if page.records.is_empty() {
                p.empty {
                    @if page.has_audit { b { "Nobody has acted yet." } " Retries, discards, dry runs, switches and aborts appear here." }
                    @else { b { "This explorer has no audit." } " Nobody can act by it: set one with " code { "Explorer::audit" } "." }
                }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Entries" {
                    table.grid {
                        thead { tr { th.right { "Id" } th { "Time" span.tz { ", UTC" } } th { "Who" } th { "Act" } th.fill { "Target" } th.fill { "Why" } th.fill { "Outcome" } } }
                        tbody {
                            @for AuditRecord { id, entry, outcome, .. } in &page.records {
                                tr id=(format!("a{id}")) {
                                    td.right.num.mute { (id) }
                                    td.num { (time(Some(entry.at), false)) }
                                    td { b { (visible(&entry.operator)) } }
                                    td { span.pill.calm { (visible(&entry.action)) } }
                                    td.fill.wrap { (visible(&entry.target)) }
                                    td.fill.wrap { @match &entry.reason { Some(reason) => (visible(reason)), None => span.mute { "–" } } }
                                    td.fill.wrap { @match outcome { Some(outcome) => (visible(outcome)), None => span.pill.warn { "no outcome" } } }
                                }
                            }
                        }
                    }
                }
            }
            footer {
                span { "An entry without an outcome belongs to an act that is under way, or to a process that ended in it." }
                span.grow {}
                @if let Some(before) = page.next() { a href=(links.to(Watched::Audit.path(), &older(before))) { "Older" (icon("right")) } }
            }
        }
    };
    frame.document(&[("Audit", None)], &html! {}, &main)
}

/// The same as JSON.
pub(crate) fn audit_json(page: &AuditPage) -> String {
    let older = page.next().map(|before| format!("?before={before}"));
    written(&AuditJson { schema: SCHEMA, entries: page.records.iter().map(RecordJson::of).collect(), older })
}

#[derive(Serialize)]
struct AuditJson<'a> {
    schema: u32,
    entries: Vec<RecordJson<'a>>,
    older: Option<String>,
}

#[derive(Serialize)]
struct RecordJson<'a> {
    id: u64,
    at: Timestamp,
    operator: &'a str,
    action: &'a str,
    target: &'a str,
    reason: Option<&'a str>,
    outcome: Option<&'a str>,
    ended_at: Option<Timestamp>,
}

impl<'a> RecordJson<'a> {
    fn of(record: &'a AuditRecord) -> Self {
        let AuditRecord { id, entry, outcome, ended_at, .. } = record;
        Self {
            id: *id,
            at: entry.at,
            operator: &entry.operator,
            action: &entry.action,
            target: &entry.target,
            reason: entry.reason.as_deref(),
            outcome: outcome.as_deref(),
            ended_at: *ended_at,
        }
    }
}

/// The audit as comma-separated values (RFC 4180).
pub(crate) fn audit_csv(records: &[AuditRecord]) -> String {
    let mut csv = "id,at,operator,action,target,reason,outcome,ended_at\r\n".to_owned();
    for AuditRecord { id, entry, outcome, ended_at, .. } in records {
        let ended = ended_at.map(|time| time.to_string());
        let (at, id) = (entry.at.to_string(), id.to_string());
        let texts = [&id, &at, &entry.operator, &entry.action, &entry.target];
        let texts = texts.into_iter().map(String::as_str);
        let texts =
            texts.chain([entry.reason.as_deref(), outcome.as_deref(), ended.as_deref()].map(Option::unwrap_or_default));
        let cells: Vec<String> = texts.map(cell).collect();
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// A cell in quotes. A text that a spreadsheet would run as a formula begins with an apostrophe instead.
fn cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_runs_no_cell() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1"] {
            assert!(cell(text).starts_with("\"'"), "{text}");
        }
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
