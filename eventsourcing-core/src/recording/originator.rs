//! The aggregates of a log, found by their first events or by their ids.

use uuid::Uuid;

/// An aggregate, and where its first event is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RecordedOriginator {
    /// The notification id of its first event.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
}

impl RecordedOriginator {
    /// Creates an entry.
    #[inline]
    pub const fn new(notification_id: u64, originator_id: Uuid) -> Self {
        Self { notification_id, originator_id }
    }
}

/// A query for aggregates whose first event, version 1, has one of some topics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginatorQuery {
    /// The topics, each once.
    pub topics: Vec<String>,
    /// Only aggregates whose first event has a greater notification id.
    pub after: u64,
    /// The maximum number of aggregates.
    pub limit: usize,
}

impl OriginatorQuery {
    /// Selects the aggregates whose first event has one of these topics.
    pub fn of<T: Into<String>>(topics: impl IntoIterator<Item = T>) -> Self {
        Self { topics: topics.into_iter().map(Into::into).collect(), after: 0, limit: usize::MAX }
    }

    /// Selects only aggregates whose first event comes after this notification.
    #[must_use]
    pub fn after(mut self, notification_id: u64) -> Self {
        self.after = notification_id;
        self
    }

    /// Sets the maximum number of aggregates.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// A query for aggregates whose ids are in a range.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Uuid;
/// use eventsourcing::recording::OriginatorIdQuery;
///
/// let query = OriginatorIdQuery::beginning_with("3fa85f64-57").expect("hexadecimal digits");
/// assert_eq!(query.first, Uuid::from_u128(0x3fa8_5f64_5700_0000_0000_0000_0000_0000));
/// assert_eq!(query.last, Uuid::from_u128(0x3fa8_5f64_57ff_ffff_ffff_ffff_ffff_ffff));
/// assert_eq!(OriginatorIdQuery::beginning_with("order"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginatorIdQuery {
    /// The first id of the range.
    pub first: Uuid,
    /// The last id of the range, which is included.
    pub last: Uuid,
    /// The maximum number of aggregates.
    pub limit: usize,
}

/// An aggregate, as it is found by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OriginatorSummary {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of its last event.
    pub last_version: u64,
    /// The topic of its first event.
    pub first_topic: Box<str>,
}

impl OriginatorIdQuery {
    /// Selects all aggregates.
    pub const fn all() -> Self {
        Self { first: Uuid::nil(), last: Uuid::max(), limit: usize::MAX }
    }

    /// Selects the aggregates whose ids begin with these hexadecimal digits; all if there are none.
    ///
    /// Hyphens are ignored. It returns `None` for any other character, and for more than 32 digits.
    pub fn beginning_with(digits: &str) -> Option<Self> {
        let (mut number, mut free) = (0_u128, 128_u32);
        for digit in digits.chars().filter(|digit| *digit != '-') {
            free = free.checked_sub(4)?;
            number |= u128::from(digit.to_digit(16)?) << free;
        }
        let rest = u128::MAX.checked_shr(128 - free).unwrap_or(0);
        let (first, last) = (Uuid::from_u128(number), Uuid::from_u128(number | rest));
        Some(Self { first, last, limit: usize::MAX })
    }

    /// Selects only aggregates whose ids are greater than this one, to continue a list.
    #[must_use]
    pub fn after(mut self, id: Uuid) -> Self {
        match id.as_u128().checked_add(1) {
            Some(next) => self.first = self.first.max(Uuid::from_u128(next)),
            None => self.limit = 0,
        }
        self
    }

    /// Sets the maximum number of aggregates.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = self.limit.min(limit);
        self
    }
}

impl OriginatorSummary {
    /// Creates an entry.
    pub fn new(originator_id: Uuid, last_version: u64, first_topic: impl Into<Box<str>>) -> Self {
        Self { originator_id, last_version, first_topic: first_topic.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_select_the_ids_that_begin_with_them() {
        assert_eq!(OriginatorIdQuery::beginning_with(""), Some(OriginatorIdQuery::all()));
        let id = Uuid::from_u128(0x3fa8_5f64_5717_4562_b3fc_2c96_3f66_afa6);
        for digits in [id.to_string(), id.simple().to_string().to_uppercase()] {
            let query = OriginatorIdQuery::beginning_with(&digits);
            assert_eq!(query.map(|query| (query.first, query.last)), Some((id, id)), "{digits}");
        }
        for digits in [format!("{id}0"), "3fg".to_owned(), "é".to_owned(), " 3f".to_owned()] {
            assert_eq!(OriginatorIdQuery::beginning_with(&digits), None, "{digits}");
        }
        let next = OriginatorIdQuery::all().after(id);
        assert_eq!(next.first.as_u128(), id.as_u128() + 1);
        assert_eq!(OriginatorIdQuery::all().after(Uuid::max()).limit(5).limit, 0);
    }
}
