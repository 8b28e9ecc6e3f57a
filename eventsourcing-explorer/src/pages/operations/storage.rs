//! The pages of what is stored: sizes, forms and dictionaries, and whether a part of a log is as it was recorded.

use std::collections::BTreeMap;

use eventsourcing_core::codec::{StateDictionary, StateInfo};
use maud::{Markup, html};
use serde::Serialize;

use super::pieces::failures;
use crate::pages::frame::Frame;
use crate::pages::parts::icon;
use crate::pages::twin::{SCHEMA, written};
use crate::reading::{Reader, Storage, VERIFIED, Verified};
use crate::site::{Links, WatchQuery, Watched};
use crate::text::{bytes, grouped, visible};

/// What is stored of each application that could be read.
pub(crate) struct StoragePage<'a> {
    pub(crate) stored: Vec<(&'a Reader, Storage)>,
    pub(crate) failed: Vec<String>,
}

/// The lengths of a sample: stored, and as JSON.
fn lengths(sample: &[StateInfo]) -> (usize, usize) {
    let stored = sample.iter().map(|info| info.stored_len).sum();
    (stored, sample.iter().filter_map(|info| info.json_len).sum())
}

/// How the states of a sample are stored, with how many of them are.
fn forms(sample: &[StateInfo]) -> BTreeMap<String, usize> {
    let mut forms = BTreeMap::new();
    for info in sample {
        let mut words = Vec::new();
        if let Some(compressor) = info.compressor() {
            let name = compressor.name.unwrap_or("unknown compressor");
            words.push(match compressor.dictionary {
                StateDictionary::Id(id) => format!("{name}, dictionary {id}"),
                _ => name.to_owned(),
            });
        }
        words.extend(
            info.cipher()
                .map(|cipher| format!("{}, key {:08x}", cipher.name.unwrap_or("unknown cipher"), cipher.key_id)),
        );
        let form = if words.is_empty() { "JSON in clear".to_owned() } else { words.join(" · ") };
        *forms.entry(form).or_default() += 1;
    }
    forms
}

/// A number of bytes that may be larger than this machine can address.
fn shown(number: u64) -> String {
    bytes(usize::try_from(number).unwrap_or(usize::MAX))
}

/// The page of what is stored.
pub(crate) fn storage(page: &StoragePage<'_>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let main = html! {
        div.head {
            h1 { "Storage" }
            span.sub { "sizes, forms and dictionaries; numbers of rows are estimates of the database" }
            span.acts { a.btn href=(links.to("storage.json", &[])) { (icon("braces")) "JSON" } }
        }
        (failures(&page.failed))
        @for (reader, stored) in &page.stored { (block(reader, stored, links)) }
    };
    frame.document(&[("Storage", None)], &html! {}, &main)
}

