//! The search of a log from a position backwards or forwards: bounded, and it says how far it has looked.

use eventsourcing_core::Uuid;
use eventsourcing_core::recording::NotificationRef;

use super::opened::Opened;
use super::reader::{Reader, Stored};
use crate::failure::Failure;

/// The largest number of events on a page.
pub(crate) const MAX_ROWS: usize = 200;

/// The number of positions that one page looks at, at most.
const LOOK_BACK: u64 = WINDOWS[0] + WINDOWS[1] + WINDOWS[2];

/// The windows of a search, each one statement. The first is small: most searches find enough in it.
const WINDOWS: [u64; 3] = [500, 2_500, 7_000];

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

    fn selects(&self, topic: &str, id: Uuid) -> bool {
        let is_of = |name: &String| {
            topic.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        (self.topics.is_empty() || self.topics.iter().any(is_of))
            && !self.except.iter().any(is_of)
            && self.aggregate.is_none_or(|aggregate| aggregate == id)
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
    /// Searches the log for one page: at most four statements, each with a window.
    pub(crate) async fn search(&self, filter: &Filter, from: From, limit: usize) -> Result<Found, Failure> {
        let newest = self.newest().await?;
        let keep = |row: &NotificationRef<'_>| filter.selects(row.topic, row.originator_id);
        let (rows, looked_at) = match from {
            From::Newest => self.backwards(newest, filter, limit, &keep).await?,
            From::Before(position) => {
                self.backwards(newest.min(position.saturating_sub(1)), filter, limit, &keep).await?
            }
            From::After(position) => {
                let up_to = newest.min(position.saturating_add(LOOK_BACK));
                if position >= up_to {
                    (Vec::new(), None)
                } else {
                    let window = self.window((position, up_to), limit, true, &keep).await?;
                    let looked_at = (window.last > position).then_some((position + 1, window.last));
                    (window.rows.into_iter().rev().collect(), looked_at)
                }
            }
        };
        Ok(Found { rows: self.open(rows).await, newest, looked_at })
    }

    async fn backwards(
        &self,
        highest: u64,
        filter: &Filter,
        limit: usize,
        keep: &(dyn Fn(&NotificationRef<'_>) -> bool + Sync),
    ) -> Result<(Vec<Stored>, Option<(u64, u64)>), Failure> {
        if highest == 0 {
            return Ok((Vec::new(), None));
        }
        let page = [u64::try_from(limit).unwrap_or(u64::MAX)];
        let windows: &[u64] = if filter.is_empty() { &page } else { &WINDOWS };
        let (mut rows, mut top) = (Vec::new(), highest);
        for size in windows {
            let mut size = *size;
            let left = limit - rows.len();
            let window = loop {
                let after = top.saturating_sub(size);
                let window = self.window((after, top), left, false, keep).await?;
                // the newest events of the window were not reached: a smaller one is, and one of a single event always
                if !window.is_cut || size == 1 {
                    break window;
                }
                size = (window.seen / 2).clamp(1, size - 1);
            };
            let (is_full, is_small) = (window.has_more, window.seen < size.min(top));
            rows.extend(window.rows.into_iter().rev());
            if is_full && let Some(lowest) = rows.last().and_then(|row| row.position) {
                return Ok((rows, Some((lowest, highest))));
            }
            top = top.saturating_sub(size);
            // a log without gaps has each position: if some are missing, the log was changed meanwhile
            if top == 0 || rows.len() >= limit || is_small {
                break;
            }
        }
        Ok((rows, Some((top + 1, highest))))
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
        assert!(only.selects("Order.Placed", id) && only.selects("Payment.Captured", id));
        assert!(!only.selects("OrderLine.Added", id) && !only.selects("Payment.Refused", id));
        let except = Filter { except: names(&["Cart"]), ..Filter::default() };
        assert!(except.selects("Order.Placed", id) && !except.selects("Cart.Filled", id));
        assert!(!Filter { aggregate: Some(Uuid::nil()), ..Filter::default() }.selects("Order.Placed", id));
    }
}
