//! The parameters of the list of aggregates.

use eventsourcing_core::Uuid;

use super::query::{limit, pairs, position};
use crate::failure::Failure;

/// The number of aggregates on a page that does not say how many.
const ROWS: usize = 50;

/// The longest name of a type, and the longest beginning of an id.
const MAX_NAME: usize = 256;

/// Which aggregates are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    /// Those of the newest events.
    Newest,
    /// Those of a type that were created after a position.
    Type(String, u64),
    /// Those whose ids begin with these digits, and are greater than an id.
    Id(String, Option<Uuid>),
}

/// The parameters of the list of aggregates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AggregatesQuery {
    pub(crate) selected: Selected,
    pub(crate) limit: usize,
}

impl AggregatesQuery {
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Failure> {
        let (mut selected, mut after, mut rows) = (Selected::Newest, None, ROWS);
        for (name, value) in pairs(query)? {
            let value = value.trim().to_owned();
            match &*name {
                "type" | "id" if value.len() > MAX_NAME => return Err(Failure::BadRequest("A name is too long.")),
                "type" => selected = Selected::Type(value, 0),
                "id" => selected = Selected::Id(value, None),
                "after" => after = Some(value),
                "limit" => rows = limit(&value)?,
                _ => {}
            }
        }
        match (&mut selected, after) {
            (_, None) => {}
            (Selected::Newest, Some(_)) => {
                return Err(Failure::BadRequest("A list is continued with its type or the beginning of its ids."));
            }
            (Selected::Type(_, after), Some(value)) => *after = position(&value)?,
            (Selected::Id(_, after), Some(value)) => {
                let id = Uuid::try_parse(&value);
                *after = Some(id.map_err(|_| Failure::BadRequest("The id of an aggregate is a UUID."))?);
            }
        }
        Ok(Self { selected, limit: rows })
    }

    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        match &self.selected {
            Selected::Newest => {}
            Selected::Type(name, after) => {
                pairs.push(("type", name.clone()));
                pairs.extend((*after > 0).then(|| ("after", after.to_string())));
            }
            Selected::Id(digits, after) => {
                pairs.push(("id", digits.clone()));
                pairs.extend(after.map(|after| ("after", after.to_string())));
            }
        }
        if self.limit != ROWS {
            pairs.push(("limit", self.limit.to_string()));
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_its_url() {
        for query in ["", "type=Order&after=90", "id=3fa8&after=67e55044-10b1-426f-9247-bb680e5fe0c8&limit=20"] {
            let read = AggregatesQuery::read(Some(query)).expect("a query");
            let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(read.pairs()).finish();
            assert_eq!(AggregatesQuery::read(Some(&written)), Ok(read), "{query}");
        }
        for query in ["after=1", "type=Order&after=x", "id=3f&after=7", "limit=0"] {
            assert!(AggregatesQuery::read(Some(query)).is_err(), "{query}");
        }
    }
}
