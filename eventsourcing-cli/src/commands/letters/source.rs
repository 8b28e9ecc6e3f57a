//! Where the dead letters of a consumer are: with its type, or without.

use eventsourcing::projection::{AnyDeadLetters, ProjectionKey};
use eventsourcing::{Application, DeadLetter};

use crate::arguments::{General, ViewsAt};
use crate::consumers::{Consumed, Consumers, Kind};
use crate::database::{Purpose, variables};
use crate::failure::Failure;
use crate::place::Place;
use crate::program::Program;
use crate::views::Access;

/// The dead letters of a consumer from the log of one application.
pub(super) struct Source {
    pub(super) consumer: String,
    pub(super) upstream: String,
    /// The application whose log it is; none if it cannot be opened, and then encrypted reasons stay so.
    pub(super) place: Option<Place>,
    letters: Stored,
}

/// How they are read.
enum Stored {
    Typed(AnyDeadLetters),
    OfProjection { key: String },
    OfPolicy { application: Application },
}

/// The sources of a consumer, and the views that they are read from.
pub(super) struct Sources {
    pub(super) all: Vec<Source>,
    consumers: Option<Consumers>,
    /// The application of a policy.
    own: Option<Place>,
}

impl Sources {
    /// Opens the letters of a consumer with its type, so that they can be retried.
    pub(super) async fn typed(
        general: &General,
        program: &Program,
        name: &str,
        upstream: Option<&str>,
        views: &ViewsAt,
    ) -> Result<Self, Failure> {
        let Some(consumer) = program.consumer(name) else {
            // one that does not exist is another mistake than one that is not registered
            Self::untyped(general, program, name, upstream, views).await?.close().await;
            return Err(Failure::NoConsumerType { name: name.to_owned() });
        };
        let variables = variables()?;
        let is_policy = program.application(name).is_some();
        let own = match is_policy {
            // what it saves is recorded here
            true => Some(Place::named(name, Purpose::Change, program, variables.clone()).await?),
            false => None,
        };
        let mut upstreams = consumer.upstreams().to_vec();
        if let Some(own) = &own {
            upstreams = own.application().tracked_upstreams().await?.into_iter().map(|of| of.upstream).collect();
        } else if let Some(recorded) = consumer.recorded().await?
            && recorded.live.version != consumer.version()
        {
            let (name, live) = (name.to_owned(), recorded.live.version);
            return Err(Failure::OtherVersion { name, live, version: consumer.version() });
        }
        upstreams.retain(|found| upstream.is_none_or(|upstream| found == upstream));
        let mut all = Vec::new();
        for upstream in upstreams {
            let place = Place::named(&upstream, general.looks(), program, variables.clone()).await?;
            let letters = consumer.letters(own.as_ref().map(Place::application), place.application()).await?;
            let letters = Stored::Typed(letters);
            all.push(Source { consumer: name.to_owned(), upstream, place: Some(place), letters });
        }
        Ok(Self { all, consumers: None, own })
    }

    /// Opens the letters of a consumer to look at them.
    pub(super) async fn untyped(
        general: &General,
        program: &Program,
        name: &str,
        upstream: Option<&str>,
        views: &ViewsAt,
    ) -> Result<Self, Failure> {
        // all consumers: --app names the application, and the consumer is named otherwise
        let general = &General { app: None, ..general.clone() };
        let mut consumers = Consumers::open(general, program, views, Access::Read).await?;
        let found = consumers.look().await?;
        let is_named = |of: &&Consumed| of.kind != Kind::Rebuild && of.name == name;
        if !found.iter().any(|of| is_named(&of)) {
            let mut names: Vec<String> = found.into_iter().map(|of| of.name).collect();
            names.dedup();
            return Err(Failure::NoConsumer { name: name.to_owned(), found: names });
        }
        let (variables, mut own, mut all) = (variables()?, None, Vec::new());
        for of in found.iter().filter(is_named).filter(|of| upstream.is_none_or(|upstream| of.upstream == upstream)) {
            let place = Place::named(&of.upstream, general.looks(), program, variables.clone()).await.ok();
            let letters = match of.kind {
                Kind::Policy => {
                    if own.is_none() {
                        own = Some(Place::named(name, general.looks(), program, variables.clone()).await?);
                    }
                    let Some(own) = &own else { continue };
                    Stored::OfPolicy { application: own.application().clone() }
                }
                Kind::Projection | Kind::Rebuild => Stored::OfProjection { key: of.key.clone() },
            };
            all.push(Source { consumer: name.to_owned(), upstream: of.upstream.clone(), place, letters });
        }
        Ok(Self { all, consumers: Some(consumers), own })
    }

    /// Some of the letters of a source, in plain text as far as that is possible.
    pub(super) async fn page(&self, source: &Source, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Failure> {
        let upstream = &source.upstream;
        let letters = match &source.letters {
            Stored::Typed(letters) => return letters.list(after, limit).await.map_err(Failure::other),
            Stored::OfPolicy { application } => application.dead_letters_of(upstream, after, limit).await?,
            Stored::OfProjection { key } => {
                match self.consumers.as_ref().and_then(|consumers| consumers.views.as_ref()) {
                    Some(views) => views.dead_letters(key, upstream, after, limit).await?,
                    None => Vec::new(),
                }
            }
        };
        Ok(match &source.place {
            Some(place) => letters.into_iter().map(|letter| letter.opened(place.application().mapper())).collect(),
            None => letters,
        })
    }

    /// The letter of the event at a position, with its source.
    pub(super) async fn at(&self, name: &str, position: u64) -> Result<(&Source, DeadLetter), Failure> {
        for source in &self.all {
            let page = self.page(source, position.saturating_sub(1), 1).await?;
            if let Some(letter) = page.into_iter().find(|letter| letter.notification_id == position) {
                return Ok((source, letter));
            }
        }
        Err(Failure::NoLetter { name: name.to_owned(), position })
    }

    /// Closes all connections.
    pub(super) async fn close(self) {
        for place in self.all.iter().filter_map(|source| source.place.as_ref()).chain(&self.own) {
            place.application().close().await;
        }
        if let Some(consumers) = self.consumers {
            consumers.close().await;
        }
    }
}

impl Source {
    /// The letters with their type.
    pub(super) fn typed(&self) -> Result<&AnyDeadLetters, Failure> {
        match &self.letters {
            Stored::Typed(letters) => Ok(letters),
            _ => Err(Failure::NoConsumerType { name: self.consumer.clone() }),
        }
    }

    /// The key of the version, for those who look.
    pub(super) fn version(&self) -> u32 {
        match &self.letters {
            Stored::Typed(letters) => ProjectionKey::parse(letters.key()).version,
            Stored::OfProjection { key } => ProjectionKey::parse(key).version,
            Stored::OfPolicy { .. } => 1,
        }
    }
}
