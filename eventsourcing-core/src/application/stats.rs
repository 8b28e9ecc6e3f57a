//! What an application has done in this process, in one reading.

use super::{Application, CacheCounts, CommandCounts, RefusedSaves, SnapshotCounts};
use crate::stats::{ConsumerStats, Durations, RecorderStats, Tallied};

/// What an application has done in this process, since it was opened.
///
/// See [`Application::stats`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplicationStats {
    /// The name of the application.
    pub application: String,
    /// The saves that were recorded: of aggregates and events, of policies, of positions and of dead letters.
    pub saves: u64,
    /// The events that were recorded.
    pub events: u64,
    /// The saves that recorded nothing, by cause.
    pub refused: RefusedSaves,
    /// The saves of which it is unknown whether they are recorded, those whose future was dropped included.
    pub outcome_unknown: u64,
    /// How long appends took: from the call of the recorder to its answer, refused ones included.
    pub append: Durations,
    /// The loads of aggregates from events or snapshots. Reads that the cache answered are not among them.
    pub loads: u64,
    /// How long loads took: the query, decoding and replay.
    pub load: Durations,
    /// How long reads of a page of the log took, for subscriptions and runners.
    pub read: Durations,
    /// The last notification id that this process knows of; 0 if it knows of none.
    pub last_id: u64,
    /// The reads of the aggregate cache.
    pub cache: CacheCounts,
    /// The snapshots of aggregates.
    pub snapshots: SnapshotCounts,
    /// The commands with an id.
    pub commands: CommandCounts,
    /// The subscriptions to the log, without those of runners.
    pub subscriptions: SubscriptionStats,
    /// The queue and the transactions of the recorder. Applications that share a recorder have the same ones.
    pub recorder: RecorderStats,
    /// The runners of projections and policies that process this application's log in this process, in the order of their starts.
    pub consumers: Vec<ConsumerStats>,
}

impl ApplicationStats {
    /// The part of all saves that were refused because another writer recorded the version first, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a part of a number needs no more digits")]
    pub fn conflict_rate(&self) -> f64 {
        let all = self.saves + self.refused.total();
        if all == 0 { 0.0 } else { self.refused.conflicts as f64 / all as f64 }
    }
}

/// The subscriptions to an application's log in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// The subscriptions that are open now.
    pub open: u64,
    /// The items that all subscriptions have read since the application was opened.
    pub items: u64,
}

impl Application {
    /// Returns what the application has done in this process since it was opened: its saves, loads and reads, and its consumers.
    ///
    /// It asks no database and waits for nothing, so it can be called at any time. Each number is exact, and is read on its own: what happens
    /// during the call may be in one number and not in another. Numbers of events only grow. A clone of the application has the same numbers.
    ///
    /// Durations are known up to an eighth. While appends or loads take less than ten microseconds, as in memory, one of 64 is timed and counts
    /// for all of them.
    ///
    /// How far consumers are behind is known as far as this process has seen the log. [`readiness`](Self::readiness) asks the database.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{StoredEvent, Uuid};
    /// # use eventsourcing::recording::Tracking;
    /// use eventsourcing::Application;
    /// # futures::executor::block_on(async {
    /// let orders = Application::builder("Orders").open()?;
    /// # orders.save_tracked((), Tracking::new("Carts", 0, 3)).await?;
    /// # assert!(orders.save_tracked((), Tracking::new("Carts", 0, 3)).await.is_err());
    ///
    /// let stats = orders.stats();
    /// println!("{} saves, {} events, {} conflicts", stats.saves, stats.events, stats.refused.conflicts);
    /// println!("half of them took {:?} or less", stats.append.quantile(0.5));
    /// # assert_eq!((stats.saves, stats.refused.already_processed, stats.refused.total()), (1, 1, 1));
    /// # assert_eq!(stats.append.count(), 2);
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn stats(&self) -> ApplicationStats {
        let counters = &self.shared.counters;
        let Tallied { saves, events, last, loads } = counters.tallied();
        let [append, load, read] = counters.durations();
        ApplicationStats {
            application: self.name().to_owned(),
            saves,
            events,
            refused: counters.refused(),
            outcome_unknown: counters.outcome_unknown(),
            append,
            loads,
            load,
            read,
            last_id: last,
            cache: self.cache_counts(),
            snapshots: self.snapshot_counts(),
            commands: self.command_counts(),
            subscriptions: counters.subscriptions(),
            recorder: self.shared.recorder.stats(),
            consumers: counters.consumers.all().iter().map(|consumer| consumer.stats(last)).collect(),
        }
    }
}
