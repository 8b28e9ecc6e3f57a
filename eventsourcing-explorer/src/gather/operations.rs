//! What the pages for operators need is read, and what an operator sends is done.

use eventsourcing_core::audit::AuditRecord;
use eventsourcing_core::projection::DryRun;

use super::{Answer, Asked, event_page};
use crate::access::Scope;
use crate::failure::Failure;
use crate::operations::{Acted, Acting, Consumer, Consumers, Fields, FoundLetters};
use crate::pages::{self, AuditPage, Desk, Hidden, LettersPage, Section, Sight, StoragePage};
use crate::shared::Service;
use crate::site::{Act, Form, WatchQuery, Watched};

/// The number of entries of the audit on a page, and in a file.
const ENTRIES: usize = 100;
const ENTRIES_IN_FILE: usize = 10_000;

/// The number of applications whose storage a page measures.
const MEASURED: usize = 6;

impl<'a> Asked<'a> {
    /// A page for operators.
    pub(super) async fn watched(&self, watched: Watched) -> Result<Answer, Failure> {
        let query = WatchQuery::read(self.parts.uri.query())?;
        let page = match watched {
            Watched::Projections => self.projections(watched).await,
            Watched::System => self.system(watched).await,
            Watched::Rebuilds => self.rebuilds(watched, &query).await?,
            Watched::Letters => self.letters(query, None, false).await?,
            Watched::Storage => self.storage(watched).await,
            Watched::Verify => self.verified(watched, query).await?,
            Watched::Audit => self.audit(query).await?,
            Watched::AuditCsv => {
                let records = self.entries(u64::MAX, ENTRIES_IN_FILE).await?;
                return Ok(Answer::File("text/csv; charset=utf-8", "audit.csv", pages::audit_csv(&records)));
            }
        };
        Ok(Answer::Page(page))
    }

    /// What an operator does, and the page to which it leads.
    pub(crate) async fn act(&self, act: Act, fields: &Fields) -> Result<Answer, Failure> {
        let service = self.service;
        let acting = Acting { known: &service.known, readers: &service.readers, operator: self.operator };
        let acted = acting.act(act, fields).await?;
        if self.form == Form::Json {
            return Ok(Answer::Page(pages::acted_json(act, &acted)));
        }
        let query = WatchQuery {
            consumer: fields.optional("consumer").map(ToOwned::to_owned),
            upstream: fields.optional("upstream").map(ToOwned::to_owned),
            at: fields.number("at").ok(),
            ..WatchQuery::default()
        };
        let Acted { id, dry_run, .. } = acted;
        match act {
            Act::RevealEvent => self.revealed(fields).await.map(Answer::Page),
            // what a dry run says and what is revealed is in no URL and in no table
            Act::DryRun => self.letters(query, dry_run, false).await.map(Answer::Page),
            Act::Reveal => self.letters(query, None, true).await.map(Answer::Page),
            _ => {
                let query = WatchQuery { at: None, ..query };
                let query = if act.page() == Watched::Rebuilds { WatchQuery::default() } else { query };
                let done = [query.pairs(), vec![("done", id.to_string())]].concat();
                Ok(Answer::Elsewhere(self.links.to(act.page().path(), &done)))
            }
        }
    }

    /// The page of an event with its values.
    async fn revealed(&self, fields: &Fields) -> Result<String, Failure> {
        const NO_EVENT: Failure = Failure::NotFound("There is no event at this position.");
        let (reader, position) = (self.reader(fields.text("application")?)?, fields.number("at")?);
        let page = event_page(reader, position, reader.newest().await?).await?.ok_or(NO_EVENT)?;
        let sight = Sight { application: reader.name(), payloads: true };
        let frame = self.frame(Section::Log(reader.name()), format!("{}/events/{position}", reader.name()), Vec::new());
        Ok(pages::event(&page, sight, &frame).into_string())
    }

    async fn consumers(&self) -> Consumers {
        Consumers::read(&self.service.known, &self.service.readers).await
    }

