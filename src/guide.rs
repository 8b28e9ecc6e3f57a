//! The guide: a tutorial, topics, operations, reference, and comparisons with other libraries.
//!
//! - [`tutorial`]: one program in six steps, which starts with [a plain struct](tutorial::plain_struct)
//! - [`topics`]: a chapter for each part of the library
//! - [`operations`]: databases, backups, failover and monitoring
//! - [`mod@reference`]: errors, environment variables, guarantees and the glossary
//! - [`coming_from`]: comparisons with other libraries
//!
//! The chapters are the files of `docs/`. Their snippets are compiled and run.
//
// Chapters link to each other by label, and define the labels at their end for a reader of the files. `guide_links.md` defines the same
// labels for these pages. It comes first in each chapter, and of two definitions of a label the first one counts.

pub mod tutorial {
    //! One program in six steps.
    //!
    //! 1. [A plain struct](plain_struct)
    //! 2. [An aggregate](aggregate)
    //! 3. [Events in detail](events)
    //! 4. [An application](application)
    //! 5. [Databases](databases)
    //! 6. [Subscriptions and projections](consumers)

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/tutorial/plain-struct.md")]
    pub mod plain_struct {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/tutorial/aggregate.md")]
    pub mod aggregate {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/tutorial/events.md")]
    pub mod events {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/tutorial/application.md")]
    pub mod application {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/tutorial/databases.md")]
    pub mod databases {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/tutorial/consumers.md")]
    pub mod consumers {}
}

pub mod topics {
    //! A chapter for each part of the library.

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/aggregates.md")]
    pub mod aggregates {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/evolution.md")]
    pub mod evolution {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/long-lived-aggregates.md")]
    pub mod long_lived_aggregates {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/applications.md")]
    pub mod applications {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/idempotent-commands.md")]
    pub mod idempotent_commands {}
    #[doc = include_str!("../docs/topics/metadata.md")]
    pub mod metadata {}
    #[doc = include_str!("../docs/topics/history.md")]
    pub mod history {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/logs.md")]
    pub mod logs {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/looking-inside.md")]
    pub mod looking_inside {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/subscriptions.md")]
    pub mod subscriptions {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/projections.md")]
    pub mod projections {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/dead-letters.md")]
    pub mod dead_letters {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/rebuilds.md")]
    pub mod rebuilds {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/policies.md")]
    pub mod policies {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/systems.md")]
    pub mod systems {}

    #[doc = include_str!("guide_links.md")]
    // its snippets need the feature
    #[cfg_attr(feature = "testing", doc = include_str!("../docs/topics/testing.md"))]
    pub mod testing {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/persistence.md")]
    pub mod persistence {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/compression.md")]
    pub mod compression {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/encryption.md")]
    pub mod encryption {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/topics/http.md")]
    pub mod http {}
}

pub mod operations {
    //! Operations: the command line, databases, backups, failover, monitoring.

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/command-line.md")]
    pub mod command_line {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/postgresql.md")]
    pub mod postgresql {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/sqlite.md")]
    pub mod sqlite {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/backup.md")]
    pub mod backup {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/failover.md")]
    pub mod failover {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/monitoring.md")]
    pub mod monitoring {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/explorer.md")]
    pub mod explorer {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/upgrades.md")]
    pub mod upgrades {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/time-limits.md")]
    pub mod time_limits {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/operations/poolers.md")]
    pub mod poolers {}
}

pub mod reference {
    //! Errors, environment variables, guarantees and the glossary.

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/reference/errors.md")]
    pub mod errors {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/reference/environment.md")]
    pub mod environment {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/reference/guarantees.md")]
    pub mod guarantees {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/reference/glossary.md")]
    pub mod glossary {}
}

pub mod coming_from {
    //! Comparisons with other libraries, for those who come from one of them.

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/coming-from/python.md")]
    pub mod python {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/coming-from/cqrs-es.md")]
    pub mod cqrs_es {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/coming-from/marten.md")]
    pub mod marten {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/coming-from/axon.md")]
    pub mod axon {}

    #[doc = include_str!("guide_links.md")]
    #[doc = include_str!("../docs/coming-from/commanded.md")]
    pub mod commanded {}
}
