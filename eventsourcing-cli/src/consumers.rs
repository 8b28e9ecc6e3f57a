//! Who consumes the logs of a database, and how far: projections and policies, found without their types.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventsourcing::database::{DatabaseReport, RecordedApplication};
use eventsourcing::projection::ConsumedUpstream;
use eventsourcing::{Environment, Recorder, Timestamp};
use serde::Serialize;

use crate::arguments::{General, ViewsAt};
use crate::database::{Database, Purpose, Variables, variables};
use crate::failure::Failure;
use crate::notices::note;
use crate::program::Program;
use crate::views::{Access, OpenViews};

/// No state is opened here.
const LOOK: Purpose = Purpose::Look { with_key: false };

/// What consumes a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Projection,
    /// The next version of a projection, which is rebuilt beside the live one.
    Rebuild,
    Policy,
}

/// How far one consumer has processed one log.
#[derive(Clone, Debug)]
pub(crate) struct Consumed {
    pub(crate) kind: Kind,
    /// The name of the projection, or of the application whose policy it is.
    pub(crate) name: String,
    pub(crate) version: u32,
    /// The key under which its dead letters are stored.
    pub(crate) key: String,
    pub(crate) upstream: String,
    pub(crate) position: u64,
    /// The last position of the log; none if it is not known.
    pub(crate) last: Option<u64>,
    /// When the first event was recorded that it has yet to process.
    pub(crate) waiting_since: Option<Timestamp>,
    pub(crate) letters: u64,
}

impl Consumed {
    /// The number of events that it has yet to process.
    pub(crate) fn behind(&self) -> Option<u64> {
        self.last.map(|last| last.saturating_sub(self.position))
    }

    /// For how long the first of them has been waiting.
    pub(crate) fn waiting(&self, now: Timestamp) -> Option<Duration> {
        match self.behind()? {
            0 => Some(Duration::ZERO),
            _ => Some(Duration::try_from(now.duration_since(self.waiting_since?)).unwrap_or_default()),
        }
    }
}

/// The consumers of a database, and the logs that they consume.
pub(crate) struct Consumers {
    application: Option<String>,
    variables: Variables,
    pub(crate) database: Database,
    pub(crate) views: Option<OpenViews>,
    registered: Vec<String>,
    /// The open recorders, by application; none if the application is not there.
    recorders: BTreeMap<String, Option<Arc<dyn Recorder>>>,
    /// How much the clock of the database is ahead of that of this machine, in microseconds.
    ahead: i64,
    /// What the database said last, and when.
    report: Option<(Instant, DatabaseReport)>,
}

/// How long what the database said of its applications holds for those who look again and again.
const HOLDS: Duration = Duration::from_secs(30);

impl Consumers {
    /// Opens the database and the views.
    pub(crate) async fn open(
        general: &General,
        program: &Program,
        views: &ViewsAt,
        access: Access,
    ) -> Result<Self, Failure> {
        let variables = variables()?;
        let application = general.app.clone().filter(|name| !name.is_empty());
        let only = match &program.applications[..] {
            [only] => Some(only.name.to_owned()),
            _ => None,
        };
        let named = application.as_deref().or(only.as_deref()).unwrap_or_default();
        let database = Database::of(&Environment::from_variables(named, variables.clone()), LOOK)?;
        let views = OpenViews::open(views, &database, &variables, access).await?;
        let registered = program.applications.iter().map(|application| application.name.to_owned()).collect();
        Ok(Self {
            application,
            variables,
            database,
            views,
            registered,
            recorders: BTreeMap::new(),
            ahead: 0,
            report: None,
        })
    }

