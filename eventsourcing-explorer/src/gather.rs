//! What each page needs is read: at most six statements, each with a window or an index.

mod aggregate;

use axum::http::request::Parts;
use axum::response::Response;
use eventsourcing_core::Uuid;

use crate::access::Operator;
use crate::failure::Failure;
use crate::pages::{self, EventPage, Frame, LogPage, Section, Shown, Sight};
use crate::reading::{Content, Found, From, Opened, Reader};
use crate::shared::Service;
use crate::site::{Form, Links, LogQuery, Page, Wanted, pairs};
use crate::tail::Tail;
use crate::times;

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
}

impl<'a> Asked<'a> {
    pub(crate) async fn answer(&self, page: Page<'_>) -> Result<Answer, Failure> {
        let (name, wanted) = match page {
            Page::Overview => return self.overview().await.map(Answer::Page),
            Page::Of(name, wanted) => (name, wanted),
        };
        let reader = self.reader(name)?;
        match wanted {
            Wanted::Log => self.log(reader).await,
            Wanted::Event(position) => self.event(reader, position).await.map(Answer::Page),
            Wanted::Aggregate(id) => self.aggregate(reader, id).await,
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

    fn frame(&self, section: Section<'a>, path: String, parameters: Vec<(&'static str, String)>) -> Frame<'a> {
        let applications = self.service.readers.iter().map(Reader::name).collect();
        Frame { links: self.links, path, parameters, applications, section, operator: self.operator, is_live: false }
    }

    async fn overview(&self) -> Result<String, Failure> {
        let newest = self.service.latest.of(&self.service.readers).await?;
        let shown = |(reader, found): (&'a Reader, _)| Shown { reader, sight: Sight::of(reader, self.operator), found };
        let found = newest.iter().map(Option::as_ref);
        let shown: Vec<Shown<'_>> = self.service.readers.iter().zip(found).map(shown).collect();
        let frame = self.frame(Section::Overview, "overview".to_owned(), Vec::new());
        Ok(match self.form {
            Form::Html => pages::overview(&shown, &frame).into_string(),
            Form::Json => pages::overview_json(&shown),
        })
    }

    async fn log(&self, reader: &'a Reader) -> Result<Answer, Failure> {
        let query = LogQuery::read(self.parts.uri.query())?;
        let path = format!("{}/log", reader.name());
        if let Some(time) = query.since {
            let before = reader.last_before(time).await?;
            return Ok(self.elsewhere(&path, &query.from(From::After(before)).pairs()));
        }
        let mut found = reader.search(&query.filter, query.from, query.limit).await?;
        let mut selected = match (self.form, query.at.or_else(|| position_of(&found))) {
            (Form::Html, Some(position)) => event_page(reader, position, found.newest).await?,
            _ => None,
        };
        let rows = found.rows.iter_mut().map(|row| &mut row.stored);
        reader.timed(rows.chain(selected.as_mut().map(|page| &mut page.event.stored)).collect()).await?;
        let sight = Sight::of(reader, self.operator);
        let mut frame = self.frame(Section::Log(reader.name()), path, query.pairs());
        frame.is_live = query.is_live;
        let page = LogPage { query, found, selected };
        Ok(Answer::Page(match self.form {
            Form::Html => pages::log(&page, sight, &frame).into_string(),
            Form::Json => pages::log_json(&page, sight),
        }))
    }

    async fn event(&self, reader: &'a Reader, position: u64) -> Result<String, Failure> {
        const NO_EVENT: Failure = Failure::NotFound("There is no event at this position.");
        if i64::try_from(position).is_err() {
            return Err(NO_EVENT);
        }
        let newest = reader.newest().await?;
        let mut page = event_page(reader, position, newest).await?.ok_or(NO_EVENT)?;
        page.last_version = reader.last_version(page.event.stored.event.originator_id).await?;
        reader.timed(vec![&mut page.event.stored]).await?;
        let sight = Sight::of(reader, self.operator);
        Ok(match self.form {
            Form::Html => {
                let path = format!("{}/events/{position}", reader.name());
                pages::event(&page, sight, &self.frame(Section::Log(reader.name()), path, Vec::new())).into_string()
            }
            Form::Json => pages::event_json(&page, sight),
        })
    }

    /// The same form of another page.
    fn elsewhere(&self, path: &str, parameters: &[(&'static str, String)]) -> Answer {
        Answer::Elsewhere(match self.form {
            Form::Html => self.links.to(path, parameters),
            Form::Json => self.links.to(&format!("{path}.json"), parameters),
        })
    }

    /// Where a search leads: a number is a position, an id is an aggregate, a time is a place in the log, and any other text is a topic.
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
        if times::read(text).is_some() {
            return Ok(self.links.to(&format!("{name}/log"), &[("since", text.to_owned())]));
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

async fn event_page(reader: &Reader, position: u64, newest: u64) -> Result<Option<EventPage>, Failure> {
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
