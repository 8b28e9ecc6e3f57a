//! The search of a log from a position backwards or forwards: bounded, and it says how far it has looked.

use eventsourcing_core::Uuid;
use eventsourcing_core::recording::{NotificationFilter, SearchQuery, TopicPattern};

use super::opened::Opened;
use super::reader::Reader;
use crate::failure::Failure;

/// The largest number of events on a page.
pub(crate) const MAX_ROWS: usize = 200;

/// The number of positions that one page looks at, at most.
const LOOK_BACK: u64 = 10_000;

/// Which events are shown. Without any part, all are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only these topics, or all topics of these aggregates; all if empty.
    pub(crate) topics: Vec<String>,
    /// None of these topics or aggregates.
    pub(crate) except: Vec<String>,
    /// Only events of this aggregate.
    pub(crate) aggregate: Option<Uuid>,
}

impl Filter {
    pub(crate) fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.except.is_empty() && self.aggregate.is_none()
    }

    /// The same, as the database selects it.
    fn of_log(&self) -> NotificationFilter {
        let patterns = |names: &[String]| {
            let of_name = |name: &String| [name.as_str().into(), TopicPattern::BeginsWith(format!("{name}."))];
            names.iter().flat_map(of_name).collect::<Vec<_>>()
        };
        let filter = NotificationFilter::new().originator(self.aggregate);
        filter.topics(patterns(&self.topics)).except(patterns(&self.except))
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum From {
    /// The newest event.
    #[default]
    Newest,
    /// The newest event below this position.
    Before(u64),
    /// The oldest event above this position.
    After(u64),
}

/// What a search has found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The newest first.
    pub(crate) rows: Vec<Opened>,
    /// The last position of the log.
    pub(crate) newest: u64,
    /// The lowest and the highest position that were looked at; `None` if there was nothing to look at.
    pub(crate) looked_at: Option<(u64, u64)>,
}

impl Found {
    /// The number of positions that were looked at.
    pub(crate) fn looked(&self) -> u64 {
        self.looked_at.map_or(0, |(low, high)| high - low + 1)
    }

    /// The position before which the next older page begins, if there is one.
    pub(crate) fn older(&self) -> Option<u64> {
        self.looked_at.map(|(low, _)| low).filter(|low| *low > 1)
    }

    /// The position after which the next newer page begins, if there is one.
    pub(crate) fn newer(&self) -> Option<u64> {
        self.looked_at.map(|(_, high)| high).filter(|high| *high < self.newest)
    }
}

impl Reader {
    /// Searches the log for one page: a few statements, none of which looks at more positions than the page.
    pub(crate) async fn search(&self, filter: &Filter, from: From, limit: usize) -> Result<Found, Failure> {
        let newest = self.newest().await?;
        let query = match from {
            From::Newest => SearchQuery::newest_first(limit).up_to(newest),
            From::Before(position) => SearchQuery::newest_first(limit).up_to(newest.min(position.saturating_sub(1))),
            From::After(position) => SearchQuery::oldest_first(limit).after(position).up_to(newest),
        };
        let query = query.filter(filter.of_log()).scan_at_most(LOOK_BACK);
        let is_backwards = query.descending;
        let begin = query.range(newest).map(|range| if is_backwards { *range.end() } else { *range.start() });
        let (mut rows, looked_to) = self.find(query).await?;
        if !is_backwards {
            rows.reverse();
        }
        let looked_at = begin.zip(looked_to).map(|(begin, end)| (begin.min(end), begin.max(end)));
        Ok(Found { rows: self.open(rows).await, newest, looked_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_selects_topics_and_whole_aggregates() {
        let id = Uuid::from_u128(1);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let only = Filter { topics: names(&["Order", "Payment.Captured"]), ..Filter::default() };
        let only = only.of_log();
        assert!(only.selects(id, "Order.Placed") && only.selects(id, "Payment.Captured"));
        assert!(!only.selects(id, "OrderLine.Added") && !only.selects(id, "Payment.Refused"));
        let except = Filter { except: names(&["Cart"]), ..Filter::default() };
        let except = except.of_log();
        assert!(except.selects(id, "Order.Placed") && !except.selects(id, "Cart.Filled"));
        assert!(!Filter { aggregate: Some(Uuid::nil()), ..Filter::default() }.of_log().selects(id, "Order.Placed"));
    }
}
