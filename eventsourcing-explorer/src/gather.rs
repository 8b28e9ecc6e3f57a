//! What each page needs is read: at most six statements, each with a window or an index.

mod operations;

use axum::http::request::Parts;
use axum::response::Response;
use eventsourcing_core::Uuid;

use crate::access::Operator;
use crate::failure::Failure;
use crate::pages::{self, AggregatePage, EventPage, Frame, LogPage, Section, Shown, Sight};
use crate::reading::{Content, Filter, Found, From, MAX_ROWS, Opened, Reader};
use crate::shared::Service;
use crate::site::{AggregateQuery, Form, Links, LogQuery, Page, Wanted, pairs};
use crate::tail::Tail;

/// The number of applications that the overview reads, with two statements each.
const READ_ON_OVERVIEW: usize = 3;

const NO_APPLICATION: Failure = Failure::NotFound("There is no application of this name.");

/// A request that is allowed.
pub(crate) struct Asked<'a> {
    pub(crate) service: &'a Service,
    pub(crate) parts: &'a Parts,
    pub(crate) operator: &'a Operator,
    pub(crate) links: Links,
    pub(crate) form: Form,
}

/// What a request gets.
pub(crate) enum Answer {
    /// HTML or JSON, as asked for.
    Page(String),
    /// A link to another page.
    Elsewhere(String),
    /// A file, with its type and its name.
    File(&'static str, &'static str, String),
}

impl<'a> Asked<'a> {
    pub(crate) async fn answer(&self, page: Page<'_>) -> Result<Answer, Failure> {
        let (name, wanted) = match page {
            Page::Overview => return self.overview().await.map(Answer::Page),
            Page::Watched(watched) => return self.watched(watched).await,
            Page::Of(name, wanted) => (name, wanted),
        };
        let reader = self.reader(name)?;
        match wanted {
            Wanted::Log => self.log(reader).await.map(Answer::Page),
            Wanted::Event(position) => self.event(reader, position).await.map(Answer::Page),
            Wanted::Aggregate(id) => self.aggregate(reader, id).await.map(Answer::Page),
            Wanted::Search => self.search(reader).map(Answer::Elsewhere),
            Wanted::Tail => Err(NO_APPLICATION),
        }
    }

    /// The stream of new events. It reads nothing before its first message.
    pub(crate) fn tail(&self, name: &str) -> Result<Response, Failure> {
        let reader = self.reader(name)?;
        let query = LogQuery::read(self.parts.uri.query())?;
        let seen = self.parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let after = match query.from {
            From::After(position) => position,
            From::Newest | From::Before(_) => {
                return Err(Failure::BadRequest("A stream begins after a position."));
            }
        };
        let payloads = Sight::of(reader, self.operator).payloads;
        // links in its rows lead to the log page, which has no such start
        let query = LogQuery { from: From::Newest, ..query };
        Ok(Tail { reader: reader.clone(), query, links: self.links, payloads, last: seen.unwrap_or(after) }.response())
    }