    pub(super) fn desk(&self) -> Desk<'a> {
        let Service { csrf, token, known, .. } = self.service;
        let csrf = csrf.token(self.operator, token.as_ref());
        Desk { operator: self.operator, has_audit: known.audit.is_some(), csrf, links: self.links }
    }

    async fn projections(&self, watched: Watched) -> String {
        let consumers = self.consumers().await;
        match self.form {
            Form::Html => {
                let frame = self.frame(Section::Watched(watched), watched.path().to_owned(), Vec::new());
                pages::projections(&consumers, &self.hidden(), &frame).into_string()
            }
            Form::Json => pages::projections_json(&consumers, &self.hidden()),
        }
    }

    async fn system(&self, watched: Watched) -> String {
        let consumers = self.consumers().await;
        let edges = &self.service.known.edges;
        let applications: Vec<&str> = self.service.readers.iter().map(crate::reading::Reader::name).collect();
        match self.form {
            Form::Html => {
                let frame = self.frame(Section::Watched(watched), watched.path().to_owned(), Vec::new());
                pages::system(&applications, &consumers, edges, &frame).into_string()
            }
            Form::Json => pages::system_json(&applications, &consumers, edges),
        }
    }

    async fn rebuilds(&self, watched: Watched, query: &WatchQuery) -> Result<String, Failure> {
        let consumers = self.consumers().await;
        let done = self.done(query).await?;
        Ok(match self.form {
            Form::Html => {
                let frame = self.frame(Section::Watched(watched), watched.path().to_owned(), Vec::new());
                pages::rebuilds(&consumers, &self.desk(), done.as_ref(), &frame).into_string()
            }
            Form::Json => pages::rebuilds_json(&consumers),
        })
    }

    async fn letters(&self, query: WatchQuery, dry_run: Option<DryRun>, is_revealed: bool) -> Result<String, Failure> {
        let (known, readers) = (&self.service.known, &self.service.readers);
        let consumers = self.consumers().await;
        if let (Some(key), Some(upstream)) = (&query.consumer, &query.upstream) {
            consumers.find(key, upstream)?;
        }
        let found = FoundLetters::list(known, readers, asked_of(&query, &consumers.all), query.after).await?;
        let mut selected = None;
        if let (Some(key), Some(upstream), Some(at)) = (&query.consumer, &query.upstream, query.at) {
            let reader = readers.iter().find(|reader| reader.name() == upstream);
            if let (Form::Html, Some(reader), Some(_)) = (self.form, reader, found.at(key, upstream, at)) {
                selected = event_page(reader, at, 0).await?;
            }
        }
        let done = self.done(&query).await?;
        let page = LettersPage { hidden: self.hidden(), query, found, consumers, selected, done, dry_run, is_revealed };
        Ok(match self.form {
            Form::Html => {
                let (path, pairs) = (Watched::Letters.path().to_owned(), page.query.pairs());
                let frame = self.frame(Section::Watched(Watched::Letters), path, pairs);
                pages::letters(&page, known, &self.desk(), &frame).into_string()
            }
            Form::Json => pages::letters_json(&page, known),
        })
    }

    async fn storage(&self, watched: Watched) -> String {
        let mut page = StoragePage { stored: Vec::new(), failed: Vec::new() };
        for reader in self.service.readers.iter().take(MEASURED) {
            match reader.stored().await {
                Ok(stored) => page.stored.push((reader, stored)),
                Err(_) => page.failed.push(reader.name().to_owned()),
            }
        }
        match self.form {
            Form::Html => {
                let frame = self.frame(Section::Watched(watched), watched.path().to_owned(), Vec::new());
                pages::storage(&page, &frame).into_string()
            }
            Form::Json => pages::storage_json(&page),
        }
    }

    async fn verified(&self, watched: Watched, query: WatchQuery) -> Result<String, Failure> {
        let chosen = match &query.application {
            Some(name) => {
                let reader = self.reader(name)?;
                Some((reader.name(), reader.verify(query.from.unwrap_or(1)).await?))
            }
            None => None,
        };
        let chosen = chosen.as_ref().map(|(name, verified)| (*name, verified));
        Ok(match self.form {
            Form::Html => {
                let applications: Vec<&str> = self.service.readers.iter().map(crate::reading::Reader::name).collect();
                let frame = self.frame(Section::Watched(watched), watched.path().to_owned(), query.pairs());
                pages::verify(&applications, chosen, &frame).into_string()
            }
            Form::Json => pages::verify_json(chosen),
        })
    }

    async fn audit(&self, query: WatchQuery) -> Result<String, Failure> {
        let mut records = self.entries(query.before.unwrap_or(u64::MAX), ENTRIES + 1).await?;
        let has_more = records.len() > ENTRIES;
        records.truncate(ENTRIES);
        let page = AuditPage { records, has_more, has_audit: self.service.known.audit.is_some() };
        Ok(match self.form {
            Form::Html => {
                let (path, pairs) = (Watched::Audit.path().to_owned(), query.pairs());
                pages::audit(&page, &self.frame(Section::Watched(Watched::Audit), path, pairs)).into_string()
            }
            Form::Json => pages::audit_json(&page),
        })
    }

    async fn entries(&self, before: u64, limit: usize) -> Result<Vec<AuditRecord>, Failure> {
        let Some(audit) = &self.service.known.audit else { return Ok(Vec::new()) };
        audit.entries(before, limit).await.map_err(|error| {
            tracing::warn!(%error, "the explorer could not read its audit");
            Failure::Unavailable
        })
    }

    /// The entry of the audit whose outcome a page shows.
    async fn done(&self, query: &WatchQuery) -> Result<Option<AuditRecord>, Failure> {
        let Some(id) = query.done else { return Ok(None) };
        let found = self.entries(id.saturating_add(1), 1).await?;
        Ok(found.into_iter().find(|record| record.id == id))
    }

    /// Whose errors this operator sees.
    fn hidden(&self) -> Hidden<'a> {
        let is_seen = |reader: &&crate::reading::Reader| Sight::of(reader, self.operator).payloads;
        let seen = self.service.readers.iter().filter(is_seen).map(crate::reading::Reader::name).collect();
        Hidden { seen, sees_all: self.operator.may(Scope::Payload) }
    }
}

/// The consumers whose letters a page lists: one of them, or all that have letters.
fn asked_of(query: &WatchQuery, all: &[Consumer]) -> Vec<Consumer> {
    let is_one = query.consumer.is_some() && query.upstream.is_some();
    let is_asked = |consumer: &&Consumer| {
        query.consumer.as_ref().is_none_or(|key| consumer.key == *key)
            && query.upstream.as_ref().is_none_or(|upstream| consumer.upstream == *upstream)
    };
    all.iter().filter(is_asked).filter(|consumer| is_one || consumer.letters > 0).cloned().collect()
}
