//! What the lists of an application need: its aggregates, and its event types.

use eventsourcing_core::Uuid;

use super::Asked;
use crate::failure::Failure;
use crate::pages::{self, AggregatesPage, Section, Sight};
use crate::reading::Reader;
use crate::site::{AggregatesQuery, Form, Selected};

const NO_TYPE: Failure = Failure::NotFound("The application has registered no type of this name.");
const NO_DIGITS: Failure = Failure::BadRequest("An id begins with hexadecimal digits, such as 3fa85f64.");

impl<'a> Asked<'a> {
    pub(super) async fn aggregates(&self, reader: &'a Reader) -> Result<String, Failure> {
        let query = AggregatesQuery::read(self.parts.uri.query())?;
        // one more than is shown says whether there are more
        let limit = query.limit + 1;
        let (mut listed, looked_at) = match &query.selected {
            Selected::Newest => {
                let (listed, found) = reader.changed_last().await?;
                (listed, found.looked_at)
            }
            Selected::Type(name, after) => (reader.of_type(name, *after, limit).await?.ok_or(NO_TYPE)?, None),
            Selected::Id(digits, after) => {
                (reader.beginning_with(digits, *after, limit).await?.ok_or(NO_DIGITS)?, None)
            }
        };
        let is_more = listed.len() > query.limit;
        listed.truncate(query.limit);
        let next = listed.last().filter(|_| is_more).and_then(|last| query.after(last.id, last.position));
        let page = AggregatesPage { query, listed, looked_at, next, types: reader.type_names() };
        let sight = Sight::of(reader, self.operator);
        let path = format!("{}/aggregates", reader.name());
        let frame = self.frame(Section::Aggregates(reader.name()), path, page.query.pairs());
        Ok(match self.form {
            Form::Html => pages::aggregates(&page, sight, &frame).into_string(),
            Form::Json => pages::aggregates_json(&page, sight),
        })
    }

    pub(super) async fn types(&self, reader: &'a Reader) -> Result<String, Failure> {
        let sample = reader.sample().await?;
        let sight = Sight::of(reader, self.operator);
        let frame = self.frame(Section::Types(reader.name()), format!("{}/types", reader.name()), Vec::new());
        Ok(match self.form {
            Form::Html => pages::types(&sample, sight, &frame).into_string(),
            Form::Json => pages::types_json(&sample, sight),
        })
    }
}

impl AggregatesQuery {
    /// The list after an entry.
    fn after(&self, id: Uuid, position: Option<u64>) -> Option<Self> {
        let selected = match &self.selected {
            Selected::Newest => return None,
            Selected::Type(name, _) => Selected::Type(name.clone(), position?),
            Selected::Id(digits, _) => Selected::Id(digits.clone(), Some(id)),
        };
        Some(Self { selected, ..self.clone() })
    }
}