    /// The time by the clock of the database.
    pub(crate) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond().saturating_add(self.ahead)).unwrap_or(now)
    }

    /// Looks at all consumers: those of the application that is named, or all.
    pub(crate) async fn look(&mut self) -> Result<Vec<Consumed>, Failure> {
        let report = self.report().await?;
        let mut found = Vec::new();
        if let Some(views) = &self.views {
            for projection in views.projections().await? {
                let live = std::iter::once((Kind::Projection, &projection.live));
                let rebuilt = projection.rebuilt.iter().map(|version| (Kind::Rebuild, version));
                for (kind, version) in live.chain(rebuilt) {
                    for of in &version.upstreams {
                        found.push(of_projection(kind, &projection.name, (version.version, &version.key), of));
                    }
                }
            }
        }
        for application in self.applications(&report) {
            found.extend(self.policy(&application).await?);
        }
        let application = self.application.clone();
        found.retain(|of| {
            application
                .as_ref()
                .is_none_or(|name| of.upstream == *name || (of.kind == Kind::Policy && of.name == *name))
        });
        for of in &mut found {
            self.measure(of, &report.applications).await?;
        }
        Ok(found)
    }

    /// What the database says of its applications.
    async fn report(&mut self) -> Result<DatabaseReport, Failure> {
        if let Some((at, report)) = &self.report
            && at.elapsed() < HOLDS
        {
            return Ok(report.clone());
        }
        let report = self.database.report().await?;
        self.ahead = report.time.as_microsecond().saturating_sub(Timestamp::now().as_microsecond());
        self.report = Some((Instant::now(), report.clone()));
        Ok(report)
    }

    /// The last position of each log, of the application that is named or of all.
    pub(crate) async fn logs(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        let report = self.report().await?;
        let mut logs = BTreeMap::new();
        for name in self.applications(&report) {
            if self.application.as_ref().is_some_and(|named| *named != name) {
                continue;
            }
            if let Some(recorder) = self.recorder(&name).await {
                logs.insert(name, recorder.max_notification_id().await?.unwrap_or_default());
            }
        }
        Ok(logs)
    }

    /// The applications of the database, and those that the program has elsewhere.
    fn applications(&self, report: &DatabaseReport) -> Vec<String> {
        let is_current = |found: &&RecordedApplication| found.schema_version == Some(DatabaseReport::SCHEMA_VERSION);
        let found = report.applications.iter().filter(is_current).map(|found| found.name.clone());
        let mut names: Vec<String> = found.chain(self.registered.clone()).chain(self.application.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// How far an application has processed the logs of others.
    async fn policy(&mut self, application: &str) -> Result<Vec<Consumed>, Failure> {
        let Some(recorder) = self.recorder(application).await else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for tracked in recorder.tracked_positions().await? {
            found.push(Consumed {
                kind: Kind::Policy,
                name: application.to_owned(),
                version: 1,
                key: application.to_owned(),
                letters: recorder.count_letters(&tracked.upstream).await?,
                upstream: tracked.upstream,
                position: tracked.position.id,
                last: None,
                waiting_since: None,
            });
        }
        Ok(found)
    }

    /// Finds the end of the log, and since when an event waits.
    async fn measure(&mut self, of: &mut Consumed, known: &[RecordedApplication]) -> Result<(), Failure> {
        let here = known.iter().find(|application| application.name == of.upstream);
        let Some(recorder) = self.recorder(&of.upstream).await else {
            of.last = here.and_then(|application| application.last_position);
            return Ok(());
        };
        let last = recorder.max_notification_id().await?.unwrap_or_default();
        of.last = Some(last);
        if of.position < last {
            let times = recorder.select_recorded_times(&[of.position + 1]).await?;
            of.waiting_since = times.first().map(|recorded| recorded.time);
        }
        Ok(())
    }

    /// The recorder of an application, where its own variables say that it is; none if it cannot be opened, which is said once.
    pub(crate) async fn recorder(&mut self, application: &str) -> Option<Arc<dyn Recorder>> {
        if let Some(recorder) = self.recorders.get(application) {
            return recorder.clone();
        }
        let environment = Environment::from_variables(application, self.variables.clone());
        let opened = match Database::of(&environment, LOOK) {
            Ok(database) => database.recorder(application).await,
            Err(failure) => Err(failure),
        };
        let recorder = match opened {
            Ok(recorder) => Some(recorder),
            Err(failure) => {
                let said = failure.to_string();
                // the statements that would create tables help nobody here
                note(format!("the log of {application} is not read: {}", said.lines().next().unwrap_or_default()));
                None
            }
        };
        self.recorders.insert(application.to_owned(), recorder.clone());
        recorder
    }

    /// Closes all connections.
    pub(crate) async fn close(self) {
        for recorder in self.recorders.into_values().flatten() {
            recorder.close().await;
        }
        if let Some(views) = self.views {
            views.close().await;
        }
    }
}

fn of_projection(kind: Kind, name: &str, (version, key): (u32, &str), of: &ConsumedUpstream) -> Consumed {
    Consumed {
        kind,
        name: name.to_owned(),
        version,
        key: key.to_owned(),
        upstream: of.upstream.clone(),
        position: of.position.id,
        last: None,
        waiting_since: None,
        letters: of.dead_letters,
    }
}