    fn reader(&self, name: &str) -> Result<&'a Reader, Failure> {
        self.service.readers.iter().find(|reader| reader.name() == name).ok_or(NO_APPLICATION)
    }

    pub(super) fn frame(
        &self,
        section: Section<'a>,
        path: String,
        parameters: Vec<(&'static str, String)>,
    ) -> Frame<'a> {
        let applications = self.service.readers.iter().map(Reader::name).collect();
        let has_operations = !self.service.known.is_empty();
        Frame {
            links: self.links,
            path,
            parameters,
            applications,
            section,
            operator: self.operator,
            is_live: false,
            has_operations,
            desk: self.desk(),
        }
    }

    async fn overview(&self) -> Result<String, Failure> {
        let mut shown = Vec::new();
        for (at, reader) in self.service.readers.iter().enumerate() {
            let found = match at < READ_ON_OVERVIEW {
                true => Some(reader.search(&Filter::default(), From::Newest, MAX_ROWS).await?),
                false => None,
            };
            shown.push(Shown { reader, sight: Sight::of(reader, self.operator), found });
        }
        let frame = self.frame(Section::Overview, "overview".to_owned(), Vec::new());
        Ok(match self.form {
            Form::Html => pages::overview(&shown, &frame).into_string(),
            Form::Json => pages::overview_json(&shown),
        })
    }

    async fn log(&self, reader: &'a Reader) -> Result<String, Failure> {
        let query = LogQuery::read(self.parts.uri.query())?;
        let found = reader.search(&query.filter, query.from, query.limit).await?;
        let selected = match (self.form, query.at.or_else(|| position_of(&found))) {
            (Form::Html, Some(position)) => event_page(reader, position, found.newest).await?,
            _ => None,
        };
        let sight = Sight::of(reader, self.operator);
        let mut frame = self.frame(Section::Log(reader.name()), format!("{}/log", reader.name()), query.pairs());
        frame.is_live = query.is_live;
        let page = LogPage { query, found, selected };
        Ok(match self.form {
            Form::Html => pages::log(&page, sight, &frame).into_string(),
            Form::Json => pages::log_json(&page, sight),
        })
    }

    async fn event(&self, reader: &'a Reader, position: u64) -> Result<String, Failure> {
        const NO_EVENT: Failure = Failure::NotFound("There is no event at this position.");
        if i64::try_from(position).is_err() {
            return Err(NO_EVENT);
        }
        let newest = reader.newest().await?;
        let mut page = event_page(reader, position, newest).await?.ok_or(NO_EVENT)?;
        let last = reader.versions(page.event.stored.event.originator_id, None, 1).await?;
        page.last_version = last.first().map(|last| last.event.originator_version);
        let sight = Sight::of(reader, self.operator);
        Ok(match self.form {
            Form::Html => {
                let path = format!("{}/events/{position}", reader.name());
                pages::event(&page, sight, &self.frame(Section::Log(reader.name()), path, Vec::new())).into_string()
            }
            Form::Json => pages::event_json(&page, sight),
        })
    }

    async fn aggregate(&self, reader: &'a Reader, id: Uuid) -> Result<String, Failure> {
        const NO_AGGREGATE: Failure =
            Failure::NotFound("There is no event of this aggregate, or none with this version.");
        let query = AggregateQuery::read(self.parts.uri.query())?;
        let half = u64::try_from(query.limit / 2).unwrap_or(0);
        // the selected version is in the list, with some that came after it
        let up_to = query.before.map(|before| before.saturating_sub(1)).or(query.at.map(|at| at.saturating_add(half)));
        let up_to = up_to.map(|version| version.min(i64::MAX.unsigned_abs()));
        let versions = reader.versions(id, up_to, query.limit).await?;
        let last = match up_to {
            None => versions.first().map(|last| last.event.originator_version),
            Some(_) => reader.versions(id, None, 1).await?.first().map(|last| last.event.originator_version),
        };
        let last = last.ok_or(NO_AGGREGATE)?;
        let versions = reader.open(versions).await;
        let wanted = query.at.or_else(|| versions.first().map(|first| first.stored.event.originator_version));
        let wanted = reader.version(id, wanted.ok_or(NO_AGGREGATE)?).await?.ok_or(NO_AGGREGATE)?;
        let selected = opened(reader, wanted).await.ok_or(NO_AGGREGATE)?;
        let sight = Sight::of(reader, self.operator);
        let path = format!("{}/aggregates/{id}", reader.name());
        let frame = self.frame(Section::Log(reader.name()), path, query.pairs());
        let page = AggregatePage { id, query, versions, last, selected };
        Ok(match self.form {
            Form::Html => pages::aggregate(&page, sight, &frame).into_string(),
            Form::Json => pages::aggregate_json(&page, sight),
        })
    }

    /// Where a search leads: a number is a position, an id is an aggregate, and any other text is a topic.
    fn search(&self, reader: &Reader) -> Result<String, Failure> {
        let name = reader.name();
        let parameters = pairs(self.parts.uri.query())?;
        let text = parameters.iter().find(|(name, _)| name == "q").map_or("", |(_, text)| text.trim());
        let digits: String = text.chars().filter(|c| !matches!(c, ',' | ' ' | '_' | '\'')).collect();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(self.links.to(&format!("{name}/events/{digits}"), &[]));
        }
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(self.links.to(&format!("{name}/aggregates/{id}"), &[]));
        }
        let parameter = match text.strip_prefix('!') {
            Some(except) => ("not", except.trim().to_owned()),
            None => ("topic", text.to_owned()),
        };
        Ok(self.links.to(&format!("{name}/log"), if text.is_empty() { &[] } else { std::slice::from_ref(&parameter) }))
    }
}

fn position_of(found: &Found) -> Option<u64> {
    found.rows.first().and_then(|row| row.stored.position)
}

pub(super) async fn event_page(reader: &Reader, position: u64, newest: u64) -> Result<Option<EventPage>, Failure> {
    let Some((event, save, goes_on)) = reader.event(position).await? else { return Ok(None) };
    let event = opened(reader, event).await;
    Ok(event.map(|event| EventPage { event, save, goes_on, last_version: None, newest }))
}

async fn opened(reader: &Reader, stored: crate::reading::Stored) -> Option<Opened> {
    let opened = reader.open(vec![stored]).await.pop();
    debug_assert!(
        !matches!(opened.as_ref().map(|opened| &opened.content), Some(Content::LeftOut)),
        "it was read whole"
    );
    opened
}