fn block(reader: &Reader, stored: &Storage, links: Links) -> Markup {
    let Storage { events, sizes, dictionaries, sample } = stored;
    let (len, json) = lengths(sample);
    let whole: u64 = sizes.iter().map(|size| size.bytes + size.index_bytes.unwrap_or(0)).sum();
    let indexes: u64 = sizes.iter().filter_map(|size| size.index_bytes).sum();
    let tenths = (json * 10).checked_div(len).unwrap_or(10);
    let verify = WatchQuery { application: Some(reader.name().to_owned()), ..WatchQuery::default() };
    html! {
        section.app aria-label=(reader.name()) {
            div.head {
                h2 { a href=(links.to(&format!("{}/log", reader.name()), &[])) { (reader.name()) } }
                @if reader.is_encrypted() { span.pill { (icon("lock")) "encrypted" } }
                span.acts { a.btn href=(links.to(Watched::Verify.path(), &verify.pairs())) { (icon("shield")) "Verify" } }
            }
            dl.kpis {
                div { dt { "Events" } dd { (grouped(*events)) } dd { "the last position" } }
                div { dt { "Size" } dd { @if sizes.is_empty() { "–" } @else { (shown(whole)) } } dd { @if sizes.is_empty() { "in memory, or not known" } @else if indexes == 0 { "the file, with all in it" } @else { "tables and indexes" } } }
                div { dt { "Indexes" } dd { @if indexes == 0 { "–" } @else { (shown(indexes)) } } dd { "of the whole" } }
                div { dt { "State" } dd { (bytes(len.checked_div(sample.len()).unwrap_or(0))) } dd { "on average, of the newest " (sample.len()) } }
                div { dt { "Compression" } dd { (tenths / 10) "." (tenths % 10) " ×" } dd { "JSON to stored, of the newest" } }
                div { dt { "Dictionaries" } dd { (dictionaries.len()) } dd { (bytes(dictionaries.iter().map(|(_, len)| len).sum())) } }
            }
            div.cols.two {
                section.panel {
                    header { h2 { "Tables" } }
                    @if sizes.is_empty() { p.pad.mute { "This recorder does not tell the sizes of its tables." } }
                    @else {
                        div.scroll tabindex="0" role="region" aria-label="Tables" {
                            table.grid {
                                thead { tr { th { "Table" } th.right { "Size" } th.right { "Indexes" } th.right { "Free" } th.right { "Rows, about" } } }
                                tbody {
                                    @for size in sizes {
                                        tr {
                                            td.mono { (visible(&size.name)) }
                                            td.right.num { (shown(size.bytes)) }
                                            td.right.num { @match size.index_bytes { Some(len) => (shown(len)), None => span.mute { "–" } } }
                                            td.right.num { @match size.free_bytes { Some(len) => (shown(len)), None => span.mute { "–" } } }
                                            td.right.num { @match size.rows { Some(rows) => (grouped(rows)), None => span.mute { "–" } } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                section.panel {
                    header { h2 { "Forms" } span.acts.mute { "newest " (sample.len()) " events" } }
                    ul.list {
                        @for (form, count) in forms(sample) { li { span.grow { (form) } span.num { (count) } } }
                        @for (id, len) in dictionaries { li { span.grow.mute { "Dictionary " (id) } span.num.mute { (bytes(*len)) } } }
                    }
                }
            }
        }
    }
}

/// The same as JSON.
pub(crate) fn storage_json(page: &StoragePage<'_>) -> String {
    let applications = page.stored.iter().map(|(reader, stored)| {
        let (len, json) = lengths(&stored.sample);
        StorageJson {
            application: reader.name(),
            events: stored.events,
            tables: stored
                .sizes
                .iter()
                .map(|size| TableJson {
                    name: &size.name,
                    bytes: size.bytes,
                    index_bytes: size.index_bytes,
                    free_bytes: size.free_bytes,
                    estimated_rows: size.rows,
                })
                .collect(),
            dictionaries: stored.dictionaries.iter().map(|(id, len)| DictionaryJson { id: *id, bytes: *len }).collect(),
            newest: SampleJson {
                events: stored.sample.len(),
                stored_bytes: len,
                json_bytes: json,
                forms: forms(&stored.sample),
            },
        }
    });
    written(&StoragesJson { schema: SCHEMA, applications: applications.collect(), not_read: &page.failed })
}

#[derive(Serialize)]
struct StoragesJson<'a> {
    schema: u32,
    applications: Vec<StorageJson<'a>>,
    not_read: &'a [String],
}

#[derive(Serialize)]
struct StorageJson<'a> {
    application: &'a str,
    events: u64,
    tables: Vec<TableJson<'a>>,
    dictionaries: Vec<DictionaryJson>,
    newest: SampleJson,
}

#[derive(Serialize)]
struct TableJson<'a> {
    name: &'a str,
    bytes: u64,
    index_bytes: Option<u64>,
    free_bytes: Option<u64>,
    estimated_rows: Option<u64>,
}

#[derive(Serialize)]
struct DictionaryJson {
    id: u32,
    bytes: usize,
}

#[derive(Serialize)]
struct SampleJson {
    events: usize,
    stored_bytes: usize,
    json_bytes: usize,
    forms: BTreeMap<String, usize>,
}

/// The page that verifies a part of a log.
pub(crate) fn verify(applications: &[&str], chosen: Option<(&str, &Verified)>, frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let of = |application: &str, from: Option<u64>| {
        let query = WatchQuery { application: Some(application.to_owned()), from, ..WatchQuery::default() };
        links.to(Watched::Verify.path(), &query.pairs())
    };
    let main = html! {
        div.head {
            h1 { "Verify" }
            span.sub { "no position is missing, and each state opens as it was recorded" }
            span.acts {
                span.seg role="group" aria-label="Application" {
                    @for application in applications {
                        a href=(of(application, None)) aria-current=[chosen.is_some_and(|(name, _)| name == *application).then_some("true")] { (application) }
                    }
                }
            }
        }
        @match chosen {
            None => p.panel.empty { b { "Choose an application." } " A page verifies up to " (grouped(VERIFIED)) " positions, and leads to the next ones." },
            Some((application, verified)) => (result(application, verified, links, &of)),
        }
    };
    frame.document(&[("Verify", None)], &html! {}, &main)
}

fn result(application: &str, verified: &Verified, links: Links, of: &impl Fn(&str, Option<u64>) -> String) -> Markup {
    let Some((first, last)) = verified.range else {
        return html! { p.panel.empty { b { "There is nothing to verify here." } " The log ends at " (grouped(verified.newest)) "." } };
    };
    let kind = if verified.is_sound() { "ok" } else { "bad" };
    html! {
        section.panel aria-label="Result" {
            p class={ "note told " (kind) } role="status" {
                (icon(if verified.is_sound() { "tick" } else { "warning" }))
                span {
                    b { (grouped(first)) " to " (grouped(last)) " of " (grouped(verified.newest)) ": " }
                    @if verified.is_sound() { "all " (grouped(verified.events)) " events are as they were recorded." }
                    @else { (grouped(verified.missing)) " positions are missing, and " (grouped(verified.unreadable)) " states cannot be opened." }
                }
            }
            @if !verified.faults.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="Faults" {
                    table.grid {
                        thead { tr { th.right { "Position" } th.fill { "Fault" } } }
                        tbody {
                            @for (position, why) in &verified.faults {
                                tr { td.right.num { a href=(links.to(&format!("{application}/events/{position}"), &[])) { (grouped(*position)) } } td.fill { (why) } }
                            }
                        }
                    }
                }
            }
            footer {
                span { "Whether the program's types can read the events is not part of it." }
                span.grow {}
                @match verified.next() {
                    Some(next) => a #older href=(of(application, Some(next))) { "Go on at " (grouped(next)) (icon("right")) },
                    None => span { "This is the end of the log." },
                }
            }
        }
    }
}

/// The same as JSON.
pub(crate) fn verify_json(chosen: Option<(&str, &Verified)>) -> String {
    let verified = chosen.map(|(application, verified)| VerifiedJson {
        application,
        from: verified.range.map(|(first, _)| first),
        to: verified.range.map(|(_, last)| last),
        newest: verified.newest,
        events: verified.events,
        missing: verified.missing,
        unreadable: verified.unreadable,
        faults: verified.faults.iter().map(|(position, fault)| FaultJson { position: *position, fault }).collect(),
        next: verified.next(),
    });
    written(&VerifyJson { schema: SCHEMA, verified })
}

#[derive(Serialize)]
struct VerifyJson<'a> {
    schema: u32,
    verified: Option<VerifiedJson<'a>>,
}

#[derive(Serialize)]
struct VerifiedJson<'a> {
    application: &'a str,
    from: Option<u64>,
    to: Option<u64>,
    newest: u64,
    events: u64,
    missing: u64,
    unreadable: u64,
    faults: Vec<FaultJson<'a>>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct FaultJson<'a> {
    position: u64,
    fault: &'a str,
}
