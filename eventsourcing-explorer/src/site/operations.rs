//! The addresses of what operators watch and do.

use super::query::{pairs, position};
use crate::failure::Failure;

/// By what letters are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Of {
    #[default]
    Reason,
    Aggregate,
    Time,
}

/// A page of all applications together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Projections,
    System,
    Letters,
    Rebuilds,
    Storage,
    /// A part of a log, verified.
    Verify,
    Audit,
    /// The audit as a table for other programs.
    AuditCsv,
}

/// Something that an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    DryRun,
    Retry,
    Discard,
    Reveal,
    /// The values of an event.
    RevealEvent,
    Switch,
    Abort,
}

impl Watched {
    /// Reads a path without `.json`.
    pub(crate) fn read(path: &str) -> Option<Self> {
        Some(match path {
            "projections" => Self::Projections,
            "system" => Self::System,
            "letters" => Self::Letters,
            "rebuilds" => Self::Rebuilds,
            "storage" => Self::Storage,
            "verify" => Self::Verify,
            "audit" => Self::Audit,
            "audit.csv" => Self::AuditCsv,
            _ => return None,
        })
    }

    /// The path below the mount.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Projections => "projections",
            Self::System => "system",
            Self::Letters => "letters",
            Self::Rebuilds => "rebuilds",
            Self::Storage => "storage",
            Self::Verify => "verify",
            Self::Audit => "audit",
            Self::AuditCsv => "audit.csv",
        }
    }
}

impl Act {
    const ALL: [Self; 7] =
        [Self::DryRun, Self::Retry, Self::Discard, Self::Reveal, Self::RevealEvent, Self::Switch, Self::Abort];

    /// Reads a path without `.json`.
    pub(crate) fn read(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.path() == path)
    }

    /// The path below the mount.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::DryRun => "letters/dry-run",
            Self::Retry => "letters/retry",
            Self::Discard => "letters/discard",
            Self::Reveal => "letters/reveal",
            Self::RevealEvent => "reveal",
            Self::Switch => "rebuilds/switch",
            Self::Abort => "rebuilds/abort",
        }
    }

    /// The page to which it belongs.
    pub(crate) fn page(self) -> Watched {
        match self {
            Self::Switch | Self::Abort => Watched::Rebuilds,
            _ => Watched::Letters,
        }
    }
}

/// The parameters of these pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WatchQuery {
    /// The key of the consumer that is shown.
    pub(crate) consumer: Option<String>,
    /// The name of the application whose log it processes.
    pub(crate) upstream: Option<String>,
    /// The position of the selected letter.
    pub(crate) at: Option<u64>,
    pub(crate) by: Of,
    /// Letters after this position are listed.
    pub(crate) after: u64,
    /// Entries of the audit below this id are listed.
    pub(crate) before: Option<u64>,
    /// The entry of the audit whose outcome is shown.
    pub(crate) done: Option<u64>,
    /// The application whose log is verified, and the position from which on.
    pub(crate) application: Option<String>,
    pub(crate) from: Option<u64>,
}

impl WatchQuery {
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Failure> {
        let mut read = Self::default();
        for (name, value) in pairs(query)? {
            let value = value.trim();
            match &*name {
                "consumer" => read.consumer = Some(value.to_owned()),
                "upstream" => read.upstream = Some(value.to_owned()),
                "at" => read.at = Some(position(value)?),
                "after" => read.after = position(value)?,
                "before" => read.before = Some(position(value)?),
                "application" => read.application = Some(value.to_owned()),
                "from" => read.from = Some(position(value)?),
                "done" => read.done = Some(position(value)?),
                "by" => {
                    read.by = match value {
                        "reason" => Of::Reason,
                        "aggregate" => Of::Aggregate,
                        "time" => Of::Time,
                        _ => return Err(Failure::BadRequest("Letters are grouped by reason, aggregate or time.")),
                    }
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// The parameters as they are in a URL, without those that have their default values, and without what was just done.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.consumer.clone().map(|consumer| ("consumer", consumer)));
        pairs.extend(self.upstream.clone().map(|upstream| ("upstream", upstream)));
        pairs.extend(self.at.map(|at| ("at", at.to_string())));
        match self.by {
            Of::Reason => {}
            Of::Aggregate => pairs.push(("by", "aggregate".to_owned())),
            Of::Time => pairs.push(("by", "time".to_owned())),
        }
        if self.after > 0 {
            pairs.push(("after", self.after.to_string()));
        }
        pairs.extend(self.before.map(|before| ("before", before.to_string())));
        pairs.extend(self.application.clone().map(|application| ("application", application)));
        pairs.extend(self.from.map(|from| ("from", from.to_string())));
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_the_letters_page_survives_its_url() {
        let read = WatchQuery::read(Some("consumer=tax_v2&upstream=Orders&at=9&by=time&after=3")).expect("a query");
        let written: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(read.pairs()).finish();
        assert_eq!(WatchQuery::read(Some(&written)), Ok(read));
    }

    #[test]
    fn absurd_values_are_refused() {
        for query in ["at=x", "at=18446744073709551615", "after=-1", "before=1e9", "by=colour", "done=?"] {
            assert!(WatchQuery::read(Some(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn each_act_has_a_path_of_its_own() {
        assert!(Act::ALL.iter().all(|act| Act::read(act.path()) == Some(*act)));
    }
}
